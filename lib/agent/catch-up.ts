/**
 * What single listeners lack: the list of what is open, then each alarm, the worst first, then how each stands. It goes by unicast
 * at a rate of its own, so that a laptop that is opened in a storm, or on a slow LAN, need not wait for the broadcasts.
 */

import type { OccurrenceId } from "../alarm/alarm.ts";
import { Bucket } from "../base/bucket.ts";
import { earliestOf } from "../base/earliest.ts";
import type { Ms } from "../base/units.ts";
import type { PeerId } from "../trust/keys.ts";
import type { Body } from "../wire/message.ts";
import { BATCH_FLOOD, BATCH_PLAIN, FLOOD_ITEMS } from "./push-queue.ts";

/**
 * Datagrams a second and at once (design §4). At once no more than the receive buffer of a listener surely holds while it writes:
 * Linux grants 208 KiB, of which a datagram of this size takes 2.3.
 */
export const CATCH_UP_RATE = { perSecond: 200, burst: 50 } as const;
/** The same for all listeners together. */
export const CATCH_UP_RATE_ALL = { perSecond: 1000, burst: 200 } as const;
/** States taken for one datagram where they are deflated; they are much alike. */
const BATCH_STATES = 30;

/** One datagram's worth for one listener. */
export type Portion = { readonly listener: PeerId } & (
  | { readonly kind: "data"; readonly piece: Body<"data"> }
  | { readonly kind: "alarm" | "state"; readonly ids: readonly OccurrenceId[]; readonly flood: boolean }
);

type Lack = { readonly pieces: Body<"data">[]; readonly alarms: Set<OccurrenceId>; readonly states: Set<OccurrenceId>; readonly flood: boolean };

export class CatchUp {
  readonly #lacks = new Map<PeerId, Lack>();
  /** One for each listener that has ever asked: who asks again and again gets no more for it. */
  readonly #buckets = new Map<PeerId, Bucket>();
  readonly #all: Bucket;

  constructor(at: Ms) {
    this.#all = new Bucket({ ...CATCH_UP_RATE_ALL, at });
  }

  /** It has asked for a whole: whatever was under way to it begins anew. @param ids what is open, the worst first */
  begin(listener: PeerId, { pieces, ids }: { readonly pieces: readonly Body<"data">[]; readonly ids: readonly OccurrenceId[] }): void {
    this.#lacks.set(listener, { pieces: [...pieces], alarms: new Set(ids), states: new Set(ids), flood: ids.length > FLOOD_ITEMS });
  }

  /** It has asked for these alarms. @param inOrder puts them behind or before those that it waits for, the worst first */
  add(listener: PeerId, ids: readonly OccurrenceId[], inOrder: (ids: readonly OccurrenceId[]) => readonly OccurrenceId[]): void {
    const { pieces = [], alarms = [], states = [] } = this.#lacks.get(listener) ?? {};
    const all = new Set(inOrder([...alarms, ...ids]));
    this.#lacks.set(listener, { pieces: [...pieces], alarms: all, states: new Set([...states, ...ids]), flood: all.size > FLOOD_ITEMS });
  }

  /** It is trusted no more. */
  expel(listener: PeerId): void {
    this.#lacks.delete(listener);
    this.#buckets.delete(listener);
  }

  /** What may leave now, in turns: no listener waits for all that another lacks. */
  take(now: Ms): readonly Portion[] {
    const portions: Portion[] = [];
    for (const [listener, lack] of this.#lacks) {
      if (this.#all.readyAt(now) > now) break;
      if (!this.#bucketOf(listener, now).allow(now)) continue;
      this.#all.allow(now);
      portions.push({ listener, ...portionOf(lack) });
      // Who has been served stands at the end: his next turn comes after everybody else's.
      this.#lacks.delete(listener);
      if (lack.pieces.length + lack.alarms.size + lack.states.size > 0) this.#lacks.set(listener, lack);
    }
    return portions;
  }

  next(now: Ms): Ms | undefined {
    const first = earliestOf(this.#lacks.keys(), (listener) => this.#bucketOf(listener, now).readyAt(now));
    return first === undefined ? undefined : Math.max(first, this.#all.readyAt(now));
  }

  #bucketOf(listener: PeerId, now: Ms): Bucket {
    const bucket = this.#buckets.get(listener) ?? new Bucket({ ...CATCH_UP_RATE, at: now });
    this.#buckets.set(listener, bucket);
    return bucket;
  }
}

type Content<Part> = Part extends unknown ? Omit<Part, "listener"> : never;

function portionOf({ pieces, alarms, states, flood }: Lack): Content<Portion> {
  const piece = pieces.shift();
  if (piece !== undefined) return { kind: "data", piece };
  if (alarms.size > 0) return { kind: "alarm", ids: takeFirst(alarms, flood ? BATCH_FLOOD : BATCH_PLAIN), flood };
  return { kind: "state", ids: takeFirst(states, flood ? BATCH_STATES : BATCH_PLAIN), flood };
}

function takeFirst(from: Set<OccurrenceId>, most: number): readonly OccurrenceId[] {
  const ids: OccurrenceId[] = [];
  for (const id of from) {
    if (ids.length === most) break;
    ids.push(id);
    from.delete(id);
  }
  return ids;
}
