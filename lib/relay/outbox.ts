/**
 * What is to be said outside: escalations, the calls that they come to, and what became of each.
 * Every call is written down as started before it is made, so that after a crash it is known to be unsure.
 */

import type { ChannelName } from "../alarm/policy.ts";
import { rankOf, SEVERITIES } from "../alarm/severity.ts";
import { reanchor } from "../base/anchor.ts";
import { assert } from "../base/assert.ts";
import { toBase64, utf8 } from "../base/bytes.ts";
import { Deadlines } from "../base/deadlines.ts";
import { sha256 } from "../base/digest.ts";
import { earliest } from "../base/earliest.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type BootId, hours, minutes, type Ms, type Now } from "../base/units.ts";
import type { Channel, Dispatch } from "../channel/channel.ts";
import { AFTER_MOST_MS, type Outcome } from "../channel/outcome.ts";
import type { CarrierReply } from "../port/carrier.ts";
import type { Escalation, Notice, Recipient, RelayEvent } from "../wire/relay-api.ts";
import { Book } from "./book.ts";
import { CUT_OFF, GONE, noticeAfter, planDeliveries, revived, settled, stopped, wasTold } from "./delivery.ts";
import { type Departure, Departures } from "./departures.ts";
import type { Draft } from "./draft.ts";
import { CLOSED_KEPT_MS, ESCALATIONS_OPEN_MOST } from "./limits.ts";
import { momentAt, monoOf } from "./moment.ts";
import type { DeliveryRow, EscalationRow } from "./rows.ts";
import type { Tokens } from "./tokens.ts";
import type { AllowList } from "./turn.ts";

/** Who asks, and the counter of the request: of two requests of one agent the higher was made later. */
export type Asker = { readonly agent: string; readonly cluster: string; readonly counter: bigint };

export type SubmitFault =
  /** The id stands for something else: another body, or another cluster's. */
  | { readonly kind: "differs" }
  | { readonly kind: "tooMany" };

/** What happened, for those who keep the numbers and the ability. */
export type OutboxListener = {
  readonly told: (agents: readonly string[], event: Omit<RelayEvent, "number">) => void;
  readonly called: (channel: ChannelName, outcome: Outcome, now: Now) => void;
};

/** So long the second agent's submission of what the first has withdrawn may have been on its way. */
const ON_ITS_WAY_MS: Ms = minutes(1);

/** A notice is worth sending for this long, even where the escalation is about to expire. */
const NOTICE_MS: Ms = hours(1);

export class Outbox {
  readonly #draft: Draft;
  readonly #boot: BootId;
  readonly #channels: ReadonlyMap<ChannelName, Channel>;
  readonly #allow: AllowList;
  readonly #departures: Departures;
  readonly #listener: OutboxListener;
  readonly #book: Book;
  /** The call under way of each delivery. */
  readonly #callOf = new Map<string, number>();
  #calls = 0;
  readonly #retries = new Deadlines<string>();
  /** When an open escalation expires, and when a closed one is forgotten. */
  readonly #ends = new Deadlines<string>();

  constructor({ draft, boot, channels, allow, tokens, listener }: {
    readonly draft: Draft; readonly boot: BootId; readonly channels: readonly Channel[];
    readonly allow: AllowList; readonly tokens: Tokens; readonly listener: OutboxListener;
  }) {
    this.#draft = draft;
    this.#book = new Book(draft);
    this.#boot = boot;
    this.#channels = new Map(channels.map((channel) => [channel.name, channel]));
    this.#allow = allow;
    this.#departures = new Departures({ channels, tokens });
    this.#listener = listener;
  }

