/** Who answers for a module, and whom a step of the ladder tells. */

import { EVERY_MODULE, LAST_RESORT, RESPONSIBLE, type Roster } from "./roster.ts";

/**
 * The operators whose modules name this one, in the roster's order.
 * @returns `lastResort: true` and those of the last resort where nobody answers for it, so that nobody is never the answer
 */
export function responsibleFor(
  module: string,
  roster: Roster,
): { readonly operators: readonly string[]; readonly lastResort: boolean } {
  const answering = answeringIn(roster);
  const names = answering.get(module) ?? answering.get(EVERY_MODULE) ?? [];
  return names.length > 0
    ? { operators: names, lastResort: false }
    : { operators: roster.lastResort, lastResort: true };
}

/** A roster never changes in place, and every raise asks; `EVERY_MODULE` holds those who answer for what nobody names. */
const ANSWERING = new WeakMap<Roster, ReadonlyMap<string, readonly string[]>>();

function answeringIn(roster: Roster): ReadonlyMap<string, readonly string[]> {
  const held = ANSWERING.get(roster);
  if (held !== undefined) return held;
  const people = Object.values(roster.operators);
  const answering = new Map<string, string[]>(
    [EVERY_MODULE, ...people.flatMap(({ modules }) => modules)].map((module) => [module, []]),
  );
  for (const { name, modules } of people) {
    const named = modules.includes(EVERY_MODULE) ? answering.keys() : new Set(modules);
    for (const module of named) answering.get(module)?.push(name);
  }
  ANSWERING.set(roster, answering);
  return answering;
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
