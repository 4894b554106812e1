/** One host's disk: turns become durable whole or not at all, a moment after they are asked for; it can fill, break, and be set back. */

import type { Entry } from "../../lib/alarm/journal.ts";
import type { Prng } from "../../lib/base/prng.ts";
import { fail, ok, type Result } from "../../lib/base/result.ts";
import type { Ms } from "../../lib/base/units.ts";
import type { Change, Store, StoreFault } from "../../lib/port/store.ts";
import type { Agenda } from "./agenda.ts";
import type { Life } from "./host.ts";

export type Tables = Map<string, Map<string, unknown>>;

export class Disk {
  readonly #agenda: Agenda;
  readonly #dice: Prng;
  /** What an fsync has made durable. */
  #tables: Tables = new Map();
  #journal = new Map<string, Entry[]>();
  #pending: readonly Change[] | undefined;
  #refused = false;
  /** No more room: commits fail, what is there can be read. */
  full = false;
  /** The next fsync fails, and nobody knows what of it has arrived. */
  fsyncBreaks = false;
  /** Only a turn that writes to this table is unlucky; undefined where any is. */
  breaksOn: string | undefined;
  /** How long one fsync takes. */
  latency: () => Ms = () => 1;
  /** Hears of each turn that has become durable. */
  onDurable: (changes: readonly Change[]) => void = () => {};
  /** Asked before each commit: whether the process dies before it, or right after it. */
  crashAt: () => "before" | "after" | undefined = () => undefined;
  /** Called where `crashAt` said so. */
  onCrash: () => void = () => {};

  constructor(agenda: Agenda, dice: Prng) {
    this.#agenda = agenda;
    this.#dice = dice;
  }

  /** It has refused a turn since the present process began, or would. */
  get ailing(): boolean {
    return this.full || this.#refused;
  }

  row(table: string, id: string): unknown {
    return this.#tables.get(table)?.get(id);
  }

  rows(table: string): ReadonlyMap<string, unknown> {
    return this.#tables.get(table) ?? EMPTY;
  }

  journalOf(occurrence: string): readonly Entry[] {
    return this.#journal.get(occurrence) ?? [];
  }

  /** Writes without a process: what lies there when the world begins. */
  put(table: string, id: string, row: unknown): void {
    this.#apply([{ kind: "put", table, id, row }]);
  }

  /** A copy, to be restored later. Rows are never changed in place. */
  snapshot(): Tables {
    return new Map([...this.#tables].map(([table, rows]) => [table, new Map(rows)]));
  }

  restore(tables: Tables): void {
    this.#tables = new Map([...tables].map(([table, rows]) => [table, new Map(rows)]));
  }

  /** The process has died: a turn that was being written is there or is not. */
  crash(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined && this.#dice.fraction() < 0.5) this.#durable(pending);
  }

  /** The store as one life of a process has it. A fault is final for that life. */
  open(life: Life): Store {
    let fault: StoreFault | undefined;
    this.#refused = false;
    return {
      commit: (changes) =>
        new Promise<Result<void, StoreFault>>((resolve) => {
          if (life.over) return;
          if (fault !== undefined) return resolve(fail(fault));
          const crash = this.crashAt();
          if (crash === "before") return this.onCrash();
          this.#pending = changes;
          this.#agenda.after(this.latency(), life.guard(() => {
            this.#pending = undefined;
            fault = this.#write(changes);
            this.#refused = fault !== undefined;
            if (crash === "after") this.onCrash();
            else resolve(fault === undefined ? ok(undefined) : fail(fault));
          }));
        }),
      load: (table) => this.#load(table),
      journal: (occurrence) => this.journalOf(occurrence),
      close: () => {},
    };
  }

  #write(changes: readonly Change[]): StoreFault | undefined {
    if (this.full) return { kind: "commitFailed", reason: "database or disk is full" };
    const unlucky = this.breaksOn === undefined || changes.some((change) => "table" in change && change.table === this.breaksOn);
    if (!this.fsyncBreaks || !unlucky) {
      this.#durable(changes);
      return undefined;
    }
    this.fsyncBreaks = false;
    if (this.#dice.fraction() < 0.5) this.#durable(changes);
    return { kind: "commitFailed", reason: "disk I/O error" };
  }

  #durable(changes: readonly Change[]): void {
    this.#apply(changes);
    this.onDurable(changes);
  }

  #apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === "append") {
        const lines = this.#journal.get(change.entry.occurrence);
        if (lines === undefined) this.#journal.set(change.entry.occurrence, [change.entry]);
        else lines.push(change.entry);
        continue;
      }
      if (change.kind === "forget") {
        this.#journal.delete(change.occurrence);
        continue;
      }
      let table = this.#tables.get(change.table);
      if (table === undefined) this.#tables.set(change.table, (table = new Map()));
      if (change.kind === "put") table.set(change.id, change.row);
      else table.delete(change.id);
    }
  }

  /** As a file gives it back: in order of id, and nothing that JSON does not hold. */
  #load(table: string): readonly { readonly id: string; readonly row: unknown }[] {
    return [...this.rows(table)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, row]) => ({ id, row: JSON.parse(JSON.stringify(row)) as unknown }));
  }
}

const EMPTY: ReadonlyMap<string, unknown> = new Map();
