/** One listener of a crowd in this process: the production machine with keys, packets, address and UDP socket of its own. Its disk is memory that answers late. */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { toBase64 } from "../lib/base/bytes.ts";
import { ok } from "../lib/base/result.ts";
import type { Ms } from "../lib/base/units.ts";
import { Client } from "../lib/client/machine.ts";
import { performer } from "../lib/client/perform.ts";
import { restoreClient } from "../lib/client/restore.ts";
import type { ClientEvent, ClientTurn } from "../lib/client/turn.ts";
import { openClock } from "../lib/io/clock.ts";
import { dice } from "../lib/io/dice.ts";
import { drive } from "../lib/port/drive.ts";
import type { Address } from "../lib/port/lan.ts";
import type { Store } from "../lib/port/store.ts";
import { Tickets } from "../lib/port/tickets.ts";
import { composeJoin, judgeJoined, type Membership } from "../lib/trust/enrolment.ts";
import type { Invite } from "../lib/trust/invite.ts";
import { clusterIdOf, type Identity, identityFrom, KeyRing } from "../lib/trust/keys.ts";
import { Opener } from "../lib/trust/opener.ts";
import { nextEpoch, Sealer } from "../lib/trust/sealer.ts";
import { VERSIONS } from "../lib/wire/versions.ts";

/** Hosts of a crowd have disks of their own, which sync at the same time; so many on one disk would wait for each other. */
const SYNC_MS: Ms = 5;
const JOIN_AGAIN_MS: Ms = 500;

export type CrowdListener = {
  /** What was broadcast has arrived at its host. */
  readonly hear: (datagram: Uint8Array, from: Address) => void;
  readonly drops: () => Readonly<Record<string, number>>;
  readonly stop: () => void;
};

/** Joins by its invite, as often as it takes, and listens from then on. @param host of loopback, no other listener's */
export async function joinAndListen({ invite, host, agent }: { readonly invite: Invite; readonly host: string; readonly agent: Address }): Promise<CrowdListener> {
  const identity = identityFrom({ ed: dice.bytes(32), x: dice.bytes(32) });
  const socket = createSocket("udp4");
  const listening = once(socket, "listening");
  socket.bind(0, host);
  await listening;
  const membership = await join(socket, { identity, invite, host, agent });
  return listen(socket, { identity, membership, host, agent });
}

function join(socket: Socket, { identity, invite, host, agent }: { readonly identity: Identity; readonly invite: Invite; readonly host: string; readonly agent: Address }): Promise<Membership> {
  const ring = new KeyRing(identity);
  const opener = new Opener({ ring, side: "client" });
  const sealer = new Sealer({ ring, epoch: anEpoch(0n) });
  const nonce = dice.bytes(16);
  const body = composeJoin({ invite, own: identity, nonce, host });
  const say = (): void => {
    const sealed = sealer.seal({ kind: "join", body }, { kind: "clear" }, { broadcast: false, repeat: false, deflate: false });
    if (sealed.ok) socket.send(sealed.value, agent.port, agent.host);
  };
  return new Promise((resolve) => {
    const timer = setInterval(say, JOIN_AGAIN_MS);
    socket.on("message", (datagram, from) => {
      const opened = opener.open(datagram, from.address, performance.now());
      if (!opened.ok || opened.value.message.kind !== "joined") return;
      const judged = judgeJoined(opened.value.message.body, { invite, own: identity, nonce });
      if (!judged.ok) return;
      clearInterval(timer);
      socket.removeAllListeners("message");
      resolve(judged.value);
    });
    say();
  });
}

function listen(socket: Socket, { identity, membership, host, agent }: { readonly identity: Identity; readonly membership: Membership; readonly host: string; readonly agent: Address }): CrowdListener {
  const { clusterKey, clusterName, voice, voiceCertificate, member, warrant, group } = membership;
  const clock = openClock();
  const ring = new KeyRing(identity);
  ring.setGroup(group.kid, group.key);
  ring.addPeer(membership.agent);
  const opener = new Opener({ ring, side: "client" });
  const known = { id: membership.agent.id, name: voice.agent, voice: voiceCertificate, serial: voice.serial, address: undefined, heardOn: undefined };
  const machine = new Client({
    remembered: restoreClient({ load: () => [] }, { members: [known], onBad: () => {} }), seed: new DataView(dice.bytes(4).buffer).getUint32(0), now: clock.now(),
    self: {
      id: identity.id, key: identity.ed, operator: warrant.operator, robot: false, serial: member.serial, cluster: toBase64(clusterIdOf(clusterKey)), clusterName, clusterKey, group,
      host, seat: "person", language: "en", version: "bench", versions: VERSIONS, nonceKey: dice.bytes(32), configured: [], tcp: false,
    },
  });
  const send = (datagram: Uint8Array, to: Address): void => socket.send(datagram, to.port, to.host);
  const loop = drive<ClientEvent, ClientTurn>({
    machine, clock, tick: { kind: "tick" }, soon: setImmediate,
    perform: performer({
      store: MEMORY, ring, opener, tickets: new Tickets(), log: { write: () => {} }, tell: () => {}, exit: () => {}, put: (event) => loop.put(event),
      lan: { broadcast: (datagram) => send(datagram, agent), send, hangUp: () => {}, close: () => {} },
      desks: [{ show: () => Promise.resolve(true), summarize: () => Promise.resolve(true), update: () => {}, hearing: () => {}, close: () => {} }],
      // Later than what it said as a stranger.
      sealer: new Sealer({ ring, epoch: anEpoch(1n) }),
    }),
  });
  const hear = (datagram: Uint8Array, from: Address): void => {
    const opened = opener.open(datagram, from.host, clock.now().mono);
    if (opened.ok) loop.put({ kind: "heard", from, packet: opened.value });
  };
  socket.on("message", (datagram, { address, port }) => hear(datagram, { host: address, port }));
  loop.put({ kind: "started" });
  return {
    hear, drops: () => opener.drops(),
    stop: () => {
      loop.stop();
      socket.close();
    },
  };
}

const MEMORY: Store = { commit: () => Bun.sleep(SYNC_MS).then(() => ok(undefined)), load: () => [], journal: () => [], close: () => {} };

function anEpoch(life: bigint): bigint {
  return nextEpoch({ stored: 0n, wallMs: Date.now(), random32: new DataView(dice.bytes(4).buffer).getUint32(0) }) + life * 2n ** 16n;
}
