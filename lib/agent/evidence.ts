/** What our own sources have last said of whether an alarm holds. Nothing of it is stored: sources repeat themselves. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import { type Ms, seconds } from "../base/units.ts";

/** What fires is said again within so long. */
export const REPEATED_WITHIN_MS: Ms = seconds(90);

export class Evidence {
  readonly #startedAt: Ms;
  /** When a source last said that it holds, where nothing has been heard to the contrary since. */
  readonly #heldAt = new Map<OccurrenceId, Ms>();
  /** An end of it has passed by our own clock since. */
  readonly #passed = new Set<OccurrenceId>();

  /** @param at when this life began: what was said before it is not known */
  constructor(at: Ms) {
    this.#startedAt = at;
  }

  holds(id: OccurrenceId, at: Ms): void {
    this.#heldAt.set(id, at);
    this.#passed.delete(id);
  }

  /** Only a moment that has passed says that it is over: by a clock that is wrong it is not. */
  passed(id: OccurrenceId): void {
    this.#heldAt.delete(id);
    this.#passed.add(id);
  }

  /** Its source has said in so many words that it is over. */
  over(id: OccurrenceId): void {
    this.forget(id);
  }

  hasPassed(id: OccurrenceId): boolean {
    return this.#passed.has(id);
  }

  heldAt(id: OccurrenceId): Ms | undefined {
    return this.#heldAt.get(id);
  }

  /** Whether a source says now that it holds, or may have said so before this life began. */
  speaksFor(id: OccurrenceId, now: Ms): boolean {
    return !this.#passed.has(id) && now - (this.#heldAt.get(id) ?? this.#startedAt) < REPEATED_WITHIN_MS;
  }

  /** It goes on under another name. */
  rename(from: OccurrenceId, to: OccurrenceId): void {
    const heldAt = Math.max(this.#heldAt.get(from) ?? Number.NEGATIVE_INFINITY, this.#heldAt.get(to) ?? Number.NEGATIVE_INFINITY);
    if (heldAt > Number.NEGATIVE_INFINITY) this.#heldAt.set(to, heldAt);
    if (this.#passed.has(from)) this.#passed.add(to);
    this.forget(from);
  }

  forget(id: OccurrenceId): void {
    this.#heldAt.delete(id);
    this.#passed.delete(id);
  }
}
