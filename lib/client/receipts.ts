/** Receipts that this listener owes: held back for a moment each, so that a thousand listeners do not answer at once, and many to a datagram. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import { Bucket } from "../base/bucket.ts";
import { earliestOf } from "../base/earliest.ts";
import type { Prng } from "../base/prng.ts";
import { type Ms, seconds } from "../base/units.ts";
import type { PeerId } from "../trust/keys.ts";
import { RECEIPTS_MOST } from "../wire/constants.ts";
import type { Body } from "../wire/message.ts";

export type ReceiptItem = Body<"receipt">["receipts"][number];

/** A copy of an alarm asks for the receipt again at most so often (wire-notes §3.4). */
export const RECEIPT_AGAIN_MS: Ms = seconds(1);
/** So many fit a datagram as they are; more is a flood, and is deflated. */
export const RECEIPTS_PLAIN = 12;
/** An agent takes 20 datagrams a second of one listener and drops the rest unread: receipts leave room for HELLO, ACK and FETCH. */
export const RECEIPT_RATE = { perSecond: 15, burst: 40 } as const;
/** More agents' jitter than this is not believed. */
export const JITTER_MS_MOST: Ms = seconds(5);

type Owed = { readonly agent: PeerId; readonly item: ReceiptItem; readonly urgent: boolean };

export class Receipts {
  readonly #dice: Prng;
  readonly #owed = new Map<string, Owed>();
  readonly #due = new Map<PeerId, Ms>();
  readonly #given = new Map<string, Ms>();
  readonly #buckets = new Map<PeerId, Bucket>();

  constructor(dice: Prng) {
    this.#dice = dice;
  }

  /** Owes one receipt; urgent ones go before all others. @returns false where the same one was given less than a second ago */
  owe(agent: PeerId, item: ReceiptItem, { jitterMs, now, urgent }: { readonly jitterMs: Ms; readonly now: Ms; readonly urgent: boolean }): boolean {
    const key = keyOf(agent, item);
    const given = this.#given.get(key);
    if (given !== undefined && now - given < RECEIPT_AGAIN_MS) return false;
    this.#owed.set(key, { agent, item, urgent });
    // What was seen has been received: in a flood that is said once.
    if (item.level === "seen" && this.#owed.size > RECEIPTS_MOST) this.#owed.delete(keyOf(agent, { ...item, level: "receipt" }));
    // The first of a group decides when all of it goes: what comes meanwhile goes along.
    if (!this.#due.has(agent)) this.#due.set(agent, now + Math.floor(this.#dice.fraction() * Math.min(jitterMs, JITTER_MS_MOST)));
    return true;
  }

  /** What goes to an agent now, urgent ones first, else in the order in which it was owed; at most `RECEIPTS_MOST` to an element, each one datagram where it fits. */
  takeDue(now: Ms): readonly { readonly agent: PeerId; readonly receipts: readonly ReceiptItem[] }[] {
    const groups: { agent: PeerId; receipts: ReceiptItem[] }[] = [];
    for (const [agent, due] of this.#due) {
      if (due > now) continue;
      this.#due.delete(agent);
      const bucket = this.#bucketOf(agent, now);
      let group: ReceiptItem[] | undefined;
      const theirs = [...this.#owed].filter(([, owed]) => owed.agent === agent);
      for (const [key, owed] of [...theirs.filter(([, { urgent }]) => urgent), ...theirs.filter(([, { urgent }]) => !urgent)]) {
        if (group === undefined || group.length === RECEIPTS_MOST) {
          if (!bucket.allow(now)) {
            this.#due.set(agent, bucket.readyAt(now));
            break;
          }
          groups.push({ agent, receipts: (group = []) });
        }
        this.#owed.delete(key);
        this.#given.set(key, now);
        group.push(owed.item);
      }
    }
    if (groups.length > 0) this.#prune(now);
    return groups;
  }

  forget(id: OccurrenceId): void {
    for (const [key, { item }] of this.#owed) if (item.id === id) this.#owed.delete(key);
  }

  /** Nothing is owed to an agent that has left. */
  dismiss(agent: PeerId): void {
    for (const [key, owed] of this.#owed) if (owed.agent === agent) this.#owed.delete(key);
    this.#due.delete(agent);
  }

  next(): Ms | undefined {
    return earliestOf(this.#due.values(), (due) => due);
  }

  #bucketOf(agent: PeerId, now: Ms): Bucket {
    const bucket = this.#buckets.get(agent) ?? new Bucket({ ...RECEIPT_RATE, at: now });
    this.#buckets.set(agent, bucket);
    return bucket;
  }

  #prune(now: Ms): void {
    if (this.#given.size < 4096) return;
    for (const [key, at] of this.#given) if (now - at >= RECEIPT_AGAIN_MS) this.#given.delete(key);
  }
}

function keyOf(agent: PeerId, { id, ring, level }: ReceiptItem): string {
  return `${agent} ${id} ${ring} ${level}`;
}
