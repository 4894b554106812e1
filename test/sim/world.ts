/** One world: a cluster, its agent or its pair of them, the listeners, the jump host and what is outside, in one process and in virtual time. */

import { drainMicrotasks } from "bun:jsc";
import type { Prng } from "../../lib/base/prng.ts";
import type { Address } from "../../lib/port/lan.ts";
import { Agenda } from "./agenda.ts";
import { AgentHost } from "./agent-host.ts";
import { Outside } from "./channels.ts";
import { WALL_START } from "./clock.ts";
import { LISTENERS_MOST, listenerKeys, memberRow, RELAY_ADDRESS, settings, VOICES } from "./cluster.ts";
import { Disk } from "./disk.ts";
import { Host } from "./host.ts";
import { JumpHost } from "./jump-host.ts";
import { LocalNet, type Nic, type Station } from "./lan.ts";
import { ListenerHost, type Seat } from "./listener-host.ts";
import { People } from "./people.ts";
import type { Plan } from "./plan.ts";
import { RelayHost } from "./relay-host.ts";
import { Sources } from "./sources.ts";
import { Streams } from "./streams.ts";
import { Transcript } from "./transcript.ts";
import { type Act, type Invariant, Watchers } from "./watch.ts";

/** A full look at everything after so many steps. */
const SWEEP_STEPS = 256;
/** So many things at one moment are a loop that time cannot leave. */
const AT_ONE_MOMENT_MOST = 200_000;

/** Who sits where: two listeners of li, one each of the others, and a script of li's. */
const SEATS: readonly Seat[] = [
  { operator: "li", robot: false, serial: 1 }, { operator: "zhao", robot: false, serial: 2 }, { operator: "wang", robot: false, serial: 3 },
  { operator: "li", robot: true, serial: 4 }, { operator: "chief", robot: false, serial: 5 }, { operator: "li", robot: false, serial: 6 },
];

export type Failure = { readonly invariant: string; readonly sentence: string; readonly detail: string; readonly at: string; readonly step: number };

export class World {
  readonly plan: Plan;
  readonly agenda = new Agenda();
  /** The world's own dice: epochs, seeds of jitter. */
  readonly dice: Prng;
  readonly transcript: Transcript;
  readonly watchers = new Watchers();
  readonly lan: LocalNet;
  readonly streams: Streams;
  /** One, or a pair; the first is `agent`. */
  readonly agents: readonly AgentHost[];
  readonly relay: RelayHost;
  readonly jumpHost: JumpHost;
  readonly outside: Outside;
  readonly listeners: readonly ListenerHost[];
  readonly sources: Sources;
  readonly people: People;
  /** How often each fault has struck. */
  readonly struck = new Map<string, number>();
  /** From when on, in true time, nothing goes wrong any more. */
  healedAt: number | undefined;
  steps = 0;
  failure: Failure | undefined;
  #atOneMoment = 0;
  #moment = -1;
  #sweepAt = SWEEP_STEPS;

