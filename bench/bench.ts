/**
 * `bun run bench`: the agent beside the floor, round by round in turns; the medians of all rounds, and their ratios.
 *
 * --listeners N: so many laptops of one operator. --over S: the storm comes within so many seconds instead of as fast as it is accepted.
 * --quick: one small round, to see that the bench works. --rounds N. --rate N: the LAN's, instead of the default.
 * --beside FILE: another agent executable, measured in the same rounds. --json: the figures instead of the table.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { built } from "../test/support/built.ts";
import { cpuSeconds, median, memoryOf, quantile } from "./figures.ts";
import { printMisses } from "./misses.ts";
import { measureParts } from "./parts.ts";
import { measureRefused } from "./refused.ts";
import { type Limits, measureLimits } from "./limits.ts";
import { alarmAt, handInPaced, handInStorm } from "./source.ts";
import { agentKind, FLOOR, type Kind, type Subject } from "./subjects.ts";

const EVERY_MS = 5;
const BATCH = 64;
/** Under the default rate every listener has 10,000 alarms after so long. */
const STORM_WITHIN_MS = 60_000;
/** The buckets of the LAN's rate are full again, and repeats have ended. */
const REST_MS = 3000;
const IDLE_MS = 5000;

/** Milliseconds, but for what its name says. */
type Round = {
  readonly coldMs: number;
  readonly idleMiB: number;
  readonly idleCpuShare: number;
  readonly acceptedP50: number;
  readonly acceptedP99: number;
  readonly wireP50: number;
  readonly wireP99: number;
  readonly listenerP50: number;
  readonly listenerP99: number;
  readonly pacedCpuUs: number;
  readonly stormAcceptedMs: number;
  readonly stormWireMs: number;
  readonly stormListenerMs: number;
  readonly stormMissing: number;
  /** Of the open sets, a moment later. */
  readonly stormDiffering: number;
  /** How much later than n/(5 × rate) the n-th waiting critical left, at worst. */
  readonly criticalLateMs: number;
  readonly stormCpuS: number;
  readonly settledCpuS: number;
  readonly datagrams: number;
  readonly peakMiB: number;
};

const { values: options } = parseArgs({
  args: Bun.argv.slice(2),
  options: { quick: { type: "boolean", default: false }, rounds: { type: "string" }, json: { type: "boolean", default: false }, beside: { type: "string" }, rate: { type: "string", default: "200" }, listeners: { type: "string", default: "1" }, over: { type: "string", default: "0" } },
});
const size = options.quick ? { paced: 40, storm: 640, parts: 10, refused: 1000, misses: 2, idleMs: 500, rounds: 1 } : { paced: 300, storm: 10_000, parts: 156, refused: 100_000, misses: 500, idleMs: IDLE_MS, rounds: 5 };
const rounds = Number(options.rounds ?? size.rounds);
const rate = Number(options.rate);
const listeners = Number(options.listeners);

