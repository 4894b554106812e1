/** Lets in what a known sender sealed, once, and counts the rest. Cheap checks first: the LAN may send anything. */

import { fromBase64 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { Tally } from "../base/tally.ts";
import type { Ms } from "../base/units.ts";
import { BODY_BYTES_MOST, FLAG_BROADCAST, FLAG_DEFLATED, HEADER_BYTES, KID_PAIRWISE, SIGNATURE_BYTES, SUITE_CLEAR } from "../wire/constants.ts";
import type { Message, MessageKind } from "../wire/message.ts";
import { type BodyFault, decodeBody, decodeHeader, type Header, type HeaderFault } from "../wire/packet.ts";
import { publicKey, SEAL, type Seal } from "../wire/seal.ts";
import { type KeyRing, type PeerId, peerIdOf } from "./keys.ts";
import { Rates } from "./rates.ts";
import { Window } from "./window.ts";

/**
 * A datagram whose sender, seal, signature and form have been checked.
 * `fresh`: of the sender's present epoch and never seen before. `newer`: of an epoch not yet adopted by challenge.
 * `older`: only HELLO, WELCOME and ACK come through so, because they carry their own proof of freshness, and BEACON, to be challenged.
 * `stranger`: signed in clear by a key that nobody vouches for here.
 */
export type Opened = {
  readonly sender: PeerId;
  readonly epoch: bigint;
  readonly counter: bigint;
  readonly freshness: "fresh" | "newer" | "older" | "stranger";
  readonly sealed: "group" | "pair" | "clear";
  /** Its sender, who has signed that, said it to everybody. */
  readonly broadcast: boolean;
  readonly message: Message;
};

export type Drop = HeaderFault | BodyFault | "unknown sender" | "revoked" | "unknown key" | "too many" | "replay" | "seal" | "signature" | "wrong direction" | "own echo";

export type Side = "agent" | "client";

/** Who may say what: to an agent come these of listeners and those of other agents, to a listener those of agents; in clear only those of strangers. */
export const FROM_LISTENERS: readonly MessageKind[] = ["seek", "hello", "bye", "receipt", "ack", "fetch", "join", "commit", "rekeyed"];
export const AMONG_AGENTS: readonly MessageKind[] = ["beacon", "hello", "welcome", "sync", "synced"];
export const FROM_AGENTS: readonly MessageKind[] = ["beacon", "welcome", "alarm", "state", "acked", "data", "joined", "pending", "rekey", "bye"];
export const IN_CLEAR: readonly MessageKind[] = ["beacon", "seek", "join", "joined", "commit", "pending"];
/** Whose body is as long as one may be, whatever it says: nobody can make an agent send more than they have sent. */
export const FULL_LENGTH: readonly MessageKind[] = ["commit"];
/** BEACON proves nothing, but without its challenge an agent that lost clock and state could never be challenged. */
export const PROVES_ITSELF: readonly MessageKind[] = ["hello", "welcome", "ack", "beacon"];

export class Opener {
  readonly #ring: KeyRing;
  readonly #side: Side;
  readonly #seal: Seal;
  readonly #windows = new Map<PeerId, { epoch: bigint; window: Window }>();
  readonly #rates = new Rates();
  readonly #drops = new Tally();

  constructor({ ring, side, seal = SEAL }: { readonly ring: KeyRing; readonly side: Side; readonly seal?: Seal }) {
    this.#ring = ring;
    this.#side = side;
    this.#seal = seal;
  }

  /** @param from host of the source, for the rate limits */
  open(datagram: Uint8Array, from: string, now: Ms): Result<Opened, Drop> {
    const opened = this.#open(datagram, from, now);
    if (!opened.ok) this.#drops.count(opened.fault);
    return opened;
  }

  /** Believes a peer's epoch from now on, everything up to `counter` counting as seen; what came since of the same epoch as well. */
  adopt(peer: PeerId, { epoch, counter }: { readonly epoch: bigint; readonly counter: bigint }): void {
    const held = this.#windows.get(peer);
    if (held?.epoch === epoch) held.window.raise(counter);
    else this.#windows.set(peer, { epoch, window: new Window(counter) });
  }

  /** A peer that was revoked has no place any more. */
  forget(peer: PeerId): void {
    this.#windows.delete(peer);
  }

  /** Highest counter seen of a peer's present epoch. */
  seen(peer: PeerId): { readonly epoch: bigint; readonly counter: bigint } | undefined {
    const held = this.#windows.get(peer);
    return held === undefined ? undefined : { epoch: held.epoch, counter: held.window.highest };
  }

  /** How many datagrams were dropped, for each reason. */
  drops(): Readonly<Record<string, number>> {
    return this.#drops.all;
  }

  #open(datagram: Uint8Array, from: string, now: Ms): Result<Opened, Drop> {
    const header = decodeHeader(datagram);
    if (!header.ok) return fail(header.fault);
    const { kind, sender, suite } = header.value;
    if (sender === this.#ring.own.id) return fail("own echo");
    if (!this.#mayComeFrom(sender).includes(kind)) return fail("wrong direction");
    return suite === SUITE_CLEAR ? this.#openClear(datagram, header.value, from, now) : this.#openSealed(datagram, header.value, from, now);
  }

  #mayComeFrom(sender: PeerId): readonly MessageKind[] {
    if (this.#side === "client") return FROM_AGENTS;
    return this.#ring.isAgent(sender) ? AMONG_AGENTS : FROM_LISTENERS;
  }

  /** JOIN, JOINED and the BEACON of a cluster not joined bring their key along; whether to believe it is the machine's affair. */
  #openClear(datagram: Uint8Array, header: Header, from: string, now: Ms): Result<Opened, Drop> {
    const { kind, sender, flags, epoch, counter } = header;
    if (!IN_CLEAR.includes(kind)) return fail("seal");
    const known = this.#ring.verifier(sender);
    if (known !== undefined && this.#freshness(header) === undefined) return fail("replay");
    if (!this.#rates.clear({ sender, from }, now)) return fail("too many");
    const body = datagram.subarray(HEADER_BYTES, datagram.length - SIGNATURE_BYTES);
    if (this.#side === "agent" && isShort(kind, body, flags)) return fail("wrong form");
    const message = decodeBody(kind, body, flags);
    if (!message.ok) return fail(message.fault);
    const claimed = known === undefined ? claimedKey(message.value, sender) : undefined;
    const verifier = known ?? (claimed === undefined ? undefined : publicKey("ed", claimed));
    if (verifier === undefined) return fail("unknown sender");
    if (!this.#seal.openClear(datagram, verifier).ok) return fail("signature");
    if (known === undefined) return ok({ sender, epoch, counter, freshness: "stranger", sealed: "clear", broadcast: isBroadcast(header), message: message.value });
    return this.#admit(header, message.value, { sealed: "clear", from });
  }

  #openSealed(datagram: Uint8Array, header: Header, from: string, now: Ms): Result<Opened, Drop> {
    const { sender, epoch, kid, kind, flags } = header;
    const signer = this.#ring.verifier(sender);
    if (signer === undefined) return fail(this.#ring.isExpelled(sender) ? "revoked" : "unknown sender");
    const freshness = this.#freshness(header);
    if (freshness === undefined) return fail("replay");
    const speech = { sender, epoch, kid, other: sender };
    const trafficKey = this.#ring.trafficKey(speech);
    if (trafficKey === undefined) return fail("unknown key");
    const sealed = kid === KID_PAIRWISE ? "pair" : "group";
    const role = this.#side === "agent" && !this.#ring.isAgent(sender) ? "listener" : "agent";
    const granted = (): boolean => this.#rates.member({ sender, role, from, sealed, freshness }, now);
    const opened = this.#seal.openPacket(datagram, { signer, trafficKey, granted });
    if (!opened.ok) return fail(opened.fault);
    this.#ring.keep(speech, trafficKey);
    const message = decodeBody(kind, opened.value, flags);
    if (!message.ok) return fail(message.fault);
    return this.#admit(header, message.value, { sealed, from });
  }

  /** Only a genuine packet moves the window. */
  #admit(header: Header, message: Message, { sealed, from }: { readonly sealed: Opened["sealed"]; readonly from: string }): Result<Opened, Drop> {
    const { sender, epoch, counter } = header;
    const freshness = this.#freshness(header);
    if (freshness === undefined) return fail("replay");
    if (freshness === "fresh") this.#windows.get(header.sender)?.window.commit(header.counter);
    if (freshness === "fresh") this.#rates.heard(sender, from);
    return ok({ sender, epoch, counter, freshness, sealed, broadcast: isBroadcast(header), message });
  }

  #freshness({ sender, epoch, counter, kind }: Header): "fresh" | "newer" | "older" | undefined {
    const held = this.#windows.get(sender);
    if (held === undefined || epoch > held.epoch) return "newer";
    if (epoch < held.epoch) return PROVES_ITSELF.includes(kind) ? "older" : undefined;
    if (held.window.check(counter)) return "fresh";
    return undefined;
  }
}

/** A question in clear that is deflated, or has not its padding, would be answered by more bytes than it has. */
function isShort(kind: MessageKind, body: Uint8Array, flags: number): boolean {
  return (flags & FLAG_DEFLATED) !== 0 || (FULL_LENGTH.includes(kind) && body.length < BODY_BYTES_MOST);
}

function isBroadcast({ flags }: Header): boolean {
  return (flags & FLAG_BROADCAST) !== 0;
}

/** The key that a stranger's message names, if it is the one that its sender id is the hash of. */
function claimedKey(message: Message, sender: PeerId): Uint8Array | undefined {
  const text = "key" in message.body ? message.body.key : message.kind === "join" ? message.body.ed : undefined;
  const key = typeof text === "string" ? fromBase64(text) : undefined;
  return key !== undefined && key.length === 32 && peerIdOf(key) === sender ? key : undefined;
}
