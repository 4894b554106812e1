/** What is still fresh: 1024 counters behind the highest one seen (after RFC 6479). */

import { assert } from "../base/assert.ts";

export const WINDOW_COUNTERS = 1024n;

export class Window {
  #highest: bigint;
  /** Bit i: the counter `highest - i` has been seen. */
  #seen: bigint;

  /** @param highest everything up to it counts as seen */
  constructor(highest: bigint) {
    this.#highest = highest;
    this.#seen = ALL;
  }

  get highest(): bigint {
    return this.#highest;
  }

  /** Whether a packet with this counter may still be taken. Changes nothing. */
  check(counter: bigint): boolean {
    if (counter > this.#highest) return true;
    const behind = this.#highest - counter;
    return behind < WINDOW_COUNTERS && ((this.#seen >> behind) & 1n) === 0n;
  }

  /** Everything up to this counter counts as seen from now on. */
  raise(counter: bigint): void {
    if (counter >= this.#highest) {
      this.#highest = counter;
      this.#seen = ALL;
    } else this.#seen |= (ALL << (this.#highest - counter)) & ALL;
  }

  /** Takes a counter whose packet has been found genuine. */
  commit(counter: bigint): void {
    assert(this.check(counter), "a counter is taken once");
    if (counter > this.#highest) {
      const ahead = counter - this.#highest;
      this.#seen = ahead >= WINDOW_COUNTERS ? 1n : ((this.#seen << ahead) | 1n) & ALL;
      this.#highest = counter;
    } else this.#seen |= 1n << (this.#highest - counter);
  }
}

const ALL = (1n << WINDOW_COUNTERS) - 1n;
