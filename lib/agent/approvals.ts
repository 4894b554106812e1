/** Who asks to be let in by approval: a few at a time, for ten minutes, forgotten by a restart; and how one of them comes in. */

import { toBase64, utf8 } from "../base/bytes.ts";
import { Bucket } from "../base/bucket.ts";
import { hmacSha256 } from "../base/digest.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { minutes, type Ms, type Now, seconds, type WallMs } from "../base/units.ts";
import type { Address } from "../port/lan.ts";
import type { Reply } from "../port/tickets.ts";
import { approvalId, type Asking, codeOf, hashOf, judgeReveal, type RevealFault, transcriptOf } from "../trust/approval.ts";
import { read, type Warrant } from "../trust/certificate.ts";
import { inviteName } from "../trust/invite.ts";
import type { Peer, PeerId } from "../trust/keys.ts";
import type { Body } from "../wire/message.ts";
import { enrol, sayJoined } from "./enrol.ts";
import type { Parts } from "./parts.ts";

/** Each is one try of whoever may stand in between, of 2^40: they are few, and they come slowly. */
export const PENDING_MOST = 32;
export const PENDING_MS: Ms = minutes(10);
/** A commitment that nobody reveals holds its place for so long only. */
export const REVEAL_MS: Ms = seconds(30);
export const HOST_EVERY_MS: Ms = seconds(10);
/** Of all hosts together: source addresses are easily made up. */
export const NEW = { perSecond: 0.5, burst: PENDING_MOST } as const;

type Entry = {
  readonly commit: string;
  /** The agent's own, chosen when the commitment came. */
  readonly nonce: string;
  readonly at: Ms;
  readonly since: WallMs;
  readonly address: Address;
  readonly revealed: { readonly asking: Asking; readonly peer: Peer; readonly transcript: string } | undefined;
};
type Revealed = Entry & { readonly revealed: NonNullable<Entry["revealed"]> };

type OpenFault = "too many" | "too soon";

export class Approvals {
  readonly #nonceKey: Uint8Array;
  readonly #epoch: bigint;
  readonly #entries = new Map<PeerId, Entry>();
  readonly #hosts = new Map<string, Ms>();
  readonly #all: Bucket;
  #opened = 0;

  /** @param nonceKey a secret of the agents. `epoch` of this life, so that no nonce comes twice */
  constructor({ nonceKey, epoch, at }: { readonly nonceKey: Uint8Array; readonly epoch: bigint; readonly at: Ms }) {
    this.#nonceKey = nonceKey;
    this.#epoch = epoch;
    this.#all = new Bucket({ ...NEW, at });
  }

