/** The least of a failing run that still breaks the same invariant: fewer faults, fewer things that can break, fewer listeners, less time. */

import { type Cuts, planOf } from "./plan.ts";
import { run } from "./run.ts";

export type Shrunk = { readonly days: number; readonly cuts: Cuts; readonly runs: number };

/** A shrinking takes no more runs than this: past it the rest is small enough to read. */
const RUNS_MOST = 200;

/** @param tell hears of each step that still fails */
export function shrink(
  seed: number, { days, cuts, invariant, tell }: { readonly days: number; readonly cuts: Cuts; readonly invariant: string; readonly tell: (line: string) => void },
): Shrunk {
  let least: { readonly days: number; readonly cuts: Cuts } = { days, cuts };
  let runs = 0;
  const fails = (candidate: typeof least): boolean => {
    if (runs >= RUNS_MOST) return false;
    runs += 1;
    return run(planOf(seed, candidate)).failure?.invariant === invariant;
  };
  const attempt = (candidate: typeof least, line: string): boolean => {
    if (!fails(candidate)) return false;
    least = candidate;
    tell(line);
    return true;
  };
  // The faults first, in halves and then one by one; then the size of the world, then the time.
  for (let share = 2; share <= 16; share *= 2) {
    const on = faultsOf(seed, least);
    const size = Math.ceil(on.length / share);
    for (let at = 0; at < on.length; at += size) {
      const out = on.slice(at, at + size);
      attempt({ ...least, cuts: { ...least.cuts, without: [...least.cuts.without, ...out] } }, `without ${out.join(", ")}`);
    }
  }
  for (const name of faultsOf(seed, least)) attempt({ ...least, cuts: { ...least.cuts, without: [...least.cuts.without, name] } }, `without ${name}`);
  for (const name of ["resources", "listeners"] as const) {
    for (let count = Math.floor(planOf(seed, least)[name] / 2); count >= 1; count = Math.floor(count / 2)) {
      if (!attempt({ ...least, cuts: { ...least.cuts, [name]: count } }, `${count} ${name}`)) break;
    }
  }
  while (least.days > 0.02 && attempt({ ...least, days: least.days / 2 }, `${least.days / 2} days`));
  return { ...least, runs };
}

function faultsOf(seed: number, { days, cuts }: { readonly days: number; readonly cuts: Cuts }): readonly Cuts["without"][number][] {
  return [...planOf(seed, { days, cuts }).faults.keys()];
}
