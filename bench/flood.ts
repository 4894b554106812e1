/** `bun bench/flood.ts`: what a flood of forged datagrams costs agent and listener, and by how much it delays alarms. --seconds N, --rate N. */

import { parseArgs } from "node:util";
import { underFlood } from "../test/support/under-flood.ts";
import { quantile } from "./figures.ts";

const { values: options } = parseArgs({ args: Bun.argv.slice(2), options: { seconds: { type: "string", default: "60" }, rate: { type: "string", default: "20000" } } });

const flood = await underFlood({ rate: Number(options.rate), seconds: Number(options.seconds) });
const ms = (all: readonly number[]): string => [0.5, 0.99, 1].map((share) => quantile(all, share).toFixed(1)).join(" / ");
console.log(`${Math.round(flood.sentPerSecond)} forged datagrams a second`);
console.log(`from hand-in to screen, p50 / p99 / most, ms: ${ms(flood.calmMs)} before, ${ms(flood.floodMs)} in the flood, ${flood.floodMs.length} alarms`);
for (const who of ["agent", "listener"] as const) {
  const { cores, before, after } = flood[who];
  console.log(`${who}: ${cores.toFixed(2)} cores, ${before.toFixed(0)} MiB before, ${after.toFixed(0)} after`);
  console.log(`  ${JSON.stringify(flood[`${who}Drops`])}`);
}
