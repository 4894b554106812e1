/**
 * The way out: what the relay can do, what it was given, and what became of it.
 * Which alarm goes when is the lifecycle's affair; here an escalation is composed, followed to its verdict and withdrawn.
 */

import type { Alarm, OccurrenceId } from "../alarm/alarm.ts";
import type { Verdict } from "../alarm/journal.ts";
import { type ChannelName, type Policy, rungOf } from "../alarm/policy.ts";
import { backoff } from "../base/backoff.ts";
import { toCrockford, utf8 } from "../base/bytes.ts";
import { Deadlines } from "../base/deadlines.ts";
import { hmacSha256 } from "../base/digest.ts";
import type { Prng } from "../base/prng.ts";
import { hours, type Ms, minutes, type Now, seconds, type WallMs } from "../base/units.ts";
import type { Operator } from "../duty/roster.ts";
import type { LinkAnswer, LinkRequest, RelayAddress } from "../port/relay-link.ts";
import type { Ability, ChannelAbility, Escalation, Notice, Recipient, RelayEvent } from "../wire/relay-api.ts";
import type { ContentField } from "./turn.ts";

export const ABILITY_EVERY_MS: Ms = seconds(60);
export const HEARTBEAT_EVERY_MS: Ms = seconds(60);
/** A broken way out is an alarm of its own after so long. */
export const WAY_OUT_GRACE_MS: Ms = minutes(2);
/** After this the relay gives an escalation up; the ladder has long gone on. */
export const EXPIRES_IN_MS: Ms = hours(24);
const RETRY = { firstMs: seconds(1), mostMs: seconds(60) } as const;
const TEXT_MOST = 512;
const DETAIL_MOST = 2000;

