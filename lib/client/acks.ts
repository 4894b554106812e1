/** Acknowledgements on their way: said again until an agent has confirmed them and every other that is heard has answered, also over a restart. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import { Deadlines } from "../base/deadlines.ts";
import type { Prng } from "../base/prng.ts";
import { type Ms, type Now, seconds, type WallMs } from "../base/units.ts";
import type { PeerId } from "../trust/keys.ts";
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

/** What an agent has made of one. */
export type AckOutcome = Pick<Body<"acked">, "outcome" | "reason" | "by">;

type Pending = {
  readonly ack: PendingAck;
  readonly begunAt: Ms;
  tries: number;
  /** The word of each agent that has answered; it is durable there unless it is a refusal. */
  readonly answers: Map<PeerId, AckOutcome>;
  told: boolean;
};

/** The agents that are asked: those that are heard now, and all that can ever be. */
export type Among = { readonly heard: readonly PeerId[]; readonly known: readonly PeerId[] };

export class Acks {
  readonly #dice: Prng;
  readonly #pending = new Map<OccurrenceId, Pending>();
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

  /** Those that no agent has confirmed. */
  unconfirmed(): readonly PendingAck[] {
    return [...this.#pending.values()].flatMap(({ ack, told }) => (told ? [] : [ack]));
  }

  isConfirmed(id: OccurrenceId): boolean {
    return this.#pending.get(id)?.told === true;
  }

  /** Whether this agent has answered the present one. */
  hasAnswered(id: OccurrenceId, agent: PeerId): boolean {
    return this.#pending.get(id)?.answers.has(agent) === true;
  }

  /** Says it from now on; one for an earlier revision of the same alarm is replaced. */
  begin(ack: PendingAck, now: Now): void {
    this.#pending.set(ack.id, { ack, begunAt: now.mono, tries: 0, answers: new Map(), told: false });
    this.#due.set(ack.id, now.mono);
  }

  /**
   * An agent has answered. A refusal is the last word only where nobody is left to ask: an agent may not know the alarm yet.
   *
   * @returns what people are to hear of it, once
   */
  answer(id: OccurrenceId, { revision, agent, outcome }: { readonly revision: number; readonly agent: PeerId; readonly outcome: AckOutcome }, among: Among): AckOutcome | undefined {
    const held = this.#pending.get(id);
    if (held === undefined || held.ack.revision !== revision) return undefined;
    held.answers.set(agent, outcome);
    const told = held.told;
    held.told ||= outcome.outcome !== "refused" || this.isDone(id, among);
    return held.told && !told ? outcome : undefined;
  }

  /** Confirmed, and nobody who is heard owes a word; whoever is not heard will be told by the others. Or refused by all. */
  isDone(id: OccurrenceId, { heard, known }: Among): boolean {
    const { answers } = this.#pending.get(id) ?? { answers: new Map<PeerId, AckOutcome>() };
    const confirmed = [...answers.values()].some(({ outcome }) => outcome !== "refused");
    return answers.size > 0 && (confirmed ? heard : known).every((agent) => answers.has(agent));
  }

  /** The alarm has another name; what was shown is what is proven. @returns the acknowledgement that goes on */
  rename({ from, to }: { readonly from: OccurrenceId; readonly to: OccurrenceId }, now: Now): PendingAck | undefined {
    const held = this.#pending.get(from);
    if (held === undefined) return undefined;
    this.drop(from);
    // Both were taken: one of them goes on.
    const other = this.#pending.get(to);
    if (other !== undefined) return other.ack;
    const ack = { ...held.ack, id: to };
    this.begin(ack, now);
    return ack;
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
