/** One run: things go wrong for so many days, then everything heals and the world must settle. */

import { days, hours, minutes } from "../../lib/base/units.ts";
import { begin, heal } from "./faults.ts";
import { INVARIANTS } from "./invariants/all.ts";
import type { Plan } from "./plan.ts";
import type { Invariant } from "./watch.ts";
import type { Failure } from "./world.ts";
import { World } from "./world.ts";

export type Outcome = {
  readonly plan: Plan;
  readonly failure: Failure | undefined;
  readonly hash: string;
  readonly steps: number;
  readonly virtualMs: number;
  readonly alarms: number;
  readonly judged: number;
  readonly messages: number;
  readonly datagrams: number;
  readonly struck: ReadonlyMap<string, number>;
  /** The last lines of the transcript; empty unless they were asked for. */
  readonly lines: readonly string[];
};

/** @param lines how many of the last lines of the transcript to keep: only a replay does */
export function run(plan: Plan, { lines = 0, invariants = INVARIANTS }: { readonly lines?: number; readonly invariants?: readonly Invariant[] } = {}): Outcome {
  const world = new World(plan, { lines, invariants });
  begin(world);
  if (world.run(days(plan.days))) settle(world);
  return {
    plan, failure: world.failure, hash: world.transcript.hash, steps: world.steps, virtualMs: world.agenda.now, alarms: world.sources.raised,
    judged: world.watchers.judged, messages: world.outside.taken, datagrams: world.lan.delivered, struck: world.struck, lines: world.transcript.last,
  };
}

/** How long after the healing everybody who must be told has been told, by whatever way is left (alarm/policy.ts: the longest wait and retry). */
const REACHED_AFTER = hours(1.5);

function settle(world: World): void {
  const { people, sources, agenda, watchers } = world;
  heal(world);
  people.orders = world.plan.settleWithPeople ? "all act" : "nobody acts";
  if (!world.run(agenda.now + REACHED_AFTER)) return;
  watchers.tell("settled", "reached");
  people.orders = "all act";
  for (const alarm of world.agent.alarms()) if (alarm.life.condition !== "cleared" && alarm.life.attention === "unacknowledged") people.takeAtConsole("chief", alarm.id);
  for (const alarm of world.agent.alarms()) if (alarm.life.condition !== "cleared" && alarm.life.attention === "unacknowledged") people.takeAtConsole(alarm.responsible[0] ?? "chief", alarm.id);
  if (!world.run(agenda.now + minutes(10))) return;
  watchers.tell("settled", "taken");
  sources.mendAll();
  if (!world.run(agenda.now + hours(1))) return;
  watchers.tell("settled", "quiet");
}
