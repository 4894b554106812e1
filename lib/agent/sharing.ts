/** Whom one agent has let in, as it tells the others: certificates only, so that nobody is taken at another agent's word. */

import { fromBase64 } from "../base/bytes.ts";
import { read } from "../trust/certificate.ts";
import type { Invited } from "../trust/enrolment.ts";
import { peerOf } from "../trust/keys.ts";
import { isSound } from "../wire/seal.ts";
import type { Invites } from "./hear.ts";
import type { Listeners, Member } from "./listeners.ts";
import type { Parts } from "./parts.ts";

/** An enrolled listener: its certificate, the warrant under which it was issued, and what else people want to know. */
export type SharedMember = Pick<Member, "member" | "warrant" | "host" | "joinedAt">;

export function exportMember({ member, warrant, host, joinedAt }: Member): SharedMember {
  return { member, warrant, host, joinedAt };
}

export function exportMembers(listeners: Listeners): readonly SharedMember[] {
  return [...listeners.members()].map(exportMember);
}

/** Every invite, also those that are used: their second use is refused at each agent. */
export function exportInvites(invites: Invites): readonly Invited[] {
  return [...invites.values()];
}

/**
 * Takes in a listener that another agent has enrolled.
 *
 * @returns false where its certificates do not lead to the cluster key
 */
export function importMember(parts: Parts, shared: SharedMember): boolean {
  const { listeners, draft, sync } = parts;
  const member = memberIn(parts, shared);
  if (member === undefined) return false;
  // Who was revoked here comes back by no other agent's word.
  if (listeners.member(member.id) !== undefined || listeners.revokedMember(member.id) !== undefined) return true;
  listeners.enrol(member);
  draft.put("members", member.id, member);
  sync.offer(`member ${member.id}`);
  draft.add({ kind: "enrol", peer: peerOf(fromBase64(member.ed) ?? new Uint8Array(), fromBase64(member.x) ?? new Uint8Array()) });
  draft.log("joined elsewhere", { listener: member.id, operator: member.operator, robot: member.robot });
  return true;
}

/** Takes in an invite that was made, or used, at another agent. @returns false where its warrant is not the cluster's */
export function importInvite({ invites, draft, sync, self }: Parts, invited: Invited): boolean {
  const warrant = read("warrant", invited.warrant, self.clusterKey);
  if (!warrant.ok) return false;
  const { id } = warrant.value;
  const held = invites.get(id);
  if (held !== undefined && (invited.usedBy === undefined || held.usedBy !== undefined)) return true;
  invites.set(id, invited);
  draft.put("invites", id, invited);
  sync.offer(`invite ${id}`);
  return true;
}

/** What a grant brings of those whom the other agents have let in. */
export type Granted = { readonly members: readonly SharedMember[]; readonly invites: readonly Invited[] };

/** Once, at the first start. */
export function importGranted(parts: Parts, { members, invites }: Granted): void {
  for (const member of members) importMember(parts, member);
  for (const invited of invites) importInvite(parts, invited);
  parts.draft.remove("meta", "granted");
}

/** Cluster key → voice → member, and cluster key → warrant. */
function memberIn({ self, peers }: Parts, { member, warrant, host, joinedAt }: SharedMember): Member | undefined {
  const under = read("warrant", warrant, self.clusterKey);
  if (!under.ok) return undefined;
  for (const voice of [...peers.all().map(({ peer }) => peer.ed), self.voice.ed]) {
    const paper = read("member", member, voice);
    const ed = fromBase64(paper.ok ? paper.value.ed : "");
    const x = fromBase64(paper.ok ? paper.value.x : "");
    if (!paper.ok || ed?.length !== 32 || x?.length !== 32) continue;
    if (paper.value.warrant !== under.value.id || !isSound(x)) return undefined;
    const { operator, robot } = under.value;
    return { id: peerOf(ed, x).id, serial: paper.value.serial, operator, robot, host, ed: paper.value.ed, x: paper.value.x, invite: under.value.id, member, warrant, joinedAt };
  }
  return undefined;
}
