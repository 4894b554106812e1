/** The smallest cluster that can speak: two agents and two listeners that have joined, with real keys and packets and no machine. */

import { Opener, type Side } from "../../lib/trust/opener.ts";
import { type Identity, identityFrom, KeyRing, type Peer } from "../../lib/trust/keys.ts";
import { Sealer, type SealTo } from "../../lib/trust/sealer.ts";
import { KID_NONE, SUITE_CLEAR, SUITE_SEALED } from "../../lib/wire/constants.ts";
import type { Message } from "../../lib/wire/message.ts";
import { encodeHeader, type Header } from "../../lib/wire/packet.ts";
import { sealClear, sealPacket } from "../../lib/wire/seal.ts";

export const fill = (byte: number, count = 32): Uint8Array => new Uint8Array(count).fill(byte);

export const IDENTITIES = {
  agent: identityFrom({ ed: fill(2), x: fill(102) }),
  second: identityFrom({ ed: fill(3), x: fill(103) }),
  listener: identityFrom({ ed: fill(30), x: fill(130) }),
  other: identityFrom({ ed: fill(31), x: fill(131) }),
  stranger: identityFrom({ ed: fill(66), x: fill(166) }),
} as const;

/** One who speaks and hears. */
export class Party {
  readonly identity: Identity;
  readonly ring: KeyRing;
  readonly opener: Opener;
  sealer: Sealer;

  /** @param ring what it holds already; by default the first group key */
  constructor({ identity, peers, side, epoch = 1n, ring }: {
    readonly identity: Identity; readonly peers: readonly Peer[]; readonly side: Side; readonly epoch?: bigint; readonly ring?: KeyRing;
  }) {
    this.identity = identity;
    this.ring = ring ?? new KeyRing(identity);
    if (ring === undefined) this.ring.setGroup(1, fill(4));
    for (const peer of peers) this.ring.addPeer(peer);
    this.opener = new Opener({ ring: this.ring, side });
    this.sealer = new Sealer({ ring: this.ring, epoch });
  }

  seal(message: Message, to: "group" | "clear" | Peer, set: { readonly deflate?: boolean } = {}): Uint8Array {
    const sealTo: SealTo = typeof to === "string" ? { kind: to } : { kind: "pair", peer: to.id };
    const sealed = this.sealer.seal(message, sealTo, { broadcast: to === "group", repeat: false, deflate: set.deflate ?? false });
    if (!sealed.ok) throw new Error(`cannot seal ${message.kind}: ${JSON.stringify(sealed.fault)}`);
    return sealed.value;
  }

  /** A packet as no sealer would make it: any header, any body, signed and sealed as if it were genuine. */
  forge(body: Uint8Array, set: Partial<Header> & { readonly signer?: Identity; readonly other?: string } = {}): Uint8Array {
    const { signer = this.identity, other = "", ...header } = set;
    const whole: Header = { kind: "alarm", flags: 0, suite: SUITE_SEALED, kid: 1, sender: this.identity.id, epoch: 1n, counter: 1n, ...header };
    if (whole.suite === SUITE_CLEAR) return sealClear(encodeHeader({ ...whole, kid: KID_NONE }), body, signer.signer);
    const { sender, epoch, kid } = whole;
    const trafficKey = this.ring.trafficKey({ sender, epoch, kid, other }) ?? fill(0);
    return sealPacket(encodeHeader(whole), body, { signer: signer.signer, trafficKey });
  }
}

export type Cluster = { readonly agent: Party; readonly second: Party; readonly listener: Party; readonly other: Party };

/** Nobody has adopted anybody's epoch yet: what is heard first is of a newer one. */
export function aCluster(): Cluster {
  const { agent, second, listener, other } = IDENTITIES;
  const cluster = {
    agent: new Party({ identity: agent, peers: [listener, other], side: "agent" }),
    second: new Party({ identity: second, peers: [listener, other], side: "agent" }),
    listener: new Party({ identity: listener, peers: [agent], side: "client" }),
    other: new Party({ identity: other, peers: [agent], side: "client" }),
  };
  cluster.agent.ring.addAgent(second);
  cluster.second.ring.addAgent(agent);
  return cluster;
}

/** As after HELLO and WELCOME. */
export function aSettledCluster(): Cluster {
  const cluster = aCluster();
  for (const { opener } of [cluster.listener, cluster.other]) opener.adopt(IDENTITIES.agent.id, { epoch: 1n, counter: 0n });
  for (const { identity } of [cluster.second, cluster.listener, cluster.other]) cluster.agent.opener.adopt(identity.id, { epoch: 1n, counter: 0n });
  return cluster;
}
