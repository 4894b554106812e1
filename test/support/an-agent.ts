/** An agent's machine in a world of its own: time moves when told, what it writes and says is kept, and it can be started again. */

import { days, minutes, type Ms, type Now } from "../../lib/base/units.ts";
import type { Member } from "../../lib/agent/listeners.ts";
import { Agent } from "../../lib/agent/machine.ts";
import { remember } from "../../lib/agent/restore.ts";
import type { AgentEffect, AgentEvent, AgentSettings, AgentTurn } from "../../lib/agent/turn.ts";
import { ackNonce } from "../../lib/agent/views.ts";
import { DEFAULT_POLICY, type Policy } from "../../lib/alarm/policy.ts";
import { toBase64, utf8 } from "../../lib/base/bytes.ts";
import type { Listener } from "../../lib/duty/presence.ts";
import type { Operator } from "../../lib/duty/roster.ts";
import type { Change } from "../../lib/port/store.ts";
import type { LinkAnswer, LinkRequest } from "../../lib/port/relay-link.ts";
import type { Reply } from "../../lib/port/tickets.ts";
import type { Entry } from "../../lib/alarm/journal.ts";
import { identityFrom } from "../../lib/trust/keys.ts";
import type { Body, Message } from "../../lib/wire/message.ts";

export const WALL_START = Date.UTC(2026, 0, 10, 12);
const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const NONCE_KEY = bytes(6);

export function anOperator(set: Partial<Operator> & { readonly name: string }): Operator {
  return { language: "en", timezone: "UTC", modules: [], mail: `${set.name}@example.org`, wecom: undefined, mobile: undefined, ...set };
}

const LI = anOperator({ name: "li", modules: ["osd"] });
const ZHAO = anOperator({ name: "zhao", modules: ["net"] });
const CHIEF = anOperator({ name: "chief" });

/** li answers for osd, zhao for net, chief is the last resort; every rule but the default is left out. */
export function settings(set: Partial<AgentSettings> & { readonly people?: readonly Operator[] } = {}): AgentSettings {
  const { people = [LI, ZHAO, CHIEF], ...more } = set;
  return {
    rules: { rules: [{ name: "default", line: 1, match: [], module: "{module}", item: "{item}", severity: "source", policy: "default" }] },
    roster: { operators: Object.fromEntries(people.map((one) => [one.name, one])), teams: {}, lastResort: ["chief"] },
    policies: { default: DEFAULT_POLICY },
    replicaLabels: [], content: ["severity", "module", "item", "text", "times", "id"], lanRate: 200, unheardMs: days(3), agents: [],
    ...more,
  };
}

export function aPolicy(set: Partial<Policy>): Pick<AgentSettings, "policies"> {
  return { policies: { default: { ...DEFAULT_POLICY, ...set } } };
}

/** The listener of an operator, enrolled long ago. */
export function listenerOf(operator: string): string {
  return Buffer.from(operator.padEnd(8, "-")).toString("hex").slice(0, 16);
}

type Asked = Extract<AgentEvent, { kind: "asked" }>["question"];
type World = {
  readonly settings?: AgentSettings;
  readonly relay?: boolean;
  /** Operators who have a listener. */
  readonly members?: readonly string[];
};

export class AgentWorld {
  agent: Agent;
  #now: Now = { mono: minutes(100), wall: WALL_START };
  #boot = "boot-1";
  #settings: AgentSettings;
  #ticket = 0;
  #counter = 0n;
  readonly effects: AgentEffect[] = [];
  readonly log: AgentTurn["log"][number][] = [];
  entries: Entry[] = [];
  readonly rows = new Map<string, unknown>();
  readonly replies = new Map<number, Reply>();
  /** What the relay answers; undefined leaves the question open. */
  relay: (request: LinkRequest) => LinkAnswer | undefined = () => undefined;
  /** What else happens once the relay has answered. */
  afterwards: (request: LinkRequest) => void = () => {};

