/** The turn under construction: what is to be written and said, gathered while arrivals are handled. */

import type { Change } from "../port/store.ts";
import type { Reply } from "../port/tickets.ts";
import type { LogLine, RelayEffect, RelayTurn } from "./turn.ts";

export class Draft {
  /** One change for each row, the last one. */
  readonly #rows = new Map<string, Change>();
  #effects: RelayEffect[] = [];
  #log: LogLine[] = [];

  put(table: string, id: string, row: unknown): void {
    this.#rows.set(`${table} ${id}`, { kind: "put", table, id, row });
  }

  remove(table: string, id: string): void {
    this.#rows.set(`${table} ${id}`, { kind: "delete", table, id });
  }

  add(effect: RelayEffect): void {
    this.#effects.push(effect);
  }

  answer(ticket: number, reply: Reply): void {
    this.#effects.push({ kind: "answer", ticket, reply });
  }

  log(event: string, facts: LogLine["facts"]): void {
    this.#log.push({ event, facts });
  }

  /** Hands the turn over and starts an empty one. @returns undefined where there is nothing to do */
  take(): RelayTurn | undefined {
    if (this.#rows.size === 0 && this.#effects.length === 0 && this.#log.length === 0) return undefined;
    const turn = { changes: [...this.#rows.values()], effects: this.#effects, log: this.#log };
    this.#rows.clear();
    this.#effects = [];
    this.#log = [];
    return turn;
  }
}
