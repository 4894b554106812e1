/** Which listeners are heard on the LAN, whose they are, and whether a person sits before one. */

import type { Ms, WallMs } from "../base/units.ts";

/** A listener as its last HELLO described it. */
export type Listener = {
  /** 16 hex digits, the sender id of its packets. */
  readonly id: string;
  readonly operator: string;
  /** Fixed by the warrant: a script speaks, whatever seat it claims. */
  readonly robot: boolean;
  readonly host: string;
  readonly address: { readonly host: string; readonly port: number; readonly road?: "tcp" | undefined };
  /** `person`: can show to a person now. */
  readonly seat: "person" | "locked" | "none" | "robot";
  readonly build: string;
  readonly lastHeardAt: WallMs;
  /** On the boot clock; from then on it counts as gone. */
  readonly leaseUntil: Ms;
};

/** Listeners are kept after their lease: the timeline tells when each was last heard. */
export class Presence {
  readonly #listeners = new Map<string, Listener>();
  readonly #byOperator = new Map<string, Set<string>>();

  heard(listener: Listener): void {
    const before = this.#listeners.get(listener.id);
    if (before !== undefined && before.operator !== listener.operator)
      this.#byOperator.get(before.operator)?.delete(listener.id);
    this.#listeners.set(listener.id, listener);
    const ids = this.#byOperator.get(listener.operator);
    if (ids === undefined) this.#byOperator.set(listener.operator, new Set([listener.id]));
    else ids.add(listener.id);
  }

  /** It said that it goes: its lease ends now. */
  bye(id: string, now: Ms): void {
    const listener = this.#listeners.get(id);
    if (listener !== undefined && listener.leaseUntil > now)
      this.#listeners.set(id, { ...listener, leaseUntil: now });
  }

  /** It is trusted no more. */
  forget(id: string): void {
    const listener = this.#listeners.get(id);
    if (listener !== undefined) this.#byOperator.get(listener.operator)?.delete(id);
    this.#listeners.delete(id);
  }

  get(id: string): Listener | undefined {
    return this.#listeners.get(id);
  }

  of(operator: string): readonly Listener[] {
    return [...(this.#byOperator.get(operator) ?? [])].flatMap((id) => this.#listeners.get(id) ?? []);
  }

  all(): IterableIterator<Listener> {
    return this.#listeners.values();
  }

  /** Whether one of these operators has a listener that can put an alarm before a person now. */
  isHome(operators: readonly string[], now: Ms): boolean {
    return this.#ofAll(operators).some(
      ({ leaseUntil, seat, robot }) => leaseUntil > now && seat === "person" && !robot,
    );
  }

  /**
   * When the last lease of these operators ended or will end; robots do not count.
   * A locked laptop counts: its lease says when somebody may still come back to it.
   * @returns undefined where none of them was ever heard
   */
  lastLeaseEnd(operators: readonly string[]): Ms | undefined {
    const ends = this.#ofAll(operators)
      .filter(({ robot }) => !robot)
      .map(({ leaseUntil }) => leaseUntil);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  /** After a restart of the agent: nobody is gone only because nobody listened for him. Never shortens a lease. */
  renewAll(until: Ms): void {
    for (const listener of this.#listeners.values()) {
      if (listener.leaseUntil < until) this.#listeners.set(listener.id, { ...listener, leaseUntil: until });
    }
  }

  #ofAll(operators: readonly string[]): readonly Listener[] {
    return operators.flatMap((operator) => this.of(operator));
  }
}
