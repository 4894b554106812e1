/** Acknowledgements on their way: said again until an agent confirms them, also over a restart. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import { Deadlines } from "../base/deadlines.ts";
import type { Prng } from "../base/prng.ts";
import { type Ms, type Now, seconds, type WallMs } from "../base/units.ts";
import type { Body } from "../wire/message.ts";

/** From the first ACK to each repeat; then every 30 s (wire-notes §3.4). */
export const ACK_AT_MS: readonly Ms[] = [0, 300, 1000, 3000, 8000, 20_000];
export const ACK_EVERY_MS: Ms = seconds(30);
/** From this try on it is broadcast as well: the agent may have moved. */
export const ACK_BROADCAST_FROM = 3;
/** More unconfirmed acknowledgements than this are refused. */
export const ACKS_MOST = 1000;

/** Stored until it is confirmed. */
export type PendingAck = Body<"ack"> & { readonly madeAt: WallMs };

export class Acks {
  readonly #dice: Prng;
  readonly #pending = new Map<OccurrenceId, { ack: PendingAck; begunAt: Ms; tries: number }>();
  readonly #due = new Deadlines<OccurrenceId>();

  constructor(dice: Prng) {
    this.#dice = dice;
  }

  restore(acks: Iterable<PendingAck>, now: Now): void {
    for (const ack of acks) this.begin(ack, now);
  }

  get(id: OccurrenceId): PendingAck | undefined {
    return this.#pending.get(id)?.ack;
  }

  get size(): number {
    return this.#pending.size;
  }

  all(): readonly PendingAck[] {
    return [...this.#pending.values()].map(({ ack }) => ack);
  }

  /** Says it from now on; one for an earlier revision of the same alarm is replaced. */
  begin(ack: PendingAck, now: Now): void {
    this.#pending.set(ack.id, { ack, begunAt: now.mono, tries: 0 });
    this.#due.set(ack.id, now.mono);
  }

  /** An agent has answered. @returns what was confirmed, or undefined where nothing of that revision waits */
  confirm(id: OccurrenceId, revision: number): PendingAck | undefined {
    const held = this.#pending.get(id);
    if (held === undefined || held.ack.revision !== revision) return undefined;
    this.drop(id);
    return held.ack;
  }

  /** The agent has just been found: what waits goes at once. */
  hasten(now: Ms): void {
    for (const id of this.#pending.keys()) this.#due.set(id, now);
  }

  drop(id: OccurrenceId): void {
    this.#pending.delete(id);
    this.#due.cancel(id);
  }

  /** One that is to be said now. `tries`: 0 for the first time. */
  takeDue(now: Ms): { readonly ack: PendingAck; readonly tries: number } | undefined {
    const id = this.#due.takeDue(now);
    const held = id === undefined ? undefined : this.#pending.get(id);
    if (id === undefined || held === undefined) return undefined;
    const { tries } = held;
    held.tries += 1;
    const at = ACK_AT_MS[held.tries];
    this.#due.set(id, Math.max(now + 1, at === undefined ? now + Math.round(this.#dice.around(ACK_EVERY_MS, 0.2)) : held.begunAt + at));
    return { ack: held.ack, tries };
  }

  next(): Ms | undefined {
    return this.#due.next();
  }
}
