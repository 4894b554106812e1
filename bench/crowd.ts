/**
 * `bun bench/crowd.ts`: one alarm to 1,000 enrolled listeners on one host, and how long until the agent has the receipts of all, beside the floor.
 * The agent is the executable; the listeners are machines of this process. --listeners N, --rounds N.
 */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { toBase64 } from "../lib/base/bytes.ts";
import { sha256 } from "../lib/base/digest.ts";
import { askAgent, record, records } from "../lib/cli/agent-ask.ts";
import { clusterSeed } from "../lib/cli/cluster-seed.ts";
import { dice } from "../lib/io/dice.ts";
import type { Address } from "../lib/port/lan.ts";
import { issue } from "../lib/trust/certificate.ts";
import { type Invite, inviteName, joinKeyOf } from "../lib/trust/invite.ts";
import { clusterIdOf } from "../lib/trust/keys.ts";
import { privateKey, rawPublic } from "../lib/wire/seal.ts";
import { initAgent, passphraseOf, startAgent } from "../test/support/agent-process.ts";
import { built } from "../test/support/built.ts";
import { cpuSeconds, median } from "./figures.ts";
import { type CrowdListener, joinAndListen } from "./listener.ts";

/** So many ask the agent at once. */
const AT_ONCE = 50;
/** Every listener has heard a beacon that counts all of them. */
const BEACON_MS = 26_000;
/** By then repeats have ended, and what an alarm takes of the LAN's rate is there again. */
const LOOK_MS = 8000;
/** The floor's receipts are spread as the agent asks a crowd of this size to. */
const FLOOR_SPREAD_MS = 500;
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

const { values: options } = parseArgs({ args: Bun.argv.slice(2), options: { listeners: { type: "string", default: "1000" }, rounds: { type: "string", default: "5" } } });
const count = Number(options.listeners);
const rounds = Number(options.rounds);

/** Of one alarm: when the crowd had heard it, all in one thread; receipts that the agent has after 1 and 2 s, and in the end; when it had the last of them; what it spent meanwhile. */
type Round = { readonly heardMs: number; readonly after1s: number; readonly after2s: number; readonly all: number; readonly p50Ms: number; readonly slowestMs: number; readonly cpuMs: number };

/** When the crowd had opened each thing that was broadcast. */
const heardAt: number[] = [];

const folder = mkdtempSync(join(tmpdir(), "gapbell-crowd-"));
try {
  await measure();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

async function measure(): Promise<void> {
  const state = join(folder, "agent");
  const program = await built("agent", folder);
  const { port, broadcastPort } = await initAgent(program, state);
  await using running = await startAgent(program, state);
  const url = `http://127.0.0.1:${running.apiPort}/v1/reports`;

  const listeners: CrowdListener[] = [];
  using ear = await openEar(broadcastPort, (datagram, from) => {
    for (const { hear } of listeners) hear(datagram, from);
    heardAt.push(Date.now());
  });
  const invites = await invitesFor(state, { host: "127.0.0.1", port });
  console.error(`${invites.length} invites are out`);
  await each(invites, async (invite, nth) => {
    listeners.push(await joinAndListen({ invite, host: `127.1.${nth >> 8}.${nth & 255}`, agent: invite.address }));
  });
  console.error(`${listeners.length} listeners have joined`);
  while ((await present(state)) < count) await Bun.sleep(500);
  await Bun.sleep(BEACON_MS);

  await using floor = await startFloor();
  const measured: Record<"critical" | "minor" | "floor", Round[]> = { critical: [], minor: [], floor: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const severity of ["critical", "minor"] as const) measured[severity].push(await oneAlarm(url, state, { pid: running.pid, severity, name: `${severity}-${round}` }));
    measured.floor.push(await floor.oneAlarm(round));
    console.error(`round ${round + 1} of ${rounds}: slowest ${Object.values(measured).map((all) => all.at(-1)?.slowestMs).join(" / ")} ms`);
  }
  print(measured);
  const asked = await askAgent(state, { method: "GET", route: "/v1/listeners" });
  console.log(`the agent's drops: ${JSON.stringify(asked["drops"])}, refused: ${JSON.stringify(asked["refused"])}, by the kernel for want of room: ${kernelDrops(port)}`);
  console.log(`the listeners' drops: ${JSON.stringify(sumOf(listeners.map(({ drops }) => drops())))}, by the kernel at the ear: ${ear.drops()}`);
  for (const { stop } of listeners) stop();
}

async function oneAlarm(url: string, state: string, { pid, severity, name }: { readonly pid: number; readonly severity: string; readonly name: string }): Promise<Round> {
  const report = (condition: string): Promise<Response> =>
    fetch(url, { method: "POST", body: JSON.stringify({ condition, severity, labels: { name }, text: `${name} is down` }), headers: { "content-type": "application/json" } });
  const cpu = cpuSeconds(pid);
  const begun = Date.now();
  const { occurrences } = (await (await report("raised")).json()) as { readonly occurrences: readonly string[] };
  await Bun.sleep(LOOK_MS);
  const spent = cpuSeconds(pid) - cpu;
  const { timeline } = await askAgent(state, { method: "GET", route: `/v1/alarms/${occurrences[0]}` });
  const firsts = new Map<unknown, number>();
  for (const { at, body } of records(timeline)) {
    const { kind, listener } = record(body);
    if ((kind === "receipt" || kind === "seen") && !firsts.has(listener)) firsts.set(listener, Number(at) - begun);
  }
  await report("cleared");
  await Bun.sleep(LOOK_MS);
  return roundOf([...firsts.values()], { begun, spent });
}

