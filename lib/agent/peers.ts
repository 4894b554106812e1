/** The other agents of this cluster: whom we believe, where each is, and whether we and it hear each other now. */

import { toBase64, utf8 } from "../base/bytes.ts";
import { hmacSha256 } from "../base/digest.ts";
import { earliest, earliestOf } from "../base/earliest.ts";
import type { Prng } from "../base/prng.ts";
import type { Ms, Now, WallMs } from "../base/units.ts";
import type { Address } from "../port/lan.ts";
import { Greeting } from "../trust/greeting.ts";
import type { Peer, PeerId } from "../trust/keys.ts";
import { readVoice, type Voiced } from "../trust/voice.ts";
import { DEAF_MS } from "../wire/constants.ts";
import type { Body } from "../wire/message.ts";

/** More agents than this are no pair and no handful: each says everything to each. */
export const PEERS_MOST = 15;

/** Another agent of the cluster. */
export type Peered = Voiced & {
  /** Where it last proved to be; undefined until then. */
  readonly address: Address | undefined;
  /** When it last proved that it and we hear each other; undefined until then. */
  readonly lastHeardAt: WallMs | undefined;
};

/** A HELLO that is to be said now. */
export type PeerHello = { readonly peer: PeerId; readonly address: Address; readonly nonce: string; readonly challenge: string };

type Held = {
  known: Peered;
  readonly greeting: Greeting;
  /** Where its last beacon came from; only an answer makes that its address. */
  seenAt: Address | undefined;
  /** On the boot clock. */
  provenAt: Ms;
  /** Whether its going has been told. */
  present: boolean;
};

/** As it is stored: name and keys stand in the certificate. */
export type PeerRow = { readonly voice: string; readonly address: Address | undefined; readonly lastHeardAt: WallMs | undefined };

export function peerRow({ voice, address, lastHeardAt }: Peered): PeerRow {
  return { voice, address, lastHeardAt };
}

/** The agents that the cluster key vouches for; a row of any other is nobody's. */
export function peeredIn(rows: readonly PeerRow[], { clusterKey, voice: own }: { readonly clusterKey: Uint8Array; readonly voice: Pick<Peer, "id"> }): readonly Peered[] {
  return rows.flatMap(({ voice, address, lastHeardAt }) => {
    const voiced = readVoice(voice, clusterKey);
    return voiced.ok && voiced.value.peer.id !== own.id ? [{ ...voiced.value, address, lastHeardAt }] : [];
  });
}

export class Peers {
  readonly #dice: Prng;
  readonly #nonce: (number: number) => string;
  readonly #peers = new Map<PeerId, Held>();
  readonly #changed = new Set<PeerId>();
  /** The highest serial of a voice that was ever known here: a new agent gets a higher one. */
  #serialMost = 0;
  #asides: PeerHello[] = [];
  #hellos = 0;

  /** @param epoch of this life, so that no nonce of HELLO comes twice */
  constructor({ dice, challengeKey, epoch }: { readonly dice: Prng; readonly challengeKey: Uint8Array; readonly epoch: bigint }) {
    this.#dice = dice;
    this.#nonce = (number) => toBase64(hmacSha256(challengeKey, utf8(`hello ${epoch} ${number}`)).subarray(0, 8));
  }

  restore(peers: readonly Peered[], serialMost: number): void {
    this.#serialMost = serialMost;
    for (const peer of peers) this.add(peer);
    this.#changed.clear();
  }

  get(id: PeerId): Peered | undefined {
    return this.#peers.get(id)?.known;
  }

