/** Lengths of time as people write them: `30s`, `5m`, `1h30m`. */

import { z } from "zod";
import { days, hours, type Ms, minutes, seconds } from "../base/units.ts";

const UNITS: readonly (readonly [name: string, ms: Ms])[] = [
  ["d", days(1)],
  ["h", hours(1)],
  ["m", minutes(1)],
  ["s", seconds(1)],
  ["ms", 1],
];
const FORM = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,6})s)?(?:(\d{1,9})ms)?$/;

/** The larger unit first, each at most once; `0` alone needs none. @returns undefined where it is none of this */
export function parseDuration(text: string): Ms | undefined {
  if (text === "0") return 0;
  const form = FORM.exec(text);
  if (form === null || text === "") return undefined;
  return UNITS.reduce((sum, [, ms], at) => sum + Number(form[at + 1] ?? 0) * ms, 0);
}

/** `5400000` is `1h30m`: the shortest spelling that `parseDuration` reads back. @param ms a whole number, at least 0 */
export function durationText(ms: Ms): string {
  let left = ms;
  let text = "";
  for (const [name, unit] of UNITS) {
    const count = Math.floor(left / unit);
    left -= count * unit;
    if (count > 0) text += `${count}${name}`;
  }
  return text === "" ? "0s" : text;
}

/** A field of a configuration file that holds a duration; read as milliseconds. Both bounds are still allowed. */
export function duration({ least, most }: { readonly least: Ms; readonly most: Ms }) {
  const expected = `a duration from ${durationText(least)} to ${durationText(most)}, as in 30s, 5m or 1h30m`;
  // A bare number has no unit and could mean anything; nothing at all means the same in every unit.
  return z.union([z.string(), z.literal(0)], expected).transform((written, context): Ms => {
    const ms = parseDuration(String(written));
    if (ms !== undefined && ms >= least && ms <= most) return ms;
    context.addIssue({ code: "custom", message: expected });
    return z.NEVER;
  });
}
