/**
 * The escalations that were given to the relay: what each came to, and what the relay still has to be told of it.
 * When one is given is the lifecycle's affair; how the relay is reached is that of `escalate.ts`.
 */

import type { Alarm, OccurrenceId } from "../alarm/alarm.ts";
import type { Verdict } from "../alarm/journal.ts";
import { LAST_STEP_REPEAT_MS } from "../alarm/policy.ts";
import { backoff } from "../base/backoff.ts";
import { toCrockford, utf8 } from "../base/bytes.ts";
import { Deadlines } from "../base/deadlines.ts";
import { hmacSha256 } from "../base/digest.ts";
import type { Prng } from "../base/prng.ts";
import { type Ms, type Now, seconds, type WallMs } from "../base/units.ts";
import type { LinkAnswer, LinkRequest } from "../port/relay-link.ts";
import type { Escalation, Notice, RelayEvent } from "../wire/relay-api.ts";
import { compose, EXPIRES_IN_MS, type Given } from "./escalation.ts";

export const DEBT_RETRY = { firstMs: seconds(1), mostMs: seconds(60) } as const;
/** An escalation that ended without reaching anybody is given anew after so long: as often as the ladder repeats itself. */
export const ANEW_MS: Ms = LAST_STEP_REPEAT_MS;

/** One escalation as the agent follows it; stored. */
export type Pursuit = {
  readonly id: string;
  readonly occurrence: OccurrenceId;
  readonly revision: number;
  readonly step: number;
  /** From 1: grows where the same step must be told anew. */
  readonly attempt: number;
  readonly givenAt: WallMs;
  readonly to: readonly string[];
  readonly escalation: Escalation;
  /** How many verdicts the relay has promised; undefined until it has answered. */
  readonly deliveries: number | undefined;
  /** By `operator/channel`. */
  readonly verdicts: Readonly<Record<string, { readonly verdict: Verdict; readonly reason: string; readonly closing: boolean }>>;
  /** What the relay still has to be told, in this order. */
  readonly owed: readonly Owed[];
  readonly withdrawn: boolean;
  /** Whether those told have been told how it ended. */
  readonly noticed: boolean;
};

export type Owed = { readonly kind: "withdraw" } | { readonly kind: "notice"; readonly notice: Notice };

export class Pursuits {
  readonly #key: Uint8Array;
  readonly #dice: Prng;
  readonly #ask: (request: LinkRequest) => void;
  readonly #held = new Map<string, Pursuit>();
  readonly #byOccurrence = new Map<OccurrenceId, string[]>();
  /** Escalations that owe something. */
  readonly #due = new Deadlines<string>();
  readonly #tries = new Map<string, number>();
  #changed = new Set<string>();

  /** @param key derived from the cluster secret, so that paired agents name an escalation the same */
  constructor({ key, dice, ask }: { readonly key: Uint8Array; readonly dice: Prng; readonly ask: (request: LinkRequest) => void }) {
    this.#key = key;
    this.#dice = dice;
    this.#ask = ask;
  }

  restore(pursuits: readonly Pursuit[]): void {
    for (const pursuit of pursuits) this.#keep(pursuit);
  }

  get(id: string): Pursuit | undefined {
    return this.#held.get(id);
  }

  /** After a start: what is not known to be on the relay's disk is given once more, and debts are paid. */
  resume(now: Now): void {
    for (const pursuit of this.#held.values()) {
      if (pursuit.owed.length > 0) this.#due.set(pursuit.id, now.mono);
      if (pursuit.deliveries === undefined && !pursuit.withdrawn) this.#ask({ kind: "submit", escalation: pursuit.escalation });
    }
  }

  /** Another relay, or one that has begun anew: it knows nothing of what is still to reach somebody. */
  giveAll(now: Now): void {
    for (const pursuit of this.#held.values()) {
      if (!pursuit.withdrawn && outcomeOf(pursuit)?.verdict !== "accepted") this.#put({ ...pursuit, deliveries: undefined, verdicts: {} });
    }
    this.resume(now);
  }

