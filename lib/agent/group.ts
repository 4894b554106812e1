/** The group key: which one seals, who still lacks the youngest, and when the next one is due. */

import { assert } from "../base/assert.ts";
import { backoff } from "../base/backoff.ts";
import { toBase64, utf8 } from "../base/bytes.ts";
import { Deadlines } from "../base/deadlines.ts";
import { hmacSha256 } from "../base/digest.ts";
import type { Prng } from "../base/prng.ts";
import { days, hours, type Ms, type Now, seconds, type WallMs } from "../base/units.ts";
import { GroupKeys } from "../trust/group-keys.ts";
import type { GroupKey, PeerId } from "../trust/keys.ts";
import { KID_GROUP_MOST } from "../wire/constants.ts";
import type { OpenMac } from "../wire/open-set.ts";

export const ROTATE_EVERY_MS: Ms = days(30);
/** However wrong the wall clock is: no process makes a key because of its age sooner than this, nor sooner again. */
export const ROTATE_LEAST_MS: Ms = hours(1);
/** Broadcasts change over to a key that has grown old when everybody present has the next one, or after so long. */
export const SWITCH_MS: Ms = seconds(60);
/** Between REKEYs to one listener that has not confirmed. */
export const REKEY_AGAIN = { firstMs: seconds(1), mostMs: seconds(20) } as const;
/** So many agents at most number their keys apart: each makes those numbers that its serial leaves over (agent/peers.ts, PEERS_MOST). */
const NUMBERED_APART = 16;
/** From one listener's REKEY to the next one's: a thousand do not leave at once. */
const REKEY_SPACING_MS: Ms = 1;

/** As it is stored, the youngest last; `madeAt` is the youngest's. */
export type GroupRow = { readonly keys: readonly { readonly kid: number; readonly key: string }[]; readonly madeAt: WallMs };
/** The same with its keys as bytes. */
export type HeldGroup = { readonly keys: readonly GroupKey[]; readonly madeAt: WallMs };

export class Group {
  readonly #keys: GroupKeys;
  /** 32 random bytes of this process, from which new keys come. */
  readonly #secret: Uint8Array;
  readonly #voiceSerial: number;
  readonly #dice: Prng;
  #madeAt: WallMs;
  #rotateAt: Ms;
  #sealing: number;
  /** While the youngest does not seal yet: when it does at the latest. */
  #switchAt: Ms | undefined;
  readonly #owed = new Deadlines<PeerId>();
  readonly #tries = new Map<PeerId, number>();
  readonly #confirmed = new Set<PeerId>();

  /**
   * After a start the youngest seals: who lacks it is told by its HELLO.
   *
   * @param voiceSerial of our own voice certificate: no other agent of the cluster has the same
   */
  constructor({ held, secret, voiceSerial, dice, now }: {
    readonly held: HeldGroup; readonly secret: Uint8Array; readonly voiceSerial: number; readonly dice: Prng; readonly now: Now;
  }) {
    this.#keys = new GroupKeys(held.keys);
    this.#secret = secret;
    this.#voiceSerial = voiceSerial;
    this.#dice = dice;
    this.#madeAt = held.madeAt;
    // A clock that is wrong makes the next key late, and never one after the other.
    this.#rotateAt = now.mono + Math.min(ROTATE_EVERY_MS, Math.max(ROTATE_LEAST_MS, held.madeAt + ROTATE_EVERY_MS - now.wall));
    this.#sealing = this.youngest.kid;
  }

  get youngest(): GroupKey {
    return this.#keys.youngest;
  }

  /** What broadcasts are sealed with, and what a newcomer is given. */
  get sealing(): GroupKey {
    const sealing = this.#keys.all.find(({ kid }) => kid === this.#sealing);
    assert(sealing !== undefined, "the key that seals is held");
    return sealing;
  }

  /** What beacons say of the open set. */
  get mac(): OpenMac {
    const mac = this.#keys.macOf(this.#sealing);
    assert(mac !== undefined, "the key that seals is held");
    return mac;
  }

