/** A real agent behind a real opener and sealer, and whoever sends it datagrams: what it says to them, byte for byte. */

import { Agent } from "../../lib/agent/machine.ts";
import { placesOf, remember } from "../../lib/agent/restore.ts";
import { ringOf } from "../../lib/agent/ring.ts";
import type { AgentEffect, AgentEvent } from "../../lib/agent/turn.ts";
import { ackNonce } from "../../lib/agent/views.ts";
import { toBase64, utf8 } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/base/digest.ts";
import { minutes, type Ms, type Now } from "../../lib/base/units.ts";
import type { Address } from "../../lib/port/lan.ts";
import type { Reply } from "../../lib/port/tickets.ts";
import { issue } from "../../lib/trust/certificate.ts";
import { composeJoin } from "../../lib/trust/enrolment.ts";
import { type Invite, inviteName, joinKeyOf } from "../../lib/trust/invite.ts";
import { clusterIdOf, type Identity, identityFrom } from "../../lib/trust/keys.ts";
import type { Body, Message } from "../../lib/wire/message.ts";
import type { Versions } from "../../lib/wire/versions.ts";
import { fill, Party } from "./a-cluster.ts";
import { settings } from "./an-agent.ts";

export const CLUSTER = identityFrom({ ed: fill(1), x: fill(1) });
export const NONCE_KEY = fill(6);
const FIRST_GROUP = { kid: 1, key: fill(4) };

export type Said = { readonly message: Message; readonly datagram: Uint8Array; readonly to: Address | "everyone" | "agents" };

export class BesiegedAgent {
  readonly #rows = new Map<string, unknown>();
  readonly #replies = new Map<number, Reply>();
  readonly #names: { readonly clusterName: string; readonly agentName: string };
  readonly voice: Identity;
  readonly voiceCertificate: string;
  #now: Now = { mono: minutes(100), wall: Date.UTC(2026, 0, 10, 12) };
  #ticket = 0;
  #life = 0n;
  #said: Said[] = [];
  /** What its next life speaks. */
  versions: Versions = [1, 1];
  party: Party;
  #agent: Agent;

