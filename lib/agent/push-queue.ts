/** What waits to be said on the LAN: criticals and their repeats, then what nobody has heard yet, the worst first, then the other repeats. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import { rankOf, SEVERITIES, type Severity } from "../alarm/severity.ts";
import type { PeerId } from "../trust/keys.ts";

/** So many queued for one audience is a flood: they travel deflated. */
export const FLOOD_ITEMS = 40;
/** Alarms taken for one datagram: so many fit, and in a flood, deflated, so many. */
export const BATCH_PLAIN = 3;
export const BATCH_FLOOD = 12;

/** `everyone`, or the id of one listener. */
export type AudienceKey = "everyone" | PeerId;
export type Kind = "alarm" | "state";

/** One step of the queue: these alarms are said to that audience, in as few datagrams as they fit. */
export type Batch = {
  readonly audience: AudienceKey;
  readonly kind: Kind;
  readonly ids: readonly OccurrenceId[];
  readonly flood: boolean;
  /** Nothing of it is said for the first time. */
  readonly repeat: boolean;
};

type Waiting = { readonly audience: AudienceKey; readonly kind: Kind; readonly ids: Set<OccurrenceId> };

const ROWS = 2 * SEVERITIES.length;

/** A thousand listeners may wait for one alarm: only what somebody waits for is there to be looked at. */
export class PushQueue {
  /** By audience and kind, each with its ids in the order in which they came; none is empty. */
  readonly #rows: readonly Map<string, Waiting>[] = Array.from({ length: ROWS }, () => new Map<string, Waiting>());

  get isEmpty(): boolean {
    return this.#rows.every(({ size }) => size === 0);
  }

  /** @param repeat whether this audience has been told already; what is still to be told for the first time stays that */
  add({ audience, kind, repeat }: Pick<Batch, "audience" | "kind" | "repeat">, id: OccurrenceId, severity: Severity): void {
    const key = `${kind} ${audience}`;
    const [first, again] = [rowOf(severity, false), rowOf(severity, true)];
    if (!repeat) this.#drop(again, key, id);
    else if (this.#rows[first]?.get(key)?.ids.has(id) === true) return;
    const row = this.#rows[repeat ? again : first];
    const waiting = row?.get(key);
    if (waiting === undefined) row?.set(key, { audience, kind, ids: new Set([id]) });
    else waiting.ids.add(id);
  }

  /** Nothing more of this alarm is to be said; how it stands still is. */
  remove(id: OccurrenceId): void {
    for (const [at, row] of this.#rows.entries()) for (const [key, { kind }] of row) if (kind === "alarm") this.#drop(at, key, id);
  }

  /** Nothing more is to be said to this listener. */
  expel(listener: PeerId): void {
    for (const row of this.#rows) for (const [key, { audience }] of row) if (audience === listener) row.delete(key);
  }

  /**
   * Takes out what may leave now.
   *
   * @param mayLeave asked once for each batch; the first no ends it
   * @param isOwed asked before, for what stands first: what is not owed any more goes unsaid
   */
  take({ mayLeave, isOwed }: { readonly mayLeave: () => boolean; readonly isOwed: (waiting: Pick<Batch, "audience" | "kind">, id: OccurrenceId) => boolean }): readonly Batch[] {
    const batches: Batch[] = [];
    for (const [at, row] of this.#rows.entries()) {
      for (const [key, waiting] of row) {
        const { audience, kind, ids } = waiting;
        const flood = this.#count(key) > FLOOD_ITEMS;
        for (;;) {
          for (const id of ids) {
            if (isOwed(waiting, id)) break;
            this.#drop(at, key, id);
          }
          if (ids.size === 0) break;
          if (!mayLeave()) return batches;
          // Where the worst do not fill a datagram, the next ones go along: what is scarce is datagrams.
          batches.push({ audience, kind, flood, ...this.#takeFirst(key, flood ? BATCH_FLOOD : BATCH_PLAIN) });
        }
      }
    }
    return batches;
  }

  #takeFirst(key: string, most: number): Pick<Batch, "ids" | "repeat"> {
    const taken: OccurrenceId[] = [];
    let repeat = true;
    for (const [at, row] of this.#rows.entries()) {
      for (const id of row.get(key)?.ids ?? []) {
        if (taken.length === most) return { ids: taken, repeat };
        taken.push(id);
        this.#drop(at, key, id);
        repeat &&= isRepeats(at);
      }
    }
    return { ids: taken, repeat };
  }

  #count(key: string): number {
    return this.#rows.reduce((sum, row) => sum + (row.get(key)?.ids.size ?? 0), 0);
  }

  #drop(at: number, key: string, id: OccurrenceId): void {
    const ids = this.#rows[at]?.get(key)?.ids;
    if (ids?.delete(id) === true && ids.size === 0) this.#rows[at]?.delete(key);
  }
}

function rowOf(severity: Severity, repeat: boolean): number {
  const rank = rankOf(severity);
  if (rank === 0) return repeat ? 1 : 0;
  return repeat ? SEVERITIES.length + rank : rank + 1;
}

function isRepeats(row: number): boolean {
  return row === 1 || row > SEVERITIES.length;
}