  get row(): GroupRow {
    return { keys: this.#keys.all.map(({ kid, key }) => ({ kid, key: toBase64(key) })), madeAt: this.#madeAt };
  }

  /** Every key that opens, the one that seals last. */
  get forRing(): readonly GroupKey[] {
    return [...this.#keys.all.filter(({ kid }) => kid !== this.#sealing), this.sealing];
  }

  isDue(now: Ms): boolean {
    return now >= this.#rotateAt;
  }

  /**
   * Makes the next key; it must be stored before anything is said with it.
   *
   * @param present who is to be told, in this order
   * @param grace whether broadcasts wait until they have it
   */
  renew({ present, grace }: { readonly present: readonly PeerId[]; readonly grace: boolean }, now: Now): void {
    const kid = numberAfter(this.youngest.kid, this.#voiceSerial);
    this.#keys.take({ kid, key: hmacSha256(this.#secret, utf8(`gapbell group key ${kid} ${now.mono}`)) });
    this.#madeAt = now.wall;
    this.#rotateAt = now.mono + ROTATE_EVERY_MS;
    this.#confirmed.clear();
    this.#tries.clear();
    for (const [at, id] of present.entries()) this.#owe(id, now.mono + at * REKEY_SPACING_MS);
    if (grace) this.#switchAt = now.mono + SWITCH_MS;
    else this.#switch();
  }

  /** Whether the youngest seals from now on. */
  takeSwitch(now: Ms): boolean {
    if (this.#switchAt === undefined || (this.#owed.size > 0 && now < this.#switchAt)) return false;
    this.#switch();
    return true;
  }

  /**
   * A listener has said HELLO.
   *
   * @param mark of the key that it has under the number of our beacons; undefined where it does not say
   */
  heard(id: PeerId, mark: string | undefined, now: Ms): void {
    if (mark === this.#keys.markOf(this.youngest.kid)) return this.#confirm(id);
    // Whoever does not say has what it was given: at its joining, or since by a REKEY that it confirmed.
    if (mark === undefined ? this.#keys.all.length === 1 || this.#confirmed.has(id) : mark === this.#keys.markOf(this.#sealing) && this.#confirmed.has(id)) return;
    this.#owe(id, now);
  }

  /** A listener has the key of this number on its disk. */
  confirmed(id: PeerId, kid: number): void {
    if (kid === this.youngest.kid) this.#confirm(id);
  }

  /** It is gone, or is to be told no more. */
  drop(id: PeerId): void {
    this.#owed.cancel(id);
    this.#tries.delete(id);
    this.#confirmed.delete(id);
  }

  /** A listener that is to be told of the youngest key now; again after a while, unless it confirms or is dropped. */
  takeOwed(now: Ms): PeerId | undefined {
    const id = this.#owed.takeDue(now);
    if (id === undefined) return undefined;
    const tries = this.#tries.get(id) ?? 0;
    this.#tries.set(id, tries + 1);
    this.#owed.set(id, now + backoff(tries, REKEY_AGAIN, this.#dice));
    return id;
  }

  next(): Ms {
    return Math.min(this.#rotateAt, this.#switchAt ?? this.#rotateAt, this.#owed.next() ?? this.#rotateAt);
  }

  #owe(id: PeerId, at: Ms): void {
    this.#confirmed.delete(id);
    this.#owed.set(id, at);
  }

  #confirm(id: PeerId): void {
    this.drop(id);
    this.#confirmed.add(id);
  }

  #switch(): void {
    this.#sealing = this.youngest.kid;
    this.#switchAt = undefined;
  }
}

/** The next number that no other agent gives; after the last one they begin anew. */
function numberAfter(kid: number, voiceSerial: number): number {
  const own = voiceSerial % NUMBERED_APART;
  const next = kid + 1 + ((((own - kid - 1) % NUMBERED_APART) + NUMBERED_APART) % NUMBERED_APART);
  return next <= KID_GROUP_MOST ? next : own === 0 ? NUMBERED_APART : own;
}
