/** A relay's machine with time, disk and carriers in the test's hands. */

import { channelsOf } from "../../lib/channel/channels.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { Prng } from "../../lib/base/prng.ts";
import { toBase64, utf8 } from "../../lib/base/bytes.ts";
import type { Ms, Now } from "../../lib/base/units.ts";
import type { CarrierReply, CarrierRequest } from "../../lib/port/carrier.ts";
import type { RelayRoute } from "../../lib/port/relay-door.ts";
import type { Change } from "../../lib/port/store.ts";
import type { Reply } from "../../lib/port/tickets.ts";
import { RelayMachine } from "../../lib/relay/machine.ts";
import { restoreRelay } from "../../lib/relay/restore.ts";
import type { AllowList, Purpose, RelayEffect, RelayTurn } from "../../lib/relay/turn.ts";
import { identityFrom } from "../../lib/trust/keys.ts";
import { joinMac } from "../../lib/wire/join-string.ts";
import type { Ability, Escalation, Leg, Notice, RelayEvent } from "../../lib/wire/relay-api.ts";
import { signRequest } from "../../lib/wire/request-signature.ts";
import { MAIL_SETTINGS, ROBOT_SETTINGS, WECOM_SETTINGS } from "./channel-settings.ts";

/** A call that was made and has not come back. */
export type Call = { readonly purpose: Purpose; readonly request: CarrierRequest };

export const ACCEPTED_MAIL: CarrierReply = { kind: "smtp", code: 250, response: "250 2.0.0 queued as 4F2A" };
export const ACCEPTED_WECOM: CarrierReply = { kind: "https", status: 200, headers: {}, body: '{"errcode":0,"errmsg":"ok","msgid":"m1"}' };
export const TOKEN_REPLY: CarrierReply = { kind: "https", status: 200, headers: {}, body: '{"errcode":0,"errmsg":"ok","access_token":"t1","expires_in":7200}' };
export const WRONG_SECRET: CarrierReply = { kind: "https", status: 200, headers: {}, body: '{"errcode":40001,"errmsg":"invalid credential"}' };

export const REFUSED_CONNECTION: CarrierReply = { kind: "failed", stage: "connect", sent: false, code: undefined, reason: "ECONNREFUSED" };
export const LOST_ANSWER: CarrierReply = { kind: "failed", stage: "answer", sent: true, code: undefined, reason: "ECONNRESET" };

export const LEGS: readonly Leg[] = (["lan", "outside"] as const).map((name) => ({
  name, up: true, interface: "eth0", address: "10.0.0.5", route: "", dns: "", reason: "", checkedAt: 0,
}));

