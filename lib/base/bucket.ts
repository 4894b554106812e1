/** A token bucket: how much may still go at this moment. */

import type { Ms } from "./units.ts";

/** Tokens are filled in many small steps whose sum is a hair less than the whole: without this a wake-up comes for nothing. */
const ROUNDING = 1e-6;

export class Bucket {
  #perSecond: number;
  #burst: number;
  #tokens: number;
  #at: Ms;

  /** @param burst the most that may go at once; also what is there at the start */
  constructor({ perSecond, burst, at }: { readonly perSecond: number; readonly burst: number; readonly at: Ms }) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = at;
  }

  /** From now on at another pace. */
  pace({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }, now: Ms): void {
    this.#fill(now);
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = Math.min(this.#tokens, burst);
  }

  /** Takes `count` tokens if they are there. */
  allow(now: Ms, count = 1): boolean {
    this.#fill(now);
    if (this.#tokens + ROUNDING < count) return false;
    this.#tokens = Math.max(0, this.#tokens - count);
    return true;
  }

  /** The moment at which `count` tokens will be there. */
  readyAt(now: Ms, count = 1): Ms {
    this.#fill(now);
    return now + Math.max(0, Math.ceil(((count - this.#tokens - ROUNDING) / this.#perSecond) * 1000));
  }

  #fill(now: Ms): void {
    if (now <= this.#at) return;
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
  }
}
