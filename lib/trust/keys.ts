/** Who we are, who the others are, and the keys between us. */

import type { KeyObject } from "node:crypto";
import { assert } from "../base/assert.ts";
import { toHex, utf8 } from "../base/bytes.ts";
import { hkdf, sha256 } from "../base/digest.ts";
import { KID_PAIRWISE } from "../wire/constants.ts";
import { agree, privateKey, publicKey, rawPublic } from "../wire/seal.ts";

/** 16 hex digits: the first 8 bytes of SHA-256 over the Ed25519 public key. */
export type PeerId = string;

/** Another one's public keys, 32 raw bytes each. */
export type Peer = { readonly id: PeerId; readonly ed: Uint8Array; readonly x: Uint8Array };

/** The 32-byte private seeds of one identity, as they lie in a file of mode 0600. */
export type Seeds = { readonly ed: Uint8Array; readonly x: Uint8Array };

/** A peer together with what it takes to speak as that peer. */
export type Identity = Peer & { readonly signer: KeyObject; readonly agreement: KeyObject };

export function identityFrom(seeds: Seeds): Identity {
  const signer = privateKey("ed", seeds.ed);
  const agreement = privateKey("x", seeds.x);
  return { ...peerOf(rawPublic(signer), rawPublic(agreement)), signer, agreement };
}

export function peerOf(ed: Uint8Array, x: Uint8Array): Peer {
  return { id: peerIdOf(ed), ed, x };
}

export function peerIdOf(ed: Uint8Array): PeerId {
  return toHex(sha256(ed).subarray(0, 8));
}

/** 16 bytes: what an invite and a beacon name the cluster by. */
export function clusterIdOf(clusterKey: Uint8Array): Uint8Array {
  return sha256(clusterKey).subarray(0, 16);
}

/** The key that two identities share, the same from both sides. */
export function pairKey(own: Identity, other: Peer): Uint8Array {
  const ids = [own.id, other.id].sort().join("");
  return hkdf(agree(own.agreement, publicKey("x", other.x)), { salt: utf8(ids), use: "gapbell/1 pair", lengthBytes: 32 });
}

/** A key that every member of the cluster has. */
export type GroupKey = { readonly kid: number; readonly key: Uint8Array };

/** Group keys that still open: the present one, the one before, and one more for whoever lags. */
export const GROUP_KEYS_MOST = 3;

/** Derived traffic keys kept at hand; more are derived anew. */
const TRAFFIC_KEYS_MOST = 8192;

/** Whose traffic key, and which: one sender's epoch, under the key of a group or of a pair. */
export type Speech = {
  readonly sender: PeerId;
  readonly epoch: bigint;
  readonly kid: number;
  /** Whom the sender shares a pair key with, seen from here; used with `KID_PAIRWISE` only. */
  readonly other: PeerId;
};

/** Every key that may seal or open a packet here. */
export class KeyRing {
  readonly own: Identity;
  readonly #peers = new Map<PeerId, { readonly peer: Peer; readonly verifier: KeyObject; readonly pair: Uint8Array }>();
  readonly #expelled = new Set<PeerId>();
  /** In the order in which they were set. */
  readonly #groups = new Map<number, Uint8Array>();
  readonly #agents = new Set<PeerId>();
  readonly #traffic = new Map<string, Uint8Array>();
  #groupKid = 0;

  constructor(own: Identity) {
    this.own = own;
  }

  addPeer(peer: Peer): void {
    this.#peers.set(peer.id, { peer, verifier: publicKey("ed", peer.ed), pair: pairKey(this.own, peer) });
    this.#traffic.clear();
  }

  /** The same for another agent of the cluster: an agent lets it say what no listener may. */
  addAgent(peer: Peer): void {
    this.addPeer(peer);
    this.#agents.add(peer.id);
  }

  isAgent(id: PeerId): boolean {
    return this.#agents.has(id);
  }

  /** Forgets the keys of one that was revoked: nothing of it is opened any more, and nothing sealed for it. */
  expel(id: PeerId): void {
    this.#expelled.add(id);
    this.#peers.delete(id);
    this.#agents.delete(id);
    this.#traffic.clear();
  }

  isExpelled(id: PeerId): boolean {
    return this.#expelled.has(id);
  }

  has(id: PeerId): boolean {
    return this.#peers.has(id);
  }

  verifier(id: PeerId): KeyObject | undefined {
    return this.#peers.get(id)?.verifier;
  }

  /** Takes a group key, or one that is here already: the one set last seals, the two before it still open. */
  setGroup(kid: number, key: Uint8Array): void {
    assert(kid > 0 && kid < KID_PAIRWISE, "a group key has a number from 1 to 32767");
    this.#groups.delete(kid);
    this.#groups.set(kid, key);
    for (const oldest of this.#groups.keys()) if (this.#groups.size > GROUP_KEYS_MOST) this.#groups.delete(oldest);
    this.#groupKid = kid;
    this.#traffic.clear();
  }

  get groupKid(): number {
    return this.#groupKid;
  }

  groupKey(): Uint8Array | undefined {
    return this.#groups.get(this.#groupKid);
  }

  /** The key of one sender's epoch; undefined where that of the group or of the pair is not ours. */
  trafficKey(speech: Speech): Uint8Array | undefined {
    const held = this.#traffic.get(nameOf(speech));
    if (held !== undefined) return held;
    const { sender, epoch, kid, other } = speech;
    const base = kid === KID_PAIRWISE ? this.#peers.get(other)?.pair : this.#groups.get(kid);
    if (base === undefined) return undefined;
    const salt = new Uint8Array(16);
    const view = new DataView(salt.buffer);
    view.setBigUint64(0, BigInt(`0x${sender}`));
    view.setBigUint64(8, epoch);
    return hkdf(base, { salt, use: `gapbell/1 ${kid.toString(16).padStart(4, "0")}`, lengthBytes: 32 });
  }

  /** Keeps a traffic key at hand. Only of what is known to be genuine: anybody can name an epoch. */
  keep(speech: Speech, key: Uint8Array): void {
    const name = nameOf(speech);
    if (this.#traffic.has(name)) return;
    this.#traffic.set(name, key);
    const [oldest] = this.#traffic.keys();
    if (this.#traffic.size > TRAFFIC_KEYS_MOST && oldest !== undefined) this.#traffic.delete(oldest);
  }
}

function nameOf({ sender, epoch, kid, other }: Speech): string {
  return `${sender} ${epoch} ${kid} ${other}`;
}
