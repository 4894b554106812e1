/** The relay's process on the jump host: the production machine, joined to this world as relay.ts joins it to the real one. */

import { toBase64 } from "../../lib/base/bytes.ts";
import { Prng } from "../../lib/base/prng.ts";
import { drive } from "../../lib/port/drive.ts";
import type { RelayRequest } from "../../lib/port/relay-door.ts";
import { type Reply, Tickets } from "../../lib/port/tickets.ts";
import { RelayMachine } from "../../lib/relay/machine.ts";
import { performRelay } from "../../lib/relay/perform.ts";
import { restoreRelay } from "../../lib/relay/restore.ts";
import type { AgentRow } from "../../lib/relay/rows.ts";
import type { RelayArrival, RelayTurn } from "../../lib/relay/turn.ts";
import type { Leg } from "../../lib/wire/relay-api.ts";
import { verifyRequest } from "../../lib/wire/request-signature.ts";
import { CHANNEL_SETTINGS, CLUSTER, type Voice } from "./cluster.ts";
import type { Host, Life } from "./host.ts";
import { cheaplyVerified } from "./seal.ts";
import { watched } from "./watched.ts";
import type { World } from "./world.ts";

const LEGS: readonly Leg[] = (["lan", "outside"] as const).map((name) => ({
  name, up: true, interface: "eth0", address: "10.0.0.5", route: "", dns: "", reason: "", checkedAt: 0,
}));

export class RelayHost {
  readonly #world: World;
  readonly host: Host;
  #put: ((arrival: RelayArrival) => void) | undefined;
  #tickets = new Tickets();

  constructor(world: World, host: Host) {
    this.#world = world;
    this.host = host;
    host.start = (life) => this.#start(life);
    host.onDeath = () => world.watchers.tell("relayDies");
  }

  /** An agent has joined: what the relay wrote down then. */
  static joined({ name, identity }: Voice): AgentRow {
    return { id: identity.id, cluster: CLUSTER.id, clusterName: CLUSTER.name, agent: name, ed: toBase64(identity.ed), certificate: name, joinedAt: 0, counter: "0", events: 0 };
  }

  /** @returns false where nobody listens */
  request(request: RelayRequest, then: (reply: Reply) => void): boolean {
    const put = this.#put;
    if (put === undefined || !this.host.running) return false;
    void this.#tickets.ask((ticket) => put({ kind: "requested", request, ticket })).then(then);
    return true;
  }

  #start(life: Life): void {
    const world = this.#world;
    const { host } = this;
    const store = host.disk.open(life);
    const rows = restoreRelay(store);
    if (!rows.ok) return world.broke(host, new Error(`row ${rows.fault.table} ${rows.fault.id} was not read back: ${rows.fault.field}`));
    const tickets = (this.#tickets = new Tickets());
    const clock = host.clock.port(life);
    const machine = new RelayMachine({
      settings: { name: "jump", version: "sim", channels: CHANNEL_SETTINGS, recipients: { mail: undefined, wecom: undefined } },
      boot: clock.boot, dice: new Prng(world.dice.uint32()), rows: rows.value, now: clock.now(),
      verify: world.plan.realSeal ? verifyRequest : cheaplyVerified,
    });
    const put = (arrival: RelayArrival): void => {
      if (!life.over) loop.put(arrival);
    };
    const ports = {
      store, tickets, put, carrier: world.outside.port(life), door: { accept: () => {} }, log: { write: () => {} },
      legs: { look: () => Promise.resolve(LEGS) }, exit: () => host.kill(),
    };
    const loop = drive<RelayArrival, RelayTurn>({
      machine: watched(machine, { world, host, see: (turn) => this.#see(turn) }),
      clock, tick: { kind: "tick" }, soon: (then) => world.agenda.soon(life.guard(then)),
      perform: (turn) => performRelay(turn, ports).catch((thrown: unknown) => world.broke(host, thrown)),
    });
    this.#put = put;
    put({ kind: "started" });
  }

  #see(turn: RelayTurn): void {
    for (const effect of turn.effects) if (effect.kind === "carry") this.#world.outside.expect(effect.request, effect.purpose);
    this.#world.watchers.tell("relayDecided", turn);
  }
}