  all(): readonly Peered[] {
    return [...this.#peers.values()].map(({ known }) => known);
  }

  get size(): number {
    return this.#peers.size;
  }

  get serialMost(): number {
    return this.#serialMost;
  }

  /** Where it is reached; undefined where that was never proven. */
  addressOf(id: PeerId): Address | undefined {
    return this.#peers.get(id)?.known.address;
  }

  /** Those that hear us, and that we hear, now. */
  present(now: Ms): readonly Peered[] {
    return [...this.#peers.values()].filter(({ provenAt }) => now < provenAt + DEAF_MS).map(({ known }) => known);
  }

  isPresent(id: PeerId, now: Ms): boolean {
    const held = this.#peers.get(id);
    return held !== undefined && now < held.provenAt + DEAF_MS;
  }

  /** Believes another agent from now on, or another certificate of one that is known. */
  add(known: Peered): void {
    const { id } = known.peer;
    this.#serialMost = Math.max(this.#serialMost, known.serial);
    const held = this.#peers.get(id);
    if (held !== undefined) held.known = known;
    else this.#peers.set(id, { known, greeting: new Greeting(this.#dice), seenAt: undefined, provenAt: Number.NEGATIVE_INFINITY, present: false });
    this.#changed.add(id);
  }

  remove(id: PeerId): void {
    this.#peers.delete(id);
    this.#changed.delete(id);
  }

  /** A beacon of another agent: it is greeted where the beacon came from. Moves nothing that works. */
  beacon(id: PeerId, { body, from, freshness }: { readonly body: Body<"beacon">; readonly from: Address; readonly freshness: string }, now: Ms): void {
    const held = this.#peers.get(id);
    if (held === undefined) return;
    const address = { host: from.host, port: body.port };
    if (freshness === "older") {
      if (!held.greeting.mayAside(now)) return;
      const nonce = this.#freshNonce();
      held.greeting.sayAside(nonce);
      this.#asides.push({ peer: id, address, nonce, challenge: body.challenge });
      return;
    }
    held.seenAt = address;
    held.greeting.hear(body.challenge, { waiting: freshness === "newer" || !this.isPresent(id, now), now });
  }

  /** A WELCOME has come. @returns false where it answers nothing that we asked */
  answer(id: PeerId, nonce: string, now: Ms): boolean {
    return this.#peers.get(id)?.greeting.answer(nonce, now) === true;
  }

  /** It has answered our challenge, or our HELLO, from there. @returns whether it was not present before */
  proven(id: PeerId, from: Address, now: Now): boolean {
    const held = this.#peers.get(id);
    if (held === undefined) return false;
    const newcomer = !held.present;
    held.provenAt = now.mono;
    held.present = true;
    held.known = { ...held.known, address: from, lastHeardAt: now.wall };
    this.#changed.add(id);
    return newcomer;
  }

  /** One that was present, and is not any more. */
  takeLost(now: Ms): Peered | undefined {
    for (const held of this.#peers.values()) {
      if (!held.present || now < held.provenAt + DEAF_MS) continue;
      held.present = false;
      return held.known;
    }
    return undefined;
  }

  /** HELLOs that are to be said now. */
  takeHellos(now: Ms): readonly PeerHello[] {
    const hellos = this.#asides;
    this.#asides = [];
    for (const [peer, { known, seenAt, greeting }] of this.#peers) {
      const address = seenAt ?? known.address;
      if (greeting.due === undefined || greeting.due > now || address === undefined) continue;
      const nonce = this.#freshNonce();
      greeting.say(nonce, now);
      hellos.push({ peer, address, nonce, challenge: greeting.challenge });
    }
    return hellos;
  }

  /** Those to be stored. */
  takeChanged(): readonly Peered[] {
    const changed = [...this.#changed].flatMap((id) => this.#peers.get(id)?.known ?? []);
    this.#changed.clear();
    return changed;
  }

  next(): Ms | undefined {
    const peers = earliestOf(this.#peers.values(), ({ greeting, present, provenAt }) => earliest(greeting.due, present ? provenAt + DEAF_MS : undefined));
    return earliest(this.#asides.length > 0 ? Number.NEGATIVE_INFINITY : undefined, peers);
  }

  #freshNonce(): string {
    this.#hellos += 1;
    return this.#nonce(this.#hellos);
  }
}