  /** @param number 1, 2, …: which agent of the cluster it is */
  constructor({ clusterName = "c1", number = 1, agentName }: { readonly clusterName?: string; readonly number?: number; readonly agentName?: string } = {}) {
    const name = agentName ?? `node${number}`;
    this.#names = { clusterName, agentName: name };
    this.voice = identityFrom({ ed: fill(1 + number), x: fill(101 + number) });
    this.voiceCertificate = issue("voice", { serial: number, agent: name, ed: toBase64(this.voice.ed), x: toBase64(this.voice.x) }, CLUSTER.signer);
    [this.party, this.#agent] = this.#begins();
    this.put({ kind: "started" });
  }

  get now(): Now {
    return this.#now;
  }

  /** A new life of the process, from what the disk has kept. @param diskBreaks whether nothing of its first turn is stored, and so nothing carried out */
  start({ diskBreaks = false }: { readonly diskBreaks?: boolean } = {}): void {
    [this.party, this.#agent] = this.#begins();
    if (!diskBreaks) return void this.put({ kind: "started" });
    this.#agent.handle({ kind: "started" }, this.#now);
    this.#agent.takeTurn();
  }

  #begins(): [Party, Agent] {
    this.#life += 1n;
    const store = { load: (table: string) => [...this.#rows].filter(([key]) => key.startsWith(`${table} `)).map(([key, row]) => ({ id: key.slice(table.length + 1), row })) };
    const remembered = remember(store, { boot: "boot-1", now: this.#now });
    const ring = ringOf(remembered, { voice: this.voice, clusterKey: CLUSTER.ed, group: FIRST_GROUP });
    const party = new Party({ identity: this.voice, peers: [], side: "agent", epoch: this.#life, ring });
    for (const [listener, place] of placesOf(store)) party.opener.adopt(listener, place);
    const agent = new Agent({
      settings: settings(), seed: 7, now: this.#now, remembered,
      self: {
        ...this.#names, clusterKey: CLUSTER.ed, version: "test", versions: this.versions, port: 11_115, voice: this.voice, group: FIRST_GROUP, boot: "boot-1", epoch: this.#life, keySecret: fill(90 + Number(this.#life)),
        voiceCertificate: this.voiceCertificate,
        secrets: { alarmKey: fill(5), nonceKey: NONCE_KEY, escalationKey: fill(7), challengeKey: fill(8) },
      },
    });
    return [party, agent];
  }

  /** One datagram arrives. @returns what the agent says at once */
  hears(datagram: Uint8Array, from: Address): readonly Said[] {
    const opened = this.party.opener.open(datagram, from.host, this.#now.mono);
    return opened.ok ? this.put({ kind: "heard", from, packet: opened.value }) : [];
  }

  put(event: AgentEvent): readonly Said[] {
    this.#said = [];
    this.#agent.handle(event, this.#now);
    const turn = this.#agent.takeTurn();
    for (const change of turn?.changes ?? []) {
      if (change.kind === "put") this.#rows.set(`${change.table} ${change.id}`, JSON.parse(JSON.stringify(change.row)));
      else if (change.kind === "delete") this.#rows.delete(`${change.table} ${change.id}`);
    }
    for (const effect of turn?.effects ?? []) this.#carry(effect);
    return this.#said;
  }

  /** Lets time pass. @returns everything that was said meanwhile */
  passes(ms: Ms): readonly Said[] {
    const end = this.#now.mono + ms;
    const all: Said[] = [];
    for (let due = this.#agent.nextWakeup(); due !== undefined && due <= end; due = this.#agent.nextWakeup()) {
      this.#to(Math.max(due, this.#now.mono));
      all.push(...this.put({ kind: "tick" }));
    }
    this.#to(end);
    return [...all, ...this.put({ kind: "tick" })];
  }

  /** Hands out an invite; the first ones are for li. */
  invites({ operator = "li", number = 1, forMs = minutes(60) } = {}): Invite {
    const id = fill(number, 8);
    const secret = fill(number + 50, 16);
    const warrant = issue("warrant", { id: inviteName(id), operator, robot: false, hash: toBase64(sha256(secret)), expires: this.#now.wall + forMs }, CLUSTER.signer);
    this.ask({ kind: "invited", warrant, joinKey: toBase64(joinKeyOf(secret)) });
    return { cluster: clusterIdOf(CLUSTER.ed), secret, address: { host: "10.0.0.1", port: 11_115 }, id };
  }

  /** Joins, and says hello. @returns the newcomer */
  enrols(identity: Identity, { operator = "li", number = 1, host = "laptop", at }: { readonly operator?: string; readonly number?: number; readonly host?: string; readonly at: Address }): Party {
    const party = new Party({ identity, peers: [this.voice], side: "client" });
    const join = composeJoin({ invite: this.invites({ operator, number }), own: identity, nonce: fill(number, 16), host });
    const [joined] = this.hears(party.seal({ kind: "join", body: join }, "clear"), at);
    if (joined?.message.kind !== "joined" || joined.message.body.refused !== undefined) throw new Error(`not joined: ${JSON.stringify(joined?.message)}`);
    this.hears(this.hello(party), at);
    return party;
  }

  /** A HELLO that echoes the agent's latest challenge. */
  hello(party: Party, set: Partial<Body<"hello">> = {}): Uint8Array {
    const body: Body<"hello"> = {
      nonce: toBase64(fill(3, 8)), challenge: this.challenge(), versions: [1, 1], serial: 1, host: "laptop", seat: "person",
      heard: { epoch: "0", counter: "0" }, open: "", rules: "", build: "test", ...set,
    };
    return party.seal({ kind: "hello", body }, this.voice);
  }

  /** The challenge of its present beacon. */
  challenge(): string {
    const stranger = new Party({ identity: identityFrom({ ed: fill(99), x: fill(99) }), peers: [], side: "client" });
    const seek = { kind: "seek", body: { nonce: toBase64(fill(1, 8)), key: toBase64(stranger.identity.ed), pad: ".".repeat(760) } } as const;
    this.#to(this.#now.mono + 1000);
    const [said] = this.hears(stranger.seal(seek, "clear"), { host: "10.0.0.99", port: 9 });
    if (said?.message.kind !== "beacon") throw new Error("no beacon");
    return said.message.body.challenge;
  }

  /** Revokes whoever has these keys; signed by `by`. */
  revokes({ ed }: Identity, by: Identity = CLUSTER): Reply {
    const ticket = (this.#ticket += 1);
    const certificate = issue("revocation", { ed: toBase64(ed), serial: 1, at: this.#now.wall }, by.signer);
    this.put({ kind: "asked", question: { kind: "revoked", certificates: [certificate] }, ticket });
    return this.#replies.get(ticket) ?? { status: 0, body: undefined };
  }

  /** As it lies on the disk. */
  row(table: string, id: string): unknown {
    return this.#rows.get(`${table} ${id}`);
  }

  /** Everything said in answer to the last event. */
  get lastSaid(): readonly Said[] {
    return this.#said;
  }

  raises(severity = "minor", set: { readonly text?: string; readonly item?: string; readonly generatedAt?: string; readonly staleAfter?: string; readonly again?: boolean } = {}): string {
    const ticket = (this.#ticket += 1);
    const { item = "osd.12", ...more } = set;
    this.put({ kind: "reported", format: "reports", body: utf8(JSON.stringify({ condition: "raised", labels: { module: "osd", item }, severity, text: "disk is full", ...more })), ticket });
    const body = (this.#replies.get(ticket)?.body ?? { occurrences: [] }) as { readonly occurrences: readonly string[] };
    return body.occurrences[0] ?? "";
  }

  /** As a Prometheus posts: what fires, by the clock of the source. */
  fires({ at, since }: { readonly at: number; readonly since: number }): void {
    const body = [{ labels: { alertname: "Full", module: "osd", item: "osd.12", severity: "minor" }, annotations: { summary: "disk is full" }, startsAt: new Date(since).toISOString(), endsAt: new Date(at + minutes(4)).toISOString() }];
    this.put({ kind: "reported", format: "alertmanager-api", body: utf8(JSON.stringify(body)), ticket: (this.#ticket += 1) });
  }

  clears(item = "osd.12"): void {
    this.put({ kind: "reported", format: "reports", body: utf8(JSON.stringify({ condition: "cleared", labels: { module: "osd", item }, text: "" })), ticket: (this.#ticket += 1) });
  }

  alarm(id: string): Readonly<Record<string, unknown>> {
    return this.alarms(true).find((one) => one["id"] === id) ?? {};
  }

  alarms(all = false): readonly Readonly<Record<string, unknown>>[] {
    return (this.ask({ kind: "list", all }) as { readonly alarms: readonly Record<string, unknown>[] }).alarms;
  }

  takes(id: string, operator = "li"): void {
    this.ask({ kind: "ack", id, operator, comment: "", way: "console" });
  }

  /** Somebody sets its wall clock. */
  setsClock(byMs: Ms): void {
    this.#now = { ...this.#now, wall: this.#now.wall + byMs };
  }

  listeners(): readonly { readonly id: string; readonly serial: number; readonly state: string; readonly address: string; readonly revokedAt?: number }[] {
    return (this.ask({ kind: "listeners" }) as { readonly listeners: ReturnType<BesiegedAgent["listeners"]> }).listeners;
  }

  /** Messages that came to nothing, by reason. */
  refused(): Readonly<Record<string, number>> {
    return (this.ask({ kind: "listeners" }) as { readonly refused: Record<string, number> }).refused;
  }

  drops(): Readonly<Record<string, number>> {
    return this.party.opener.drops();
  }

  nonceOf(id: string, revision = 1): string {
    return ackNonce({ id, revision }, NONCE_KEY);
  }

  /** Something else writes a row while it does not run. */
  keeps(table: string, id: string, row: unknown): void {
    this.#rows.set(`${table} ${id}`, row);
  }

  /** The disk loses a table. */
  loses(table: string): void {
    for (const key of [...this.#rows.keys()]) if (key.startsWith(`${table} `)) this.#rows.delete(key);
  }

  /** What the disk has kept of one table, in order of id. */
  rows(table: string): readonly unknown[] {
    return [...this.#rows].filter(([key]) => key.startsWith(`${table} `)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }

  /** What a person asks of it. @returns the body of the reply */
  ask(question: Extract<AgentEvent, { kind: "asked" }>["question"]): unknown {
    const ticket = (this.#ticket += 1);
    this.put({ kind: "asked", question, ticket });
    return this.#replies.get(ticket)?.body;
  }

  #carry(effect: AgentEffect): void {
    const { ring, opener, sealer } = this.party;
    if (effect.kind === "answer") this.#replies.set(effect.ticket, effect.reply);
    else if (effect.kind === "enrol") ring.addPeer(effect.peer);
    else if (effect.kind === "setGroup") for (const { kid, key } of effect.keys) ring.setGroup(kid, key);
    else if (effect.kind === "expel") {
      ring.expel(effect.peer);
      opener.forget(effect.peer);
    } else if (effect.kind === "befriend") ring.addAgent(effect.peer);
    else if (effect.kind === "adopt") opener.adopt(effect.peer, effect);
    else if (effect.kind === "welcome") this.#say({ kind: "welcome", body: { ...effect.body, epoch: String(sealer.epoch), counter: String(sealer.counter) } }, effect);
    else if (effect.kind === "say") this.#say(effect.message, "address" in effect.to ? effect.to : effect.to.kind, effect);
  }

  #say(message: Message, to: "everyone" | "agents" | { readonly peer?: string; readonly address: Address }, { deflate = false }: { readonly deflate?: boolean } = {}): void {
    const broadcast = typeof to === "string";
    const sealTo = broadcast ? (message.kind === "beacon" ? "clear" : "group") : to.peer === undefined ? "clear" : undefined;
    const peer = broadcast || to.peer === undefined ? "" : to.peer;
    const sealed = this.party.sealer.seal(message, sealTo === undefined ? { kind: "pair", peer } : { kind: sealTo }, { broadcast, repeat: false, deflate });
    if (!sealed.ok) throw new Error(`cannot seal ${message.kind}: ${JSON.stringify(sealed.fault)}`);
    this.#said.push({ message, datagram: sealed.value, to: broadcast ? to : to.address });
  }

  #to(mono: Ms): void {
    this.#now = { mono, wall: this.#now.wall + (mono - this.#now.mono) };
  }
}
