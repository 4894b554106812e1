/** What the listener promised is on its disk: its executable is killed, and watched by strace. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { openStore } from "../../lib/io/store.ts";
import { Opener } from "../../lib/trust/opener.ts";
import { type LoopbackAgent, loopbackAgent } from "../support/a-loopback-agent.ts";
import { anId, anItem } from "../support/a-scripted-agent.ts";
import { built, builtWith } from "../support/built.ts";
import { client, type RunningClient, runningClient, spawnClient } from "../support/client-process.ts";
import { type ReceiptPromises, receiptPromisesOf } from "../support/receipts.ts";
import { parseStrace, straceWords } from "../support/strace.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

const LIMIT_MS = 60_000;
const ALARMS = 40;
const KILLS = 10;

const inCi = process.env["CI"] === "true";
const strace = Bun.which("strace") !== null;

let lan: LoopbackAgent;
let folder: TempFolder;
let program: string;
let invites = 0;

beforeAll(async () => {
  lan = await loopbackAgent();
  folder = tempFolder();
  program = await built("client", folder.path);
}, LIMIT_MS);

afterAll(async () => {
  await lan[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** A listener that has joined. */
async function aMember(name: string): Promise<string> {
  const state = folder.at(name);
  mkdirSync(state, { mode: 0o700 });
  writeFileSync(`${state}/client.yaml`, lan.yaml);
  expect(await client(["join", "--state", state], { input: lan.agent.invite({ number: (invites += 1) }), program: [program] })).toMatchObject({ code: 0 });
  return state;
}

async function starts(state: string, words: readonly string[] = [program]): Promise<RunningClient> {
  const running = runningClient(["--state", state, "--seat", "person"], { program: words });
  await running.says("Listening to c1");
  return running;
}

test("A11: kill -9 of the listener at any moment keeps every alarm that it gave a receipt for", async () => {
  const state = await aMember("killed");
  const promised = new Set<string>();
  for (let life = 0; life < KILLS; life += 1) {
    const running = await starts(state);
    const ids = Array.from({ length: 20 }, (_, nth) => anId(1000 * (life + 1) + nth));
    for (const id of ids) lan.broadcast(lan.agent.alarm(anItem({ id })));
    // The first receipts are there, others are on their way.
    await until(() => [...receipted()].some((id) => ids.includes(id)));
    await running.kill();
    for (const id of receipted()) promised.add(id);
    const kept = storedBy(state);
    expect([...promised].filter((id) => !kept.has(id))).toEqual([]);
  }
  console.log(`${KILLS} kills: ${promised.size} receipts given, 0 lost`);
  expect(promised.size).toBeGreaterThan(KILLS);
}, LIMIT_MS);

test("A11: an acknowledgement that the agent has not answered is said again after kill -9", async () => {
  const state = await aMember("pending");
  const id = anId(77);
  lan.agent.answers.ack = false;
  const running = await starts(state);
  lan.broadcast(lan.agent.alarm(anItem({ id })));
  await running.says(`[${id.slice(0, 6)}]`);
  const acking = spawnClient(["ack", id, "--comment", "on my way", "--state", state], { program: [program] });
  await until(() => lan.agent.heardOf("ack").some((ack) => ack.id === id));
  await running.kill();
  await acking.exited;
  const before = lan.agent.heardOf("ack").length;
  lan.agent.answers.ack = true;
  const again = await starts(state);
  await until(() => lan.agent.heardOf("ack").slice(before).some((ack) => ack.id === id));
  expect(lan.agent.heardOf("ack").at(-1)).toMatchObject({ id, comment: "on my way", robot: false });
  await again.stop();
}, LIMIT_MS);

describe.skipIf(!strace && !inCi)(`system calls of the listener${strace ? "" : " (skipped: strace is not installed)"}`, () => {
  test("A11: no receipt leaves before a sync of the log that began after its alarm was read", async () => {
    const promises = await watched("watched", program);
    console.log(`${promises.receipts} receipts after ${promises.syncs} syncs`);
    expect(promises.broken).toEqual([]);
    expect(promises.receipts).toBeGreaterThanOrEqual(ALARMS);
    expect(promises.syncs).toBeGreaterThan(5);
  }, LIMIT_MS);

  test("the same check finds a listener out whose store does not sync", async () => {
    const careless = await builtWith([{ file: "lib/io/store.ts", find: "PRAGMA synchronous = FULL", replace: "PRAGMA synchronous = OFF" }], { program: "client", folder: folder.path });
    const promises = await watched("careless", careless);
    expect(promises.syncs).toBe(0);
    expect(promises.broken.length).toBe(promises.receipts);
    expect(promises.receipts).toBeGreaterThanOrEqual(ALARMS);
  }, LIMIT_MS);
});

/** Runs the listener under strace through alarms that come one after the other, until it has given all receipts. */
async function watched(name: string, binary: string): Promise<ReceiptPromises> {
  // What other tests have left open there would be fetched, and receipted.
  lan.agent.open.clear();
  const state = await aMember(name);
  const trace = folder.at(`${name}.trace`);
  const running = await starts(state, [...straceWords(trace), binary]);
  const said = new Map<string, string>();
  const ids = Array.from({ length: ALARMS }, (_, nth) => anId(900_000 + 1000 * invites + nth));
  for (const id of ids) {
    const datagram = lan.agent.alarm(anItem({ id }));
    said.set(hex(datagram), id);
    lan.broadcast(datagram);
    await Bun.sleep(10);
  }
  await until(() => ids.every((id) => receipted().has(id)));
  await running.stop();
  // Its own window and no rate: each datagram is one of the trace.
  const opener = new Opener({ ring: lan.agent.ring, side: "agent" });
  let moment = 0;
  return receiptPromisesOf(parseStrace(readFileSync(trace, "utf8")), {
    log: "/client.db-wal",
    alarms: (datagram) => {
      const id = said.get(hex(datagram));
      return id === undefined ? [] : [id];
    },
    receipts: (datagram) => {
      const opened = opener.open(datagram, "trace", (moment += 1000));
      return opened.ok && opened.value.message.kind === "receipt" ? opened.value.message.body.receipts.map((one) => one.id) : [];
    },
  });
}

/** The alarms in its store, as they lie there after its death. */
function storedBy(state: string): ReadonlySet<string> {
  const store = openStore({ path: `${state}/client.db`, role: "client" });
  if (!store.ok) throw new Error(store.fault.kind);
  const ids = new Set(store.value.load("inbox").map(({ id }) => id));
  store.value.close();
  return ids;
}

function receipted(): ReadonlySet<string> {
  return new Set(lan.agent.heardOf("receipt").flatMap(({ receipts }) => receipts.map(({ id }) => id)));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Waits for what another process does; the test's own limit ends it. */
async function until(held: () => boolean): Promise<void> {
  while (!held()) await Bun.sleep(5);
}
