/** A clock that a test moves by hand; it rings like the real one, and only when it is told. */

import type { Ms, Now } from "../../lib/base/units.ts";
import type { Clock } from "../../lib/port/clock.ts";

export class FakeClock implements Clock {
  readonly boot = "boot-1";
  /** How often the timer was armed or disarmed. */
  armings = 0;
  #now: Now;
  #armed: { readonly due: Ms; readonly wake: () => void } | undefined;

  constructor({ mono = 10_000, wall = Date.UTC(2026, 10, 24, 3, 0, 0) }: Partial<Now> = {}) {
    this.#now = { mono, wall };
  }

  now(): Now {
    return this.#now;
  }

  wakeAt(due: Ms | undefined, wake: () => void): void {
    this.armings += 1;
    this.#armed = due === undefined ? undefined : { due, wake };
  }

  /** When it will ring; undefined while disarmed. */
  get due(): Ms | undefined {
    return this.#armed?.due;
  }

  /** Lets time pass without ringing: a host that is busy, or asleep. */
  pass(ms: Ms): void {
    this.#now = { mono: this.#now.mono + ms, wall: this.#now.wall + ms };
  }

  /** Rings once if it is armed and due. */
  ring(): void {
    const armed = this.#armed;
    if (armed === undefined || armed.due > this.#now.mono) return;
    this.#armed = undefined;
    armed.wake();
  }
}
