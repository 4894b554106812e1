/**
 * Sources whose clock is so slow that what they report looks as if it had ended. Prometheus names the end of an alert that
 * holds a few minutes ahead, and moves it on at each repeat; the end of one that is over it repeats unchanged.
 */

import type { AlarmKey } from "../alarm/alarm.ts";
import type { WallMs } from "../base/units.ts";

/** An end that has moved so often was none: once may be a raise that was lost in between. */
export const MOVES_LEAST = 2;
/** Alarm keys that are watched; the one heard least lately is dropped. */
export const WATCHED_MOST = 4096;

export class SlowClocks {
  /** The one heard last stands last. */
  readonly #ends = new Map<AlarmKey, { readonly endedAt: WallMs; readonly moves: number }>();
  #moving = 0;

  /** A report says that the alarm ended at this moment. @returns whether it can be believed no more; once for each alarm */
  ended(key: AlarmKey, endedAt: WallMs): boolean {
    const held = this.#ends.get(key);
    const moves = held === undefined ? 0 : held.moves + (endedAt > held.endedAt ? 1 : 0);
    this.#ends.delete(key);
    this.#ends.set(key, { endedAt, moves });
    for (const oldest of this.#ends.keys()) {
      if (this.#ends.size <= WATCHED_MOST) break;
      this.raised(oldest);
    }
    const found = moves === MOVES_LEAST && held?.moves !== MOVES_LEAST;
    if (found) this.#moving += 1;
    return found;
  }

  /** The alarm is reported as one that holds. */
  raised(key: AlarmKey): void {
    const held = this.#ends.get(key);
    if (held === undefined) return;
    if (held.moves >= MOVES_LEAST) this.#moving -= 1;
    this.#ends.delete(key);
  }

  /** How many alarms have an end that moves. */
  get moving(): number {
    return this.#moving;
  }
}
