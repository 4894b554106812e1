/** What many runs came to, added up: small enough to be handed from one process to another. */

import type { Outcome } from "./run.ts";

export type Tally = {
  runs: number;
  steps: number;
  /** Of which through the real cryptography. */
  realSteps: number;
  virtualMs: number;
  alarms: number;
  messages: number;
  datagrams: number;
  judged: number;
  /** Processor time of the runs with the stand-in, and of those with the real cryptography. */
  cpuMs: number;
  realCpuMs: number;
  struck: Record<string, number>;
  failures: readonly Failed[];
};

/** One run that broke something; everything that a replay needs. */
export type Failed = { readonly seed: number; readonly days: number; readonly invariant: string; readonly detail: string };

export function emptyTally(): Tally {
  return { runs: 0, steps: 0, realSteps: 0, virtualMs: 0, alarms: 0, messages: 0, datagrams: 0, judged: 0, cpuMs: 0, realCpuMs: 0, struck: {}, failures: [] };
}

/** @param cpuMs what the run cost */
export function addOutcome(tally: Tally, { plan, failure, steps, virtualMs, alarms, messages, datagrams, judged, struck }: Outcome, cpuMs: number): void {
  const { realSeal, seed, days } = plan;
  const failures = failure === undefined ? [] : [{ seed, days, invariant: failure.invariant, detail: failure.detail }];
  addTally(tally, {
    runs: 1, steps, realSteps: realSeal ? steps : 0, virtualMs, alarms, messages, datagrams, judged,
    cpuMs: realSeal ? 0 : cpuMs, realCpuMs: realSeal ? cpuMs : 0, struck: Object.fromEntries(struck), failures,
  });
}

export function addTally(to: Tally, more: Tally): void {
  for (const name of ["runs", "steps", "realSteps", "virtualMs", "alarms", "messages", "datagrams", "judged", "cpuMs", "realCpuMs"] as const) to[name] += more[name];
  for (const [name, count] of Object.entries(more.struck)) to.struck[name] = (to.struck[name] ?? 0) + count;
  to.failures = [...to.failures, ...more.failures];
}

/** The table that a run of many seeds ends with. */
export function tallyText(tally: Tally, { wallMs, jobs }: { readonly wallMs: number; readonly jobs: number }): string {
  const { runs, steps, realSteps, virtualMs, alarms, messages, datagrams, judged, cpuMs, realCpuMs, struck, failures } = tally;
  const faults = Object.entries(struck).sort(([, a], [, b]) => b - a);
  const rows: readonly (readonly [string, string])[] = [
    ["runs", `${count(runs)} (${failures.length} broken)`],
    ["virtual time", `${(virtualMs / 31_557_600_000).toFixed(2)} years`],
    ["real time", `${(wallMs / 1000).toFixed(0)} s, ${jobs} at a time`],
    ["alarms raised", count(alarms)],
    ["datagrams delivered", count(datagrams)],
    ["messages outside", count(messages)],
    ["machine steps", count(steps)],
    ["steps a second and core", `${count(rate(steps - realSteps, cpuMs))} with the stand-in for the seal, ${count(rate(realSteps, realCpuMs))} with the real one`],
    ["judgements of invariants", count(judged)],
    ["faults", count(faults.reduce((sum, [, times]) => sum + times, 0))],
    ...faults.map(([name, times]): readonly [string, string] => [`  ${name}`, count(times)]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

function rate(steps: number, cpuMs: number): number {
  return cpuMs === 0 ? 0 : (steps / cpuMs) * 1000;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}
