/** What the LAN says to the agent, and what it answers: every message of a listener has its place here. */

import { toBase64 } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import type { Now } from "../base/units.ts";
import { canonicalRules, rulesDigest } from "../classify/rule.ts";
import type { Address } from "../port/lan.ts";
import { clusterIdOf, type PeerId, peerOf } from "../trust/keys.ts";
import { type Invited, judgeJoin, type Refused } from "../trust/enrolment.ts";
import type { Opened } from "../trust/opener.ts";
import { encodeVoices, voicesDigest } from "../trust/voices.ts";
import { encodeOpenSet } from "../wire/open-set.ts";
import { pieces } from "../wire/page.ts";
import type { Body } from "../wire/message.ts";
import { negotiate } from "../wire/versions.ts";
import { acknowledge } from "./acknowledge.ts";
import { lookForSomebody } from "./admit.ts";
import { hearCommit } from "./approvals.ts";
import { enrol, sayJoined } from "./enrol.ts";
import { hearPeer } from "./hear-peer.ts";
import { keysOf, type Member } from "./listeners.ts";
import type { AgentSelf, Parts } from "./parts.ts";
import { ackNonce, inOrder } from "./views.ts";

/** What joining needs besides the parts: the invites handed out. */
export type Invites = Map<string, Invited>;

/** Sealed for the group as well, because a listener that does not know where its agent is broadcasts them; the signature names it. */
const FOR_GROUP: readonly string[] = ["ack", "bye"];

export function hear(parts: Parts, invites: Invites, { from, packet }: { readonly from: Address; readonly packet: Opened }, now: Now): void {
  const { message, sealed, sender } = packet;
  if (parts.peers.get(sender) !== undefined) hearPeer(parts, { from, packet }, now);
  else if (message.kind === "seek") sayBeacon(parts, { sender, from, asked: message.body.nonce }, now);
  else if (message.kind === "join") join(parts, invites, { from, body: message.body }, now);
  else if (message.kind === "commit") hearCommit(parts, { from, sender, body: message.body }, now);
  else if (sealed === "clear" || (sealed === "group" && !FOR_GROUP.includes(message.kind))) parts.refusals.count("not sealed for the pair");
  else if (parts.listeners.member(sender) === undefined) parts.refusals.count("no member");
  else hearMember(parts, { from, packet }, now);
}

function hearMember(parts: Parts, { from, packet }: { readonly from: Address; readonly packet: Opened }, now: Now): void {
  const { message, sender } = packet;
  const fresh = packet.freshness === "fresh";
  switch (message.kind) {
    case "hello":
      return hello(parts, { from, packet, body: message.body }, now);
    case "bye":
      if (!fresh) return parts.refusals.count("not of its present life");
      parts.listeners.bye(sender, now);
      return lookEverywhere(parts, now);
    case "receipt":
      // A recording of an epoch that was never proven would end the repeats to a listener that has nothing.
      if (!fresh) return parts.refusals.count("not of its present life");
      for (const receipt of message.body.receipts) takeReceipt(parts, sender, receipt, now);
      return;
    case "ack":
      return ack(parts, { from, sender, body: message.body }, now);
    case "fetch":
      if (!fresh) return parts.refusals.count("not of its present life");
      // The answer is many times the question: it goes only to where a HELLO has proven that the listener is.
      if (!isAt(parts.listeners.get(sender)?.address, from)) return parts.refusals.count("asked from elsewhere");
      return fetch(parts, { from, sender, body: message.body });
    case "rekeyed":
      if (!fresh) return parts.refusals.count("not of its present life");
      return parts.group.confirmed(sender, message.body.kid);
    default:
      return;
  }
}

function isAt(proven: Address | undefined, from: Address): boolean {
  return proven !== undefined && proven.host === from.host && proven.port === from.port && proven.road === from.road;
}

function hello(parts: Parts, { from, packet, body }: { readonly from: Address; readonly packet: Opened; readonly body: Body<"hello"> }, now: Now): void {
  const { listeners, draft, self, floor } = parts;
  // Our beacon says what we speak: its people read there why it is not answered.
  if (negotiate(self.versions, body.versions, floor.version) === undefined) return parts.refusals.count("no version in common");
  const sat = listeners.get(packet.sender)?.seat === "person";
  const presented = listeners.hello(from, packet, body, now);
  if (presented === undefined) {
    return sayAnew(parts, { from, packet }, now);
  }
  sayWelcome(parts, { from, packet, nonce: body.nonce }, now);
  parts.group.heard(packet.sender, body.group, now.mono);
  if (sat && presented.changed.seat !== "person") lookEverywhere(parts, now);
  if (presented.newcomer) draft.log("listener", { listener: packet.sender, operator: presented.changed.operator, seat: presented.changed.seat });
}

