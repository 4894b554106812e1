/** What was answered is on disk: the agent's executable is killed, watched by strace and left without room. */

import { describe, expect, test } from "bun:test";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Prng } from "../../lib/base/prng.ts";
import { askLocal } from "../../lib/io/local.ts";
import { openerOf } from "../support/agent-datagrams.ts";
import { type AgentProcess, initAgent, startAgent, textsListed } from "../support/agent-process.ts";
import { built, builtWith } from "../support/built.ts";
import { type Load, startLoad } from "../support/load.ts";
import { type Promises, promisesOf } from "../support/promises.ts";
import { parseStrace, straceWords } from "../support/strace.ts";
import { unreadBytes } from "../support/tcp-queues.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";

const KILLS = 50;
/** Kills that hit a request between its reading and its answer. */
const KILLS_BETWEEN = 5;
/** Each of these lives of the agent starts from an empty store, so that the list of alarms stays short. */
const LIVES_OF_ONE_STORE = 10;
const CONNECTIONS = 24;
/** More than one turn takes in, so that some requests wait behind the commit that fails. */
const CROWD = 600;
const SEED = 20_261_124;

const NO_LIMIT_MS = 300_000;
const strace = Bun.which("strace");
const mayStrace = strace !== null || process.env["CI"] === "true";

test("A11: kill -9 at any moment loses nothing that was answered", async () => {
  using folder = tempFolder();
  const program = await built("agent", folder.path);
  await initAgent(program, folder.at("first"));
  const dice = new Prng(SEED);
  const count = { kills: 0, between: 0, answered: 0, stored: 0 };
  const lost: string[] = [];

  for (let store = 0; count.kills < KILLS || count.between < KILLS_BETWEEN; store += 1) {
    expect(store, "enough kills hit a request between its reading and its answer").toBeLessThan(10);
    const state = folder.at(`store-${store}`);
    cpSync(folder.at("first"), state, { recursive: true });
    const promised = new Set<string>();
    for (let life = 0; life < LIVES_OF_ONE_STORE; life += 1) {
      const agent = await startAgent(program, state);
      lost.push(...missing(promised, await textsListed(agent)));
      const load = startLoad({ port: agent.apiPort, connections: CONNECTIONS, markAt: (nth) => `mark-${store}-${life}-${nth}` });
      await Bun.sleep(dice.fraction() * 60);
      if (await frozenBetween(agent, load)) count.between += 1;
      agent.kill("SIGKILL");
      await agent.ended;
      await load.stop();
      count.kills += 1;
      for (const [mark, { status }] of load.answers) if (status === 200) promised.add(mark);
    }
    const last = await startAgent(program, state);
    const stored = await textsListed(last);
    lost.push(...missing(promised, stored));
    last.kill("SIGKILL");
    await last.ended;
    count.answered += promised.size;
    count.stored += stored.size;
  }

  console.log(`${count.kills} kills, ${count.between} of them between reading and answer: ${count.answered} answered, ${count.stored} stored, ${lost.length} lost`);
  expect(lost).toEqual([]);
  expect(count.answered).toBeGreaterThan(KILLS);
}, NO_LIMIT_MS);

describe.skipIf(!mayStrace)(`system calls of the agent${strace === null ? " (skipped: strace is not installed)" : ""}`, () => {
  test("A11: no success and no datagram about an alarm goes out before a sync of the log that began after its request was read", async () => {
    using folder = tempFolder();
    const program = await built("agent", folder.path);
    const promises = await watched(program, folder);
    console.log(`${promises.successes} successes and ${promises.datagrams} datagrams after ${promises.syncs} syncs`);
    expect(promises.broken).toEqual([]);
    expect(promises.successes).toBe(REPORTS + ACKS);
    expect(promises.datagrams).toBeGreaterThan(10);
    expect(promises.syncs).toBeGreaterThan(10);
  }, NO_LIMIT_MS);

  test("the same check finds an agent out whose store does not sync", async () => {
    using folder = tempFolder();
    const program = await builtWith(
      [{ file: "lib/io/store.ts", find: "PRAGMA synchronous = FULL", replace: "PRAGMA synchronous = OFF" }],
      { program: "agent", folder: folder.path },
    );
    const promises = await watched(program, folder);
    expect(promises.syncs).toBe(0);
    expect(promises.successes).toBe(REPORTS + ACKS);
    expect(promises.broken.length).toBeGreaterThanOrEqual(promises.successes + promises.datagrams);
  }, NO_LIMIT_MS);
});