/** All three channels, or those named. */
export function someChannels(...names: readonly Channel["name"][]): readonly Channel[] {
  const secret = { secret: "planted-secret", authority: undefined };
  const all = channelsOf(
    { mail: MAIL_SETTINGS, wecom: WECOM_SETTINGS, "wecom-robot": ROBOT_SETTINGS },
    { mail: secret, wecom: secret, "wecom-robot": secret },
  );
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

export class RelayBench {
  /** What an fsync has made durable: table, id, JSON. */
  readonly disk: Map<string, Map<string, string>>;
  readonly answers = new Map<number, Reply>();
  /** Calls under way, oldest first. */
  calls: Call[] = [];
  /** Everything that was ever carried. */
  readonly carried: Call[] = [];
  looks = 0;
  certificates: readonly string[] = [];
  exits: { readonly code: number; readonly reason: string }[] = [];
  now: Now;
  #machine: RelayMachine;
  readonly #channels: readonly Channel[];
  readonly #recipients: AllowList;
  readonly #seed: number;
  #boot = "boot-1";
  #ticket = 0;
  #counter = 0n;
  /** Answers probes and legs by themselves, so that stories are about something else. */
  readonly #quiet: boolean;

  constructor({ channels = someChannels("mail"), recipients = { mail: undefined, wecom: undefined }, seed = 1, quiet = true, start = true, disk = new Map() }: {
    readonly channels?: readonly Channel[]; readonly recipients?: AllowList; readonly seed?: number; readonly quiet?: boolean;
    readonly start?: boolean; readonly disk?: Map<string, Map<string, string>>;
  } = {}) {
    this.disk = disk;
    this.#channels = channels;
    this.#recipients = recipients;
    this.#seed = seed;
    this.#quiet = quiet;
    this.now = { mono: 1_000_000, wall: Date.UTC(2026, 10, 24, 8, 0, 0) };
    this.#machine = this.#build();
    if (start) this.start();
  }

  start(): void {
    this.handle({ kind: "started" });
  }

  /** One arrival, one turn, carried out in the order that `perform` keeps. @returns the turn */
  handle(arrival: Parameters<RelayMachine["handle"]>[0]): RelayTurn | undefined {
    this.#machine.handle(arrival, this.now);
    const turn = this.#machine.takeTurn();
    if (turn === undefined) return undefined;
    this.commit(turn.changes);
    for (const effect of turn.effects) this.#perform(effect);
    return turn;
  }

  /** The machine decides, and the process dies before the disk has it. */
  handleAndCrash(arrival: Parameters<RelayMachine["handle"]>[0], { committed }: { readonly committed: boolean }): void {
    this.#machine.handle(arrival, this.now);
    const turn = this.#machine.takeTurn();
    if (committed && turn !== undefined) this.commit(turn.changes);
    this.restart();
  }

  commit(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === "append" || change.kind === "forget") continue;
      const table = this.disk.get(change.table) ?? new Map<string, string>();
      this.disk.set(change.table, table);
      if (change.kind === "put") table.set(change.id, JSON.stringify(change.row));
      else table.delete(change.id);
    }
  }

  rows(table: string): readonly { readonly id: string; readonly row: unknown }[] {
    return [...(this.disk.get(table) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, row]) => ({ id, row: JSON.parse(row) as unknown }));
  }

  /** The process ends and starts again; what was under way is never heard of. */
  restart({ boot = this.#boot, wall = this.now.wall, mono = this.now.mono }: { readonly boot?: string; readonly wall?: number; readonly mono?: Ms } = {}): void {
    this.#boot = boot;
    this.now = { mono, wall };
    this.calls = [];
    this.#machine = this.#build();
    this.start();
  }

  /** Time passes; whatever falls due on the way is handled at its moment. */
  passes(ms: Ms): void {
    const end = this.now.mono + ms;
    for (let due = this.#machine.nextWakeup(); due !== undefined && due <= end; due = this.#machine.nextWakeup()) {
      this.#setMono(Math.max(due, this.now.mono));
      this.handle({ kind: "tick" });
      const again = this.#machine.nextWakeup();
      if (again !== undefined && again <= this.now.mono) throw new Error("The machine wants to be woken at a moment that has been handled");
    }
    this.#setMono(end);
  }

  /** The oldest call under way for this channel comes back. */
  comesBack(reply: CarrierReply, which: (call: Call) => boolean = isDelivery): void {
    const at = this.calls.findIndex(which);
    const [call] = at < 0 ? [] : this.calls.splice(at, 1);
    if (call === undefined) throw new Error("No such call is under way");
    this.handle({ kind: "carried", purpose: call.purpose, reply });
  }

  get deliveries(): readonly Call[] {
    return this.calls.filter(isDelivery);
  }

  /** A request as the agent would sign it. @returns its answer, or undefined where it waits */
  ask(route: RelayRoute, { id = "", body, query = {}, by = AGENT, counter }: {
    readonly id?: string; readonly body?: unknown; readonly query?: Readonly<Record<string, string>>; readonly by?: TestAgent; readonly counter?: bigint;
  } = {}): Reply | undefined {
    const ticket = this.askLater(route, { id, body, query, by, ...(counter === undefined ? {} : { counter }) });
    return this.answers.get(ticket);
  }

  /** @returns the ticket */
  askLater(route: RelayRoute, { id = "", body, query = {}, by = AGENT, counter }: {
    readonly id?: string; readonly body?: unknown; readonly query?: Readonly<Record<string, string>>; readonly by?: TestAgent; readonly counter?: bigint;
  } = {}): number {
    this.#ticket += 1;
    this.handle({ kind: "requested", request: this.request(route, { id, body, query, by, ...(counter === undefined ? {} : { counter }) }), ticket: this.#ticket });
    return this.#ticket;
  }

  request(route: RelayRoute, { id = "", body, query = {}, by = AGENT, counter }: {
    readonly id?: string; readonly body?: unknown; readonly query?: Readonly<Record<string, string>>; readonly by?: TestAgent; readonly counter?: bigint;
  } = {}) {
    this.#counter += 1n;
    const parts = { method: "POST", path: `/${route}/${id}`, body: body === undefined ? new Uint8Array() : utf8(JSON.stringify(body)) };
    const claim = { key: by.voice.id, time: this.now.wall, counter: counter ?? this.#counter, idempotency: "x" };
    return { route, id, query, headers: signRequest(parts, claim, by.voice.signer), parts };
  }

  /** Two agents of one cluster may sit before one relay. */
  joins(by: TestAgent = AGENT): Reply | undefined {
    const macKey = new Uint8Array(32).fill(this.#ticket + 1);
    this.handle({
      kind: "asked", ticket: -1 - this.#ticket,
      question: { kind: "invite", id: `i${this.#ticket}`, macKey: toBase64(macKey), certificate: `invite ${this.#ticket}`, expiresInMs: 600_000 },
    });
    const request = { cluster: by.cluster, clusterName: "c1", agent: by.agent, ed: toBase64(by.voice.ed), certificate: `certificate of ${by.agent}` };
    return this.ask("join", { body: { ...request, mac: joinMac(request, macKey) } });
  }

  submits(escalation: Escalation, by: TestAgent = AGENT): Reply | undefined {
    return this.ask("submit", { id: escalation.id, body: escalation, by });
  }

  withdraws(id: string, by: TestAgent = AGENT): Reply | undefined {
    return this.ask("withdraw", { id, by });
  }

  notices(id: string, notice: Partial<Notice> = {}, by: TestAgent = AGENT): Reply | undefined {
    return this.ask("notice", { id, body: { kind: "taken", by: "zhao", at: this.now.wall, ...notice }, by });
  }

  /** What the agent would hear if it asked now. */
  events(after = 0, by: TestAgent = AGENT): readonly RelayEvent[] {
    const { body } = this.ask("events", { query: { after: String(after), wait: "0" }, by }) ?? { body: { events: [] } };
    return (body as { readonly events: readonly RelayEvent[] }).events;
  }

  /** "mail accepted !" for a closing event, without the mark for one that goes on. */
  verdicts(by: TestAgent = AGENT): readonly string[] {
    return this.events(0, by).map(({ channel, verdict, closing }) => `${channel} ${verdict}${closing ? " !" : ""}`);
  }

  ability(fresh = false): Ability | undefined {
    return this.ask("ability", { query: fresh ? { fresh: "1" } : {} })?.body as Ability | undefined;
  }

  #setMono(mono: Ms): void {
    this.now = { mono, wall: this.now.wall + (mono - this.now.mono) };
  }

  #build(): RelayMachine {
    const rows = restoreRelay({ load: (table) => this.rows(table) });
    if (!rows.ok) throw new Error(JSON.stringify(rows.fault));
    return new RelayMachine({
      settings: { name: "jump1", version: "0.0.0", channels: this.#channels, recipients: this.#recipients },
      boot: this.#boot, dice: new Prng(this.#seed), rows: rows.value, now: this.now,
    });
  }

  #perform(effect: RelayEffect): void {
    switch (effect.kind) {
      case "answer":
        if (this.answers.has(effect.ticket)) throw new Error("A ticket was answered twice");
        this.answers.set(effect.ticket, effect.reply);
        return;
      case "carry":
        this.carried.push(effect);
        if (this.#quiet && effect.purpose.kind !== "delivery") this.#answerQuietly(effect);
        else this.calls.push(effect);
        return;
      case "look":
        this.looks += 1;
        if (this.#quiet) this.handle({ kind: "looked", legs: LEGS });
        return;
      case "accept":
        this.certificates = effect.certificates;
        return;
      case "exit":
        this.exits.push(effect);
        return;
    }
  }

  #answerQuietly({ purpose, request }: Call): void {
    const reply: CarrierReply = request.kind === "https" ? TOKEN_REPLY : { kind: "smtp", code: 250, response: "250 ok" };
    this.handle({ kind: "carried", purpose, reply });
  }
}

export type TestAgent = { readonly agent: string; readonly cluster: string; readonly voice: ReturnType<typeof identityFrom> };

/** The same number gives the same keys. */
export function testAgent(number: number, cluster = "cluster-1"): TestAgent {
  return {
    agent: `agent${number}`, cluster,
    voice: identityFrom({ ed: new Uint8Array(32).fill(number), x: new Uint8Array(32).fill(number + 100) }),
  };
}

export const AGENT = testAgent(1);

/** A relay that an agent has joined. */
export function aRelay(options: ConstructorParameters<typeof RelayBench>[0] = {}): RelayBench {
  const bench = new RelayBench(options);
  bench.joins();
  return bench;
}

export function isDelivery({ purpose }: Call): boolean {
  return purpose.kind === "delivery";
}
