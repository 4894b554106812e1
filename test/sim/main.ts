/** `bun run sim`: worlds from seeds. */

import { planOf } from "./plan.ts";
import { run } from "./run.ts";

const args = process.argv.slice(2);
const numberAfter = (name: string, otherwise: number): number => (args.includes(name) ? Number(args[args.indexOf(name) + 1]) : otherwise);
const from = numberAfter("--from", 1);
const seeds = numberAfter("--seeds", 10);
const days = numberAfter("--days", 1);
for (let seed = from; seed < from + seeds; seed += 1) {
  const begun = process.cpuUsage().user;
  const outcome = run(planOf(seed, { days }), { recording: args.includes("--record") });
  const ms = (process.cpuUsage().user - begun) / 1000;
  const { failure, steps, hash, alarms, messages, datagrams, judged, plan } = outcome;
  console.log(`${seed} ${hash} ${plan.realSeal ? "real " : ""}${(outcome.virtualMs / 86_400_000).toFixed(2)} d, ${steps} steps (${Math.round(steps / ms)}k/s), ${alarms} alarms, ${messages} messages, ${datagrams} datagrams, ${judged} judged, L${plan.listeners} R${plan.resources} F${plan.faults.size}${failure === undefined ? "" : `\n  BROKEN ${failure.invariant} at ${failure.at}: ${failure.detail}`}`);
  if (failure !== undefined && args.includes("--record")) console.log(outcome.lines.join("\n"));
}
