/** A disk that fails under the running agent: the source hears 503, the LAN is told, the bell rings on, nothing answered is lost. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { seconds } from "../../lib/base/units.ts";
import { STORE_FAILED_EXIT_MS } from "../../lib/agent/turn.ts";
import { aFileSystem, aSmallDisk, type Disk } from "../support/a-disk.ts";
import { openTap, type Tap } from "../support/a-tap.ts";
import { openerOf } from "../support/agent-datagrams.ts";
import { type AgentProcess, initAgent, startAgent, textsListed } from "../support/agent-process.ts";
import { built } from "../support/built.ts";
import { type Load, startLoad } from "../support/load.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

const CONNECTIONS = 8;
/** Long lines, so that a small disk is full soon. */
const DETAIL = "x".repeat(2000);
/** EX_IOERR. */
const STORE_FAILED = 74;
const LIMIT_MS = 60_000;

const inCi = process.env["CI"] === "true";
const strace = Bun.which("strace") !== null;
const root = process.geteuid?.() === 0 && Bun.which("nsenter") !== null && Bun.which("mkfs.ext4") !== null;

let folder: TempFolder;
let program: string;
let broadcastPort: number;

beforeAll(async () => {
  folder = tempFolder();
  program = await built("agent", folder.path);
  ({ broadcastPort } = await initAgent(program, folder.at("first")));
}, LIMIT_MS);

afterAll(() => folder[Symbol.dispose]());

describe.skipIf(!root && !inCi)(`disks of its own${root ? "" : " (skipped: needs root, nsenter and mkfs.ext4)"}`, () => {
  test("a disk that is full", async () => {
    const state = aFolder("full");
    await using disk = await aSmallDisk(state, "3m");
    await fill(disk, state);
    await using agent = await startAgent(program, state, { under: disk.inside });
    const kept = await failsUnderLoad(agent, "database or disk is full");
    await disk.run("mount", "-o", "remount,size=64m", state);
    await using next = await startAgent(program, state, { under: disk.inside });
    await keepsAll(kept, next);
  }, LIMIT_MS);

  test("a file system that turns read-only", async () => {
    const state = aFolder("read-only");
    await using disk = await aFileSystem(state, folder.at("image"));
    await fill(disk, state);
    await using agent = await startAgent(program, state, { under: disk.inside });
    const kept = await failsUnderLoad(agent, "readonly|read-only|disk I/O error", async () => {
      // Linux 6.18 lets a sync that is under way while the journal is aborted succeed, and loses it: none must be.
      agent.kill("SIGSTOP");
      await until(() => /^State:\tT/m.test(readFileSync(`/proc/${agent.pid}/status`, "utf8")));
      await disk.run("mount", "-o", "remount,abort", state);
      agent.kill("SIGCONT");
    });
    await disk.run("umount", state);
    await disk.run("mount", "-o", "loop", folder.at("image"), state);
    await using next = await startAgent(program, state, { under: disk.inside });
    await keepsAll(kept, next);
  }, LIMIT_MS);
});

/** Each begins after the calls that a start makes. */
const INJECTED = [
  { name: "a sync that fails", calls: "fsync,fdatasync", inject: "error=EIO:when=40+", says: "disk I/O error" },
  { name: "a write that finds no room", calls: "pwrite64", inject: "error=ENOSPC:when=400+", says: "database or disk is full" },
  { name: "a write that the disk refuses", calls: "pwrite64", inject: "error=EROFS:when=400+", says: "disk I/O error|readonly" },
] as const;

describe.skipIf(!strace && !inCi)(`faults put into system calls${strace ? "" : " (skipped: strace is not installed)"}`, () => {
  test.each(INJECTED)("$name", async ({ name, calls, inject, says }) => {
    const state = folder.at(name.replaceAll(" ", "-"));
    cpSync(folder.at("first"), state, { recursive: true });
    const under = ["strace", "-f", "-o", "/dev/null", "--seccomp-bpf", "-e", `trace=${calls}`, "-e", `inject=${calls}:${inject}`, "-e", "signal=none"];
    await using agent = await startAgent(program, state, { under });
    const kept = await failsUnderLoad(agent, says);
    await using next = await startAgent(program, state);
    await keepsAll(kept, next);
  }, LIMIT_MS);
});

