/** A moment as a person in some timezone writes it. */

import type { WallMs } from "../base/units.ts";

/** The farthest moment that a date can hold (ECMA-262, time values). */
const WALL_MS_MOST = 8_640_000_000_000_000;

/** `2026-11-24 16:30:05 UTC+8`. @param timezone IANA name; one that this system does not know gives UTC */
export function momentOf(at: WallMs, timezone: string): string {
  const date = new Date(Math.min(Math.max(at, -WALL_MS_MOST), WALL_MS_MOST));
  const parts = partsOf(date, timezone) ?? partsOf(date, "UTC") ?? new Map<string, string>();
  const part = (name: string): string => parts.get(name) ?? "";
  const zone = part("timeZoneName").replace("GMT", "UTC").replace(/\+0$/, "");
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}:${part("second")} ${zone}`;
}

function partsOf(date: Date, timeZone: string): ReadonlyMap<string, string> | undefined {
  try {
    const format = new Intl.DateTimeFormat("en-GB", {
      timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "shortOffset",
    });
    return new Map(format.formatToParts(date).map(({ type, value }) => [type, value]));
  } catch {
    return undefined;
  }
}
