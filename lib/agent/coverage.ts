/**
 * Looks every minute whether each module has somebody who would hear its alarms, and keeps one alarm of Gapbell's own about
 * those that have not. A gap is found while all is quiet, not by the alarm that nobody hears.
 */

import { CHANNELS, type ChannelName } from "../alarm/policy.ts";
import { momentText } from "../alarm/moment.ts";
import { type Ms, minutes, type Now, type WallMs } from "../base/units.ts";
import { modulesNamed } from "../classify/rule.ts";
import { coverOf, isGap, type ModuleCover, type Reach } from "../duty/coverage.ts";
import type { Operator, Roster } from "../duty/roster.ts";
import { reaches } from "./ability.ts";
import { admitOwn, clearOwn, openOwn } from "./admit.ts";
import { recipientOf } from "./escalation.ts";
import type { Member } from "./listeners.ts";
import type { Parts } from "./parts.ts";

/** After a start nothing is said for so long: laptops come back, and on a new installation people are still being invited. */
export const COVERAGE_GRACE_MS: Ms = minutes(10);
export const COVERAGE_EVERY_MS: Ms = minutes(1);
/** So many of each kind are named in the alarm; the command names all. */
const NAMED_MOST = 6;

const OWN = { name: "GapbellCoverage", severity: "warning" } as const;

/** When the next look is due, and since when each operator is in the roster: who has just been added is not missed yet. */
export class Coverage {
  #since: ReadonlyMap<string, WallMs> = new Map();
  #met: Roster["operators"] | undefined;
  #changed = false;
  #due: Ms;

  constructor(at: Ms) {
    this.#due = at + COVERAGE_GRACE_MS;
  }

  restore(since: ReadonlyMap<string, WallMs>): void {
    this.#since = since;
  }

  /** @returns whether it is time for a look; the next one is armed */
  takeDue(now: Ms): boolean {
    if (now < this.#due) return false;
    this.#due = now + COVERAGE_EVERY_MS;
    return true;
  }

  next(): Ms {
    return this.#due;
  }

  /** Takes note of who is in the roster. */
  meet(roster: Roster["operators"], wall: WallMs): void {
    if (roster === this.#met) return;
    this.#met = roster;
    const operators = Object.keys(roster);
    if (operators.length === this.#since.size && operators.every((name) => this.#since.has(name))) return;
    this.#since = new Map(operators.map((name) => [name, this.#since.get(name) ?? wall]));
    this.#changed = true;
  }

  since(operator: string): WallMs | undefined {
    return this.#since.get(operator);
  }

  /** The whole, where it has changed since the last call. */
  takeChanged(): Readonly<Record<string, WallMs>> | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    return Object.fromEntries(this.#since);
  }
}

export type OperatorCover = {
  readonly operator: string;
  readonly modules: readonly string[];
  readonly verdict: Reach;
  /** When a listener with a person was last heard; undefined: never. */
  readonly lastHeardAt: WallMs | undefined;
  /** Ways that reach this operator beyond the LAN. */
  readonly outside: readonly ChannelName[];
  /** Is expected on the LAN, and has not been heard there for days. */
  readonly missing: boolean;
};

export type Survey = {
  readonly covered: boolean;
  readonly modules: readonly (ModuleCover & { readonly gap: boolean })[];
  readonly operators: readonly OperatorCover[];
};

/** How all modules and operators stand now. */
export function survey(parts: Parts, now: Now): Survey {
  const { roster, rules } = parts.settings;
  const members = Map.groupBy(parts.listeners.members(), ({ operator }) => operator);
  const operators = Object.values(roster.operators).map((operator) => operatorCover(parts, { operator, joined: members.get(operator.name) ?? [] }, now));
  const verdicts = new Map(operators.map(({ operator, verdict }) => [operator, verdict]));
  const modules = coverOf(roster, { named: modulesNamed(rules), reachOf: (operator) => verdicts.get(operator) ?? "unheard" })
    .map((cover) => ({ ...cover, gap: isGap(cover) }));
  return { covered: !modules.some(({ gap }) => gap) && !operators.some(({ missing }) => missing), modules, operators };
}

/** Raises, changes or clears the alarm. */
export function watchCoverage(parts: Parts, now: Now): void {
  parts.coverage.meet(parts.settings.roster.operators, now.wall);
  if (!parts.coverage.takeDue(now.mono)) return;
  const found = survey(parts, now);
  if (found.covered) return clearOwn(parts, { ...OWN, text: "Every module has somebody who is heard" }, now);
  const text = sentence(found);
  if (openOwn(parts, OWN)?.text !== text) admitOwn(parts, { ...OWN, condition: "raised", text }, now);
}

function operatorCover(
  { listeners, coverage, settings }: Parts,
  { operator, joined }: { readonly operator: Operator; readonly joined: readonly Member[] },
  now: Now,
): OperatorCover {
  const { name, modules } = operator;
  const people = joined.filter(({ robot }) => !robot);
  const heard = people.flatMap(({ id }) => listeners.get(id)?.lastHeardAt ?? []);
  const lastHeardAt = heard.length === 0 ? undefined : Math.max(...heard);
  const present = people.some(({ id }) => (listeners.get(id)?.leaseUntil ?? 0) > now.mono);
  // By a clock that was set, either way, nobody has been heard; within the minute whoever is there is heard anew.
  const silentMs = Math.abs(now.wall - (lastHeardAt ?? coverage.since(name) ?? now.wall));
  const verdict = listeners.isHome([name], now.mono) ? "here" : present || silentMs < settings.unheardMs ? "away" : "unheard";
  // Who has nothing but a siren, or is only told outside, is not waited for on the LAN.
  const expected = people.length > 0 || (joined.length === 0 && modules.length > 0);
  const outside = CHANNELS.filter((channel) => reaches(recipientOf(operator), channel));
  return { operator: name, modules, verdict, lastHeardAt, outside, missing: expected && verdict === "unheard" };
}

function sentence({ modules, operators }: Survey): string {
  const gaps = modules.filter(({ gap }) => gap);
  const parts = [
    part("nobody answers for", gaps.flatMap(({ module, verdict }) => (verdict === "nobody" ? [module] : []))),
    part("nobody who answers has been heard for days:", gaps.flatMap(({ module, verdict }) => (verdict === "unheard" ? [module] : []))),
    part("not heard for days:", operators.flatMap(({ operator, missing, lastHeardAt }) => (missing ? [`${operator} (${lastDay(lastHeardAt)})`] : []))),
  ].filter((text) => text !== "");
  const text = parts.join("; ");
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function part(words: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const more = names.length > NAMED_MOST ? ` and ${names.length - NAMED_MOST} more` : "";
  return `${words} ${names.slice(0, NAMED_MOST).join(", ")}${more}`;
}

function lastDay(at: WallMs | undefined): string {
  return at === undefined ? "never" : `last on ${momentText(at, "UTC").slice(0, 10)}`;
}
