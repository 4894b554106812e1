/** A moment that survives the process and the boot: stored on both clocks, read back on the clock of the present boot. */

import { z } from "zod";
import type { BootId, Ms, Now } from "../base/units.ts";

export const Moment = z.object({ boot: z.string(), mono: z.number(), wall: z.number() });
export type Moment = z.infer<typeof Moment>;

/** @param due on the boot clock */
export function momentAt(due: Ms, now: Now, boot: BootId): Moment {
  return { boot, mono: due, wall: now.wall + (due - now.mono) };
}

/**
 * The stored moment on the present boot clock. After a reboot the wall clock's difference counts, but never more than
 * `mostMs`: a clock that was set wrong must not put it off for years.
 */
export function monoOf(
  moment: Moment,
  now: Now,
  { boot, mostMs }: { readonly boot: BootId; readonly mostMs: Ms },
): Ms {
  if (moment.boot === boot) return moment.mono;
  return now.mono + Math.min(mostMs, Math.max(0, moment.wall - now.wall));
}
