/** The life of one alarm as a story: events happen, time passes, and what was asked for is kept. */

import { begin, type Lifecycle, type LifecycleEffect, type LifecycleEvent, step } from "../../lib/alarm/lifecycle.ts";
import { DEFAULT_POLICY, type Policy } from "../../lib/alarm/policy.ts";
import type { Severity } from "../../lib/alarm/severity.ts";
import type { Ms } from "../../lib/base/units.ts";

/** Raises a critical alarm at moment 0 under the default policy, unless told otherwise. */
export function aLife({ severity = "critical", policy = DEFAULT_POLICY }: { readonly severity?: Severity; readonly policy?: Policy } = {}): Life {
  return new Life(severity, policy);
}

export class Life {
  readonly #policy: Policy;
  #now: Ms = 0;
  #life: Lifecycle;
  #effects: LifecycleEffect[];

  constructor(severity: Severity, policy: Policy) {
    this.#policy = policy;
    const begun = begin(severity, 0, policy);
    this.#life = begun.life;
    this.#effects = [...begun.effects];
  }

  get now(): Ms {
    return this.#now;
  }

  get state(): Lifecycle {
    return this.#life;
  }

  /** `raised unacknowledged waiting` */
  get axes(): string {
    return `${this.#life.condition} ${this.#life.attention} ${this.#life.phase}`;
  }

  /** What was asked for since the last look: `push new`, `probe`, … */
  said(): readonly string[] {
    const said = this.#effects.map((effect) => (effect.kind === "push" ? `push ${effect.why}` : effect.kind));
    this.#effects = [];
    return said;
  }

  /** Forgets what was asked for so far. */
  quietly(): this {
    this.#effects = [];
    return this;
  }

  happens(...events: readonly LifecycleEvent[]): this {
    for (const event of events) {
      const moved = step(this.#life, event, this.#now, this.#policy);
      this.#life = moved.life;
      this.#effects.push(...moved.effects);
    }
    return this;
  }

  raise(severity: Severity = this.#life.severity, again = false): this {
    return this.happens({ kind: "raise", severity, again });
  }

  clear(): this {
    return this.happens({ kind: "clear" });
  }

  acknowledge(): this {
    return this.happens({ kind: "acknowledge" });
  }

  probed(answer: "able" | "unable" | "silent"): this {
    return this.happens({ kind: "probed", answer });
  }

  verdict(verdict: "accepted" | "refused"): this {
    return this.happens({ kind: "verdict", verdict });
  }

  /** Time passes; whatever falls due meanwhile does, each at its moment. */
  passes(ms: Ms): this {
    const until = this.#now + ms;
    for (let due = this.#life.due; due !== undefined && due <= until; due = this.#life.due) {
      this.#now = Math.max(this.#now, due);
      this.happens({ kind: "deadline" });
    }
    this.#now = until;
    return this;
  }

  /** Lives until the deadline and through a relay that takes the alarm, up to the verdict. */
  escalated(): this {
    return this.passes(this.#life.ackDue - this.#now).probed("able").verdict("accepted").quietly();
  }
}