function roundOf(waits: readonly number[], { begun, spent }: { readonly begun: number; readonly spent: number }): Round {
  const within = (ms: number): number => waits.filter((wait) => wait <= ms).length;
  return { heardMs: (heardAt.find((at) => at >= begun) ?? Number.NaN) - begun, after1s: within(1000), after2s: within(2000), all: waits.length, p50Ms: median(waits), slowestMs: Math.max(...waits), cpuMs: spent * 1000 };
}

/** What the public command signs for one, signed for all by one unlocking of the cluster key, and handed to the agent by the same road. */
async function invitesFor(state: string, address: Address): Promise<readonly Invite[]> {
  const signer = privateKey("ed", await clusterSeed(state, { passphraseFile: passphraseOf(state), why: "Invites are made" }));
  const cluster = clusterIdOf(rawPublic(signer));
  const invites = Array.from({ length: count }, (): Invite => ({ cluster, secret: dice.bytes(16), address, id: dice.bytes(8) }));
  await each(invites, async ({ id, secret }) => {
    const warrant = issue("warrant", { id: inviteName(id), operator: "li", robot: false, hash: toBase64(sha256(secret)), expires: Date.now() + 3_600_000 }, signer);
    await askAgent(state, { method: "POST", route: "/v1/invites", body: { warrant, joinKey: toBase64(joinKeyOf(secret)) } });
  });
  return invites;
}

async function present(state: string): Promise<number> {
  const { listeners } = await askAgent(state, { method: "GET", route: "/v1/listeners" });
  return records(listeners).filter((one) => one["state"] === "present").length;
}

type Floor = AsyncDisposable & { readonly oneAlarm: (round: number) => Promise<Round> };

/** The floor, with a crowd that answers what it hears in clear from a socket that it shares. */
async function startFloor(): Promise<Floor> {
  using reserved = await openEar(0, () => {});
  const mouth = createSocket("udp4");
  const ear = await openEar(reserved.port, (datagram, from) => {
    const ids = JSON.stringify((JSON.parse(Buffer.from(datagram).toString()) as readonly { readonly id: number }[]).map(({ id }) => id));
    heardAt.push(Date.now());
    for (let nth = 0; nth < count; nth += 1) setTimeout(() => mouth.send(ids, from.port, from.host), Math.random() * FLOOR_SPREAD_MS);
  });
  const server = Bun.spawn([process.execPath, join(import.meta.dir, "floor.ts"), join(folder, "floor.db"), String(ear.port)], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const first = await server.stdout.getReader().read();
  const url = `http://127.0.0.1:${new TextDecoder().decode(first.value).trim()}/v1/reports`;
  return {
    oneAlarm: async (round) => {
      const cpu = cpuSeconds(server.pid);
      const begun = Date.now();
      await fetch(url, { method: "POST", body: JSON.stringify({ text: `round ${round}` }) });
      await Bun.sleep(LOOK_MS);
      const spent = cpuSeconds(server.pid) - cpu;
      const receivedAt = (await (await fetch(url)).json()) as readonly number[];
      return roundOf(receivedAt.map((at) => at - begun), { begun, spent });
    },
    [Symbol.asyncDispose]: async () => {
      server.kill();
      await server.exited;
      ear[Symbol.dispose]();
      mouth.close();
    },
  };
}

type Ear = Disposable & { readonly port: number; readonly drops: () => number };

/** One socket that hears what is broadcast, for every host of the crowd. */
async function openEar(port: number, hear: (datagram: Uint8Array, from: Address) => void): Promise<Ear> {
  const socket: Socket = createSocket({ type: "udp4", reuseAddr: true });
  socket.on("message", (datagram, { address, port: from }) => hear(new Uint8Array(datagram), { host: address, port: from }));
  const listening = once(socket, "listening");
  socket.bind(port);
  await listening;
  socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  const bound = socket.address().port;
  return { port: bound, drops: () => kernelDrops(bound), [Symbol.dispose]: () => socket.close() };
}

/** Datagrams that found no room in the buffers of the sockets on this port. */
function kernelDrops(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const rows = readFileSync("/proc/net/udp", "utf8").trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/));
  return rows.filter((row) => row[1]?.endsWith(`:${hex}`)).reduce((sum, row) => sum + Number(row.at(-1)), 0);
}

async function each<Item>(items: readonly Item[], act: (item: Item, nth: number) => Promise<void>): Promise<void> {
  const left = items.entries();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const [nth, item] of left) await act(item, nth);
  }));
}

function sumOf(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const one of all) for (const [reason, drops] of Object.entries(one)) sums[reason] = (sums[reason] ?? 0) + drops;
  return sums;
}

function print(measured: Readonly<Record<"critical" | "minor" | "floor", readonly Round[]>>): void {
  console.log(`${count} listeners, one alarm, ${rounds} rounds: medians, and the worst round`);
  console.log("".padEnd(22) + Object.keys(measured).map((name) => name.padStart(18)).join(""));
  const rows = [["heard by all, ms", "heardMs", "most"], ["after 1 s", "after1s", "least"], ["after 2 s", "after2s", "least"], ["in the end", "all", "least"], ["half of them, ms", "p50Ms", "most"], ["slowest, ms", "slowestMs", "most"], ["processor, ms", "cpuMs", "most"]] as const;
  for (const [name, figure, worst] of rows) {
    const cells = Object.values(measured).map((all) => {
      const values = all.map((round) => round[figure]);
      return `${Math.round(median(values))} (${Math.round(worst === "least" ? Math.min(...values) : Math.max(...values))})`.padStart(18);
    });
    console.log(name.padEnd(22) + cells.join(""));
  }
}
