/** An operator's laptop: the production listener, joined to this world as client.ts joins it to the real one. */

import { Client } from "../../lib/client/machine.ts";
import { performer } from "../../lib/client/perform.ts";
import { peersOf, restoreClient } from "../../lib/client/restore.ts";
import type { ClientEvent, ClientTurn, KnownAgent } from "../../lib/client/turn.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/base/digest.ts";
import type { ClientQuestion } from "../../lib/port/client-door.ts";
import { drive } from "../../lib/port/drive.ts";
import { type Reply, Tickets } from "../../lib/port/tickets.ts";
import { type Identity, KeyRing } from "../../lib/trust/keys.ts";
import { Opener } from "../../lib/trust/opener.ts";
import { nextEpoch } from "../../lib/trust/sealer.ts";
import { SEAL } from "../../lib/wire/seal.ts";
import { CLUSTER } from "./cluster.ts";
import type { Host, Life } from "./host.ts";
import { CLIENT_PORT_FIRST, type Nic, type Station } from "./lan.ts";
import { CHEAP_SEAL } from "./seal.ts";
import { watched, WatchedSealer } from "./watched.ts";
import type { World } from "./world.ts";

export type Seat = { readonly operator: string; readonly robot: boolean; readonly serial: number };

export class ListenerHost {
  readonly #world: World;
  readonly host: Host;
  readonly station: Station;
  readonly identity: Identity;
  readonly seat: Seat;
  #put: ((event: ClientEvent) => void) | undefined;
  #tickets = new Tickets();

  constructor(world: World, { host, nic, identity, seat }: { readonly host: Host; readonly nic: Nic; readonly identity: Identity; readonly seat: Seat }) {
    this.#world = world;
    this.host = host;
    this.identity = identity;
    this.seat = seat;
    this.station = { host, side: "client", nics: [nic], port: CLIENT_PORT_FIRST, receive: () => {}, broken: () => {} };
    host.start = (life) => this.#start(life);
    host.disk.onDurable = (changes) => world.watchers.tell("listenerDurable", host, changes);
  }

  ask(question: ClientQuestion, then: (reply: Reply) => void): boolean {
    const put = this.#put;
    if (put === undefined || !this.host.running || this.host.asleep) return false;
    void this.#tickets.ask((ticket) => put({ kind: "asked", question, ticket })).then(then);
    return true;
  }

  /** A key or a button: the person takes this alarm. @returns whether anything runs here that could hear it */
  take(id: string, comment: string): boolean {
    if (this.#put === undefined || !this.host.running || this.host.asleep) return false;
    this.#put({ kind: "taken", id, comment });
    return true;
  }

  /** The person ends the program. */
  quit(): void {
    this.#put?.({ kind: "stopping", why: "quit" });
  }

  #start(life: Life): void {
    const { host } = this;
    const store = host.disk.open(life);
    const stored = store.load("meta").find(({ id }) => id === "epoch")?.row;
    const epoch = nextEpoch({ stored: BigInt(typeof stored === "string" ? stored : 0), wallMs: host.clock.now().wall, random32: this.#world.dice.uint32() });
    this.#put = undefined;
    void store.commit([{ kind: "put", table: "meta", id: "epoch", row: String(epoch) }]).then((written) => {
      if (written.ok) this.#run(life, { store, epoch });
      else host.kill();
    });
  }

  #run(life: Life, { store, epoch }: { readonly store: ReturnType<Host["disk"]["open"]>; readonly epoch: bigint }): void {
    const world = this.#world;
    const { host, station, identity, seat } = this;
    const members = world.agents.map(({ voice: { name, serial, identity: { id }, certificate } }): KnownAgent => ({ id, name, voice: certificate, serial, address: undefined, heardOn: undefined }));
    const remembered = restoreClient(store, { members, onBad: (table, id) => world.broke(host, new Error(`row ${table} ${id} was not read back`)) });
    const ring = new KeyRing(identity);
    ring.setGroup(CLUSTER.group.kid, CLUSTER.group.key);
    for (const known of peersOf(remembered.agents, CLUSTER.key)) ring.addPeer(known);
    const seal = world.plan.realSeal ? SEAL : CHEAP_SEAL;
    const opener = new Opener({ ring, side: "client", seal });
    for (const [agent, place] of remembered.places) opener.adopt(agent, place);
    const tickets = (this.#tickets = new Tickets());
    const clock = host.clock.port(life);
    station.port = CLIENT_PORT_FIRST + (life.number % 20_000);
    const machine = new Client({
      remembered, seed: world.dice.uint32(), now: host.clock.now(),
      self: {
        id: identity.id, key: identity.ed, operator: seat.operator, robot: seat.robot, serial: seat.serial, cluster: CLUSTER.id, clusterName: CLUSTER.name,
        clusterKey: CLUSTER.key, group: CLUSTER.group, host: host.name, seat: seat.robot ? "robot" : "person", language: "en", version: "sim", versions: [1, 1],
        nonceKey: sha256(utf8(`${host.name} ${life.number} ${world.dice.uint32()}`)), configured: [], tcp: world.plan.tcp,
      },
    });
    const put = (event: ClientEvent): void => {
      if (!life.over) loop.put(event);
    };
    const perform = performer({
      store, ring, opener, tickets, put, log: { write: () => {} }, tell: () => {},
      lan: {
        broadcast: (datagram) => {
          if (!life.over) world.sent(station, datagram, undefined);
        },
        send: (datagram, to) => {
          if (!life.over) world.sent(station, datagram, to);
        },
        hangUp: () => {
          if (!life.over) world.streams.hangUp(station);
        },
        close: () => {},
      },
      desks: [world.people.deskOf(this, life)],
      sealer: new WatchedSealer({ ring, epoch, seal, tell: (said) => life.over || world.watchers.tell("said", { host, sender: identity.id, ...said }) }),
      exit: () => world.people.ended(this, life),
    });
    const loop = drive<ClientEvent, ClientTurn>({
      machine: watched(machine, { world, host, see: (turn) => world.watchers.tell("listenerDecided", host, turn) }),
      clock, tick: { kind: "tick" }, soon: (then) => world.agenda.soon(life.guard(then)),
      perform: (turn) => perform(turn).catch((thrown: unknown) => world.broke(host, thrown)),
    });
    station.broken = (address) => put({ kind: "broken", address });
    station.receive = (wire) => {
      const opened = opener.open(wire.bytes, wire.from.host, host.clock.now().mono);
      if (!opened.ok) return;
      world.watchers.tell("letIn", station, wire, opened.value);
      put({ kind: "heard", from: wire.from, packet: opened.value });
    };
    this.#put = put;
    put({ kind: "started" });
  }
}
