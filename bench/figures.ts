/** What is measured, and how it is brought down to one number: percentiles of one run, medians of several. */

import { readFileSync } from "node:fs";

/** USER_HZ: the kernel counts a process's time in hundredths of a second on every platform that Bun runs on. */
const TICKS_PER_SECOND = 100;

/** @param share 0.5 is the median. Of no values: NaN */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Processor time of one process so far, in seconds, with all its threads and without its children. */
export function cpuSeconds(pid: number): number {
  // The name in parentheses may hold spaces; utime and stime are the 14th and 15th fields of proc(5).
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The most memory that it ever had, and what it has now, in MiB. */
export function memoryOf(pid: number): { readonly peak: number; readonly now: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mebibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? Number.NaN) / 1024;
  return { peak: mebibytes("VmHWM"), now: mebibytes("VmRSS") };
}