/** One escalation as the agent follows it; stored. */
export type Pursuit = {
  readonly id: string;
  readonly occurrence: OccurrenceId;
  readonly revision: number;
  readonly step: number;
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

type Owed = { readonly kind: "withdraw" } | { readonly kind: "notice"; readonly notice: Notice };

/** What an answer of the relay means for alarms. */
export type News =
  | { readonly kind: "probed"; readonly occurrence: OccurrenceId; readonly answer: "able" | "unable" | "silent"; readonly reason: string }
  | { readonly kind: "submitted"; readonly pursuit: Pursuit }
  | { readonly kind: "verdict"; readonly pursuit: Pursuit; readonly event: RelayEvent }
  /** How the escalation stands as a whole, each time that changes. */
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

export class WayOut {
  readonly #key: Uint8Array;
  readonly #dice: Prng;
  readonly #pursuits = new Map<string, Pursuit>();
  readonly #byOccurrence = new Map<OccurrenceId, string[]>();
  readonly #probing = new Map<OccurrenceId, { readonly via: readonly ChannelName[]; readonly to: readonly Recipient[] }>();
  /** `ability`, `events`, `heartbeat` and the ids of escalations that owe something. */
  readonly #due = new Deadlines<string>();
  readonly #tries = new Map<string, number>();
  #view: RelayView = { relay: undefined, ability: undefined, answeredAt: undefined, reason: NO_RELAY, events: 0 };
  #freshAsked = false;
  #brokenSince: Ms | undefined;
  #brokenTold = false;
  #requests: LinkRequest[] = [];
  #changed = new Set<string>();

  /** @param key derived from the cluster secret, so that paired agents name an escalation the same */
  constructor({ key, dice }: { readonly key: Uint8Array; readonly dice: Prng }) {
    this.#key = key;
    this.#dice = dice;
  }

  get view(): RelayView {
    return this.#view;
  }

  /** Takes back what was stored. */
  restore(pursuits: readonly Pursuit[], events: number): void {
    for (const pursuit of pursuits) this.#keep(pursuit);
    this.#changed = new Set();
    this.#view = { ...this.#view, events };
  }

  use(relay: RelayAddress, now: Now): void {
    this.#view = { ...this.#view, relay, ability: undefined, reason: "the relay has not answered yet" };
    for (const work of ["ability", "events", "heartbeat"]) this.#due.set(work, now.mono);
    for (const pursuit of this.#pursuits.values()) {
      if (pursuit.owed.length > 0) this.#due.set(pursuit.id, now.mono);
      if (pursuit.deliveries === undefined && !pursuit.withdrawn) this.#ask({ kind: "submit", escalation: pursuit.escalation });
    }
  }

  /** Asks what the relay can do now. @returns news at once where there is no relay to ask */
  probe(alarm: Alarm, policy: Policy, recipients: readonly Recipient[]): News | undefined {
    if (this.#view.relay === undefined) return { kind: "probed", occurrence: alarm.id, answer: "silent", reason: NO_RELAY };
    this.#probing.set(alarm.id, { via: rungOf(policy, alarm.life.step)?.via ?? [], to: recipients });
    if (!this.#freshAsked) this.#ask({ kind: "ability", fresh: true });
    this.#freshAsked = true;
    return undefined;
  }

  /** Gives an alarm to the relay. The same occurrence, revision and step is the same escalation, however often it is given. */
  submit(
    alarm: Alarm,
    { policy, recipients, content, clusterName }: {
      readonly policy: Policy; readonly recipients: readonly Recipient[];
      readonly content: readonly ContentField[]; readonly clusterName: string;
    },
  ): void {
    if (this.#view.relay === undefined) return;
    const { revision, step } = alarm.life;
    const id = toCrockford(hmacSha256(this.#key, utf8(`${alarm.id} ${revision} ${step}`)).subarray(0, 16));
    const held = this.#pursuits.get(id);
    if (held !== undefined && !held.withdrawn) {
      this.#ask({ kind: "submit", escalation: held.escalation });
      return;
    }
    const escalation = held?.escalation ?? compose(alarm, { id, policy, recipients, content, clusterName });
    this.#put({
      id, occurrence: alarm.id, revision, step, to: recipients.map(({ operator }) => operator), escalation,
      deliveries: undefined, verdicts: {}, owed: [], withdrawn: false, noticed: false,
    });
    this.#ask({ kind: "submit", escalation });
  }

  /** Takes back what has not gone. @returns the escalations concerned */
  withdraw(occurrence: OccurrenceId, now: Now): readonly string[] {
    const open = this.#of(occurrence).filter(({ withdrawn }) => !withdrawn);
    for (const pursuit of open) this.#owe({ ...pursuit, withdrawn: true }, { kind: "withdraw" }, now);
    return open.map(({ id }) => id);
  }

  /** Everybody told outside hears once how it ended. */
  notice(occurrence: OccurrenceId, notice: Notice, now: Now): void {
    for (const pursuit of this.#of(occurrence)) {
      // Also where no verdict has come yet: a mail may be on its way, and the relay tells only those whom it reached.
      if (pursuit.deliveries !== undefined && !pursuit.noticed) this.#owe({ ...pursuit, noticed: true }, { kind: "notice", notice }, now);
    }
  }

  /** Whether anybody was told outside, and so must hear the end. */
  toldOutside(occurrence: OccurrenceId): readonly string[] {
    const accepted = this.#of(occurrence).flatMap(({ verdicts }) =>
      Object.entries(verdicts).flatMap(([delivery, { verdict }]) => (verdict === "accepted" ? [delivery.split("/")[0] ?? ""] : [])),
    );
    return [...new Set(accepted)];
  }

  /** Takes the relay's answer, or its silence. */
  answered(request: LinkRequest, answer: LinkAnswer, now: Now): readonly News[] {
    const reached = answer.kind !== "silent";
    this.#view = reached
      ? { ...this.#view, answeredAt: now.wall, reason: "" }
      : { ...this.#view, reason: answer.reason };
    switch (request.kind) {
      case "ability":
        return this.#ability(request.fresh, answer, now);
      case "submit":
        return this.#submitted(request.escalation.id, answer);
      case "events":
        return this.#events(answer, now);
      case "withdraw":
      case "notice":
        this.#paid(request.id, answer, now);
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
      else if (work === "events") this.#ask({ kind: "events", after: this.#view.events });
      else if (work === "heartbeat") this.#ask({ kind: "heartbeat", heartbeat: { open: openCount, wall: now.wall } });
      else this.#pay(work);
    }
  }

  next(): Ms | undefined {
    return this.#due.next();
  }

  takeRequests(): readonly LinkRequest[] {
    const requests = this.#requests;
    this.#requests = [];
    return requests;
  }

  takeChanged(): readonly Pursuit[] {
    const changed = [...this.#changed].flatMap((id) => this.#pursuits.get(id) ?? []);
    this.#changed = new Set();
    return changed;
  }

  /** The escalations of an occurrence that is no longer listed. @returns their ids */
  forget(occurrence: OccurrenceId): readonly string[] {
    const ids = this.#byOccurrence.get(occurrence) ?? [];
    for (const id of ids) this.#pursuits.delete(id);
    this.#byOccurrence.delete(occurrence);
    return ids;
  }

  #ability(fresh: boolean, answer: LinkAnswer, now: Now): readonly News[] {
    if (fresh) this.#freshAsked = false;
    this.#due.set("ability", now.mono + ABILITY_EVERY_MS);
    const ability = answer.kind === "ability" ? answer.ability : undefined;
    const reason = answer.kind === "silent" || answer.kind === "refused" ? answer.reason : "";
    if (ability !== undefined) this.#view = { ...this.#view, ability };
    else if (reason !== "") this.#view = { ...this.#view, reason };
    const news: News[] = [...this.#judgeWayOut(ability, reason, now)];
    if (!fresh) return news;
    for (const [occurrence, { via, to }] of this.#probing) {
      news.push({ kind: "probed", occurrence, ...judgeAbility(ability, { via, to, reason }) });
    }
    this.#probing.clear();
    return news;
  }

  /** A way out that has been broken for a while is told before anybody needs it. */
  #judgeWayOut(ability: Ability | undefined, reason: string, now: Now): readonly News[] {
    const configured = ability?.channels.filter(({ configured: is }) => is) ?? [];
    if (ability !== undefined && configured.some(({ able }) => able)) {
      this.#brokenSince = undefined;
      if (!this.#brokenTold) return [];
      this.#brokenTold = false;
      return [{ kind: "wayOut", broken: false, reason: "" }];
    }
    this.#brokenSince ??= now.mono;
    if (this.#brokenTold || now.mono - this.#brokenSince < WAY_OUT_GRACE_MS) return [];
    this.#brokenTold = true;
    return [{ kind: "wayOut", broken: true, reason: ability === undefined ? reason : whyUnable(ability, configured) }];
  }

  #submitted(id: string, answer: LinkAnswer): readonly News[] {
    const pursuit = this.#pursuits.get(id);
    if (pursuit === undefined || pursuit.withdrawn) return [];
    if (answer.kind === "stored") {
      const stored = { ...pursuit, deliveries: answer.deliveries };
      this.#put(stored);
      const news: News[] = pursuit.deliveries === undefined ? [{ kind: "submitted", pursuit: stored }] : [];
      return [...news, ...outcomeOf(stored)];
    }
    const reason = answer.kind === "silent" || answer.kind === "refused" ? answer.reason : "the relay gave no answer that fits";
    return [{ kind: "outcome", pursuit, verdict: "refused", reason }];
  }

  #events(answer: LinkAnswer, now: Now): readonly News[] {
    if (answer.kind !== "events") {
      const tries = this.#tries.get("events") ?? 0;
      this.#tries.set("events", tries + 1);
      this.#due.set("events", now.mono + backoff(tries, RETRY, this.#dice));
      return [];
    }
    this.#tries.delete("events");
    this.#due.set("events", now.mono);
    const news: News[] = [];
    for (const event of answer.events) {
      if (event.number <= this.#view.events) continue;
      this.#view = { ...this.#view, events: event.number };
      const pursuit = this.#pursuits.get(event.escalation);
      if (pursuit === undefined) continue;
      const verdict = { verdict: event.verdict, reason: event.reason, closing: event.closing };
      const next = { ...pursuit, verdicts: { ...pursuit.verdicts, [`${event.operator}/${event.channel}`]: verdict } };
      this.#put(next);
      news.push({ kind: "verdict", pursuit: next, event }, ...outcomeOf(next));
    }
    if (answer.events.length > 0) this.#ask({ kind: "commit", upTo: this.#view.events });
    return news;
  }

  #owe(pursuit: Pursuit, owed: Owed, now: Now): void {
    this.#put({ ...pursuit, owed: [...pursuit.owed, owed] });
    if (pursuit.owed.length === 0) this.#due.set(pursuit.id, now.mono);
  }

  #pay(id: string): void {
    const owed = this.#pursuits.get(id)?.owed[0];
    if (owed === undefined || this.#view.relay === undefined) return;
    this.#ask(owed.kind === "withdraw" ? { kind: "withdraw", id } : { kind: "notice", id, notice: owed.notice });
  }

  #paid(id: string, answer: LinkAnswer, now: Now): void {
    const pursuit = this.#pursuits.get(id);
    if (pursuit === undefined || pursuit.owed.length === 0) return;
    if (answer.kind === "silent") {
      const tries = this.#tries.get(id) ?? 0;
      this.#tries.set(id, tries + 1);
      this.#due.set(id, now.mono + backoff(tries, RETRY, this.#dice));
      return;
    }
    this.#tries.delete(id);
    const owed = pursuit.owed.slice(1);
    this.#put({ ...pursuit, owed });
    if (owed.length > 0) this.#due.set(id, now.mono);
  }

  #of(occurrence: OccurrenceId): readonly Pursuit[] {
    return (this.#byOccurrence.get(occurrence) ?? []).flatMap((id) => this.#pursuits.get(id) ?? []);
  }

  #put(pursuit: Pursuit): void {
    this.#keep(pursuit);
    this.#changed.add(pursuit.id);
  }

  #keep(pursuit: Pursuit): void {
    if (!this.#pursuits.has(pursuit.id)) {
      const ids = this.#byOccurrence.get(pursuit.occurrence);
      if (ids === undefined) this.#byOccurrence.set(pursuit.occurrence, [pursuit.id]);
      else ids.push(pursuit.id);
    }
    this.#pursuits.set(pursuit.id, pursuit);
  }

  #ask(request: LinkRequest): void {
    this.#requests.push(request);
  }
}

/** What an operator of the roster is to the relay. */
export function recipientOf({ name, language, timezone, mail, wecom, mobile }: Operator): Recipient {
  return {
    operator: name, language, timezone,
    ...(mail === undefined ? {} : { mail }), ...(wecom === undefined ? {} : { wecom }), ...(mobile === undefined ? {} : { mobile }),
  };
}

/** Accepted as soon as one delivery is; refused when every promised verdict has come and none is. */
function outcomeOf(pursuit: Pursuit): readonly News[] {
  const verdicts = Object.entries(pursuit.verdicts);
  if (verdicts.some(([, { verdict }]) => verdict === "accepted")) {
    return [{ kind: "outcome", pursuit, verdict: "accepted", reason: "" }];
  }
  if (pursuit.deliveries === undefined || verdicts.length < pursuit.deliveries) return [];
  const reason = verdicts.length === 0
    ? "no channel of the relay reaches any of the recipients"
    : verdicts.map(([delivery, { verdict, reason: why }]) => `${delivery.split("/")[1]}: ${why === "" ? verdict : why}`).join("; ");
  return [{ kind: "outcome", pursuit, verdict: "refused", reason }];
}

function judgeAbility(
  ability: Ability | undefined,
  { via, to, reason }: { readonly via: readonly ChannelName[]; readonly to: readonly Recipient[]; readonly reason: string },
): { readonly answer: "able" | "unable" | "silent"; readonly reason: string } {
  if (ability === undefined) return { answer: "silent", reason };
  const wanted = ability.channels.filter(({ channel, configured }) => configured && via.includes(channel) && to.some((one) => reaches(one, channel)));
  if (wanted.some(({ able }) => able)) return { answer: "able", reason: "" };
  return { answer: "unable", reason: whyUnable(ability, wanted) };
}

function reaches({ mail, wecom, mobile }: Recipient, channel: ChannelName): boolean {
  if (channel === "mail") return mail !== undefined;
  return channel === "wecom" ? wecom !== undefined : wecom !== undefined || mobile !== undefined;
}

function whyUnable({ legs }: Ability, channels: readonly ChannelAbility[]): string {
  const down = legs.filter(({ up }) => !up).map(({ name, reason }) => `the jump host's ${name} leg is down: ${reason}`);
  const unable = channels.filter(({ able }) => !able).map(({ channel, reason }) => `${channel}: ${reason}`);
  const all = [...down, ...unable];
  return all.length === 0 ? "no configured channel reaches the people responsible" : all.join("; ");
}

/** Only the allowed fields leave the room. */
function compose(
  alarm: Alarm,
  { id, policy, recipients, content, clusterName }: {
    readonly id: string; readonly policy: Policy; readonly recipients: readonly Recipient[];
    readonly content: readonly ContentField[]; readonly clusterName: string;
  },
): Escalation {
  const { classification, life } = alarm;
  const may = (field: ContentField): boolean => content.includes(field);
  return {
    id, occurrence: alarm.id, revision: life.revision, step: life.step, clusterName, severity: life.severity,
    ...(may("module") ? { module: classification.module } : {}),
    ...(may("item") ? { item: classification.item } : {}),
    ...(may("text") && alarm.text !== "" ? { text: alarm.text.slice(0, TEXT_MOST) } : {}),
    ...(may("detail") && alarm.detail !== "" ? { detail: alarm.detail.slice(0, DETAIL_MOST) } : {}),
    generatedAt: alarm.generatedAt, raisedAt: alarm.raisedAt,
    via: [...(rungOf(policy, life.step)?.via ?? ["mail"])], recipients: [...recipients], expiresInMs: EXPIRES_IN_MS,
  };
}