test("what cannot be made durable is answered 503 with the reason, and what was answered before is kept", async () => {
  using folder = tempFolder();
  const program = await built("agent", folder.path);
  await initAgent(program, folder.at("state"));
  const full = await startAgent(program, folder.at("state"), { under: ["bash", "-c", 'ulimit -f 3072; exec "$@"', "bash"] });
  const load = startLoad({ port: full.apiPort, connections: CROWD, most: 3000, markAt: (nth) => `mark-${nth}`, detail: "x".repeat(2000) });
  await load.done;
  full.kill("SIGKILL");
  await full.ended;

  const statuses = [...load.answers.values()].map(({ status }) => status);
  expect([...new Set(statuses)].sort()).toEqual([200, 503]);
  const refused = [...load.answers.values()].find(({ status }) => status === 503);
  expect(JSON.parse(refused?.body ?? "")).toEqual({ error: expect.stringMatching(/(disk I\/O error|database or disk is full)/) });
  const again = await startAgent(program, folder.at("state"));
  const stored = await textsListed(again);
  const promised = [...load.answers].filter(([, { status }]) => status === 200).map(([mark]) => mark);
  expect(missing(promised, stored)).toEqual([]);
  again.kill("SIGKILL");
  await again.ended;
}, NO_LIMIT_MS);

const REPORTS = 120;
const ACKS = 10;

/** Runs the agent under strace through reports from several connections and acknowledgements, and judges what it said. */
async function watched(program: string, folder: TempFolder): Promise<Promises> {
  const state = folder.at("state");
  await initAgent(program, state);
  const trace = folder.at("trace");
  const agent = await startAgent(program, state, { under: straceWords(trace) });
  const load = startLoad({ port: agent.apiPort, connections: 4, most: REPORTS, markAt: (nth) => `mark-${nth}` });
  await load.done;
  const marks = new Map<string, string>();
  for (const [mark, { body }] of load.answers) for (const id of (JSON.parse(body) as { occurrences: string[] }).occurrences) marks.set(id, mark);
  for (const [nth, id] of [...marks.keys()].slice(0, ACKS).entries()) {
    const acked = await askLocal(join(state, "agent.sock"), { method: "POST", route: `/v1/alarms/${id}/ack`, body: { operator: "li", comment: `mark-ack-${nth}` } });
    expect(acked).toMatchObject({ ok: true, value: { status: 200 } });
  }
  // A question is answered in a later turn, after everything that those before it had to say.
  await textsListed(agent);
  agent.kill("SIGTERM");
  await agent.ended;
  return promisesOf(parseStrace(readFileSync(trace, "utf8")), { log: "/agent.db-wal", mark: /mark-(?:ack-)?\d+/g, told: wordsIn(state, marks) });
}

/** What the agent's datagrams about alarms tell of. @param marks of occurrences */
function wordsIn(state: string, marks: ReadonlyMap<string, string>): (datagram: Uint8Array) => readonly string[] {
  const open = openerOf(state);
  return (datagram) => {
    const message = open(datagram);
    if (message?.kind === "alarm") return message.body.alarms.map(({ text }) => text);
    if (message?.kind === "state") return message.body.states.flatMap(({ id, comment = "" }) => [marks.get(id) ?? id, ...(comment === "" ? [] : [comment])]);
    return [];
  };
}

/**
 * Stops the agent's time and looks whether a request has been read and not answered: its bytes have left the kernel on
 * the agent's side, and no answer has come or lies in the kernel on ours.
 */
async function frozenBetween(agent: AgentProcess, load: Load): Promise<boolean> {
  agent.kill("SIGSTOP");
  while (!/^State:\tT/m.test(readFileSync(`/proc/${agent.pid}/status`, "utf8"))) await Bun.sleep(1);
  // Answers that were on their way arrive; on loopback that takes no longer than the next rounds of the event loop.
  await Bun.sleep(10);
  const unread = unreadBytes();
  return load.waiting().some(
    (port) => unread.of({ port: agent.apiPort, peerPort: port }) === 0 && unread.of({ port, peerPort: agent.apiPort }) === 0,
  );
}

function missing(promised: Iterable<string>, stored: ReadonlySet<string>): readonly string[] {
  return [...promised].filter((mark) => !stored.has(mark));
}
