/** Shuts listeners out: the cluster key says which, and from this turn on nothing that they have is good for anything. */

import { fromBase64 } from "../base/bytes.ts";
import type { Now } from "../base/units.ts";
import type { Reply } from "../port/tickets.ts";
import { read } from "../trust/certificate.ts";
import { type PeerId, peerIdOf } from "../trust/keys.ts";
import { lookEverywhere } from "./hear.ts";
import type { Member } from "./listeners.ts";
import type { Parts } from "./parts.ts";
import { renewGroup } from "./rekey.ts";

/** @param certificates revocations, exact bytes in base64url; all of them take effect, or none */
export function revoke(parts: Parts, certificates: readonly string[], now: Now): Reply {
  const { self, listeners, draft, push, catchUp, group } = parts;
  const revoked: Member[] = [];
  const already: Member[] = [];
  for (const [at, certificate] of certificates.entries()) {
    const field = `revocations[${at}]`;
    const paper = read("revocation", certificate, self.clusterKey);
    if (!paper.ok) return { status: 400, body: { error: "The revocation is not signed by this cluster's key", field } };
    const id = peerIdOf(fromBase64(paper.value.ed) ?? new Uint8Array());
    const before = listeners.revokedMember(id);
    const member = listeners.member(id);
    if (before !== undefined) already.push(before);
    else if (member === undefined) return { status: 404, body: { error: `No listener ${id} has joined`, field } };
    else revoked.push({ ...member, revoked: { at: paper.value.at, certificate } });
  }
  for (const member of revoked) {
    const { id, operator } = member;
    listeners.revoke(member);
    group.drop(id);
    push.expel(id);
    catchUp.expel(id);
    draft.put("members", id, member);
    draft.remove("presence", id);
    draft.remove("windows", id);
    draft.add({ kind: "expel", peer: id });
    draft.log("revoked", { listener: id, operator });
  }
  if (revoked.length > 0) {
    // What the stolen one holds opens no word that is said from now on.
    renewGroup(parts, { grace: false }, now);
    lookEverywhere(parts, now);
  }
  return { status: 200, body: { revoked: revoked.map(told), already: already.map(told) } };
}

function told({ id, operator, host, revoked }: Member): { readonly id: PeerId; readonly operator: string; readonly host: string; readonly revokedAt: number | undefined } {
  return { id, operator, host, revokedAt: revoked?.at };
}
