/** An agent's node: joins the production machine, drive and `perform` to the ports of this world, as agent.ts does to the real ones. */

import type { Member } from "../../lib/agent/listeners.ts";
import { Agent } from "../../lib/agent/machine.ts";
import { performer } from "../../lib/agent/perform.ts";
import { remember } from "../../lib/agent/restore.ts";
import { ringOf } from "../../lib/agent/ring.ts";
import type { AgentEvent, AgentSettings, AgentTurn, Question, ReportFormat } from "../../lib/agent/turn.ts";
import type { Alarm } from "../../lib/alarm/alarm.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/base/digest.ts";
import type { Ms } from "../../lib/base/units.ts";
import { standingOf } from "../../lib/io/lan-tcp.ts";
import { drive } from "../../lib/port/drive.ts";
import { type Reply, Tickets } from "../../lib/port/tickets.ts";
import type { Identity } from "../../lib/trust/keys.ts";
import { Opener } from "../../lib/trust/opener.ts";
import { nextEpoch } from "../../lib/trust/sealer.ts";
import { SEAL } from "../../lib/wire/seal.ts";
import { CLUSTER, type Voice } from "./cluster.ts";
import type { Host, Life } from "./host.ts";
import type { Nic, Station } from "./lan.ts";
import { AGENT_UNICAST_PORT } from "./lan.ts";
import { CHEAP_SEAL } from "./seal.ts";
import { watched, WatchedSealer } from "./watched.ts";
import type { World } from "./world.ts";

export class AgentHost {
  readonly #world: World;
  readonly host: Host;
  readonly voice: Voice;
  readonly station: Station;
  settings: AgentSettings;
  #put: ((event: AgentEvent) => void) | undefined;
  #tickets = new Tickets();
  /** When the machine next wants to be woken, on its boot clock. */
  nextWakeup: () => Ms | undefined = () => undefined;

  constructor(world: World, { host, voice, nics, settings }: { readonly host: Host; readonly voice: Voice; readonly nics: readonly Nic[]; readonly settings: AgentSettings }) {
    this.#world = world;
    this.host = host;
    this.voice = voice;
    this.settings = settings;
    this.station = { host, side: "agent", nics, port: AGENT_UNICAST_PORT, receive: () => {}, broken: () => {} };
    host.start = (life) => this.#start(life);
    host.disk.onDurable = (changes) => world.watchers.tellOf(this, "durable", changes);
  }

  /** Answered once it is on disk. @returns undefined where nobody listens */
  report(format: ReportFormat, body: Uint8Array, then: (reply: Reply) => void): boolean {
    return this.#enter((ticket) => ({ kind: "reported", format, body, ticket }), then);
  }

  ask(question: Question, then: (reply: Reply) => void): boolean {
    return this.#enter((ticket) => ({ kind: "asked", question, ticket }), then);
  }

  reload(settings: AgentSettings): void {
    this.settings = settings;
    this.#put?.({ kind: "reloaded", settings });
  }

  /** Whether it has revoked this listener, as it lies on the disk. */
  hasRevoked({ identity }: { readonly identity: Identity }): boolean {
    return (this.host.disk.row("members", identity.id) as Member | undefined)?.revoked !== undefined;
  }

  /** As it lies on the disk, by whichever of its names. */
  alarm(id: string): Alarm | undefined {
    const row = this.host.disk.row("alarms", id) as { readonly alarm: Alarm } | undefined;
    return row?.alarm ?? [...this.alarms()].find(({ aliases }) => aliases.some((alias) => alias.id === id));
  }

  *alarms(): Generator<Alarm> {
    for (const row of this.host.disk.rows("alarms").values()) yield (row as { readonly alarm: Alarm }).alarm;
  }

  /** Whether it has run for so long, and its disk takes what it is given. */
  settledSince(ms: Ms): boolean {
    const { host } = this;
    return this.#put !== undefined && host.running && !host.asleep && !host.disk.ailing && host.agenda.now - host.startedAt > ms;
  }

