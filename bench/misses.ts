/** `bun bench/misses.ts`: listeners that have not heard of an alarm after 1, 3 and 30 s on a LAN that loses datagrams, beside what was calculated. --alarms N. */

import { parseArgs } from "node:util";
import { EXPECTED, measureMisses } from "../test/sim/misses.ts";

const SEED = 1;

/** Not timed: the same on every machine. */
export function printMisses(alarms: number): void {
  const cells = (shares: readonly number[]): string => shares.map((share) => (share * 100).toFixed(2)).join(" / ").padStart(20);
  console.log(["missed after 1 / 3 / 30 s, %", "expected", "minor", "critical"].map((cell, at) => (at === 0 ? cell.padEnd(30) : cell.padStart(20))).join(""));
  for (const { name, loss, after } of EXPECTED) {
    const [minor, critical] = (["minor", "critical"] as const).map((severity) => measureMisses({ loss, severity, alarms, seed: SEED }));
    console.log(`${`${name}, ${minor?.trials} trials`.padEnd(30)}${[after, minor?.after ?? [], critical?.after ?? []].map(cells).join("")}`);
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ args: Bun.argv.slice(2), options: { alarms: { type: "string", default: "1000" } } });
  printMisses(Number(values.alarms));
}
