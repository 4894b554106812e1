/** The turn under construction: what is to be written, said and shown, gathered while events are handled. */

import type { Change } from "../port/store.ts";
import type { Reply } from "../port/tickets.ts";
import type { ClientEffect, ClientTurn } from "./turn.ts";

export class Draft {
  /** One change for each row, the last one. */
  readonly #rows = new Map<string, Change>();
  #effects: ClientEffect[] = [];
  #log: ClientTurn["log"][number][] = [];

  put(table: string, id: string, row: unknown): void {
    this.#rows.set(`${table} ${id}`, { kind: "put", table, id, row });
  }

  remove(table: string, id: string): void {
    this.#rows.set(`${table} ${id}`, { kind: "delete", table, id });
  }

  add(effect: ClientEffect): void {
    this.#effects.push(effect);
  }

  answer(ticket: number, reply: Reply): void {
    this.#effects.push({ kind: "answer", ticket, reply });
  }

  log(event: string, facts: Readonly<Record<string, unknown>>): void {
    this.#log.push({ event, facts });
  }

  /** Whether this turn writes anyway, so that what may wait for a write can go along. */
  get writes(): boolean {
    return this.#rows.size > 0;
  }

  /** Hands the turn over and starts an empty one. @returns undefined where there is nothing to do */
  take(): ClientTurn | undefined {
    if (!this.writes && this.#effects.length === 0 && this.#log.length === 0) return undefined;
    const turn = { changes: [...this.#rows.values()], effects: this.#effects, log: this.#log };
    this.#rows.clear();
    this.#effects = [];
    this.#log = [];
    return turn;
  }
}