  #enter(event: (ticket: number) => AgentEvent, then: (reply: Reply) => void): boolean {
    const { host } = this;
    const put = this.#put;
    if (put === undefined || !host.running || host.asleep) return false;
    void this.#tickets.ask((ticket) => put(event(ticket))).then(then);
    return true;
  }

  #start(life: Life): void {
    const { host } = this;
    const store = host.disk.open(life);
    const now = host.clock.now();
    const stored = store.load("meta").find(({ id }) => id === "epoch")?.row;
    const epoch = nextEpoch({ stored: BigInt(typeof stored === "string" ? stored : 0), wallMs: now.wall, random32: this.#world.dice.uint32() });
    this.#put = undefined;
    this.#world.watchers.tellOf(this, "agentStarts");
    void store.commit([{ kind: "put", table: "meta", id: "epoch", row: String(epoch) }]).then((written) => {
      if (written.ok) this.#run(life, { store, epoch });
      else host.kill();
    });
  }

  #run(life: Life, { store, epoch }: { readonly store: ReturnType<Host["disk"]["open"]>; readonly epoch: bigint }): void {
    const world = this.#world;
    const { host, station, voice } = this;
    const { identity } = voice;
    const now = host.clock.now();
    const remembered = remember(store, { boot: host.clock.boot, now });
    const ring = ringOf(remembered, { voice: identity, clusterKey: CLUSTER.key, group: CLUSTER.group });
    const seal = world.plan.realSeal ? SEAL : CHEAP_SEAL;
    const opener = new Opener({ ring, side: "agent", seal });
    const tickets = (this.#tickets = new Tickets());
    const clock = host.clock.port(life);
    const machine = new Agent({
      settings: this.settings, remembered, seed: world.dice.uint32(), now,
      self: {
        clusterName: CLUSTER.name, clusterKey: CLUSTER.key, agentName: voice.name, version: "sim", versions: [1, 1], port: AGENT_UNICAST_PORT, voice: identity,
        voiceCertificate: voice.certificate, group: CLUSTER.group, secrets: CLUSTER.secrets, boot: clock.boot, epoch, keySecret: sha256(utf8(`group ${world.plan.seed} ${host.name} ${life.number}`)),
      },
    });
    this.nextWakeup = () => machine.nextWakeup();
    const put = (event: AgentEvent): void => {
      if (!life.over) loop.put(event);
    };
    const perform = performer({
      store, ring, opener, tickets, put, log: { write: () => {} },
      lan: {
        broadcast: (datagram, to) => {
          if (!life.over) world.sent(station, datagram, to === "agents" ? "agents" : undefined);
        },
        send: (datagram, to) => {
          if (!life.over) world.sent(station, datagram, to);
        },
        close: () => {},
      },
      link: world.jumpHost.port(this, life),
      sealer: new WatchedSealer({ ring, epoch, seal, tell: (said) => life.over || world.watchers.tellOf(this, "said", { host, sender: identity.id, ...said }) }),
      exit: () => host.kill(),
    });
    const loop = drive<AgentEvent, AgentTurn>({
      machine: watched(machine, { world, host, see: (turn) => world.watchers.tellOf(this, "decided", turn) }),
      clock, tick: { kind: "tick" }, soon: (then) => world.agenda.soon(life.guard(then)),
      perform: (turn) => perform(turn).catch((thrown: unknown) => world.broke(host, thrown)),
    });
    station.receive = (wire) => {
      const opened = opener.open(wire.bytes, wire.from.host, host.clock.now().mono);
      if (!opened.ok) return;
      if (wire.from.road === "tcp" && standingOf(opened) === "proven") world.streams.prove(wire.from.port);
      world.watchers.tell("letIn", station, wire, opened.value);
      put({ kind: "heard", from: wire.from, packet: opened.value });
    };
    this.#put = put;
    put({ kind: "started" });
  }
}