function aFolder(name: string): string {
  const path = folder.at(name);
  mkdirSync(path);
  return path;
}

/** The agent's state, as `init` made it, on the disk. */
async function fill(disk: Disk, state: string): Promise<void> {
  await disk.run("cp", "-r", `${folder.at("first")}/.`, state);
  await disk.run("sync", "-f", state);
}

/**
 * Hands reports in until the disk fails, and follows the agent to its end.
 *
 * @param breaks what breaks the disk once reports are accepted; otherwise it breaks by itself
 * @returns the marks of all that was answered with success
 */
async function failsUnderLoad(agent: AgentProcess, says: string, breaks?: () => Promise<void>): Promise<readonly string[]> {
  using tap = await openTap(broadcastPort);
  const load = startLoad({ port: agent.apiPort, connections: CONNECTIONS, markAt: (nth) => `mark-${nth}`, detail: DETAIL });
  if (breaks !== undefined) {
    await until(() => load.answers.size > 2 * CONNECTIONS);
    await breaks();
  }
  await until(() => statuses(load).has(503));
  const failedAt = performance.now();
  await load.stop();
  expect([...statuses(load)].sort()).toEqual([200, 503]);
  const reason = new RegExp(`^Nothing can be stored: .*(${says})`);
  for (const { status, body } of load.answers.values()) if (status === 503) expect((JSON.parse(body) as { error: string }).error).toMatch(reason);
  // Whoever comes later hears the same, at once.
  expect(await report(agent, "late")).toEqual({ status: 503, body: { error: expect.stringMatching(reason) } });

  const kept = [...load.answers].filter(([, { status }]) => status === 200).map(([mark]) => mark);
  const complaint = await agent.ended;
  expect({ code: await agent.code, complaint }).toEqual({ code: STORE_FAILED, complaint: expect.stringContaining('"event":"commit failed"') });
  expect(performance.now() - failedAt).toBeGreaterThan(STORE_FAILED_EXIT_MS - seconds(1));
  theLanWasTold(tap, { says, kept });
  return kept;
}

/** Opened with the agent's own keys: its own alarm, and after that what it has in memory, again. */
function theLanWasTold(tap: Tap, { says, kept }: { readonly says: string; readonly kept: readonly string[] }): void {
  const ear = openerOf(folder.at("first"));
  const texts = tap.heard.flatMap(({ bytes }) => {
    const message = ear(bytes);
    return message?.kind === "alarm" ? message.body.alarms.map(({ text, severity }) => `${severity} ${text}`) : [];
  });
  const told = texts.findIndex((text) => new RegExp(`^critical The agent cannot write to its disk: .*(${says})`).test(text));
  expect(told).toBeGreaterThan(0);
  const after = new Set(texts.slice(told + 1));
  expect(kept.filter((mark) => after.has(`major ${mark}`)).length).toBeGreaterThan(0);
  expect([...after]).not.toContain("minor late");
}

/** The next life, on a disk that works. */
async function keepsAll(kept: readonly string[], next: AgentProcess): Promise<void> {
  const stored = await textsListed(next);
  expect(kept.filter((mark) => !stored.has(mark))).toEqual([]);
  expect(kept.length).toBeGreaterThan(CONNECTIONS);
  expect(await report(next, "again")).toMatchObject({ status: 200 });
  next.kill("SIGTERM");
  await next.ended;
}

async function report({ apiPort }: AgentProcess, mark: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const body = JSON.stringify({ condition: "raised", severity: "minor", labels: { mark }, text: mark });
  const response = await fetch(`http://127.0.0.1:${apiPort}/v1/reports`, { method: "POST", body, headers: { "content-type": "application/json" } });
  return { status: response.status, body: await response.json() };
}

function statuses(load: Load): ReadonlySet<number> {
  return new Set([...load.answers.values()].map(({ status }) => status));
}

/** Waits for what another process does; the test's own limit ends it. */
async function until(held: () => boolean): Promise<void> {
  while (!held()) await Bun.sleep(5);
}
