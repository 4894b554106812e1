/** Who is to be told: nobody is ever the answer. */

import type { Roster } from "./roster.ts";

/** The operators who answer for a module, in order of name; the last resort where nobody does. */
export function responsibleFor(module: string, { operators, lastResort }: Roster): { readonly operators: readonly string[]; readonly lastResort: boolean } {
  const own = Object.values(operators).filter(({ modules }) => modules.includes(module)).map(({ name }) => name).sort();
  return own.length > 0 ? { operators: own, lastResort: false } : { operators: lastResort, lastResort: true };
}

/** Whom a rung of the ladder means: `responsible`, `last_resort`, a team or an operator. An unknown name means the last resort. */
export function recipientsOf(to: string, { responsible, roster }: { readonly responsible: readonly string[]; readonly roster: Roster }): readonly string[] {
  if (to === "responsible") return responsible;
  const team = Object.hasOwn(roster.teams, to) ? roster.teams[to] : undefined;
  if (team !== undefined) return team;
  return Object.hasOwn(roster.operators, to) ? [to] : roster.lastResort;
}
