/** An account of an occurrence as agents tell it to each other: every moment as a length of time, because no two clocks agree. */

import { type Account, accountOf, inOrder, type Reported } from "../alarm/account.ts";
import type { Alarm } from "../alarm/alarm.ts";
import type { Now } from "../base/units.ts";
import { without } from "../intake/labels.ts";
import { NAMES_MOST, SYNC_MS_MOST } from "../wire/constants.ts";
import type { Body } from "../wire/message.ts";
import { fitsDeflated } from "../wire/page.ts";

export type Entry = Body<"sync">["entries"][number];
/** Of a peer's account the report may be missing: it has told that before. */
export type Told = Omit<Account, "report"> & { readonly report: { readonly stamp: Account["report"]["stamp"]; readonly said: Reported | undefined } };

/** @param whole whether the report goes along; @param ended whether only an end that has passed says that it is over; @param read the labels that the rules read: they are kept longest */
export function entryOf(alarm: Alarm, { whole, ended, read, now }: { readonly whole: boolean; readonly ended: boolean; readonly read: ReadonlySet<string>; readonly now: Now }): Entry {
  const { key, names, condition, report, standing, staleAt, raisedAt, ring } = accountOf(alarm);
  const { revision, ackFrom, due, reached, taken } = standing;
  const told = names.slice(0, NAMES_MOST);
  const entry: Entry = {
    key, ids: told.map(({ id }) => id), ats: told.map(({ at }) => Math.max(0, Math.round(at))),
    raisedMs: length(now.wall - raisedAt), condition: { n: condition.stamp.number, a: byOf(condition.stamp.agent) },
    ...(condition.clearedAt === undefined ? {} : { clearedMs: length(now.wall - condition.clearedAt) }), ...(ended ? { ended } : {}),
    revision, ackFrom, ring, leftMs: length(due - now.mono), reached,
    ...(staleAt === undefined ? {} : { staleMs: length(staleAt - now.wall) }),
    ...(taken === undefined ? {} : { taken: takenOf(taken, now) }),
    said: { n: report.stamp.number, a: byOf(report.stamp.agent) },
  };
  return whole ? withReport(entry, report.said, read) : entry;
}

/** What a peer's entry comes to on our own clocks. */
export function accountFrom(entry: Entry, now: Now): Told {
  const { key, ids, ats, raisedMs, condition, clearedMs, revision, ackFrom, ring, leftMs, reached, staleMs, taken, said } = entry;
  return {
    key, names: inOrder(ids.map((id, at) => ({ id, at: ats[at] ?? 0 }))),
    condition: { stamp: { number: condition.n, agent: condition.a }, clearedAt: clearedMs === undefined ? undefined : now.wall - clearedMs },
    report: { stamp: { number: said.n, agent: said.a }, said: reportIn(entry) },
    staleAt: staleMs === undefined ? undefined : now.wall + staleMs,
    raisedAt: now.wall - raisedMs, ring,
    standing: {
      revision, ackFrom, due: now.mono + leftMs, reached,
      taken: taken && {
        stamp: { number: taken.n, agent: taken.a },
        acknowledgement: { operator: taken.by, at: now.wall - taken.ms, comment: taken.comment, way: taken.way, told: taken.told, revision: taken.revision },
      },
    },
  };
}

function takenOf({ stamp, acknowledgement }: NonNullable<Account["standing"]["taken"]>, now: Now): NonNullable<Entry["taken"]> {
  const { operator, at, comment, way, told, revision } = acknowledgement;
  return { n: stamp.number, a: byOf(stamp.agent), ms: length(now.wall - at), by: operator, way, comment: comment.slice(0, 200), told, revision };
}

/** Before it was ever paired an agent stamped nothing. */
function byOf(agent: string): string {
  return agent === "" ? "0".repeat(16) : agent;
}

/** A clock that was set by decades must not keep an alarm from being told. */
function length(ms: number): number {
  return Math.round(Math.min(SYNC_MS_MOST, Math.max(-SYNC_MS_MOST, ms)));
}

/**
 * Where all of it is more than a datagram, detail goes first, then labels that the rules do not read, those that name it last
 * of them, then the end of the text, and then the other labels.
 */
function withReport(entry: Entry, { source, labels, identity, text, detail, weight }: Reported, read: ReadonlySet<string>): Entry {
  const worth = (name: string): number => Number(identity.includes(name)) + 2 * Number(read.has(name));
  const names = Object.keys(labels).sort((a, b) => worth(b) - worth(a));
  const needed = names.filter((name) => read.has(name)).length;
  const made = (left: { readonly detail: string; readonly labels: number; readonly text: number }): Entry => {
    const gone = names.slice(left.labels);
    return {
      ...entry, source, labels: without(labels, gone), identity: identity.filter((name) => !gone.includes(name)), text: text.slice(0, left.text).toWellFormed(), detail: left.detail,
      ...(weight === undefined ? {} : { weight }),
    };
  };
  const whole = { detail, labels: names.length, text: text.length };
  if (fitsDeflated(made(whole))) return made(whole);
  const some = most({ least: needed, most: names.length }, (count) => fitsDeflated(made({ ...whole, detail: "", labels: count })));
  const end = most({ least: 0, most: text.length }, (count) => fitsDeflated(made({ detail: "", labels: some, text: count })));
  const few = most({ least: 0, most: some }, (count) => fitsDeflated(made({ detail: "", labels: count, text: end })));
  return made({ detail: "", labels: few, text: end });
}

/** The greatest count that fits, or the least one; where one does not fit, no greater one does. */
function most(bounds: { readonly least: number; readonly most: number }, fits: (count: number) => boolean): number {
  let { least, most: beyond } = bounds;
  while (least < beyond) {
    const middle = Math.ceil((least + beyond) / 2);
    if (fits(middle)) least = middle;
    else beyond = middle - 1;
  }
  return least;
}

function reportIn({ source, labels, identity, text, detail, weight }: Entry): Reported | undefined {
  if (source === undefined || labels === undefined || identity === undefined) return undefined;
  return { source, labels, identity, text: text ?? "", detail: detail ?? "", weight };
}
