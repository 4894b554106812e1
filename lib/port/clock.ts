/** What a machine's driver asks of time: both clocks, and one alarm call. */

import type { BootId, Ms, Now } from "../base/units.ts";

export interface Clock {
  /** The boot that `mono` counts from; another one means that stored moments must be re-anchored. */
  readonly boot: BootId;
  now(): Now;
  /** Arms the one timer, replacing what was armed before; undefined disarms it. May wake late, never early by more than 1 ms. */
  wakeAt(due: Ms | undefined, wake: () => void): void;
}