  /**
   * Gives an alarm to the relay. The same occurrence, revision and step is the same escalation however often it is given,
   * until that one is over: then people are told anew, under an id of its own, which no mail server and no chat drops as a repeat.
   */
  give(alarm: Alarm, given: Given, now: Now): void {
    const { revision, step } = alarm.life;
    const last = this.of(alarm.id).filter((one) => one.revision === revision && one.step === step).at(-1);
    if (last !== undefined && !isOver(last, now.wall)) {
      this.#ask({ kind: "submit", escalation: last.escalation });
      return;
    }
    const attempt = (last?.attempt ?? 0) + 1;
    const id = toCrockford(hmacSha256(this.#key, utf8(`${alarm.id} ${revision} ${step}${attempt > 1 ? ` ${attempt}` : ""}`)).subarray(0, 16));
    const escalation = compose(alarm, { id, attempt, ...given });
    this.#put({
      id, occurrence: alarm.id, revision, step, attempt, givenAt: now.wall, to: given.recipients.map(({ operator }) => operator), escalation,
      deliveries: undefined, verdicts: {}, owed: [], withdrawn: false, noticed: false,
    });
    this.#ask({ kind: "submit", escalation });
  }

  /** The relay has it on disk. @returns undefined where nobody waits for that any more */
  stored(id: string, deliveries: number): Pursuit | undefined {
    const pursuit = this.#held.get(id);
    return pursuit === undefined || pursuit.withdrawn ? undefined : this.#put({ ...pursuit, deliveries });
  }

  /** How one delivery stands. */
  judged({ escalation, operator, channel, verdict, reason, closing }: RelayEvent): Pursuit | undefined {
    const pursuit = this.#held.get(escalation);
    return pursuit && this.#put({ ...pursuit, verdicts: { ...pursuit.verdicts, [`${operator}/${channel}`]: { verdict, reason, closing } } });
  }

  /** Takes back what has not gone. @returns the escalations concerned */
  withdraw(occurrence: OccurrenceId, now: Now): readonly string[] {
    const open = this.of(occurrence).filter(({ withdrawn }) => !withdrawn);
    for (const pursuit of open) this.#owe({ ...pursuit, withdrawn: true }, { kind: "withdraw" }, now);
    return open.map(({ id }) => id);
  }

  /** Everybody told outside hears once how it ended; also where no answer has come yet, because a mail may be on its way. */
  notice(occurrence: OccurrenceId, notice: Notice, now: Now): void {
    for (const pursuit of this.of(occurrence)) {
      if (!pursuit.noticed) this.#owe({ ...pursuit, noticed: true }, { kind: "notice", notice }, now);
    }
  }

  /** Asks the relay for what has fallen due. */
  pay(now: Now): void {
    for (let id = this.#due.takeDue(now.mono); id !== undefined; id = this.#due.takeDue(now.mono)) {
      const owed = this.#held.get(id)?.owed[0];
      if (owed !== undefined) this.#ask(owed.kind === "withdraw" ? { kind: "withdraw", id } : { kind: "notice", id, notice: owed.notice });
    }
  }

  paid(id: string, answer: LinkAnswer, now: Now): void {
    const pursuit = this.#held.get(id);
    if (pursuit === undefined || pursuit.owed.length === 0) return;
    if (isPassing(answer)) {
      const tries = this.#tries.get(id) ?? 0;
      this.#tries.set(id, tries + 1);
      this.#due.set(id, now.mono + backoff(tries, DEBT_RETRY, this.#dice));
      return;
    }
    this.#tries.delete(id);
    const owed = pursuit.owed.slice(1);
    this.#put({ ...pursuit, owed });
    if (owed.length > 0) this.#due.set(id, now.mono);
  }

  next(): Ms | undefined {
    return this.#due.next();
  }

  takeChanged(): readonly Pursuit[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed].flatMap((id) => this.#held.get(id) ?? []);
    this.#changed = new Set();
    return changed;
  }

