/** The turn under construction: what is to be written, said and logged, gathered while events are handled. */

import type { Change } from "./store.ts";
import type { Reply } from "./tickets.ts";

/** One line of the log; no secrets, no addresses of people, no texts. */
export type LogLine = { readonly event: string; readonly facts: Readonly<Record<string, unknown>> };
type Answer = { readonly kind: "answer"; readonly ticket: number; readonly reply: Reply };

export class Draft<Effect> {
  /** One change for each row, the last one: a turn of 256 reports about one alarm writes it once. */
  readonly #rows = new Map<string, Change>();
  #lines: Change[] = [];
  #effects: (Effect | Answer)[] = [];
  #log: LogLine[] = [];

  put(table: string, id: string, row: unknown): void {
    this.#rows.set(`${table} ${id}`, { kind: "put", table, id, row });
  }

  remove(table: string, id: string): void {
    this.#rows.set(`${table} ${id}`, { kind: "delete", table, id });
  }

  /** A change of the timeline: each counts, in this order. */
  line(change: Extract<Change, { readonly kind: "append" | "forget" }>): void {
    this.#lines.push(change);
  }

  add(effect: Effect): void {
    this.#effects.push(effect);
  }

  answer(ticket: number, reply: Reply): void {
    this.#effects.push({ kind: "answer", ticket, reply });
  }

  log(event: string, facts: LogLine["facts"]): void {
    this.#log.push({ event, facts });
  }

  /** Whether this turn writes anyway, so that what may wait for a write can go along. */
  get writes(): boolean {
    return this.#rows.size > 0 || this.#lines.length > 0;
  }

  /** Hands the turn over and starts an empty one. @returns undefined where there is nothing to do */
  take(): { readonly changes: readonly Change[]; readonly effects: readonly (Effect | Answer)[]; readonly log: readonly LogLine[] } | undefined {
    if (!this.writes && this.#effects.length === 0 && this.#log.length === 0) return undefined;
    const turn = { changes: [...this.#rows.values(), ...this.#lines], effects: this.#effects, log: this.#log };
    this.#rows.clear();
    this.#lines = [];
    this.#effects = [];
    this.#log = [];
    return turn;
  }
}