  constructor(plan: Plan, { lines, invariants }: { readonly lines: number; readonly invariants: readonly Invariant[] }) {
    this.plan = plan;
    this.dice = plan.dice("world");
    this.transcript = new Transcript({ lines });
    this.lan = new LocalNet(this.agenda, plan.dice("lan"));
    this.streams = new Streams(this.agenda, this.lan);
    this.jumpHost = new JumpHost(this, plan.dice("jump host"));
    this.outside = new Outside(this, plan.dice("outside"));
    this.people = new People(this, plan.dice("people").uint32());
    this.sources = new Sources(this, { seed: plan.dice("sources").uint32(), count: plan.resources });
    this.agents = VOICES.slice(0, plan.agents).map((voice, at) => new AgentHost(this, {
      // The relay and the listeners stand between the two.
      host: this.#host(at === 0 ? "agent" : `agent${at + 1}`, at === 0 ? 0 : LISTENERS_MOST + 1 + at), voice,
      nics: [0, ...(plan.subnets > 1 ? [1] : [])].map((subnet): Nic => ({ subnet, address: `10.0.${subnet}.${at + 1}`, up: true })),
      settings: settings({ rate: plan.lanRate, quick: plan.quickPolicy }),
    }));
    this.relay = new RelayHost(this, this.#host("relay", 1));
    this.listeners = Array.from({ length: Math.min(plan.listeners, LISTENERS_MOST) }, (_, at) => this.#listener(at));
    this.lan.stations.push(...this.agents.map(({ station }) => station), ...this.listeners.map(({ station }) => station));
    for (const { name: invariant, sentence, watch, each } of invariants) {
      const broken = (detail: string): void => this.fail({ invariant, sentence, detail });
      if (each === true) for (const agent of this.agents) this.watchers.add(watch(this.#asSeenFrom(agent), broken), agent);
      else this.watchers.add(watch(this, broken));
    }
    this.#furnish();
  }

  get agent(): AgentHost {
    const [first] = this.agents;
    if (first === undefined) throw new Error("a world has an agent");
    return first;
  }

  /** Every host, the agents first. */
  get hosts(): readonly Host[] {
    return [...this.agents.map(({ host }) => host), this.relay.host, ...this.listeners.map(({ host }) => host)];
  }

  /** Lets time pass. @returns false once something has broken */
  run(untilMs: number): boolean {
    for (;;) {
      const thing = this.agenda.take(untilMs);
      if (thing === undefined) return this.failure === undefined;
      thing();
      drainMicrotasks();
      if (this.steps >= this.#sweepAt) {
        this.#sweepAt = this.steps + SWEEP_STEPS;
        this.watchers.tell("sweep");
      }
      this.#mustMove();
      if (this.failure !== undefined) return false;
    }
  }

  /** A datagram leaves a host: to one address, or to everybody. */
  sent(from: Station, datagram: Uint8Array, to: Address | "agents" | undefined): void {
    this.transcript.bytes(datagram);
    if (to === "agents") this.lan.broadcast(from, datagram, "agent");
    else if (to === undefined) {
      this.lan.broadcast(from, datagram);
      this.streams.broadcast(from, datagram);
    } else (to.road === "tcp" ? this.streams : this.lan).send(from, datagram, to);
  }

  acted(act: Act): void {
    this.transcript.line(() => `${this.moment()} ${act.operator} takes ${act.occurrence.slice(0, 6)} at ${act.listener?.name ?? "the console"}`);
    this.watchers.tell("acted", act);
  }

  /** A fault strikes. */
  strike(fault: string, detail = ""): void {
    this.struck.set(fault, (this.struck.get(fault) ?? 0) + 1);
    this.transcript.mix(Bun.hash.xxHash32(fault));
    this.transcript.line(() => `${this.moment()} *** ${fault}${detail === "" ? "" : `: ${detail}`}`);
  }

  /** A program has thrown: by itself that is a broken invariant, and the first thing that is looked at. */
  broke(host: Host, thrown: unknown): void {
    const text = thrown instanceof Error ? `${thrown.message}\n${thrown.stack ?? ""}` : String(thrown);
    this.fail({ invariant: "assertion", sentence: "no program breaks an assertion of its own", detail: `${host.name}: ${text.slice(0, 1200)}` });
  }

  fail(failure: Pick<Failure, "invariant" | "sentence" | "detail">): void {
    if (this.failure !== undefined) return;
    this.failure = { ...failure, at: this.moment(), step: this.steps };
    this.transcript.line(() => `${this.moment()} BROKEN ${failure.invariant}: ${failure.detail}`);
  }

  /** True time, for people. */
  moment(): string {
    const { now } = this.agenda;
    return `${Math.floor(now / 86_400_000)}d ${new Date(WALL_START + now).toISOString().slice(11, 23)}`;
  }

  #mustMove(): void {
    if (this.agenda.now !== this.#moment) {
      this.#moment = this.agenda.now;
      this.#atOneMoment = 0;
      return;
    }
    this.#atOneMoment += 1;
    if (this.#atOneMoment > AT_ONE_MOMENT_MOST) this.fail({ invariant: "L2", sentence: "no effect repeats without bound", detail: `${AT_ONE_MOMENT_MOST} things at one moment, and no end` });
  }

  /** The same world, whose agent is this one. */
  #asSeenFrom(agent: AgentHost): World {
    return Object.create(this, { agent: { value: agent } }) as World;
  }

  #host(name: string, index: number): Host {
    return new Host({ name, index, agenda: this.agenda, disk: new Disk(this.agenda, this.plan.dice(`disk ${name}`)) });
  }

  #listener(at: number): ListenerHost {
    const seat = SEATS[at] ?? { operator: "chief", robot: false, serial: at + 1 };
    const subnet = this.plan.subnets > 1 ? at % 2 : 0;
    return new ListenerHost(this, {
      host: this.#host(`laptop${at + 1}`, at + 2), nic: { subnet, address: `10.0.${subnet}.${20 + at}`, up: true }, identity: listenerKeys(at), seat,
    });
  }

  /** What init, join and invite have written before the world begins. */
  #furnish(): void {
    for (const { host: { disk }, voice } of this.agents) {
      for (const { identity, seat } of this.listeners) disk.put("members", identity.id, memberRow(identity, seat));
      for (const { voice: other } of this.agents) if (other !== voice) disk.put("peers", other.identity.id, { voice: other.certificate });
      disk.put("meta", "relay", RELAY_ADDRESS);
      const joined = RelayHost.joined(voice);
      this.relay.host.disk.put("agents", joined.id, joined);
    }
    for (const host of this.hosts) host.begin();
    this.sources.begin();
  }
}
