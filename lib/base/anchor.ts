/** Where a stored deadline stands after a restart, perhaps of the host. */

import type { BootId, Ms, WallMs } from "./units.ts";

/** A deadline as it lies in the store: the boot it was set in, and the moment on both clocks. */
export type Anchored = { readonly boot: BootId; readonly monoDue: Ms; readonly wallDue: WallMs };

/** The moment of the restart, and the boot that its `mono` counts from. */
export type RestartedAt = { readonly boot: BootId; readonly mono: Ms; readonly wall: WallMs };

/**
 * Carries a deadline over a restart. In the same boot it stands where it stood; after a reboot what is left by the wall
 * clock counts. A deadline that would lie further away than it ever can means that a clock went back: it is due now,
 * because an alarm told too early is a nuisance, and one told too late is a broken promise.
 *
 * @param mostMs the longest that this deadline can be away; below 0 where it had passed when it was stored
 * @returns the moment on the present boot clock; in the past where the deadline passed while the process was down
 */
export function reanchor(
  stored: Anchored,
  { boot, mono, wall }: RestartedAt,
  { mostMs }: { readonly mostMs: Ms },
): Ms {
  const leftMs = stored.boot === boot ? stored.monoDue - mono : stored.wallDue - wall;
  if (!(leftMs <= mostMs)) return mono;
  return stored.boot === boot ? stored.monoDue : mono + Math.max(0, leftMs);
}
