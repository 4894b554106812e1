/** What this listener lacks of an agent's knowledge, the rules, the list of what is open and alarms of it, asked for until it is complete. */

import { backoff } from "../base/backoff.ts";
import { earliestOf } from "../base/earliest.ts";
import type { Prng } from "../base/prng.ts";
import { type Ms, seconds } from "../base/units.ts";
import type { PeerId } from "../trust/keys.ts";
import type { Body } from "../wire/message.ts";
import { Reassembler } from "../wire/page.ts";

/** Between FETCHes of the same thing while no piece comes. */
const FETCH_AGAIN = { firstMs: seconds(2), mostMs: seconds(30) } as const;
/** A difference of the open sets may only mean that an alarm is under way: so long it is waited for. */
export const LAG_PATIENCE_MS: Ms = seconds(1);
/** After a complete list the next one is asked for no sooner, whatever the beacons say. */
export const LIST_EVERY_MS: Ms = seconds(5);
/** Behind a complete list the alarms follow: so long after the last of them what is lacking has been lost. */
export const LULL_MS: Ms = seconds(1);

export type What = Body<"fetch">["what"];

type Wish = {
  readonly agent: PeerId;
  readonly what: What;
  readonly reassembler: Reassembler;
  due: Ms;
  tries: number;
  /** The counter of the first piece of the present digest. */
  first: { readonly digest: string; readonly counter: bigint } | undefined;
};

export type Fetched = { readonly what: What; readonly bytes: Uint8Array; readonly digest: string; readonly firstCounter: bigint };

export class Fetching {
  readonly #dice: Prng;
  readonly #wishes = new Map<string, Wish>();
  readonly #listedAt = new Map<PeerId, Ms>();

  constructor(dice: Prng) {
    this.#dice = dice;
  }

  /** @param delayMs how long it may take care of itself */
  want(agent: PeerId, what: What, { now, delayMs }: { readonly now: Ms; readonly delayMs: Ms }): void {
    const key = `${what} ${agent}`;
    if (this.#wishes.has(key)) return;
    const rested = what === "open" ? (this.#listedAt.get(agent) ?? Number.NEGATIVE_INFINITY) + LIST_EVERY_MS : now;
    this.#wishes.set(key, { agent, what, reassembler: new Reassembler(), due: Math.max(now + delayMs, rested), tries: 0, first: undefined });
  }

  /** Whether any agent's is asked for, or will be. */
  wants(what: What): boolean {
    return [...this.#wishes.values()].some((wish) => wish.what === what);
  }

  /** It took care of itself. Nothing happens where the question has gone out already. */
  unwant(agent: PeerId, what: What): void {
    if (this.#wishes.get(`${what} ${agent}`)?.tries === 0) this.#wishes.delete(`${what} ${agent}`);
  }

  /** The answer to an earlier life of the agent is no answer. */
  restart(agent: PeerId): void {
    for (const [key, wish] of this.#wishes) if (wish.agent === agent) this.#wishes.delete(key);
    this.#listedAt.delete(agent);
  }

  /** Alarms of a list that this agent has said come in: what is lacking may be on its way. */
  flows(agent: PeerId, now: Ms): void {
    const wish = this.#wishes.get(`alarm ${agent}`);
    if (wish !== undefined) wish.due = Math.max(wish.due, now + LULL_MS);
  }

  /**
   * What is to be asked now.
   *
   * @param needless whether what was missing has come meanwhile; of a whole it is looked at only before the first question, because it costs
   */
  takeDue(now: Ms, needless: (agent: PeerId, what: What) => boolean): readonly { readonly agent: PeerId; readonly what: What }[] {
    const due: { agent: PeerId; what: What }[] = [];
    for (const [key, wish] of this.#wishes) {
      if (wish.due > now) continue;
      if ((wish.tries === 0 || wish.what === "alarm") && needless(wish.agent, wish.what)) {
        this.#wishes.delete(key);
        continue;
      }
      due.push({ agent: wish.agent, what: wish.what });
      wish.due = now + backoff(wish.tries, FETCH_AGAIN, this.#dice);
      wish.tries += 1;
    }
    return due;
  }

  /** One piece. @returns the whole, once, when the last one has come */
  take(agent: PeerId, data: Body<"data">, { counter, now }: { readonly counter: bigint; readonly now: Ms }): Fetched | undefined {
    const wish = this.#wishes.get(`${data.what} ${agent}`);
    if (wish === undefined) return undefined;
    if (wish.first?.digest !== data.digest) wish.first = { digest: data.digest, counter };
    else if (counter < wish.first.counter) wish.first = { ...wish.first, counter };
    // As long as pieces come there is no need to ask again.
    wish.due = Math.max(wish.due, now + FETCH_AGAIN.firstMs);
    const bytes = wish.reassembler.add(data);
    if (bytes === undefined) return undefined;
    this.#wishes.delete(`${data.what} ${agent}`);
    if (data.what === "open") this.#listedAt.set(agent, now);
    return { what: data.what, bytes, digest: data.digest, firstCounter: wish.first.counter };
  }

  next(): Ms | undefined {
    return earliestOf(this.#wishes.values(), ({ due }) => due);
  }
}