/** Its HELLO echoes no present challenge: a new beacon lets it prove that it hears us now. */
export function sayAnew(parts: Parts, { from, packet }: { readonly from: Address; readonly packet: Opened }, now: Now): void {
  parts.refusals.count("stale challenge");
  // What may be a recording is not answered with more bytes than it has: a genuine one will hear our next beacon.
  if (packet.freshness === "older") return;
  sayBeacon(parts, { sender: packet.sender, from }, now);
}

/** Its HELLO was of now: its epoch is believed, and it may believe ours. */
export function sayWelcome(parts: Parts, { from, packet, nonce }: { readonly from: Address; readonly packet: Opened; readonly nonce: string }, now: Now): void {
  const { draft, self, settings, group, floor } = parts;
  const { sender, epoch, counter } = packet;
  if (packet.freshness !== "fresh") draft.add({ kind: "adopt", peer: sender, epoch, counter });
  draft.put("windows", sender, { epoch: String(epoch), counter: String(counter) });
  draft.add({
    kind: "welcome", peer: sender, address: from,
    body: {
      nonce, kid: group.sealing.kid, voice: self.voiceCertificate, rules: rulesDigest(canonicalRules(settings.rules)), wall: now.wall, voices: voicesDigest(voicesOf(parts)),
      ...(floor.certificate === undefined ? {} : { floor: floor.certificate }),
    },
  });
}

/** All agents of the cluster that are known here, this one first. */
function voicesOf({ self, peers }: Parts): Uint8Array {
  return encodeVoices([{ voice: self.voiceCertificate, address: undefined }, ...peers.all()]);
}

function takeReceipt(parts: Parts, listener: string, { id, ring, level }: Body<"receipt">["receipts"][number], now: Now): void {
  const operator = parts.listeners.member(listener)?.operator ?? "";
  const named = parts.book.get(id)?.id ?? id;
  if (!parts.push.receipt(listener, { id: named, ring, level })) return;
  parts.draft.remember(named, now.wall, { kind: level, operator, listener, ring });
}

function ack(parts: Parts, { from, sender, body }: { readonly from: Address; readonly sender: string; readonly body: Body<"ack"> }, now: Now): void {
  const alarm = parts.book.get(body.id);
  const member = parts.listeners.member(sender);
  const answer = (acked: Omit<Body<"acked">, "id" | "revision">): void =>
    say(parts, { kind: "acked", body: { id: body.id, revision: body.revision, ...acked } }, { kind: "listener", peer: sender, address: from });
  if (alarm === undefined || member === undefined) {
    parts.refusals.count("unknown alarm");
    return answer({ outcome: "refused", reason: "no such alarm is known here", by: "" });
  }
  // Under whichever name it was shown.
  const names = [alarm.id, ...alarm.aliases.map(({ id }) => id)];
  if (!names.some((id) => body.nonce === ackNonce({ id, revision: body.revision }, parts.self.secrets.nonceKey))) {
    parts.refusals.count("wrong nonce");
    return answer({ outcome: "refused", reason: "it does not name what was shown", by: "" });
  }
  const way = member.robot || body.robot ? "robot" : "listener";
  answer(acknowledge(parts, alarm, { operator: member.operator, way, comment: body.comment, revision: body.revision }, now));
}

function fetch(parts: Parts, { from, sender, body }: { readonly from: Address; readonly sender: string; readonly body: Body<"fetch"> }): void {
  const { book, catchUp } = parts;
  switch (body.what) {
    case "rules":
    case "voices": {
      const to = { kind: "listener", peer: sender, address: from } as const;
      const bytes = body.what === "rules" ? canonicalRules(parts.settings.rules) : voicesOf(parts);
      for (const piece of pieces(body.what, bytes)) say(parts, { kind: "data", body: piece }, to);
      return;
    }
    case "open":
      return catchUp.begin(sender, { pieces: pieces("open", encodeOpenSet(book.marks())), ids: inOrder(book.open()).map(({ id }) => id) });
    case "alarm":
      return catchUp.add(sender, body.ids ?? [], (ids) => inOrder(ids.flatMap((id) => book.get(id) ?? [])).map(({ id }) => id));
  }
}

