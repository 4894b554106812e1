/**
 * When a listener has just come, or come back, everything that is open reaches it within a moment: it is gathered, so that it can
 * be put before the person at once instead of one by one. What comes later rings for itself.
 */

import type { OccurrenceId } from "../alarm/alarm.ts";
import { type Ms, seconds } from "../base/units.ts";

/** So many ring one by one. */
export const SINGLY_MOST = 5;
/** How long an agent that says nothing of what is open is waited for. */
export const GATHER_MS: Ms = seconds(3);
/** After so long what has come is told, though more is on its way; the rest is gathered anew. */
export const GATHER_MS_MOST: Ms = seconds(5);
/** Behind the alarms come their states: after such a pause the last has come. */
const LULL_MS: Ms = 250;

/** `whole`: all that the agent has open is here. `partial`: more is known to come. `unknown`: nothing has been heard of it yet. */
export type Progress = "whole" | "partial" | "unknown";

export class Gathering {
  #held = new Set<OccurrenceId>();
  /** Undefined while nothing is gathered. */
  #since: Ms | undefined;
  #until: Ms = 0;
  #lastAt: Ms = 0;
  #lookedAt: Ms = 0;
  #first = false;

  /** @param first the desk is empty yet: what was rung in an earlier life is told as well */
  begin(now: Ms, { first = false }: { readonly first?: boolean } = {}): void {
    this.#since ??= now;
    this.#until = now + GATHER_MS;
    this.#first ||= first;
  }

  get on(): boolean {
    return this.#since !== undefined;
  }

  get first(): boolean {
    return this.#first;
  }

  /** @returns false where nothing is gathered, and the alarm is told at once */
  hold(id: OccurrenceId, now: Ms): boolean {
    if (this.#since === undefined) return false;
    this.#held.add(id);
    this.#lastAt = now;
    return true;
  }

  has(id: OccurrenceId): boolean {
    return this.#held.has(id);
  }

  drop(id: OccurrenceId): void {
    this.#held.delete(id);
  }

  /** Something of the answer has come, though nothing new. */
  flows(now: Ms): void {
    this.#lastAt = now;
  }

  /** Whether it is time to tell what has come. */
  isDue(now: Ms, progress: Progress): boolean {
    this.#lookedAt = now;
    if (this.#since === undefined) return false;
    if (progress === "whole") return this.#held.size <= SINGLY_MOST || now >= this.#lastAt + LULL_MS;
    return now >= (progress === "partial" ? this.#since + GATHER_MS_MOST : Math.max(this.#until, this.#lastAt + LULL_MS));
  }

  /** Ends it, or begins anew where more is known to come. @returns what has been gathered */
  take(now: Ms, progress: Progress): ReadonlySet<OccurrenceId> {
    const held = this.#held;
    const more = progress === "partial" && held.size > 0;
    this.#held = new Set();
    this.#first = false;
    this.#since = undefined;
    if (more) this.begin(now);
    return held;
  }

  next(): Ms | undefined {
    if (this.#since === undefined) return undefined;
    const moments = [this.#lastAt + LULL_MS, this.#until, this.#since + GATHER_MS_MOST].filter((at) => at > this.#lookedAt);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }
}
