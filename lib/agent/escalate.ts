/**
 * The way out: which relay there is, what it can do, and what it tells of the escalations it was given.
 * Which alarm goes when is the lifecycle's affair; what becomes of each escalation is kept in `pursuits.ts`.
 */

import type { Alarm, OccurrenceId } from "../alarm/alarm.ts";
import { type ChannelName, type Policy, rungOf } from "../alarm/policy.ts";
import { backoff } from "../base/backoff.ts";
import { Deadlines } from "../base/deadlines.ts";
import { earliest } from "../base/earliest.ts";
import type { Prng } from "../base/prng.ts";
import { type Ms, minutes, type Now, seconds, type WallMs } from "../base/units.ts";
import type { LinkAnswer, LinkRequest, RelayAddress } from "../port/relay-link.ts";
import type { Ability, Notice, Recipient, RelayEvent } from "../wire/relay-api.ts";
import { judgeAbility, judgeWayOut } from "./ability.ts";
import type { Given } from "./escalation.ts";
import { DEBT_RETRY, failuresIn, outcomeOf, type Pursuit, Pursuits, toldBy } from "./pursuits.ts";

export const ABILITY_EVERY_MS: Ms = seconds(60);
export const HEARTBEAT_EVERY_MS: Ms = seconds(60);
/** A broken way out is an alarm of its own after so long. */
export const WAY_OUT_GRACE_MS: Ms = minutes(2);

/** What an answer of the relay means for alarms. */
export type News =
  | { readonly kind: "probed"; readonly occurrence: OccurrenceId; readonly answer: "able" | "unable" | "silent"; readonly reason: string }
  | { readonly kind: "submitted"; readonly pursuit: Pursuit }
  | { readonly kind: "verdict"; readonly pursuit: Pursuit; readonly event: RelayEvent }
  /** How an escalation that stands is doing as a whole. */
  | { readonly kind: "outcome"; readonly pursuit: Pursuit; readonly verdict: "accepted" | "refused"; readonly reason: string }
  /** The way out has been broken for long, or is whole again. */
  | { readonly kind: "wayOut"; readonly broken: boolean; readonly reason: string };

/** How the relay was seen last. */
export type RelayView = {
  readonly relay: RelayAddress | undefined;
  readonly ability: Ability | undefined;
  readonly answeredAt: WallMs | undefined;
  /** "" while it answers. */
  readonly reason: string;
  /** The highest event taken over from it. */
  readonly events: number;
};

export const NO_RELAY = "no relay has been joined";

type Work = "ability" | "events" | "heartbeat";

export class WayOut {
  readonly #dice: Prng;
  readonly #pursuits: Pursuits;
  readonly #probing = new Map<OccurrenceId, { readonly via: readonly ChannelName[]; readonly to: readonly Recipient[] }>();
  readonly #due = new Deadlines<Work>();
  #view: RelayView = { relay: undefined, ability: undefined, answeredAt: undefined, reason: NO_RELAY, events: 0 };
  #freshAsked = false;
  /** Who waits for the answer to it, and who may have it now. */
  readonly #looking: number[] = [];
  readonly #looked: number[] = [];
  /** One poll at a time: of two the relay would send away one at once, and that for ever. */
  #polling = false;
  #pollTries = 0;
  #brokenSince: Ms | undefined;
  #brokenTold = false;
  #requests: LinkRequest[] = [];

  /** @param key derived from the cluster secret, so that paired agents name an escalation the same */
  constructor({ key, dice }: { readonly key: Uint8Array; readonly dice: Prng }) {
    this.#dice = dice;
    this.#pursuits = new Pursuits({ key, dice, ask: (request) => this.#ask(request) });
  }

  get view(): RelayView {
    return this.#view;
  }

  /** Takes back what was stored. @param brokenTold whether the alarm about a broken way out stands */
  restore({ pursuits, events, brokenTold }: { readonly pursuits: readonly Pursuit[]; readonly events: number; readonly brokenTold: boolean }): void {
    this.#pursuits.restore(pursuits);
    this.#view = { ...this.#view, events };
    this.#brokenTold = brokenTold;
  }

  /** Goes on with the relay that was joined in an earlier life. */
  use(relay: RelayAddress, now: Now): void {
    this.#begin(relay, now);
    this.#pursuits.resume(now);
  }