  constructor(set: World = {}) {
    this.#settings = set.settings ?? settings();
    for (const operator of set.members ?? []) this.rows.set(`members ${listenerOf(operator)}`, aMember(operator));
    if (set.relay === true) this.rows.set("meta relay", { host: "127.0.0.1", port: 1, certificate: "" });
    this.agent = this.#start();
    this.put({ kind: "started" });
  }

  get now(): Now {
    return this.#now;
  }

  /** The process ends and starts again from what it has written; `reboot`: so does the host. */
  restart({ downMs = 0, reboot = false, settings: other }: { readonly downMs?: Ms; readonly reboot?: boolean; readonly settings?: AgentSettings } = {}): void {
    this.#now = { mono: reboot ? 20_000 : this.#now.mono + downMs, wall: this.#now.wall + downMs };
    if (reboot) this.#boot += "'";
    if (other !== undefined) this.#settings = other;
    this.agent = this.#start();
    this.put({ kind: "started" });
  }

  reload(other: AgentSettings): void {
    this.#settings = other;
    this.put({ kind: "reloaded", settings: other });
  }

  /** Somebody sets the wall clock. */
  setsClock(byMs: Ms): void {
    this.#now = { ...this.#now, wall: this.#now.wall + byMs };
  }

  put(event: AgentEvent): void {
    this.agent.handle(event, this.#now);
    this.#turn();
  }

  /** @returns the reply */
  report(report: object | readonly object[], format: Extract<AgentEvent, { kind: "reported" }>["format"] = "reports"): Reply {
    const ticket = (this.#ticket += 1);
    this.put({ kind: "reported", format, body: utf8(JSON.stringify(report)), ticket });
    return this.replies.get(ticket) ?? { status: 0, body: undefined };
  }

  raise(set: { readonly module?: string; readonly item?: string; readonly severity?: string; readonly text?: string; readonly again?: boolean } = {}): string {
    const { module = "osd", item = "osd.12", severity = "critical", text = "disk is full", ...rest } = set;
    const { body } = this.report({ condition: "raised", labels: { module, item }, severity, text, ...rest });
    return String((body as { occurrences: string[] }).occurrences[0]);
  }

  clear(set: { readonly module?: string; readonly item?: string } = {}): void {
    const { module = "osd", item = "osd.12" } = set;
    this.report({ condition: "cleared", labels: { module, item }, text: "" });
  }

  ask(question: Asked): Reply {
    const ticket = (this.#ticket += 1);
    this.put({ kind: "asked", question, ticket });
    return this.replies.get(ticket) ?? { status: 0, body: undefined };
  }

  ack(id: string, operator = "li"): unknown {
    return this.ask({ kind: "ack", id, operator, comment: "", way: "console" }).body;
  }

  alarms(): readonly Readonly<Record<string, unknown>>[] {
    return (this.ask({ kind: "list", all: true }).body as { alarms: Record<string, unknown>[] }).alarms;
  }

  alarm(id: string): Readonly<Record<string, unknown>> {
    return this.alarms().find((one) => one["id"] === id) ?? {};
  }

  /** Alarms about Gapbell itself, by name: how each stands. */
  own(name: string): readonly Readonly<Record<string, unknown>>[] {
    return this.alarms().filter(({ labels }) => (labels as Record<string, string>)["alertname"] === name);
  }

  /** A listener says something, sealed for the agent. */
  hears(operator: string, message: Message): void {
    this.#counter += 1n;
    this.put({
      kind: "heard", from: { host: "127.0.0.1", port: 40_000 },
      packet: { sender: listenerOf(operator), epoch: 1n, counter: this.#counter, sealed: "pair", broadcast: false, freshness: "fresh", message },
    });
  }

  /** A listener says that it is there, in answer to the last beacon. */
  hello(operator: string, seat: Listener["seat"] = "person", set: Partial<Body<"hello">> = {}): void {
    if (this.said("beacon").length === 0) this.passes(2000);
    const last = this.said("beacon").at(-1)?.message;
    const challenge = last?.kind === "beacon" ? last.body.challenge : "";
    this.hears(operator, {
      kind: "hello",
      body: { nonce: "AAAA", challenge, versions: [1, 1], serial: 1, host: `laptop-${operator}`, seat, heard: { epoch: "1", counter: "1" }, open: "", rules: "", build: "test", ...set },
    });
  }

  /** An operator acknowledges on a listener; of the revision that was shown. */
  acksOnLan(operator: string, id: string, { revision = Number(this.alarm(id)["revision"]), robot = false } = {}): void {
    this.hears(operator, { kind: "ack", body: { id, revision, nonce: ackNonce({ id, revision }, NONCE_KEY), comment: "", robot } });
  }

  /** Lets time pass, waking the machine whenever it asks for it. */
  passes(ms: Ms): void {
    const end = this.#now.mono + ms;
    for (let due = this.agent.nextWakeup(); due !== undefined && due <= end; due = this.agent.nextWakeup()) {
      this.#to(Math.max(due, this.#now.mono));
      this.put({ kind: "tick" });
    }
    this.#to(end);
    this.put({ kind: "tick" });
  }

  /** The kinds on the timeline of an occurrence. */
  timeline(id: string): readonly string[] {
    return this.entries.filter(({ occurrence }) => occurrence === id).map(({ body }) => body.kind);
  }

  said<Kind extends Message["kind"]>(kind: Kind): readonly Extract<AgentEffect, { kind: "say" }>[] {
    return this.effects.flatMap((effect) => (effect.kind === "say" && effect.message.kind === kind ? [effect] : []));
  }

  asked<Kind extends LinkRequest["kind"]>(kind: Kind): readonly Extract<LinkRequest, { kind: Kind }>[] {
    return this.effects.flatMap((effect) => (effect.kind === "link" && effect.request.kind === kind ? [effect.request as Extract<LinkRequest, { kind: Kind }>] : []));
  }

  #start(): Agent {
    const load = (table: string) => [...this.rows].filter(([key]) => key.startsWith(`${table} `)).map(([key, row]) => ({ id: key.slice(table.length + 1), row }));
    return new Agent({
      settings: this.#settings, seed: 7, now: this.#now, remembered: remember({ load }, { boot: this.#boot, now: this.#now }),
      self: {
        clusterName: "c1", clusterKey: bytes(1), agentName: "node1", version: "test", versions: [1, 1], port: 11115,
        voice: identityFrom({ ed: bytes(2), x: bytes(3) }), voiceCertificate: "AAAA", group: { kid: 1, key: bytes(4) },
        secrets: { alarmKey: bytes(5), nonceKey: NONCE_KEY, escalationKey: bytes(7), challengeKey: bytes(8) }, boot: this.#boot, epoch: 1n, keySecret: bytes(11),
      },
    });
  }

  #to(mono: Ms): void {
    this.#now = { mono, wall: this.#now.wall + (mono - this.#now.mono) };
  }

  #turn(): void {
    const turn = this.agent.takeTurn();
    if (turn === undefined) return;
    for (const change of turn.changes) this.#write(change);
    this.log.push(...turn.log);
    for (const effect of turn.effects) {
      this.effects.push(effect);
      if (effect.kind === "answer") this.replies.set(effect.ticket, effect.reply);
      if (effect.kind !== "link") continue;
      const answer = this.relay(effect.request);
      if (answer === undefined) continue;
      this.put({ kind: "linked", request: effect.request, answer });
      this.afterwards(effect.request);
    }
  }

  #write(change: Change): void {
    if (change.kind === "append") this.entries.push(change.entry);
    else if (change.kind === "forget") this.entries = this.entries.filter(({ occurrence }) => occurrence !== change.occurrence);
    else if (change.kind === "put") this.rows.set(`${change.table} ${change.id}`, JSON.parse(JSON.stringify(change.row)));
    else this.rows.delete(`${change.table} ${change.id}`);
  }
}

function aMember(operator: string): Member {
  const key = toBase64(bytes(9));
  return {
    id: listenerOf(operator), serial: 1, operator, robot: operator.startsWith("robot"), host: `laptop-${operator}`,
    ed: key, x: key, invite: "AAAA", member: "AAAA", warrant: "AAAA", joinedAt: WALL_START,
  };
}
