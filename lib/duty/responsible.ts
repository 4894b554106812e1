/** Who answers for a module, and whom a step of the ladder tells. */

import { EVERY_MODULE, LAST_RESORT, RESPONSIBLE, type Roster } from "./roster.ts";

/**
 * The operators whose modules name this one, in the roster's order.
 * @returns `lastResort: true` and those of the last resort where nobody answers for it, so that nobody is never the answer
 */
export function responsibleFor(
  module: string,
  { operators, lastResort }: Roster,
): { readonly operators: readonly string[]; readonly lastResort: boolean } {
  const names = Object.values(operators)
    .filter(({ modules }) => modules.includes(module) || modules.includes(EVERY_MODULE))
    .map(({ name }) => name);
  return names.length > 0
    ? { operators: names, lastResort: false }
    : { operators: lastResort, lastResort: true };
}

/**
 * Whom a step tells.
 *
 * @param to `responsible`, `last_resort`, or the name of a team or operator
 * @param responsible as recorded when the alarm was raised
 * @returns at least one name: the last resort where the word means nobody, as after a change of the roster
 */
export function recipientsOf(
  to: string,
  { responsible, roster }: { readonly responsible: readonly string[]; readonly roster: Roster },
): readonly string[] {
  const known = namesOf(to, responsible, roster).filter((name) => Object.hasOwn(roster.operators, name));
  return known.length > 0 ? known : roster.lastResort;
}

/** Every word that a step's `to` may be. */
export function recipientWords({ operators, teams }: Roster): readonly string[] {
  return [RESPONSIBLE, LAST_RESORT, ...Object.keys(teams), ...Object.keys(operators)];
}

function namesOf(
  to: string,
  responsible: readonly string[],
  { teams, lastResort }: Roster,
): readonly string[] {
  if (to === RESPONSIBLE) return responsible;
  if (to === LAST_RESORT) return lastResort;
  return Object.hasOwn(teams, to) ? (teams[to] ?? []) : [to];
}
