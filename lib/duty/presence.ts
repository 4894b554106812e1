/** Whose listener is heard on the LAN, and whether a person sits before it. */

import type { Ms, WallMs } from "../base/units.ts";

export type Listener = {
  readonly id: string;
  readonly operator: string;
  readonly robot: boolean;
  readonly host: string;
  readonly address: { readonly host: string; readonly port: number };
  /** `person`: can show to a person; `locked` and `none` cannot; `robot` is a script. */
  readonly seat: "person" | "locked" | "none" | "robot";
  readonly build: string;
  readonly lastHeardAt: WallMs;
  /** On the boot clock. */
  readonly leaseUntil: Ms;
};

export class Presence {
  readonly #listeners = new Map<string, Listener>();
  readonly #byOperator = new Map<string, Set<string>>();

  heard(listener: Listener): void {
    this.#listeners.set(listener.id, listener);
    const ids = this.#byOperator.get(listener.operator);
    if (ids === undefined) this.#byOperator.set(listener.operator, new Set([listener.id]));
    else ids.add(listener.id);
  }

  get(id: string): Listener | undefined {
    return this.#listeners.get(id);
  }

  all(): IterableIterator<Listener> {
    return this.#listeners.values();
  }

  /** Every listener of an operator, also those not heard any more. */
  of(operator: string): readonly Listener[] {
    return [...(this.#byOperator.get(operator) ?? [])].flatMap((id) => this.#listeners.get(id) ?? []);
  }

  /** Whether one of them has a listener, heard within its lease, that can show to a person. */
  isHome(operators: readonly string[], now: Ms): boolean {
    return this.#ofAll(operators).some(({ leaseUntil, seat }) => leaseUntil > now && seat === "person");
  }

  /** When the last lease of any of their persons ended or will end. @returns undefined where none was ever heard */
  lastLeaseEnd(operators: readonly string[]): Ms | undefined {
    const ends = this.#ofAll(operators).filter(({ seat }) => seat === "person").map(({ leaseUntil }) => leaseUntil);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  #ofAll(operators: readonly string[]): readonly Listener[] {
    return operators.flatMap((operator) => this.of(operator));
  }
}