  /** Takes back what was stored. `resume` goes on with it. */
  restore(escalations: readonly EscalationRow[], deliveries: readonly DeliveryRow[], now: Now): void {
    // Moments of another boot are read once: the wall clock may still be set while this process runs.
    const here = escalations.map((row) => {
      const due = monoOf(row.expires, now, { boot: this.#boot, mostMs: row.body?.expiresInMs ?? 0 });
      return { ...row, expires: momentAt(due, now, this.#boot) };
    });
    this.#book.restore(here, deliveries);
    for (const { id, expires, closedAt } of here) {
      const keptMs = closedAt === undefined ? 0 : Math.max(0, Math.min(CLOSED_KEPT_MS, closedAt + CLOSED_KEPT_MS - now.wall));
      this.#ends.set(id, closedAt === undefined ? expires.mono : now.mono + keptMs);
    }
    for (const { id, state, due, waitMs = AFTER_MOST_MS } of deliveries) {
      const stored = { boot: due.boot, monoDue: due.mono, wallDue: due.wall };
      if (state === "waiting") this.#retries.set(id, reanchor(stored, { boot: this.#boot, ...now }, { mostMs: waitMs }));
    }
  }

  /** What was under way when the process ended may have arrived: unsure. */
  resume(now: Now): void {
    for (const delivery of this.#book.deliveries) {
      if (delivery.state === "started") this.#settle(delivery, CUT_OFF, now);
    }
  }

  /** @returns the id under which it is known, and how many verdicts will follow */
  submit(body: Escalation, asker: Asker, now: Now): Result<{ readonly id: string; readonly deliveries: number }, SubmitFault> {
    const digest = toBase64(sha256(utf8(JSON.stringify(body))));
    const known = this.#book.escalation(body.id);
    if (known !== undefined) {
      if (known.cluster !== asker.cluster) return fail({ kind: "differs" });
      // Agents of one cluster may word the same escalation differently; one agent may not.
      if (known.digest !== digest && known.agents.includes(asker.agent) && known.digest !== "") return fail({ kind: "differs" });
      if (!revives(known, asker, now)) return ok(this.#joined(known, asker, now));
    }
    const same = this.#book.openFor(asker.cluster, body);
    if (same !== undefined && same.id !== body.id) return ok(this.#joined(same, asker, now));
    if (this.#book.open >= ESCALATIONS_OPEN_MOST) return fail({ kind: "tooMany" });
    return ok(this.#begin(body, { digest, known }, asker, now));
  }

  /** What has not gone does not go. Also before the escalation itself has come: a request that was overtaken. */
  withdraw(id: string, asker: Asker, now: Now): Result<void, SubmitFault> {
    const row = this.#book.escalation(id) ?? unknownRow(id, asker, momentAt(now.mono, now, this.#boot));
    if (row.cluster !== asker.cluster) return fail({ kind: "differs" });
    this.#book.keep({ ...row, withdrawn: { agent: asker.agent, counter: String(asker.counter) } });
    this.#stop(id, "withdrawn", now);
    this.#closeIfDone(id, now);
    return ok(undefined);
  }

  /** Everyone told outside is told once how it ended; whoever was not told yet is not told at all. @returns how many are */
  notice(id: string, notice: Notice, asker: Asker, now: Now): Result<number, SubmitFault> {
    const row = this.#book.escalation(id);
    if (row === undefined) return ok(0);
    if (row.cluster !== asker.cluster) return fail({ kind: "differs" });
    if (row.closedAt !== undefined || row.notice !== undefined) return ok(0);
    const due = Math.max(row.expires.mono, now.mono + NOTICE_MS);
    this.#book.keep({
      ...row, notice, withdrawn: { agent: asker.agent, counter: String(asker.counter) },
      expires: momentAt(due, now, this.#boot),
    });
    this.#ends.set(id, due);
    this.#stop(id, "withdrawn", now);
    const told = this.#book.deliveriesOf(id).filter((delivery) => delivery.about === "alarm" && wasTold(delivery));
    for (const delivery of told) this.#tellEnd(delivery, now);
    this.#closeIfDone(id, now);
    return ok(told.reduce((sum, { operators }) => sum + operators.length, 0));
  }

  /** A call has come back. */
  carried({ id, call }: { readonly id: string; readonly call: number }, reply: CarrierReply, now: Now): void {
    const delivery = this.#book.delivery(id);
    if (delivery?.state !== "started" || this.#callOf.get(id) !== call) return;
    const channel = this.#channels.get(delivery.channel);
    const dispatch = this.#dispatchOf(delivery);
    assert(channel !== undefined && dispatch !== undefined, "a call that was made can be judged");
    const outcome = channel.judge(reply, dispatch);
    if (outcome.kind === "expired") this.#departures.expired(channel, id);
    this.#listener.called(channel.name, outcome, now);
    this.#settle(delivery, outcome, now);
  }

  /** Takes what has fallen due and starts what may go now. */
  advance(now: Now): void {
    for (let id = this.#ends.takeDue(now.mono); id !== undefined; id = this.#ends.takeDue(now.mono)) this.#ended(id, now);
    for (let id = this.#retries.takeDue(now.mono); id !== undefined; id = this.#retries.takeDue(now.mono)) this.#queue(id, now);
    for (let one = this.#departures.take(now); one !== undefined; one = this.#departures.take(now)) this.#depart(one, now);
  }

  next(now: Now): Ms | undefined {
    return earliest(this.#retries.next(), this.#ends.next(), this.#departures.next(now));
  }

  get open(): number {
    return this.#book.open;
  }

  #begin(
    submitted: Escalation,
    { digest, known }: { readonly digest: string; readonly known: EscalationRow | undefined },
    asker: Asker,
    now: Now,
  ): { readonly id: string; readonly deliveries: number } {
    const due = now.mono + submitted.expiresInMs;
    const body = { ...submitted, recipients: oneEach(submitted.recipients) };
    const planned = planDeliveries(body, { channels: this.#channels, allow: this.#allow, now, boot: this.#boot });
    const kept = known === undefined ? [] : this.#carryOver(known, planned, now);
    const rows = [...kept, ...planned.filter(({ id }) => !kept.some((delivery) => delivery.id === id))];
    const row: EscalationRow = {
      id: body.id, cluster: asker.cluster, agents: unique([...(known?.agents ?? []), asker.agent]), digest,
      occurrence: body.occurrence, revision: body.revision, step: body.step, ...(body.attempt === undefined ? {} : { attempt: body.attempt }),
      deliveries: rows.reduce((sum, { operators }) => sum + operators.length, 0),
      body, expires: momentAt(due, now, this.#boot),
    };
    this.#book.keep(row);
    this.#ends.set(row.id, due);
    for (const delivery of rows) {
      this.#book.put(delivery);
      if (delivery.state === "waiting") this.#retries.set(delivery.id, now.mono);
    }
    this.#retell(row, row.agents, now);
    this.#draft.log("escalation", { id: row.id, step: row.step, deliveries: row.deliveries });
    this.#closeIfDone(row.id, now);
    return { id: row.id, deliveries: row.deliveries };
  }

  /** One more agent follows it, or the same one asks again. */
  #joined(row: EscalationRow, { agent }: Asker, now: Now): { readonly id: string; readonly deliveries: number } {
    if (!row.agents.includes(agent)) {
      this.#book.keep({ ...row, agents: [...row.agents, agent] });
      this.#retell(row, [agent], now);
    }
    return { id: row.id, deliveries: row.deliveries };
  }

  /**
   * An escalation that was withdrawn comes back: its alarm was raised again. Whoever was told of the alarm and not of an end
   * still knows; a call under way is left alone; everything else starts anew.
   */
  #carryOver(known: EscalationRow, planned: readonly DeliveryRow[], now: Now): readonly DeliveryRow[] {
    const kept: DeliveryRow[] = [];
    for (const delivery of this.#book.deliveriesOf(known.id)) {
      const isPlanned = planned.some(({ id, operators }) => id === delivery.id && operators.join() === delivery.operators.join());
      const stays = isPlanned && (delivery.state === "started" || (known.notice === undefined && wasTold(delivery)));
      if (stays) kept.push(revived(delivery, now, this.#boot));
      else this.#drop(delivery);
    }
    return kept;
  }

  /** Puts a delivery that is due before its channel. */
  #queue(id: string, now: Now): void {
    const delivery = this.#book.delivery(id);
    const row = this.#book.escalation(delivery?.escalation ?? "");
    if (delivery?.state !== "waiting" || row?.body === undefined) return;
    const rank = delivery.about === "alarm" ? rankOf(row.body.severity) : SEVERITIES.length;
    const isSetUp = this.#departures.queue(delivery.channel, { id, rank, person: `${row.cluster}/${delivery.operators[0]}` });
    if (!isSetUp) this.#settle(delivery, GONE, now);
  }

  /** Makes a call: first it is written down as started, in the turn that the call leaves with. */
  #depart(departure: Departure, now: Now): void {
    const delivery = this.#book.delivery(departure.id);
    const dispatch = delivery === undefined ? undefined : this.#dispatchOf(delivery);
    assert(delivery !== undefined && dispatch !== undefined, "what waits still has its text and addresses");
    if (departure.kind === "blocked") {
      this.#settle(delivery, departure.outcome, now);
      return;
    }
    const request = departure.channel.compose(dispatch, departure.token);
    if (!request.ok) {
      this.#settle(delivery, request.fault, now);
      return;
    }
    this.#book.put({ ...delivery, state: "started" });
    this.#calls += 1;
    this.#callOf.set(delivery.id, this.#calls);
    this.#draft.add({ kind: "carry", purpose: { kind: "delivery", id: delivery.id, call: this.#calls }, request: request.value });
  }

  /** Writes down how a call ended, tells the agents where that is news, and plans what follows. */
  #settle(delivery: DeliveryRow, outcome: Outcome, now: Now): void {
    this.#departures.remove(delivery.channel, delivery.id);
    this.#callOf.delete(delivery.id);
    const { row: next, waitMs } = settled(delivery, outcome, { stopped: this.#isStopped(delivery, now), now, boot: this.#boot });
    this.#book.put(next);
    if (waitMs !== undefined) this.#retries.set(next.id, now.mono + waitMs);
    const closing = next.state === "ended";
    const news = closing || next.verdict !== delivery.verdict || next.reason !== delivery.reason;
    this.#draft.log("outcome", { delivery: next.id, outcome: outcome.kind, tries: next.tries, closing });
    const row = this.#book.escalation(delivery.escalation);
    if (row !== undefined && news) this.#say(row, next, row.agents, now);
    if (row?.notice !== undefined && next.about === "alarm" && wasTold(next)) this.#tellEnd(next, now);
    if (closing) this.#closeIfDone(delivery.escalation, now);
  }

  /** Whether no further attempt may follow, whatever the outcome. */
  #isStopped({ about, escalation }: DeliveryRow, now: Now): boolean {
    const row = this.#book.escalation(escalation);
    if (row === undefined || row.expires.mono <= now.mono) return true;
    return about === "alarm" && row.withdrawn !== undefined;
  }

  /** Whatever waits ends here; what is under way ends by itself. Withdrawn is the alarm alone, not the word of its end. */
  #stop(id: string, why: "withdrawn" | "expired", now: Now): void {
    const row = this.#book.escalation(id);
    for (const delivery of this.#book.deliveriesOf(id)) {
      if (delivery.state !== "waiting" || (why === "withdrawn" && delivery.about === "notice")) continue;
      this.#retries.cancel(delivery.id);
      this.#departures.remove(delivery.channel, delivery.id);
      const ended = stopped(delivery, why);
      this.#book.put(ended);
      if (row !== undefined) this.#say(row, ended, row.agents, now);
    }
  }

  #tellEnd(told: DeliveryRow, now: Now): void {
    const notice = noticeAfter(told, now, this.#boot);
    if (this.#book.delivery(notice.id) !== undefined) return;
    this.#book.put(notice);
    this.#retries.set(notice.id, now.mono);
  }

  /** An open escalation has expired, or a closed one has been kept long enough. */
  #ended(id: string, now: Now): void {
    const row = this.#book.escalation(id);
    if (row?.closedAt === undefined) {
      this.#stop(id, "expired", now);
      this.#closeIfDone(id, now);
      return;
    }
    this.#book.forget(id);
  }

  /** Closed: nothing will be sent any more, and so nobody's address is needed. */
  #closeIfDone(id: string, now: Now): void {
    const row = this.#book.escalation(id);
    if (row === undefined || row.closedAt !== undefined) return;
    const deliveries = this.#book.deliveriesOf(id);
    if (deliveries.some(({ state }) => state !== "ended")) return;
    const awaitsEnd = row.notice === undefined && deliveries.some(wasTold) && row.expires.mono > now.mono;
    if (awaitsEnd) return;
    const { body: _, ...rest } = row;
    this.#book.keep({ ...rest, closedAt: now.wall, reached: deliveries.some(wasTold) });
    for (const delivery of deliveries) this.#drop(delivery);
    this.#ends.set(id, now.mono + CLOSED_KEPT_MS);
  }

  #dispatchOf({ escalation, about, operators, plain, renewed, resent }: DeliveryRow): Dispatch | undefined {
    const row = this.#book.escalation(escalation);
    const [first, ...others] = row?.body?.recipients.filter(({ operator }) => operators.includes(operator)) ?? [];
    if (row?.body === undefined || first === undefined) return undefined;
    const end = about === "notice" ? row.notice : { kind: "alarm" as const };
    return end === undefined ? undefined : { escalation: row.body, about: end, recipients: [first, ...others], plain, renewed, resent };
  }

  /** Says again how everything stands, to agents that have not heard it. */
  #retell(row: EscalationRow, agents: readonly string[], now: Now): void {
    for (const delivery of this.#book.deliveriesOf(row.id)) if (delivery.verdict !== undefined) this.#say(row, delivery, agents, now);
  }

  /** A notice is no verdict on an alarm, and nobody asked for one. */
  #say(row: EscalationRow, delivery: DeliveryRow, agents: readonly string[], now: Now): void {
    const { about, channel, operators, verdict, reason, state } = delivery;
    if (about !== "alarm" || verdict === undefined) return;
    for (const operator of operators) {
      this.#listener.told(agents, {
        at: now.wall, escalation: row.id, occurrence: row.occurrence, operator, channel, verdict, reason, closing: state === "ended",
      });
    }
  }

  #drop(delivery: DeliveryRow): void {
    this.#book.drop(delivery);
    this.#callOf.delete(delivery.id);
    this.#retries.cancel(delivery.id);
    this.#departures.remove(delivery.channel, delivery.id);
  }
}

/** Withdrawn, and asked for again by a later request: the alarm is back. */
function revives({ withdrawn, agents, deliveries, closedAt, reached }: EscalationRow, { agent, counter }: Asker, now: Now): boolean {
  const late = closedAt !== undefined && Math.abs(now.wall - closedAt) >= ON_ITS_WAY_MS;
  // What one agent of a cluster has ended, or what reached nobody, says nothing of the alarm with which another comes later.
  if (late && !agents.includes(agent) && (withdrawn !== undefined || reached !== true)) return true;
  if (withdrawn === undefined) return false;
  // Of two agents one may not have heard what the other withdrew: rather twice than not at all.
  return withdrawn.agent === agent ? counter > BigInt(withdrawn.counter) : agents.includes(agent) || deliveries === 0;
}

function unknownRow(id: string, { agent, cluster }: Asker, expires: EscalationRow["expires"]): EscalationRow {
  return { id, cluster, agents: [agent], digest: "", occurrence: "", revision: 0, step: 0, deliveries: 0, expires };
}

function unique<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}

/** An operator named twice is told once. */
function oneEach(recipients: readonly Recipient[]): Recipient[] {
  return [...new Map(recipients.map((recipient) => [recipient.operator, recipient])).values()];
}
