/** How many listeners have not heard of an alarm so long after its first word, when the LAN loses datagrams: the machines, in virtual time. */

import { utf8 } from "../../lib/base/bytes.ts";
import type { Prng } from "../../lib/base/prng.ts";
import { type Ms, seconds } from "../../lib/base/units.ts";
import { planOf } from "./plan.ts";
import { World } from "./world.ts";

/** How the LAN loses what is sent, both ways. Bursts have a length of `meanMs` in the mean, exponentially distributed, as have the times between them. */
export type Loss =
  | { readonly kind: "each"; readonly share: number }
  | { readonly kind: "bursts"; readonly share: number; readonly ofTheTime: number; readonly meanMs: Ms };

export type Misses = {
  /** One listener and one alarm each. */
  readonly trials: number;
  /** Shares of the trials that have not heard after 1, 3 and 30 s. */
  readonly after: readonly [number, number, number];
};

/** What wire-notes §3.4 gives for one copy at each of the seven repeats, in shares. */
export const EXPECTED: readonly { readonly name: string; readonly loss: Loss; readonly after: Misses["after"] }[] = [
  { name: "5 %", loss: { kind: "each", share: 0.05 }, after: [0.0013, 0.00002, 0] },
  { name: "20 %", loss: { kind: "each", share: 0.2 }, after: [0.024, 0.0023, 0.00001] },
  { name: "50 %", loss: { kind: "each", share: 0.5 }, after: [0.186, 0.068, 0.0078] },
  // Bursts of 2 s in the mean give the same shares by calculation: 9.0, 3.1 and 0.06 %.
  { name: "bursts", loss: { kind: "bursts", share: 0.8, ofTheTime: 0.2, meanMs: seconds(2) }, after: [0.092, 0.032, 0.0003] },
];

const MODULE = "osd";
/** Of the operators who answer for it: three laptops, and a script. */
const RESPONSIBLE: readonly string[] = ["li", "wang"];
export const AFTER_MS = [seconds(1), seconds(3), seconds(30)] as const;
/** Everybody is present before anything is lost. */
const SETTLED_MS = seconds(40);
/** From one alarm to the next: longer than the schedule of one, and no multiple of the beacons' period. */
const EVERY_MS = seconds(47);
const CLEARED_AFTER_MS = seconds(31);

/** @param severity "minor": each repeat is one copy; critical and major ones leave by broadcast and by unicast at once */
export function measureMisses({ loss, severity, alarms, seed }: { readonly loss: Loss; readonly severity: "minor" | "critical"; readonly alarms: number; readonly seed: number }): Misses {
  const drawn = planOf(seed, { days: 0 });
  // By UDP alone: the world's TCP loses nothing.
  const world = new World({ ...drawn, faults: new Map(), listeners: 6, resources: 0, subnets: 1, lanRate: 200, realSeal: false, tcp: false }, { lines: 0, invariants: [] });
  world.people.orders = "nobody acts";
  const saidAt = new Map<string, number>();
  const heardAt = new Map<string, number>();
  world.watchers.add({
    said: ({ message }) => {
      // Not what the agent raises of itself.
      if (message.kind === "alarm") for (const { id, module } of message.body.alarms) if (module === MODULE && !saidAt.has(id)) saidAt.set(id, world.agenda.now);
    },
    letIn: (station, _, { message, freshness }) => {
      if (message.kind !== "alarm" || freshness !== "fresh") return;
      for (const { id } of message.body.alarms) if (!heardAt.has(`${id} ${station.host.name}`)) heardAt.set(`${id} ${station.host.name}`, world.agenda.now);
    },
  });
  const run = (until: Ms): void => {
    if (!world.run(until)) throw new Error(`${world.failure?.invariant}: ${world.failure?.detail}`);
  };

  run(SETTLED_MS);
  lose(world, loss, drawn.dice("weather"));
  const tell = (nth: number, condition: "raised" | "cleared"): void => {
    world.agent.report("reports", utf8(JSON.stringify({ condition, severity, labels: { resource: `r${nth}`, module: MODULE }, text: `${nth}` })), () => {});
  };
  for (let nth = 0; nth < alarms; nth += 1) {
    tell(nth, "raised");
    run(world.agenda.now + CLEARED_AFTER_MS);
    tell(nth, "cleared");
    run(world.agenda.now + EVERY_MS - CLEARED_AFTER_MS);
  }

  const responsible = world.listeners.filter(({ seat: { operator } }) => RESPONSIBLE.includes(operator)).map(({ host }) => host.name);
  const waits = [...saidAt].flatMap(([id, at]) => responsible.map((name) => (heardAt.get(`${id} ${name}`) ?? Number.POSITIVE_INFINITY) - at));
  const missed = (afterMs: Ms): number => waits.filter((ms) => ms > afterMs).length / waits.length;
  return { trials: waits.length, after: [missed(AFTER_MS[0]), missed(AFTER_MS[1]), missed(AFTER_MS[2])] };
}

/** From now on. */
function lose({ agenda, lan: { weather } }: World, loss: Loss, dice: Prng): void {
  if (loss.kind === "each") {
    weather.loss = loss.share;
    return;
  }
  const turn = (bad: boolean): void => {
    weather.loss = bad ? loss.share : 0;
    const meanMs = bad ? loss.meanMs : (loss.meanMs * (1 - loss.ofTheTime)) / loss.ofTheTime;
    agenda.after(-Math.log(1 - dice.fraction()) * meanMs, () => turn(!bad));
  };
  turn(false);
}