const folder = mkdtempSync(join(tmpdir(), "gapbell-bench-"));
try {
  const kinds = [
    await agentKind("agent", folder, { agent: await built("agent", folder), rate, listeners }),
    ...(options.beside === undefined ? [] : [await agentKind("beside", folder, { agent: options.beside, rate, listeners })]),
    FLOOR,
  ];
  const limits: Limits[] = [];
  const measured = new Map<string, Round[]>(kinds.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    limits.push(await measureLimits(mkdtempSync(join(folder, "limits-")), { count: size.paced, everyMs: EVERY_MS }));
    for (const kind of kinds) {
      progress(`round ${round + 1} of ${rounds}: ${kind.name}`);
      measured.get(kind.name)?.push(await measure(kind, join(folder, `${kind.name}-${round}`)));
    }
  }
  progress("");
  // The first time round the engine has not compiled what it runs.
  await measureParts(mkdtempSync(join(folder, "parts-")), { batches: size.parts });
  const parts = await measureParts(mkdtempSync(join(folder, "parts-")), { batches: size.parts });
  measureRefused(size.refused);
  const refused = measureRefused(size.refused);
  const figures = Object.fromEntries([...measured].map(([name, all]) => [name, mediansOf(all)]));
  const limit = mediansOf(limits.map(flat));
  if (options.json) console.log(JSON.stringify({ alarms: size, rate, limits: limit, parts, refused, ...figures }, undefined, 2));
  else {
    print({ ...limit, ...prefixed("part ", parts), ...prefixed("refused ", refused) }, figures);
    printMisses(size.misses);
    console.log("Apart, each with a README section: bun bench/flood.ts (20,000 forged datagrams a second), bun bench/misses.ts (with more alarms)");
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(kind: Kind, at: string): Promise<Round> {
  await using subject = await kind.start(at);
  await Bun.sleep(options.quick ? 200 : REST_MS);
  const idleFrom = cpuSeconds(subject.pid);
  await Bun.sleep(size.idleMs);
  const idle = { cpu: (cpuSeconds(subject.pid) - idleFrom) / (size.idleMs / 1000), memory: memoryOf(subject.pid).now };
  const paced = await pacedRun(subject);
  await Bun.sleep(options.quick ? 200 : REST_MS);
  const storm = await stormRun(subject);
  return { coldMs: subject.coldMs, idleMiB: idle.memory, idleCpuShare: idle.cpu, ...paced, ...storm, peakMiB: memoryOf(subject.pid).peak };
}

async function pacedRun(subject: Subject) {
  const hearing = subject.hear("paced");
  const cpu = cpuSeconds(subject.pid);
  const { sentAt, acceptedAt } = await handInPaced(subject.url, "paced", { count: size.paced, everyMs: EVERY_MS });
  await hearing.whole(size.paced, STORM_WITHIN_MS);
  const accepted = after(acceptedAt, sentAt);
  const wire = after(hearing.wireAt(), sentAt);
  const listener = after(hearing.listenerAt(), sentAt);
  return {
    acceptedP50: median(accepted), acceptedP99: quantile(accepted, 0.99), wireP50: median(wire), wireP99: quantile(wire, 0.99),
    listenerP50: median(listener), listenerP99: quantile(listener, 0.99), pacedCpuUs: ((cpuSeconds(subject.pid) - cpu) / size.paced) * 1e6,
  };
}

async function stormRun(subject: Subject) {
  const hearing = subject.hear("storm");
  const cpu = cpuSeconds(subject.pid);
  const begun = performance.now();
  const { acceptedAt } = await handInStorm(subject.url, "storm", { count: size.storm, batch: BATCH, withinMs: Number(options.over) * 1000 });
  await hearing.whole(size.storm, STORM_WITHIN_MS);
  const stormCpuS = cpuSeconds(subject.pid) - cpu;
  const datagrams = hearing.datagrams();
  await Bun.sleep(options.quick ? 200 : REST_MS);
  const [wire, listener] = [hearing.wireAt(), hearing.listenerAt()];
  return {
    stormAcceptedMs: Math.max(...acceptedAt) - begun, stormWireMs: latest(wire) - begun, stormListenerMs: latest(listener) - begun,
    stormDiffering: await hearing.differing(),
    stormMissing: size.storm - listener.filter((at) => at !== undefined).length,
    criticalLateMs: criticalLate({ acceptedAt, wire }), stormCpuS, settledCpuS: cpuSeconds(subject.pid) - cpu, datagrams,
  };
}

/** The n-th critical that waits leaves within n/(5 × rate) s of the moment at which it was accepted. */
function criticalLate({ acceptedAt, wire }: { readonly acceptedAt: readonly number[]; readonly wire: readonly (number | undefined)[] }): number {
  const criticals = acceptedAt.flatMap((accepted, nth) => (alarmAt("storm", nth).severity === "critical" ? [{ accepted, left: wire[nth] ?? Number.POSITIVE_INFINITY }] : []));
  const late = criticals.map(({ accepted, left }) => {
    const waiting = criticals.filter((other) => other.accepted <= accepted && other.left >= accepted).length;
    return left - accepted - (waiting / (5 * rate)) * 1000;
  });
  return Math.max(...late);
}

function after(moments: readonly (number | undefined)[], begun: readonly number[]): readonly number[] {
  return begun.flatMap((from, nth) => (moments[nth] === undefined ? [] : [(moments[nth] ?? 0) - from]));
}

function latest(moments: readonly (number | undefined)[]): number {
  return Math.max(...moments.map((at) => at ?? 0));
}

function flat(limits: Limits): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(limits).flatMap(([name, { p50, p99 }]) => [[`${name}P50Us`, p50], [`${name}P99Us`, p99]]));
}

function mediansOf<Figures extends Readonly<Record<string, number>>>(all: readonly Figures[]): Figures {
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, Math.round(median(all.map((one) => one[name] ?? Number.NaN)) * 1000) / 1000])) as unknown as Figures;
}

function prefixed(prefix: string, figures: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [prefix + name, value]));
}

function print(limits: Readonly<Record<string, number>>, figures: Readonly<Record<string, Round>>): void {
  for (const [name, value] of Object.entries(limits)) console.log(`${name.padEnd(24)} ${value.toFixed(2).padStart(12)}`);
  const { floor, ...others } = figures;
  console.log("".padEnd(20) + [...Object.keys(others).flatMap((name) => [name.padStart(12), "ratio".padStart(8)]), "floor".padStart(12)].join(" "));
  for (const [name, base] of Object.entries(floor ?? {})) {
    const cells = Object.values(others).flatMap((round) => {
      const value = round[name as keyof Round];
      return [value.toFixed(2).padStart(12), (base === 0 ? "" : (value / base).toFixed(2)).padStart(8)];
    });
    console.log(name.padEnd(20) + [...cells, base.toFixed(2).padStart(12)].join(" "));
  }
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
