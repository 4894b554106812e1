/** A listener's machine in a world of its own: real packets, a scripted agent, time that moves when told, a disk that survives. */

import type { ClientEffect, ClientEvent, ClientSelf, KnownAgent } from "../../lib/client/turn.ts";
import { Client } from "../../lib/client/machine.ts";
import { peersOf, restoreClient } from "../../lib/client/restore.ts";
import { toBase64 } from "../../lib/base/bytes.ts";
import { minutes, type Ms, type Now } from "../../lib/base/units.ts";
import type { ClientQuestion, TapLine } from "../../lib/port/client-door.ts";
import type { Address } from "../../lib/port/lan.ts";
import type { Reply } from "../../lib/port/tickets.ts";
import { type GroupKey, KeyRing } from "../../lib/trust/keys.ts";
import { Opener } from "../../lib/trust/opener.ts";
import { Sealer } from "../../lib/trust/sealer.ts";
import type { Body, MessageKind } from "../../lib/wire/message.ts";
import type { Versions } from "../../lib/wire/versions.ts";
import { aListener, bytesOf, type Outgoing, ScriptedAgent } from "./a-scripted-agent.ts";

const AGENT_AT: Address = { host: "10.0.0.1", port: 11115 };
const CLIENT_AT: Address = { host: "10.0.0.20", port: 40000 };

type Set = {
  readonly operator?: string;
  readonly robot?: boolean;
  readonly agents?: readonly ScriptedAgent[];
  /** Agents of the cluster that this listener knows nothing of. */
  readonly unknown?: readonly ScriptedAgent[];
  /** Whether what is shown counts as seen. */
  readonly person?: boolean;
  /** What becomes of TCP; without it the listener may not try. */
  readonly tcp?: "open" | "refused" | "silent";
};

export class ClientWorld {
  readonly agents: readonly ScriptedAgent[];
  readonly identity = aListener();
  readonly rows = new Map<string, unknown>();
  effects: ClientEffect[] = [];
  readonly replies = new Map<number, Reply>();
  client: Client;
  /** What its next life speaks. */
  versions: Versions = [1, 1];
  /** Datagrams towards the agents, or from them, are lost by UDP while set. */
  lost = { toAgent: false, toClient: false };
  diskFails = false;
  tcp: Set["tcp"];
  /** Where what the agents say comes from. */
  agentAt = AGENT_AT;
  readonly #set: Set;
  readonly #all: readonly ScriptedAgent[];
  /** Whom this listener does not reach, and does not hear. */
  readonly away = new Set<ScriptedAgent>();
  /** The group key that came with the joining. */
  readonly #joined: GroupKey;
  #ring = new KeyRing(this.identity);
  #opener = new Opener({ ring: this.#ring, side: "client" });
  #sealer = new Sealer({ ring: this.#ring, epoch: 1n });
  #now: Now = { mono: minutes(100), wall: Date.UTC(2026, 0, 10, 12) };
  #ticket = 0;
  #lives = 0;

