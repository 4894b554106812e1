/** A listener that asks for approval, as data: its packets, and the code on its screen. */

import { toBase64 } from "../../lib/base/bytes.ts";
import type { Address } from "../../lib/port/lan.ts";
import { approvalId, type Asking, codeOf, commitmentOf, composeCommit, hashOf, type Offer, transcriptOf } from "../../lib/trust/approval.ts";
import { issue } from "../../lib/trust/certificate.ts";
import { inviteName } from "../../lib/trust/invite.ts";
import { type Identity, identityFrom } from "../../lib/trust/keys.ts";
import type { Body } from "../../lib/wire/message.ts";
import { type BesiegedAgent, CLUSTER, type Said } from "./a-besieged-agent.ts";
import { fill, Party } from "./a-cluster.ts";

export class Newcomer {
  readonly identity: Identity;
  readonly party: Party;
  readonly asking: Asking;
  readonly at: Address;
  offer: Offer | undefined;

  /** @param number 1 to 99; makes keys, nonce and address */
  constructor(number: number, set: Partial<Asking> & { readonly host?: string; readonly from?: string; readonly identity?: Identity } = {}) {
    const { from = `10.0.1.${number}`, identity = identityFrom({ ed: fill(100 + number), x: fill(200 - number) }), ...more } = set;
    this.identity = identity;
    this.party = new Party({ identity, peers: [], side: "client" });
    this.asking = { ed: toBase64(identity.ed), x: toBase64(identity.x), nonce: toBase64(fill(number, 16)), host: `laptop-${number}`, operator: "", ...more };
    this.at = { host: from, port: 40_000 };
  }

  commit(revealed: boolean): Uint8Array {
    return this.party.seal({ kind: "commit", body: composeCommit(this.asking, { revealed }) }, "clear");
  }

  /** @returns what the agent says to it */
  asks(agent: BesiegedAgent, { revealed }: { readonly revealed: boolean }): Said | undefined {
    const [said] = agent.hears(this.commit(revealed), this.at);
    if (said?.message.kind === "pending") this.offer = offerOf(said.message.body) ?? this.offer;
    return said;
  }

  /** Commits and reveals. */
  waits(agent: BesiegedAgent): void {
    for (const revealed of [false, true]) {
      const said = this.asks(agent, { revealed });
      if (said?.message.kind !== "pending" || said.message.body.refused !== undefined) throw new Error(`not pending: ${JSON.stringify(said?.message)}`);
    }
  }

  get transcript(): string {
    if (this.offer === undefined) throw new Error("no agent has said its nonce");
    return transcriptOf(this.asking, this.offer);
  }

  get code(): string {
    return codeOf(this.transcript);
  }

  /** What the cluster key signs for whoever shows this code. */
  warrant(set: { readonly operator?: string; readonly robot?: boolean; readonly hash?: string; readonly signer?: Identity } = {}): string {
    const { operator = "li", robot = false, hash = hashOf(this.transcript), signer = CLUSTER } = set;
    return issue("warrant", { id: inviteName(approvalId(commitmentOf(this.asking))), operator, robot, hash, expires: 1 }, signer.signer);
  }
}

function offerOf({ key: ed, cluster, x, nonce }: Body<"pending">): Offer | undefined {
  return cluster === undefined || x === undefined || nonce === undefined ? undefined : { ed, cluster, x, nonce };
}
