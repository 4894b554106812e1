/** Joining by invite: what a stranger says, what an agent makes of it, and what the newcomer believes of the answer. */

import { concat, equalBytes, fromBase64, toBase64, utf8 } from "../base/bytes.ts";
import { hmacSha256, sha256 } from "../base/digest.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { WallMs } from "../base/units.ts";
import type { Body } from "../wire/message.ts";
import { isSound, unwrap, wrap } from "../wire/seal.ts";
import { issue, type MemberPaper, read, type Voice, type Warrant } from "./certificate.ts";
import { type Invite, inviteName, joinKeyOf } from "./invite.ts";
import { clusterIdOf, type GroupKey, type Identity, pairKey, type Peer, type PeerId, peerIdOf, peerOf } from "./keys.ts";

/** What the stranger says: its keys, and the proof that it holds the invite's secret. */
export function composeJoin(
  { invite, own, nonce, host }: { readonly invite: Invite; readonly own: Peer; readonly nonce: Uint8Array; readonly host: string },
): Body<"join"> {
  const said = { invite: inviteName(invite.id), ed: toBase64(own.ed), x: toBase64(own.x), nonce: toBase64(nonce), host };
  return { ...said, mac: macOf(said, joinKeyOf(invite.secret)) };
}

/** What the agent keeps of an invite. */
export type Invited = {
  /** Exact bytes in base64url. */
  readonly warrant: string;
  readonly joinKey: string;
  /** The Ed25519 key of the listener that has used it. */
  readonly usedBy: string | undefined;
};

export type Refused = "unknown invite" | "wrong secret" | "used before" | "expired" | "unsound key" | "revoked";

/** Whether the stranger may come in. The same listener may ask again: its answer may have been lost. */
export function judgeJoin(
  join: Body<"join">,
  { invited, clusterKey, isRevoked = () => false, now }: {
    readonly invited: Invited | undefined; readonly clusterKey: Uint8Array; readonly isRevoked?: (id: PeerId) => boolean; readonly now: WallMs;
  },
): Result<{ readonly warrant: Warrant; readonly peer: Peer; readonly again: boolean }, Refused> {
  const ed = fromBase64(join.ed);
  const x = fromBase64(join.x);
  const joinKey = invited === undefined ? undefined : fromBase64(invited.joinKey);
  if (invited === undefined || joinKey === undefined || ed?.length !== 32 || x?.length !== 32) return fail("unknown invite");
  const warrant = read("warrant", invited.warrant, clusterKey);
  if (!warrant.ok) return fail("unknown invite");
  if (!equalBytes(utf8(macOf(join, joinKey)), utf8(join.mac))) return fail("wrong secret");
  if (isRevoked(peerIdOf(ed))) return fail("revoked");
  if (invited.usedBy !== undefined && invited.usedBy !== join.ed) return fail("used before");
  if (invited.usedBy === undefined && warrant.value.expires < now) return fail("expired");
  if (!isSound(x)) return fail("unsound key");
  return ok({ warrant: warrant.value, peer: peerOf(ed, x), again: invited.usedBy !== undefined });
}

/** The answer to a stranger that may come in. The group key travels under the pair's key. */
export function composeJoined(
  join: Pick<Body<"join">, "nonce">,
  { voice, voiceCertificate, clusterKey, clusterName, warrant, member, group, peer }: {
    readonly voice: Identity; readonly voiceCertificate: string; readonly clusterKey: Uint8Array; readonly clusterName: string;
    readonly warrant: string; readonly member: string; readonly peer: Peer; readonly group: GroupKey;
  },
): Body<"joined"> {
  // The nonce follows from the stranger's own, so that the same question has the same answer and no key meets a nonce twice.
  const nonce = sha256(concat(utf8("gapbell joined\0"), utf8(join.nonce))).subarray(0, 12);
  return {
    nonce: join.nonce, key: toBase64(voice.ed), cluster: toBase64(clusterKey), clusterName, voice: voiceCertificate, member, warrant,
    kid: group.kid, group: toBase64(wrap(group.key, { key: wrapKey(pairKey(voice, peer)), nonce })),
  };
}