  constructor(set: Set = {}) {
    this.#set = set;
    this.tcp = set.tcp;
    this.agents = set.agents ?? [new ScriptedAgent()];
    this.#all = [...this.agents, ...(set.unknown ?? [])];
    for (const agent of this.#all) agent.enrol(this.identity);
    this.#joined = this.agent.group;
    this.client = this.#life();
    this.put({ kind: "started" });
  }

  get agent(): ScriptedAgent {
    const [first] = this.agents;
    if (first === undefined) throw new Error("a world has an agent");
    return first;
  }

  get now(): Now {
    return this.#now;
  }

  /** A new life of the process, from what the disk has kept. */
  start(): void {
    this.client = this.#life();
    this.effects = [];
    this.put({ kind: "started" });
  }

  #life(): Client {
    this.#lives += 1;
    this.#ring = new KeyRing(this.identity);
    this.#ring.setGroup(this.#joined.kid, this.#joined.key);
    for (const { voice } of this.agents) this.#ring.addPeer(voice);
    this.#opener = new Opener({ ring: this.#ring, side: "client" });
    this.#sealer = new Sealer({ ring: this.#ring, epoch: BigInt(this.#lives) });
    const members = this.agents.map((agent): KnownAgent => ({ id: agent.voice.id, name: agent.name, voice: agent.voiceCertificate, serial: 1, address: undefined, heardOn: undefined }));
    const remembered = restoreClient({ load: (table) => this.table(table) }, { members, onBad: () => {} });
    for (const peer of peersOf(remembered.agents, this.agent.clusterKey)) this.#ring.addPeer(peer);
    for (const [peer, place] of remembered.places) this.#opener.adopt(peer, place);
    const [first] = this.agents;
    const self: ClientSelf = {
      id: this.identity.id, key: this.identity.ed, operator: this.#set.operator ?? "li", robot: this.#set.robot ?? false, serial: 7,
      cluster: toBase64(first?.cluster ?? bytesOf(0)), clusterName: "c1", clusterKey: first?.clusterKey ?? bytesOf(0), group: this.#joined,
      host: "laptop", seat: this.#set.robot === true ? "robot" : "person", language: "en", version: "test", versions: this.versions, nonceKey: bytesOf(this.#lives), configured: [], tcp: this.#set.tcp !== undefined,
    };
    return new Client({ self, remembered, seed: 11, now: this.#now });
  }

  put(event: ClientEvent): void {
    this.client.handle(event, this.#now);
    this.turn();
  }

  /** One datagram of an agent arrives. */
  hears(datagram: Uint8Array, from: Address = this.agentAt): void {
    const opened = this.#opener.open(datagram, `${from.host}:${from.port}`, this.#now.mono);
    if (opened.ok) this.put({ kind: "heard", from, packet: opened.value });
  }

  /** How many datagrams were dropped, for each reason, since the start of this life. */
  drops(): Readonly<Record<string, number>> {
    return this.#opener.drops();
  }

  /** SEEK, BEACON, HELLO and WELCOME have been exchanged, and everything has been fetched. */
  settle(): this {
    for (const agent of this.#all) if (!this.away.has(agent)) this.hears(agent.beacon());
    this.passes(2000);
    return this;
  }

  ask(question: ClientQuestion): number {
    const ticket = (this.#ticket += 1);
    this.put({ kind: "asked", question, ticket });
    return ticket;
  }

  list(all = false): readonly Readonly<Record<string, unknown>>[] {
    const reply = this.replies.get(this.ask({ kind: "list", all }));
    return (reply?.body as { alarms: Record<string, unknown>[] } | undefined)?.alarms ?? [];
  }

  status(): Readonly<Record<string, unknown>> & { readonly green: boolean; readonly agents: readonly Record<string, unknown>[]; readonly alarms: Record<string, number> } {
    return this.replies.get(this.ask({ kind: "status" }))?.body as ReturnType<ClientWorld["status"]>;
  }

  /** Lets time pass, waking the machine whenever it asks for it; beacons come only where `beacons` is set. */
  passes(ms: Ms, { beacons = false }: { readonly beacons?: boolean } = {}): void {
    const end = this.#now.mono + ms;
    let beaconAt = this.#now.mono + 20_000;
    for (;;) {
      const due = Math.min(this.client.nextWakeup() ?? Number.POSITIVE_INFINITY, beacons ? beaconAt : Number.POSITIVE_INFINITY);
      if (due > end) break;
      this.#to(Math.max(due, this.#now.mono));
      if (beacons && this.#now.mono >= beaconAt) {
        beaconAt += 20_000;
        for (const agent of this.#all) if (!this.away.has(agent)) this.hears(agent.beacon());
      }
      this.put({ kind: "tick" });
    }
    this.#to(end);
    this.put({ kind: "tick" });
  }

  /** The host sleeps: nothing runs, nothing arrives. */
  sleeps(ms: Ms): void {
    this.#to(this.#now.mono + ms);
    this.put({ kind: "tick" });
  }

  /** Every ring that was put on the desk, as `id ring`. */
  rung(): readonly string[] {
    return this.effects.flatMap((effect) => (effect.kind === "show" && effect.showing.rings ? [`${effect.showing.alarm.id.slice(0, 6)} ${effect.showing.alarm.ring}`] : []));
  }

  shown(): readonly Extract<ClientEffect, { kind: "show" }>["showing"][] {
    return this.effects.flatMap((effect) => (effect.kind === "show" ? [effect.showing] : []));
  }

  updates(): readonly { readonly line: string; readonly gone: boolean }[] {
    return this.effects.flatMap((effect) => (effect.kind === "update" ? [{ line: effect.line, gone: effect.gone }] : []));
  }

  hearingLines(): readonly string[] {
    return this.effects.flatMap((effect) => (effect.kind === "hearing" ? [effect.line] : []));
  }

  lines(): readonly TapLine[] {
    return this.effects.flatMap((effect) => (effect.kind === "tell" ? [effect.line] : []));
  }

  said<Kind extends MessageKind>(kind: Kind): readonly Body<Kind>[] {
    return this.effects.flatMap((effect) => (effect.kind === "say" && effect.message.kind === kind ? [effect.message.body as Body<Kind>] : []));
  }

  /** What was said about receipts, one entry each: `id ring level`. */
  receipts(): readonly string[] {
    return this.said("receipt").flatMap(({ receipts }) => receipts.map(({ id, ring, level }) => `${id.slice(0, 6)} ${ring} ${level}`));
  }

  turn(): void {
    const turn = this.client.takeTurn();
    if (turn === undefined) return;
    if (turn.changes.length > 0 && this.diskFails) {
      this.put({ kind: "storeFailed", reason: "disk is full" });
    } else {
      for (const change of turn.changes) {
        if (change.kind === "put") this.rows.set(`${change.table} ${change.id}`, JSON.parse(JSON.stringify(change.row)));
        else if (change.kind === "delete") this.rows.delete(`${change.table} ${change.id}`);
      }
    }
    for (const effect of turn.effects) this.#carry(effect);
  }

  /** The datagram that an effect stands for. */
  seal({ message, to, repeat, deflate = false }: Extract<ClientEffect, { kind: "say" }>): Uint8Array {
    const sealed = this.#sealer.seal(message, to.kind === "agent" ? { kind: "pair", peer: to.peer } : to.kind === "agents" ? { kind: "group" } : { kind: "clear" }, {
      broadcast: to.kind === "agents", repeat, deflate,
    });
    if (!sealed.ok) throw new Error(`cannot seal ${message.kind}: ${JSON.stringify(sealed.fault)}`);
    return sealed.value;
  }

  table(table: string): readonly { readonly id: string; readonly row: unknown }[] {
    return [...this.rows].filter(([key]) => key.startsWith(`${table} `)).map(([key, row]) => ({ id: key.slice(table.length + 1), row }));
  }

  #carry(effect: ClientEffect): void {
    this.effects.push(effect);
    switch (effect.kind) {
      case "answer":
        this.replies.set(effect.ticket, effect.reply);
        return;
      case "adopt":
        this.#opener.adopt(effect.peer, effect);
        return;
      case "setGroup":
        for (const { kid, key } of effect.keys) this.#ring.setGroup(kid, key);
        return;
      case "befriend":
        this.#ring.addPeer(effect.peer);
        return;
      case "dismiss":
        this.#ring.expel(effect.peer);
        return;
      case "show":
        if (this.#set.person === true && effect.showing.rings) this.put({ kind: "shown", id: effect.showing.alarm.id, ring: effect.showing.alarm.ring, seen: true });
        return;
      case "summarize":
        if (this.#set.person === true) for (const { id, ring } of effect.summary.worst) this.put({ kind: "shown", id, ring, seen: true });
        return;
      case "say": {
        const { to } = effect;
        const datagram = this.seal(effect);
        const byTcp = "address" in to && to.address?.road === "tcp";
        if (byTcp && this.tcp === "refused") return this.put({ kind: "broken", address: this.agentAt });
        if (byTcp ? this.tcp === "silent" : this.lost.toAgent) return;
        const targets = to.kind === "agent" ? this.#all.filter(({ voice }) => voice.id === to.peer) : this.#all;
        for (const agent of targets) if (!this.away.has(agent)) this.#deliver(agent.receive(datagram, CLIENT_AT), byTcp);
        return;
      }
      default:
        return;
    }
  }

  #deliver(said: readonly Outgoing[], byTcp: boolean): void {
    if (this.lost.toClient && !byTcp) return;
    for (const { datagram } of said) this.hears(datagram, byTcp ? { ...this.agentAt, road: "tcp" } : this.agentAt);
  }

  #to(mono: Ms): void {
    this.#now = { mono, wall: this.#now.wall + (mono - this.#now.mono) };
  }
}
