/** An agent's machine in a world of its own: time moves when told, what it says is kept. */

import { minutes, type Ms, type Now } from "../../lib/base/units.ts";
import { Agent, type Remembered } from "../../lib/agent/machine.ts";
import type { AgentEffect, AgentEvent, AgentSettings } from "../../lib/agent/turn.ts";
import { ACK_MS_DEFAULT, DEFAULT_POLICY } from "../../lib/alarm/policy.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import type { Operator } from "../../lib/duty/roster.ts";
import type { Change } from "../../lib/port/store.ts";
import type { LinkAnswer, LinkRequest } from "../../lib/port/relay-link.ts";
import type { Reply } from "../../lib/port/tickets.ts";
import type { Entry } from "../../lib/alarm/journal.ts";
import { identityFrom } from "../../lib/trust/keys.ts";

export const WALL_START = Date.UTC(2026, 0, 10, 12);
const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

export function anOperator(set: Partial<Operator> & { readonly name: string }): Operator {
  return { language: "en", timezone: "UTC", modules: [], mail: `${set.name}@example.org`, wecom: undefined, mobile: undefined, ...set };
}

/** li answers for osd, zhao for net, chief is the last resort; every rule but the default is left out. */
export function settings(set: Partial<AgentSettings> = {}): AgentSettings {
  const people = [anOperator({ name: "li", modules: ["osd"] }), anOperator({ name: "zhao", modules: ["net"] }), anOperator({ name: "chief" })];
  return {
    rules: { rules: [{ name: "default", line: 1, match: [], module: "{module}", item: "{item}", severity: "source", policy: "default" }] },
    roster: { operators: Object.fromEntries(people.map((one) => [one.name, one])), teams: {}, lastResort: ["chief"] },
    policies: { default: DEFAULT_POLICY },
    replicaLabels: [], content: ["severity", "module", "item", "text", "times", "id"], lanRate: 200,
    ...set,
  };
}

const NOTHING: Remembered = { alarms: [], pushes: [], members: [], presence: [], invites: new Map(), pursuits: [], relay: undefined, events: 0 };

export class AgentWorld {
  readonly agent: Agent;
  #now: Now = { mono: minutes(100), wall: WALL_START };
  #ticket = 0;
  readonly effects: AgentEffect[] = [];
  readonly entries: Entry[] = [];
  readonly rows = new Map<string, unknown>();
  readonly replies = new Map<number, Reply>();
  /** What the relay answers; undefined leaves the question open. */
  relay: (request: LinkRequest) => LinkAnswer | undefined = () => undefined;
  /** What else happens once the relay has answered. */
  afterwards: (request: LinkRequest) => void = () => {};

  constructor(set: { readonly settings?: AgentSettings; readonly relay?: boolean } = {}) {
    this.agent = new Agent({
      settings: set.settings ?? settings(), seed: 7, now: this.#now,
      remembered: { ...NOTHING, invites: new Map(), relay: set.relay === true ? { host: "127.0.0.1", port: 1, certificate: "" } : undefined },
      self: {
        clusterName: "c1", clusterKey: bytes(1), agentName: "node1", version: "test", port: 11115,
        voice: identityFrom({ ed: bytes(2), x: bytes(3) }), voiceCertificate: "AAAA", group: { kid: 1, key: bytes(4) },
        secrets: { alarmKey: bytes(5), nonceKey: bytes(6), escalationKey: bytes(7), challengeKey: bytes(8) }, boot: "boot-1", epoch: 1n,
      },
    });
    this.put({ kind: "started" });
  }

  get now(): Now {
    return this.#now;
  }

  put(event: AgentEvent): void {
    this.agent.handle(event, this.#now);
    this.#turn();
  }

  /** @returns the reply */
  report(report: object): Reply {
    const ticket = (this.#ticket += 1);
    this.put({ kind: "reported", format: "reports", body: utf8(JSON.stringify(report)), ticket });
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

  ask(question: Extract<AgentEvent, { kind: "asked" }>["question"]): Reply {
    const ticket = (this.#ticket += 1);
    this.put({ kind: "asked", question, ticket });
    return this.replies.get(ticket) ?? { status: 0, body: undefined };
  }

  alarm(id: string): Readonly<Record<string, unknown>> {
    const found = (this.ask({ kind: "list", all: true }).body as { alarms: Record<string, unknown>[] }).alarms.find((one) => one["id"] === id);
    return found ?? {};
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

  said(kind: string): readonly Extract<AgentEffect, { kind: "say" }>[] {
    return this.effects.flatMap((effect) => (effect.kind === "say" && effect.message.kind === kind ? [effect] : []));
  }

  asked(kind: LinkRequest["kind"]): readonly LinkRequest[] {
    return this.effects.flatMap((effect) => (effect.kind === "link" && effect.request.kind === kind ? [effect.request] : []));
  }

  #to(mono: Ms): void {
    this.#now = { mono, wall: this.#now.wall + (mono - this.#now.mono) };
  }

  #turn(): void {
    const turn = this.agent.takeTurn();
    if (turn === undefined) return;
    for (const change of turn.changes) this.#write(change);
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
    else if (change.kind === "put") this.rows.set(`${change.table} ${change.id}`, JSON.parse(JSON.stringify(change.row)));
    else this.rows.delete(`${change.table} ${change.id}`);
  }
}

export const FIVE_MINUTES = ACK_MS_DEFAULT;
