/** What a seed draws: how large the world is, which faults are on, and how strong each is. A replay may leave some of it out. */

import { Prng } from "../../lib/base/prng.ts";

/** Everything that can go wrong, by name; each has its part in faults.ts. */
export const FAULT_NAMES = [
  "wall clock set", "clocks drift", "late wake-ups", "hosts reboot", "laptops sleep",
  "loss", "bursts", "duplicates", "delay", "truncation", "forgery", "replay", "one-way partition", "UDP blocked", "agents apart", "an hour apart", "interface gone",
  "crash at a write", "crash", "disk full", "slow commit", "fsync error", "older file restored",
  "relay refused", "relay half-open", "answer lost", "relay slow", "relay reboots",
  "channel refuses", "greylisting", "outside answer lost", "rate limit", "channel down", "locked out",
  "people asleep", "people slow", "twice acknowledged", "on leave", "programs quit",
  "storms", "flapping", "silent sources", "reported twice", "source clock wrong", "severity rises", "said again", "rules change", "keys grow old", "laptop stolen",
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

/** What a replay changes of a plan; the shrinker tries these. */
export type Cuts = {
  readonly without: readonly FaultName[];
  readonly resources: number | undefined;
  readonly listeners: number | undefined;
};
export const NO_CUTS: Cuts = { without: [], resources: undefined, listeners: undefined };

export type Plan = {
  readonly seed: number;
  readonly days: number;
  /** Strength of each fault that is on, above 0 to 1. */
  readonly faults: ReadonlyMap<FaultName, number>;
  readonly agents: 1 | 2;
  /** Kinds of sources that reach only one agent, by its place. */
  readonly reach: ReadonlyMap<string, number>;
  readonly listeners: number;
  readonly resources: number;
  readonly subnets: 1 | 2;
  readonly lanRate: number;
  readonly quickPolicy: boolean;
  readonly realSeal: boolean;
  /** Whether listeners may try TCP. */
  readonly tcp: boolean;
  /** Whether people act at once after everything has healed, or nobody does. */
  readonly settleWithPeople: boolean;
  /** A row of dice of its own for each part, so that leaving one fault out does not change the others. */
  readonly dice: (part: string) => Prng;
};

/** Every tenth run goes through the real cryptography. */
const REAL_SEAL_EVERY = 10;

/** @param days how long things go wrong, in virtual days */
export function planOf(seed: number, { days, cuts = NO_CUTS }: { readonly days: number; readonly cuts?: Cuts }): Plan {
  const dice = (part: string): Prng => new Prng(Bun.hash.xxHash32(`${seed} ${part}`));
  const size = dice("size");
  const resources = pick(size, [5, 12, 30, 30, 60, 200]);
  const listeners = pick(size, [0, 1, 2, 3, 4, 6]);
  const pair = dice("agents");
  // A pair breaks promises still (docs/simulator.md): until that is mended only one world in a million has one.
  const agents = pair.fraction() < 1e-6 ? 2 : 1;
  return {
    agents, reach: new Map(["prometheus", "alertmanager", "script"].flatMap((kind) => (pair.fraction() < 0.3 && agents > 1 ? [[kind, pair.uint32() % agents] as const] : []))),
    seed, days, dice, faults: drawFaults(dice, cuts.without),
    listeners: Math.min(listeners, cuts.listeners ?? listeners), resources: Math.min(resources, cuts.resources ?? resources),
    subnets: size.fraction() < 0.3 ? 2 : 1, lanRate: pick(size, [2, 10, 50, 200]), quickPolicy: size.fraction() < 0.5,
    realSeal: seed % REAL_SEAL_EVERY === 0, tcp: true, settleWithPeople: size.fraction() < 0.5,
  };
}

/** Swarm testing: one world in twelve has no fault, one has all; in the others each is on or off. Strengths differ widely. */
function drawFaults(dice: (part: string) => Prng, without: readonly FaultName[]): ReadonlyMap<FaultName, number> {
  const mood = dice("mood").fraction();
  const share = mood < 1 / 12 ? 0 : mood > 11 / 12 ? 1 : 0.15 + 0.5 * dice("share").fraction();
  const faults = new Map<FaultName, number>();
  for (const name of FAULT_NAMES) {
    const own = dice(`fault ${name}`);
    if (own.fraction() >= share || without.includes(name)) continue;
    faults.set(name, pick(own, [0.05, 0.2, 0.5, 1]));
  }
  return faults;
}

/** One of these, each as likely. */
export function pick<Value>(dice: Prng, values: readonly [Value, ...Value[]]): Value {
  return values[dice.uint32() % values.length] ?? values[0];
}