  /** Takes a commitment; another one of the same listener takes its place. @returns the agent's nonce for it, always the same */
  open(listener: PeerId, { commit, address }: { readonly commit: string; readonly address: Address }, now: Now): Result<string, OpenFault> {
    this.#expire(now.mono);
    const held = this.#entries.get(listener);
    if (held?.commit === commit) return ok(held.nonce);
    if (held === undefined && this.#entries.size >= PENDING_MOST) return fail("too many");
    if (this.#hosts.has(address.host) || !this.#all.allow(now.mono)) return fail("too soon");
    this.#hosts.set(address.host, now.mono);
    this.#opened += 1;
    const nonce = toBase64(hmacSha256(this.#nonceKey, utf8(`approval ${this.#epoch} ${this.#opened} ${commit}`)).subarray(0, 16));
    this.#entries.set(listener, { commit, nonce, at: now.mono, since: now.wall, address, revealed: undefined });
    return ok(nonce);
  }

  /** The entry of a commitment that is still kept. */
  held(listener: PeerId, commit: string, now: Ms): Entry | undefined {
    this.#expire(now);
    const held = this.#entries.get(listener);
    return held?.commit === commit ? held : undefined;
  }

  reveal(listener: PeerId, held: Entry, revealed: Revealed["revealed"]): void {
    this.#entries.set(listener, { ...held, revealed });
  }

  /** Those whose code stands on their screens, the oldest first. */
  waiting(now: Ms): readonly Revealed[] {
    this.#expire(now);
    return [...this.#entries.values()].flatMap((entry) => (entry.revealed === undefined ? [] : [{ ...entry, revealed: entry.revealed }])).sort((a, b) => a.at - b.at);
  }

  /** The one that a warrant lets in, which is good once. */
  take(warrant: Warrant, now: Ms): Revealed | undefined {
    const found = this.waiting(now).find(({ commit, revealed }) => inviteName(approvalId(commit)) === warrant.id && hashOf(revealed.transcript) === warrant.hash);
    if (found !== undefined) this.#entries.delete(found.revealed.peer.id);
    return found;
  }

  #expire(now: Ms): void {
    for (const [id, { at, revealed }] of this.#entries) if (now >= at + (revealed === undefined ? REVEAL_MS : PENDING_MS)) this.#entries.delete(id);
    for (const [host, at] of this.#hosts) if (now >= at + HOST_EVERY_MS) this.#hosts.delete(host);
  }
}

/** A COMMIT: with or without what it commits to, or repeated by one that has been let in. */
export function hearCommit(parts: Parts, { from, sender, body }: { readonly from: Address; readonly sender: PeerId; readonly body: Body<"commit"> }, now: Now): void {
  const { approvals, listeners, self } = parts;
  const say = (more: Partial<Body<"pending">>): void =>
    parts.draft.add({ kind: "say", message: { kind: "pending", body: { commit: body.commit, key: toBase64(self.voice.ed), ...more } }, to: { kind: "stranger", address: from }, repeat: false, deflate: false });
  const refuse = (fault: keyof typeof REFUSED): void => {
    parts.refusals.count(`approval: ${fault}`);
    say({ refused: REFUSED[fault] });
  };
  if (listeners.revokedMember(sender) !== undefined) return refuse("revoked");
  const offer = (nonce: string) => ({ cluster: toBase64(self.clusterKey), x: toBase64(self.voice.x), nonce });
  if (body.nonce === undefined) {
    const opened = approvals.open(sender, { commit: body.commit, address: from }, now);
    return opened.ok ? say(offer(opened.value)) : refuse(opened.fault);
  }
  const member = listeners.member(sender);
  if (member?.invite === inviteName(approvalId(body.commit))) return sayJoined(parts, { member, nonce: body.nonce, address: from });
  const held = approvals.held(sender, body.commit, now.mono);
  if (held === undefined) return refuse("unknown");
  if (held.revealed === undefined) {
    const judged = judgeReveal(body);
    if (!judged.ok) return refuse(judged.fault);
    const { asking, peer } = judged.value;
    // A known sender is believed by the key that is known, whatever key the body names.
    if (peer.id !== sender) return refuse("wrong commitment");
    approvals.reveal(sender, held, { asking, peer, transcript: transcriptOf(asking, { ...offer(held.nonce), ed: toBase64(self.voice.ed) }) });
    parts.draft.log("asks to join", { listener: sender, host: asking.host, operator: asking.operator });
  }
  say(offer(held.nonce));
}

const REFUSED: Readonly<Record<OpenFault | RevealFault | "unknown" | "revoked", string>> = {
  "too many": "Too many listeners ask to join at this moment",
  "too soon": "Others, or this host, have asked to join a moment ago",
  unknown: "It knows no such request: it has been restarted, or 10 minutes are over",
  revoked: "This listener has been revoked: give --anew to join",
  "wrong commitment": "What is revealed is not what was committed to",
  "unsound key": "The keys of this listener give no secret: remove its key file and join again",
};

/** What `gapbell-agent approve` lists, and signs. */
export function pendingApprovals({ approvals }: Parts, now: Now): readonly object[] {
  return approvals.waiting(now.mono).map(({ commit, address, since, revealed: { asking, transcript } }) => ({
    code: codeOf(transcript), commit, transcript, host: asking.host, operator: asking.operator, address: address.host, since,
  }));
}

/** Lets in whom the cluster key has approved. It is told so when it asks again. */
export function approve(parts: Parts, certificate: string, now: Now): Reply {
  const warrant = read("warrant", certificate, parts.self.clusterKey);
  if (!warrant.ok) return { status: 400, body: { error: "The warrant is not signed by this cluster's key", field: "warrant" } };
  const found = parts.approvals.take(warrant.value, now.mono);
  if (found === undefined || parts.listeners.revokedMember(found.revealed.peer.id) !== undefined) return { status: 404, body: { error: "This listener does not wait any more: it has to ask again", field: "warrant" } };
  const { peer, asking: { host } } = found.revealed;
  const { operator, robot } = enrol(parts, { warrant: warrant.value, certificate, peer, host }, now);
  return { status: 200, body: { listener: peer.id, host, operator, robot } };
}
