/** A moment as a person in some timezone reads it. */

import type { WallMs } from "../base/units.ts";

/** The last moment that a date can hold (ECMA-262, time values); clocks may say anything. */
const WALL_MS_MOST = 8_640_000_000_000_000;

/** `2026-11-24 16:30:05 UTC+8`: the same in every language. @param timezone IANA name; an unknown one gives UTC */
export function momentText(at: WallMs, timezone: string): string {
  const inside = Math.min(Math.max(Number.isFinite(at) ? at : 0, -WALL_MS_MOST), WALL_MS_MOST);
  const parts = new Map((formatOf(timezone) ?? formatOf("UTC"))?.formatToParts(inside).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? "";
  const zone = part("timeZoneName").replace("GMT", "UTC").replace(/[+-]0$/, "");
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}:${part("second")} ${zone}`;
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();
/** A roster names a handful of timezones. */
const FORMATS_MOST = 64;

/** Making a format costs a hundred times what using it costs. @returns undefined where the timezone is unknown */
function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  const held = FORMATS.get(timeZone);
  if (held !== undefined) return held;
  try {
    const format = new Intl.DateTimeFormat("en-GB", {
      timeZone, hourCycle: "h23", timeZoneName: "shortOffset",
      year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
    if (FORMATS.size < FORMATS_MOST) FORMATS.set(timeZone, format);
    return format;
  } catch {
    return undefined;
  }
}