/** The member certificate, signed by the agent's voice. */
export function issueMember(warrant: Warrant, { peer, serial, voice }: { readonly peer: Peer; readonly serial: number; readonly voice: Identity }): string {
  return issue("member", { warrant: warrant.id, serial, ed: toBase64(peer.ed), x: toBase64(peer.x) }, voice.signer);
}

/** Everything that a newcomer keeps. */
export type Membership = {
  readonly clusterKey: Uint8Array;
  readonly clusterName: string;
  readonly voice: Voice;
  readonly voiceCertificate: string;
  readonly agent: Peer;
  readonly member: MemberPaper;
  readonly memberCertificate: string;
  readonly warrant: Warrant;
  readonly warrantCertificate: string;
  readonly group: GroupKey;
};

export type Disbelief =
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "incomplete" }
  | { readonly kind: "another cluster" }
  | { readonly kind: "forged"; readonly what: "voice" | "warrant" | "member" | "group key" };

/** Whether the answer comes from the cluster that the invite, or the warrant of an approval, names: the chain from its key down to our own. */
export function judgeJoined(
  joined: Body<"joined">,
  { invite, own, nonce }: { readonly invite: Pick<Invite, "cluster" | "id">; readonly own: Identity; readonly nonce: Uint8Array },
): Result<Membership, Disbelief> {
  if (joined.refused !== undefined) return fail({ kind: "refused", reason: joined.refused });
  const { cluster, clusterName, voice, member, warrant, kid, group } = joined;
  const clusterKey = fromBase64(cluster ?? "");
  const sealed = fromBase64(group ?? "");
  if (clusterKey?.length !== 32 || sealed === undefined || clusterName === undefined || voice === undefined || member === undefined || warrant === undefined || kid === undefined) return fail({ kind: "incomplete" });
  if (!equalBytes(clusterIdOf(clusterKey), invite.cluster) || joined.nonce !== toBase64(nonce)) return fail({ kind: "another cluster" });
  const voicePaper = read("voice", voice, clusterKey);
  if (!voicePaper.ok) return fail({ kind: "forged", what: "voice" });
  const agent = peerOf(fromBase64(voicePaper.value.ed) ?? new Uint8Array(), fromBase64(voicePaper.value.x) ?? new Uint8Array());
  const warrantPaper = read("warrant", warrant, clusterKey);
  if (!warrantPaper.ok || warrantPaper.value.id !== inviteName(invite.id)) return fail({ kind: "forged", what: "warrant" });
  const memberPaper = read("member", member, agent.ed);
  if (!memberPaper.ok || memberPaper.value.ed !== toBase64(own.ed) || memberPaper.value.warrant !== warrantPaper.value.id) return fail({ kind: "forged", what: "member" });
  const groupKey = unwrap(sealed, wrapKey(pairKey(own, agent)));
  if (groupKey?.length !== 32) return fail({ kind: "forged", what: "group key" });
  return ok({
    clusterKey, clusterName, voice: voicePaper.value, voiceCertificate: voice, agent, member: memberPaper.value, memberCertificate: member,
    warrant: warrantPaper.value, warrantCertificate: warrant, group: { kid, key: groupKey },
  });
}

/** Not the traffic's key, so that a nonce chosen here can never meet one of the counter's. */
function wrapKey(pair: Uint8Array): Uint8Array {
  return hmacSha256(pair, utf8("gapbell/1 group key"));
}

function macOf({ invite, ed, x, nonce, host }: Omit<Body<"join">, "mac">, joinKey: Uint8Array): string {
  return toBase64(hmacSha256(joinKey, utf8(JSON.stringify([invite, ed, x, nonce, host]))));
}
