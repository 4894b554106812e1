/** A stranger becomes a member, by an invite or by approval: its row, its key, and the answer that tells it. */

import { toBase64 } from "../base/bytes.ts";
import type { Now } from "../base/units.ts";
import type { Address } from "../port/lan.ts";
import type { Warrant } from "../trust/certificate.ts";
import { composeJoined, issueMember } from "../trust/enrolment.ts";
import { type Peer, peerOf } from "../trust/keys.ts";
import { keysOf, type Member } from "./listeners.ts";
import type { Parts } from "./parts.ts";

/** @param certificate the warrant as its exact bytes in base64url. @returns the member; as it is where it has this warrant already */
export function enrol(
  { listeners, self, draft, sync }: Parts,
  { warrant, certificate, peer, host }: { readonly warrant: Warrant; readonly certificate: string; readonly peer: Peer; readonly host: string },
  now: Now,
): Member {
  const held = listeners.member(peer.id);
  if (held?.invite === warrant.id) return held;
  const serial = held?.serial ?? listeners.nextSerial();
  const paper = issueMember(warrant, { peer, serial, voice: self.voice });
  const member: Member = {
    id: peer.id, serial, operator: warrant.operator, robot: warrant.robot, host, ed: toBase64(peer.ed), x: toBase64(peer.x),
    invite: warrant.id, member: paper, warrant: certificate, joinedAt: now.wall,
  };
  listeners.enrol(member);
  draft.put("members", peer.id, member);
  sync.offer(`member ${peer.id}`);
  draft.add({ kind: "enrol", peer });
  draft.log("joined", { listener: peer.id, operator: warrant.operator, robot: warrant.robot });
  return member;
}

/** Tells a member what it is. @param nonce of its question */
export function sayJoined({ self, draft, group }: Parts, { member, nonce, address }: { readonly member: Member; readonly nonce: string; readonly address: Address }): void {
  const { ed, x } = keysOf(member);
  const peer = peerOf(ed, x);
  const body = composeJoined({ nonce }, {
    voice: self.voice, voiceCertificate: self.voiceCertificate, clusterKey: self.clusterKey, clusterName: self.clusterName,
    warrant: member.warrant, member: member.member, group: group.sealing, peer,
  });
  // Three certificates with long names are more than a datagram. Nothing secret is in clear that their size could betray.
  draft.add({ kind: "say", message: { kind: "joined", body }, to: { kind: "stranger", address }, repeat: false, deflate: true });
}
