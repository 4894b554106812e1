/** What one agent knows of an occurrence and its paired agents must know as well; and which of its words count as said later. */

import type { Acknowledgement, Alarm, AlarmKey, OccurrenceName, Stamp } from "./alarm.ts";
import type { Ms, WallMs } from "../base/units.ts";

/** What the latest report says. Module, item and severity are decided from it anew by each agent's own rules. */
export type Reported = Pick<Alarm, "source" | "labels" | "identity" | "text" | "detail" | "weight">;

/** Who has it; `stamp` makes two agents choose the same of two who took it at once. */
export type Taken = { readonly stamp: Stamp; readonly acknowledgement: Acknowledgement };

/** How it stands since people last had to look again: a higher revision overrules everything in here. */
export type Standing = {
  readonly revision: number;
  readonly ackFrom: number;
  /** The acknowledgement deadline, on this host's boot clock. */
  readonly due: Ms;
  /** Somebody outside was told of this revision. */
  readonly reached: boolean;
  readonly taken: Taken | undefined;
};

/** One agent's account of an occurrence, by the clocks of the host that reads it. */
export type Account = {
  readonly key: AlarmKey;
  /** In order: the first is its id, the others are aliases. */
  readonly names: readonly OccurrenceName[];
  readonly condition: { readonly stamp: Stamp; readonly clearedAt: WallMs | undefined };
  readonly report: { readonly stamp: Stamp; readonly said: Reported };
  /** When it counts as stale; undefined: never. */
  readonly staleAt: WallMs | undefined;
  readonly raisedAt: WallMs;
  readonly standing: Standing;
  readonly ring: number;
};

const NOBODY: Stamp = { number: 0, agent: "" };
/** Of an alarm that no agent has compared with another's yet. */
export const UNSTAMPED: Alarm["stamps"] = { condition: NOBODY, report: NOBODY, taken: NOBODY };

export function accountOf(alarm: Alarm): Account {
  const { key, source, labels, identity, text, detail, weight, staleAt, raisedAt, life, stamps, acknowledgement } = alarm;
  const holds = life.attention === "acknowledged" && acknowledgement !== undefined;
  return {
    key, names: namesOf(alarm),
    condition: { stamp: stamps.condition, clearedAt: life.condition === "cleared" ? (alarm.clearedAt ?? raisedAt) : undefined },
    report: { stamp: stamps.report, said: { source, labels, identity, text, detail, weight } },
    staleAt, raisedAt,
    standing: {
      revision: life.revision, ackFrom: life.ackFrom, due: life.ackDue, reached: life.reached,
      taken: holds ? { stamp: stamps.taken, acknowledgement } : undefined,
    },
    ring: life.ring,
  };
}

/** Every name, in order. */
export function namesOf({ id, generatedAt, aliases }: Pick<Alarm, "id" | "generatedAt" | "aliases">): readonly OccurrenceName[] {
  return inOrder([{ id, at: generatedAt }, ...aliases]);
}

/** Each once: of two times under one id the earlier counts. */
export function inOrder(names: readonly OccurrenceName[]): readonly OccurrenceName[] {
  const earliest = new Map<string, WallMs>();
  for (const { id, at } of names) earliest.set(id, Math.min(at, earliest.get(id) ?? at));
  return [...earliest].map(([id, at]) => ({ id, at })).sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

/** Marks what this agent has just changed of an alarm as later than everything that was said of it before. */
export function stamped(before: Alarm, after: Alarm, agent: string): Alarm {
  const next = nextStamp(before, agent);
  const over = (alarm: Alarm): boolean => alarm.life.condition === "cleared";
  const took = after.acknowledgement !== undefined && after.acknowledgement !== before.acknowledgement;
  const { condition, report, taken } = after.stamps;
  return {
    ...after,
    stamps: {
      condition: over(before) === over(after) ? condition : next,
      report: sameReport(before, after) ? report : next,
      taken: took ? next : taken,
    },
  };
}

export function nextStamp({ stamps: { condition, report, taken } }: Pick<Alarm, "stamps">, agent: string): Stamp {
  return { number: 1 + Math.max(condition.number, report.number, taken.number), agent };
}

export function sameReport(a: Reported, b: Reported): boolean {
  return a.text === b.text && a.detail === b.detail && a.weight === b.weight && a.source === b.source &&
    (a.labels === b.labels || canonical(a.labels) === canonical(b.labels));
}

/** The same text for the same content, whatever the order of the fields. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner);
}
