/** Receipts that this listener owes: held back for a moment each, so that a thousand listeners do not answer at once, and many to a datagram. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import type { Prng } from "../base/prng.ts";
import { type Ms, seconds } from "../base/units.ts";
import type { PeerId } from "../trust/keys.ts";
import type { Body } from "../wire/message.ts";

export type ReceiptItem = Body<"receipt">["receipts"][number];

/** A copy of an alarm asks for the receipt again at most so often (wire-notes §3.4). */
export const RECEIPT_AGAIN_MS: Ms = seconds(1);
/** More agents' jitter than this is not believed. */
export const JITTER_MS_MOST: Ms = seconds(5);

type Owed = { readonly agent: PeerId; readonly item: ReceiptItem };

export class Receipts {
  readonly #dice: Prng;
  readonly #owed = new Map<string, Owed>();
  readonly #due = new Map<PeerId, Ms>();
  readonly #given = new Map<string, Ms>();

  constructor(dice: Prng) {
    this.#dice = dice;
  }

  /** Owes one receipt. @returns false where the same one was given less than a second ago */
  owe(agent: PeerId, item: ReceiptItem, { jitterMs, now }: { readonly jitterMs: Ms; readonly now: Ms }): boolean {
    const key = keyOf(agent, item);
    const given = this.#given.get(key);
    if (given !== undefined && now - given < RECEIPT_AGAIN_MS) return false;
    this.#owed.set(key, { agent, item });
    // The first of a group decides when all of it goes: what comes meanwhile goes along.
    if (!this.#due.has(agent)) this.#due.set(agent, now + Math.floor(this.#dice.fraction() * Math.min(jitterMs, JITTER_MS_MOST)));
    return true;
  }

  /** What goes to each agent now, in the order in which it was owed. */
  takeDue(now: Ms): readonly { readonly agent: PeerId; readonly receipts: readonly ReceiptItem[] }[] {
    const groups: { agent: PeerId; receipts: readonly ReceiptItem[] }[] = [];
    for (const [agent, due] of this.#due) {
      if (due > now) continue;
      this.#due.delete(agent);
      const receipts: ReceiptItem[] = [];
      for (const [key, owed] of this.#owed) {
        if (owed.agent !== agent) continue;
        this.#owed.delete(key);
        this.#given.set(key, now);
        receipts.push(owed.item);
      }
      if (receipts.length > 0) groups.push({ agent, receipts });
    }
    if (groups.length > 0) this.#prune(now);
    return groups;
  }

  forget(id: OccurrenceId): void {
    for (const [key, { item }] of this.#owed) if (item.id === id) this.#owed.delete(key);
  }

  next(): Ms | undefined {
    return this.#due.size === 0 ? undefined : Math.min(...this.#due.values());
  }

  #prune(now: Ms): void {
    if (this.#given.size < 4096) return;
    for (const [key, at] of this.#given) if (now - at >= RECEIPT_AGAIN_MS) this.#given.delete(key);
  }
}

function keyOf(agent: PeerId, { id, ring, level }: ReceiptItem): string {
  return `${agent} ${id} ${ring} ${level}`;
}
