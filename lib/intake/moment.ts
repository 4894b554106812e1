/** Times as sources write them (RFC 3339), and what is done about clocks that are wrong. */

import { z } from "zod";
import { days, hours, type Ms, minutes, seconds, type WallMs } from "../base/units.ts";

/** A source that names no end is believed for as long as Alertmanager does (its `resolve_timeout`). */
export const STALE_DEFAULT_MS: Ms = minutes(5);
/** A source that promises more must say so again. */
export const STALE_MOST_MS: Ms = days(31);
/** A clock before this was never set (a host without battery starts in 1970). */
export const EARLIEST: WallMs = Date.UTC(2000, 0, 1);

/** Go's zero time stands for "not said" in everything that Prometheus and Alertmanager send. */
const UNSAID = "0001-01-01";
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:(\d\d)(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

const EXPECTED_MOMENT = "a time as in 2026-11-24T08:30:00Z";

/** A moment, or undefined where the source sent an empty text or Go's zero time. */
export const Moment = z.unknown().transform((value, context): WallMs | undefined => {
  if (value === "" || (typeof value === "string" && value.startsWith(UNSAID))) return undefined;
  const at = typeof value === "string" ? readMoment(value) : undefined;
  if (at === undefined) context.addIssue({ code: "custom", message: EXPECTED_MOMENT });
  return at;
});

/** @returns undefined where the text is not a time of RFC 3339 that exists */
export function readMoment(text: string): WallMs | undefined {
  const form = RFC3339.exec(text);
  if (form === null) return undefined;
  // A leap second is the last second of its minute: the engine knows none.
  const plain = form[1] === "60" ? `${text.slice(0, 17)}59${text.slice(19)}` : text;
  const at = Date.parse(plain.replace(" ", "T").toUpperCase());
  return Number.isNaN(at) || !dayExists(plain) ? undefined : at;
}

/** The engine takes 30 February for 2 March. */
function dayExists(text: string): boolean {
  const day = text.slice(0, 10);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/**
 * When the source made the report, as far as its clock can be believed: a moment to come is taken as now, and one
 * before the year 2000 as not said. Anything else stands, however old: an alarm may have been raised weeks ago.
 */
export function plausible(at: WallMs | undefined, now: WallMs): WallMs | undefined {
  if (at === undefined || at < EARLIEST) return undefined;
  return Math.min(at, now);
}

/** When the alarm becomes stale: at the end that the source names, within `STALE_MOST_MS`; without one after five minutes. */
export function staleAfter(endsAt: WallMs | undefined, now: WallMs): WallMs {
  return endsAt === undefined ? now + STALE_DEFAULT_MS : Math.min(endsAt, now + STALE_MOST_MS);
}

/** A length of time as in `90s`, `5m`, `2h`, `1d`. @returns undefined where it is none */
export function readDuration(text: string): Ms | undefined {
  const form = /^(\d{1,9})(s|m|h|d)$/.exec(text);
  if (form === null) return undefined;
  const count = Number(form[1]);
  const unit = form[2];
  return unit === "s" ? seconds(count) : unit === "m" ? minutes(count) : unit === "h" ? hours(count) : days(count);
}
