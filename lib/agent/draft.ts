/** The turn under construction: what is to be written and said, gathered while events are handled. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import type { EntryBody } from "../alarm/journal.ts";
import type { WallMs } from "../base/units.ts";
import type { Change } from "../port/store.ts";
import type { Reply } from "../port/tickets.ts";
import type { AgentEffect, AgentTurn } from "./turn.ts";

export class Draft {
  /** One change for each row, the last one: a turn of 256 reports about one alarm writes it once. */
  readonly #rows = new Map<string, Change>();
  #entries: Change[] = [];
  #effects: AgentEffect[] = [];
  #log: AgentTurn["log"][number][] = [];

  put(table: string, id: string, row: unknown): void {
    this.#rows.set(`${table} ${id}`, { kind: "put", table, id, row });
  }

  remove(table: string, id: string): void {
    this.#rows.set(`${table} ${id}`, { kind: "delete", table, id });
  }

  /** Appends a line to the timeline of an occurrence. */
  remember(occurrence: OccurrenceId, at: WallMs, body: EntryBody): void {
    this.#entries.push({ kind: "append", entry: { occurrence, at, body } });
  }

  /** Drops the whole timeline of an occurrence. */
  forget(occurrence: OccurrenceId): void {
    this.#entries.push({ kind: "forget", occurrence });
  }

  add(effect: AgentEffect): void {
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
    return this.#rows.size > 0 || this.#entries.length > 0;
  }

  /** Hands the turn over and starts an empty one. @returns undefined where there is nothing to do */
  take(): AgentTurn | undefined {
    if (!this.writes && this.#effects.length === 0 && this.#log.length === 0) return undefined;
    const turn = { changes: [...this.#rows.values(), ...this.#entries], effects: this.#effects, log: this.#log };
    this.#rows.clear();
    this.#entries = [];
    this.#effects = [];
    this.#log = [];
    return turn;
  }
}
