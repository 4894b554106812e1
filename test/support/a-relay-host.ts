/** A relay on loopback inside the test's process: the real door, drive and machine, a disk in memory, a carrier that accepts all. */

import { Prng } from "../../lib/base/prng.ts";
import { ok } from "../../lib/base/result.ts";
import { toBase64 } from "../../lib/base/bytes.ts";
import { derOf, type TlsIdentity, tlsIdentity } from "../../lib/io/certificate.ts";
import { openClock } from "../../lib/io/clock.ts";
import { openDoor, type RelayDoor } from "../../lib/io/relay-server.ts";
import type { LinkIdentity } from "../../lib/io/relay-link.ts";
import type { CarrierRequest } from "../../lib/port/carrier.ts";
import { drive } from "../../lib/port/drive.ts";
import type { RelayAddress } from "../../lib/port/relay-link.ts";
import { Tickets } from "../../lib/port/tickets.ts";
import { RelayMachine } from "../../lib/relay/machine.ts";
import { performRelay } from "../../lib/relay/perform.ts";
import { NO_ROWS } from "../../lib/relay/restore.ts";
import type { RelayArrival, RelayTurn } from "../../lib/relay/turn.ts";
import { encodeJoinString, joinKeysOf } from "../../lib/wire/join-string.ts";
import { LEGS, someChannels, testAgent } from "./a-relay.ts";

export type RelayHostForTest = {
  readonly address: RelayAddress;
  readonly identity: TlsIdentity;
  readonly door: RelayDoor;
  /** What the carrier was given. */
  readonly sent: CarrierRequest[];
  /** A join string, as `invite` would print it. */
  readonly invites: (secret?: Uint8Array) => Promise<string>;
  readonly close: () => Promise<void>;
};

export async function openRelayHost(): Promise<RelayHostForTest> {
  const identity = tlsIdentity(new Uint8Array(32).fill(77));
  const tickets = new Tickets();
  const clock = openClock();
  const sent: CarrierRequest[] = [];
  const machine = new RelayMachine({
    settings: { name: "jump1", version: "0.0.0", channels: someChannels("mail"), recipients: { mail: undefined, wecom: undefined } },
    boot: clock.boot, dice: new Prng(1), rows: NO_ROWS, now: clock.now(),
  });
  const opened = openDoor({
    host: "127.0.0.1", port: 0, identity,
    ask: (request) => tickets.ask((ticket) => loop.put({ kind: "requested", request, ticket })),
  });
  if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
  const door = opened.value;
  const loop = drive<RelayArrival, RelayTurn>({
    machine, clock, tick: { kind: "tick" }, soon: setImmediate,
    perform: (turn) => performRelay(turn, {
      tickets, door, store: { commit: async () => ok(undefined) }, legs: { look: async () => LEGS },
      carrier: {
        send: async (request) => {
          sent.push(request);
          return { kind: "smtp", code: 250, response: "250 ok" };
        },
      },
      log: { write: () => {} }, put: (arrival) => loop.put(arrival), exit: () => {},
    }),
  });
  loop.put({ kind: "started" });
  await loop.idle();
  let invited = 0;
  return {
    identity, door, sent,
    address: { host: "127.0.0.1", port: door.port, certificate: identity.certificate },
    invites: async (secret = new Uint8Array(16).fill((invited += 1))) => {
      const { tlsSeed, macKey } = joinKeysOf(secret);
      const { certificate } = tlsIdentity(tlsSeed);
      await tickets.ask((ticket) => loop.put({
        kind: "asked", ticket, question: { kind: "invite", id: `i${invited}`, macKey: toBase64(macKey), certificate, expiresInMs: 600_000 },
      }));
      return encodeJoinString({ host: "127.0.0.1", port: door.port, certificate: derOf(identity.certificate) ?? new Uint8Array(), secret, ssh: undefined });
    },
    close: async () => {
      loop.stop();
      await door.stop(true);
    },
  };
}

/** An agent with its own TLS identity. The same number gives the same one. */
export function aJoiner(number: number) {
  const { agent, cluster, voice } = testAgent(number);
  const link: LinkIdentity = { tls: tlsIdentity(new Uint8Array(32).fill(number)), voice };
  return { ...link, agent, cluster, clusterName: "c1" };
}
