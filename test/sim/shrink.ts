/** The least of a failing run that still breaks the same way: fewer faults, fewer things that can break, fewer listeners, less time. */

import type { Cuts, Plan } from "./plan.ts";

export type Candidate = { readonly days: number; readonly cuts: Cuts };
export type Shrunk = Candidate & { readonly runs: number };

/** A shrinking takes no more runs than this: past it the rest is small enough to read. */
const RUNS_MOST = 200;
/** Half an hour: in less hardly anything happens. */
const DAYS_LEAST = 0.02;

/**
 * @param fails whether a candidate still breaks
 * @param tell hears of each step that does
 */
export function shrink({ days, cuts, planOf, fails, tell }: Candidate & {
  readonly planOf: (candidate: Candidate) => Plan; readonly fails: (candidate: Candidate) => boolean; readonly tell: (line: string) => void;
}): Shrunk {
  let least: Candidate = { days, cuts };
  let runs = 0;
  const attempt = (candidate: Candidate, line: string): boolean => {
    if (runs >= RUNS_MOST) return false;
    runs += 1;
    if (!fails(candidate)) return false;
    least = candidate;
    tell(line);
    return true;
  };
  const without = (names: Cuts["without"]): boolean => attempt({ ...least, cuts: { ...least.cuts, without: [...least.cuts.without, ...names] } }, `without ${names.join(", ")}`);
  // The faults first, in halves and then one by one; then the size of the world, then the time.
  for (let share = 2; share <= 16; share *= 2) {
    const on = [...planOf(least).faults.keys()];
    const size = Math.ceil(on.length / share);
    for (let at = 0; at < on.length; at += size) without(on.slice(at, at + size));
  }
  for (const name of [...planOf(least).faults.keys()]) without([name]);
  for (const name of ["resources", "listeners"] as const) {
    for (let count = Math.floor(planOf(least)[name] / 2); count >= 1; count = Math.floor(count / 2)) {
      if (!attempt({ ...least, cuts: { ...least.cuts, [name]: count } }, `with ${count} ${name}`)) break;
    }
  }
  while (least.days > DAYS_LEAST && attempt({ ...least, days: least.days / 2 }, `in ${least.days / 2} days`));
  return { ...least, runs };
}