  /** A relay has been joined: it may be another one, or the same without its memory. Its events are counted from the first. */
  join(relay: RelayAddress, now: Now): void {
    this.#begin(relay, now);
    this.#view = { ...this.#view, events: 0 };
    this.#pursuits.giveAll(now);
  }

  /** Asks what the relay can do now. @returns news at once where there is no relay to ask */
  probe(alarm: Alarm, policy: Policy, recipients: readonly Recipient[]): News | undefined {
    if (this.#view.relay === undefined) return { kind: "probed", occurrence: alarm.id, answer: "silent", reason: NO_RELAY };
    this.#probing.set(alarm.id, { via: rungOf(policy, alarm.life.step)?.via ?? [], to: recipients });
    this.#askFresh();
    return undefined;
  }

  /** Lets the relay check everything now; its answer, or its silence, is awaited in `takeLooked`. */
  look(ticket: number): void {
    this.#looking.push(ticket);
    this.#askFresh();
  }

  /** Whose look has come to its end: `view` is of now. */
  takeLooked(): readonly number[] {
    return this.#looked.splice(0);
  }

  submit(alarm: Alarm, given: Given, now: Now): void {
    if (this.#view.relay !== undefined) this.#pursuits.give(alarm, given, now);
  }

  withdraw(occurrence: OccurrenceId, now: Now): readonly string[] {
    return this.#pursuits.withdraw(occurrence, now);
  }

  notice(occurrence: OccurrenceId, notice: Notice, now: Now): void {
    this.#pursuits.notice(occurrence, notice, now);
  }

  /** Whoever was told outside, or may have been. */
  toldOutside(occurrence: OccurrenceId): readonly string[] {
    return [...new Set(this.#pursuits.of(occurrence).flatMap(toldBy))];
  }

  /** Those of whom the last that they heard of this revision is that it is over. */
  believeItOver({ id, life }: Alarm): readonly string[] {
    const over = new Map<string, boolean>();
    for (const pursuit of this.#pursuits.of(id)) {
      if (pursuit.revision === life.revision) for (const operator of toldBy(pursuit)) over.set(operator, pursuit.noticed);
    }
    return [...over].flatMap(([operator, is]) => (is ? [operator] : []));
  }

  /** Why what the relay has of an occurrence was not accepted, as far as it has said so. */
  failures(occurrence: OccurrenceId): readonly string[] {
    return this.#pursuits.of(occurrence).flatMap(({ verdicts, withdrawn }) => (withdrawn ? [] : failuresIn(verdicts)));
  }

  /** Takes the relay's answer, or its silence. */
  answered(request: LinkRequest, answer: LinkAnswer, now: Now): readonly News[] {
    this.#view = answer.kind === "silent"
      ? { ...this.#view, reason: answer.reason }
      : { ...this.#view, answeredAt: now.wall, reason: "" };
    switch (request.kind) {
      case "ability":
        return this.#ability(request.fresh, answer, now);
      case "submit":
        return this.#submitted(request.escalation.id, answer);
      case "events":
        return this.#events(answer, now);
      case "withdraw":
      case "notice":
        this.#pursuits.paid(request.id, answer, now);
        return [];
      case "commit":
        return [];
      case "heartbeat":
        this.#due.set("heartbeat", now.mono + HEARTBEAT_EVERY_MS);
        return [];
    }
  }

  /** Asks what has fallen due. */
  tick(now: Now, openCount: number): void {
    for (let work = this.#due.takeDue(now.mono); work !== undefined; work = this.#due.takeDue(now.mono)) {
      if (work === "ability") this.#ask({ kind: "ability", fresh: false });
      else if (work === "heartbeat") this.#ask({ kind: "heartbeat", heartbeat: { open: openCount, wall: now.wall } });
      else if (!this.#polling) {
        this.#polling = true;
        this.#ask({ kind: "events", after: this.#view.events });
      }
    }
    if (this.#view.relay !== undefined) this.#pursuits.pay(now);
  }

  next(): Ms | undefined {
    const debts = this.#view.relay === undefined ? undefined : this.#pursuits.next();
    return earliest(this.#due.next(), debts);
  }

  takeRequests(): readonly LinkRequest[] {
    const requests = this.#requests;
    this.#requests = [];
    // What was taken back in the very turn that would give it is not given.
    return requests.filter((request) => request.kind !== "submit" || this.#pursuits.get(request.escalation.id)?.withdrawn !== true);
  }

  takeChanged(): readonly Pursuit[] {
    return this.#pursuits.takeChanged();
  }

  /** The occurrence goes on under another name. */
  rename(from: OccurrenceId, to: OccurrenceId): void {
    this.#pursuits.rename(from, to);
  }

  forget(occurrence: OccurrenceId): readonly string[] {
    return this.#pursuits.forget(occurrence);
  }

  #begin(relay: RelayAddress, now: Now): void {
    this.#view = { ...this.#view, relay, ability: undefined, reason: "the relay has not answered yet" };
    this.#freshAsked = false;
    for (const work of ["ability", "events", "heartbeat"] as const) this.#due.set(work, now.mono);
  }

  #ability(fresh: boolean, answer: LinkAnswer, now: Now): readonly News[] {
    if (fresh) {
      this.#freshAsked = false;
      this.#looked.push(...this.#looking.splice(0));
    }
    this.#due.set("ability", now.mono + ABILITY_EVERY_MS);
    const ability = answer.kind === "ability" ? answer.ability : undefined;
    const reason = answer.kind === "silent" || answer.kind === "refused" ? answer.reason : "";
    if (ability !== undefined) this.#view = { ...this.#view, ability };
    else if (reason !== "") this.#view = { ...this.#view, reason };
    const news: News[] = [...this.#judge(ability, reason, now)];
    if (!fresh) return news;
    for (const [occurrence, { via, to }] of this.#probing) {
      news.push({ kind: "probed", occurrence, ...judgeAbility(ability, { via, to, reason }) });
    }
    this.#probing.clear();
    return news;
  }

  /** A way out that has been broken for a while is told before anybody needs it. */
  #judge(ability: Ability | undefined, why: string, now: Now): readonly News[] {
    const { answer, reason } = judgeWayOut(ability, why);
    const told = this.#brokenTold;
    if (answer === "able") {
      this.#brokenSince = undefined;
      this.#brokenTold = false;
      return told ? [{ kind: "wayOut", broken: false, reason: "" }] : [];
    }
    this.#brokenSince ??= now.mono;
    if (told || now.mono - this.#brokenSince < WAY_OUT_GRACE_MS) return [];
    this.#brokenTold = true;
    return [{ kind: "wayOut", broken: true, reason }];
  }

  #submitted(id: string, answer: LinkAnswer): readonly News[] {
    const before = this.#pursuits.get(id);
    if (before === undefined || before.withdrawn) return [];
    if (answer.kind !== "stored") {
      const reason = answer.kind === "silent" || answer.kind === "refused" ? answer.reason : "the relay gave no answer that fits";
      return [{ kind: "outcome", pursuit: before, verdict: "refused", reason }];
    }
    const pursuit = this.#pursuits.stored(id, answer.deliveries);
    if (pursuit === undefined) return [];
    return [...(before.deliveries === undefined ? [{ kind: "submitted", pursuit } as const] : []), ...outcomeNews(pursuit)];
  }

  #events(answer: LinkAnswer, now: Now): readonly News[] {
    this.#polling = false;
    if (answer.kind !== "events") {
      this.#due.set("events", now.mono + backoff(this.#pollTries, DEBT_RETRY, this.#dice));
      this.#pollTries += 1;
      return [];
    }
    this.#pollTries = 0;
    this.#due.set("events", now.mono);
    const news: News[] = [];
    for (const event of answer.events) {
      if (event.number <= this.#view.events) continue;
      this.#view = { ...this.#view, events: event.number };
      const pursuit = this.#pursuits.judged(event);
      if (pursuit !== undefined) news.push({ kind: "verdict", pursuit, event }, ...outcomeNews(pursuit));
    }
    if (answer.events.length > 0) this.#ask({ kind: "commit", upTo: this.#view.events });
    return news;
  }

  #askFresh(): void {
    if (!this.#freshAsked) this.#ask({ kind: "ability", fresh: true });
    this.#freshAsked = true;
  }

  #ask(request: LinkRequest): void {
    this.#requests.push(request);
  }
}

/** Of a withdrawn escalation nobody is told but its end: it reaches nobody, however late a verdict comes. */
function outcomeNews(pursuit: Pursuit): readonly News[] {
  const outcome = pursuit.withdrawn ? undefined : outcomeOf(pursuit);
  return outcome === undefined ? [] : [{ kind: "outcome", pursuit, ...outcome }];
}