function join(parts: Parts, invites: Invites, { from, body }: { readonly from: Address; readonly body: Body<"join"> }, now: Now): void {
  const { self, draft, listeners } = parts;
  const to = { kind: "stranger", address: from } as const;
  const invited = invites.get(body.invite);
  const judged = judgeJoin(body, { invited, clusterKey: self.clusterKey, isRevoked: (id) => listeners.revokedMember(id) !== undefined, now: now.wall });
  if (!judged.ok || invited === undefined) {
    const fault = judged.ok ? "unknown invite" : judged.fault;
    parts.refusals.count(`join: ${fault}`);
    draft.log("join refused", { reason: fault, host: body.host });
    say(parts, { kind: "joined", body: { nonce: body.nonce, key: toBase64(self.voice.ed), refused: REFUSED[fault] } }, to);
    return;
  }
  const { warrant, peer } = judged.value;
  const member = enrol(parts, { warrant, certificate: invited.warrant, peer, host: body.host }, now);
  if (invited.usedBy === undefined) {
    invites.set(body.invite, { ...invited, usedBy: body.ed });
    draft.put("invites", body.invite, { ...invited, usedBy: body.ed });
    parts.sync.offer(`invite ${body.invite}`);
  }
  sayJoined(parts, { member, nonce: body.nonce, address: from });
}

const REFUSED: Readonly<Record<Refused, string>> = {
  "unknown invite": "This invite is not known here: ask for a new one",
  "wrong secret": "The invite's secret is wrong: read it again, or ask for a new one",
  "used before": "This invite has been used before: if that was not you, tell the administrator; ask for a new one",
  expired: "This invite has expired: ask for a new one",
  revoked: "This listener has been revoked: ask for a new invite, and give --anew to join",
  "unsound key": "The keys of this listener give no secret: remove its key file and join again",
};

/**
 * A member gets its answer sealed: who forges beacons in clear, in our name and from our address, does not drown that. Whoever
 * is none, revoked perhaps or lost with our database, is told so: by its HELLOs it would never learn it.
 *
 * @param asked nonce of the SEEK that is answered
 */
function sayBeacon(parts: Parts, { sender, from, asked }: { readonly sender: PeerId; readonly from: Address; readonly asked?: string }, now: Now): void {
  const body = beacon(parts, parts.listeners.challenge(now.mono), now);
  if (parts.listeners.member(sender) !== undefined) return say(parts, { kind: "beacon", body }, { kind: "listener", peer: sender, address: from });
  say(parts, { kind: "beacon", body: asked === undefined ? body : { ...body, unknown: asked } }, { kind: "stranger", address: from });
}

/** What a beacon says now. */
export function beacon(parts: Parts, challenge: string, now: Now): Body<"beacon"> {
  const { self, settings, book, group, face, floor } = parts;
  return {
    cluster: face.cluster, clusterName: self.clusterName, agent: self.agentName, port: self.port,
    versions: [Math.max(self.versions[0], floor.version), self.versions[1]], kid: group.sealing.kid, challenge, jitterMs: parts.listeners.receiptJitter(now.mono),
    open: group.mac.of(book.marks()), rules: rulesDigest(canonicalRules(settings.rules)),
    voice: face.voice, key: face.key, wall: now.wall,
  };
}

export function faceOf({ clusterKey, voice, voiceCertificate }: AgentSelf): Parts["face"] {
  return { cluster: toBase64(clusterIdOf(clusterKey)), voice: toBase64(sha256(Buffer.from(voiceCertificate, "base64url"))), key: toBase64(voice.ed) };
}

/** Somebody has gone: is anybody responsible still there, for each alarm that waits? */
export function lookEverywhere(parts: Parts, now: Now): void {
  for (const alarm of [...parts.book.open()]) lookForSomebody(parts, alarm, now);
}

/** A member's public keys, for the opener. */
export function peerOfMember(member: Member): { readonly id: string; readonly ed: Uint8Array; readonly x: Uint8Array } {
  const { ed, x } = keysOf(member);
  return peerOf(ed, x);
}

type Audience = Extract<Parameters<Parts["draft"]["add"]>[0], { kind: "say" }>["to"];
type Said = Extract<Parameters<Parts["draft"]["add"]>[0], { kind: "say" }>["message"];

function say({ draft }: Parts, message: Said, to: Audience): void {
  draft.add({ kind: "say", message, to, repeat: false, deflate: false });
}
