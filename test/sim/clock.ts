/** The clocks of one host: a boot clock that only drifts, a wall clock that anybody may set, and one timer that may come late. */

import type { BootId, Ms, Now, WallMs } from "../../lib/base/units.ts";
import type { Clock } from "../../lib/port/clock.ts";
import type { Agenda } from "./agenda.ts";
import type { Life } from "./host.ts";

export const WALL_START: WallMs = Date.UTC(2026, 0, 10, 12);
/** Between a computed moment and the clock's own reading of it there may be a rounding error. */
const ROUNDING_MS = 0.01;

export class HostClock {
  readonly #agenda: Agenda;
  readonly #name: string;
  /** Milliseconds of the boot clock for each true one. */
  rate = 1;
  /** How late the next wake-up comes. */
  lateness: () => Ms = () => 0;
  /** By how much the wall clock is wrong. */
  wallOffset = 0;
  /** Every jump of the wall clock, for those who judge what is judged by it. */
  steps: { readonly at: number; readonly by: Ms }[] = [];
  #boots = 0;
  #bootAt = 0;
  /** The boot clock does not begin at zero: nothing may rely on that. */
  #bootMono: Ms = 0;

  constructor(agenda: Agenda, name: string) {
    this.#agenda = agenda;
    this.#name = name;
    this.reboot(600_000);
  }

  get boot(): BootId {
    return `${this.#name}-boot-${this.#boots}`;
  }

  /** @param mono where the new boot clock stands */
  reboot(mono: Ms): void {
    this.#boots += 1;
    this.#bootAt = this.#agenda.now;
    this.#bootMono = mono;
  }

  step(by: Ms): void {
    this.wallOffset += by;
    this.steps.push({ at: this.#agenda.now, by });
  }

  now(): Now {
    return { mono: this.monoAt(this.#agenda.now), wall: Math.round(WALL_START + this.#agenda.now + this.wallOffset) };
  }

  monoAt(trueMs: number): Ms {
    return this.#bootMono + (trueMs - this.#bootAt) * this.rate;
  }

  /** When, in true time, this boot clock shows, showed or will show `mono`. */
  trueAt(mono: Ms): number {
    return this.#bootAt + (mono - this.#bootMono) / this.rate;
  }

  /** The clock as one life of a process has it. */
  port(life: Life): Clock {
    let armed = 0;
    return {
      boot: this.boot,
      now: () => this.now(),
      wakeAt: (due, wake) => {
        armed += 1;
        if (due === undefined || life.over) return;
        const mine = armed;
        const at = Math.max(this.#agenda.now, this.trueAt(due) + ROUNDING_MS) + this.lateness();
        this.#agenda.at(at, life.guard(() => {
          if (mine === armed) wake();
        }));
      },
    };
  }
}
