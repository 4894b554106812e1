/** What a machine may ask of the disk: one transaction for each turn, and everything back after a start. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import type { Entry } from "../alarm/journal.ts";
import type { Result } from "../base/result.ts";

/** One thing to write. Rows are JSON values; the role that writes a table reads it back in its `restore.ts`. */
export type Change =
  | { readonly kind: "put"; readonly table: string; readonly id: string; readonly row: unknown }
  | { readonly kind: "delete"; readonly table: string; readonly id: string }
  /** The timeline only grows. */
  | { readonly kind: "append"; readonly entry: Entry }
  /** Until the occurrence itself is forgotten. */
  | { readonly kind: "forget"; readonly occurrence: OccurrenceId };

/** `reason` is one line for people: "database or disk is full". */
export type StoreFault = { readonly kind: "commitFailed"; readonly reason: string };

export interface Store {
  /** Writes all changes in one transaction and returns after the fsync. A fault is final: nothing more is written. */
  commit(changes: readonly Change[]): Promise<Result<void, StoreFault>>;
  /** Every row of one table, in order of id. What is not JSON any more comes as `{ unreadable: text }`, which fits no schema. */
  load(table: string): readonly { readonly id: string; readonly row: unknown }[];
  /** The timeline of one occurrence, oldest first. */
  journal(occurrence: string): readonly Entry[];
  close(): void;
}