  /** The escalations of an occurrence that is no longer listed. @returns their ids */
  forget(occurrence: OccurrenceId): readonly string[] {
    const ids = this.#byOccurrence.get(occurrence) ?? [];
    for (const id of ids) {
      this.#held.delete(id);
      this.#due.cancel(id);
      this.#tries.delete(id);
    }
    this.#byOccurrence.delete(occurrence);
    return ids;
  }

  /** The occurrence goes on under another name; what the relay was given goes on under its own. */
  rename(from: OccurrenceId, to: OccurrenceId): void {
    const moved = this.of(from).map((pursuit) => ({ ...pursuit, occurrence: to }));
    this.#byOccurrence.delete(from);
    const held = this.of(to).map(({ id }) => id);
    for (const pursuit of moved) {
      this.#held.set(pursuit.id, pursuit);
      this.#changed.add(pursuit.id);
    }
    if (moved.length > 0) this.#byOccurrence.set(to, [...held, ...moved.map(({ id }) => id)]);
  }

  /** In the order in which they were given. */
  of(occurrence: OccurrenceId): readonly Pursuit[] {
    return (this.#byOccurrence.get(occurrence) ?? []).flatMap((id) => this.#held.get(id) ?? []);
  }

  #owe(pursuit: Pursuit, owed: Owed, now: Now): void {
    this.#put({ ...pursuit, owed: [...pursuit.owed, owed] });
    if (pursuit.owed.length === 0) this.#due.set(pursuit.id, now.mono);
  }

  #put(pursuit: Pursuit): Pursuit {
    this.#keep(pursuit);
    this.#changed.add(pursuit.id);
    return pursuit;
  }

  #keep(pursuit: Pursuit): void {
    if (!this.#held.has(pursuit.id)) {
      const ids = this.#byOccurrence.get(pursuit.occurrence);
      if (ids === undefined) this.#byOccurrence.set(pursuit.occurrence, [pursuit.id]);
      else ids.push(pursuit.id);
    }
    this.#held.set(pursuit.id, pursuit);
  }
}

/** Accepted as soon as one delivery is; refused when every promised verdict has come and none is; undefined before that. */
export function outcomeOf({ deliveries, verdicts: judged }: Pursuit): { readonly verdict: "accepted" | "refused"; readonly reason: string } | undefined {
  const verdicts = Object.entries(judged);
  if (verdicts.some(([, { verdict }]) => verdict === "accepted")) return { verdict: "accepted", reason: "" };
  if (deliveries === undefined || verdicts.length < deliveries) return undefined;
  const reason = verdicts.length === 0
    ? "no channel of the relay reaches any of the recipients"
    : failuresIn(judged).join("; ");
  return { verdict: "refused", reason };
}

/** What went wrong so far, a reason for each delivery that was not accepted. */
export function failuresIn(verdicts: Pursuit["verdicts"]): readonly string[] {
  return Object.entries(verdicts).flatMap(([delivery, { verdict, reason }]) =>
    verdict === "accepted" ? [] : [`${delivery.split("/")[1]}: ${reason === "" ? verdict : reason}`]);
}

/** Operators who were told by this escalation, or may have been. */
export function toldBy({ verdicts }: Pursuit): readonly string[] {
  return Object.entries(verdicts).flatMap(([delivery, { verdict }]) => (verdict === "accepted" || verdict === "unsure" ? [delivery.split("/")[0] ?? ""] : []));
}

/** Whether the relay does nothing more under this id. A clock that was set back ends it rather than keep it for ever. */
function isOver(pursuit: Pursuit, wall: WallMs): boolean {
  if (pursuit.withdrawn) return true;
  const ageMs = Math.abs(wall - pursuit.givenAt);
  const closed = outcomeOf(pursuit)?.verdict === "refused" && Object.values(pursuit.verdicts).every(({ closing }) => closing);
  return ageMs >= EXPIRES_IN_MS || (closed && ageMs >= ANEW_MS);
}

/** Whether the same request may well be taken later: no answer, a relay that cannot write, is full, or does not know us yet. */
function isPassing(answer: LinkAnswer): boolean {
  if (answer.kind !== "refused") return answer.kind === "silent";
  return answer.status >= 500 || [401, 408, 429].includes(answer.status);
}
