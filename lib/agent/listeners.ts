/** The listeners of this cluster: who has joined, who is heard now, and what each is told when it says hello. */

import type { Hearer } from "../alarm/journal.ts";
import { fromBase64, toBase64, utf8 } from "../base/bytes.ts";
import { Deadlines } from "../base/deadlines.ts";
import { hmacSha256 } from "../base/digest.ts";
import type { Prng } from "../base/prng.ts";
import { type Ms, type Now, seconds } from "../base/units.ts";
import { type Listener, Presence } from "../duty/presence.ts";
import type { Address } from "../port/lan.ts";
import type { PeerId } from "../trust/keys.ts";
import type { Opened } from "../trust/opener.ts";
import { BEACON_EVERY_MS, LEASE_MS } from "../wire/constants.ts";
import type { Body } from "../wire/message.ts";

/** After a start everybody who was there counts as there for so long: nobody is escalated past only because we restarted. */
export const RENEW_MS: Ms = seconds(60);

/** Within so long a listener gives its receipt: 1 ms for each that is present, so that a thousand do not answer at once (wire-notes §3.4). */
const RECEIPT_JITTER_MS = { least: 20, each: 1, most: 500 } as const;

/** Serials of members that one agent may give; HELLO carries 32 bits, which leaves room for 4,294 agents in the life of a cluster. */
export const SERIALS_EACH = 1_000_000;

/** An enrolled listener; stored. `member` and `warrant` are the certificates as their exact bytes in base64url. */
export type Member = {
  readonly id: PeerId;
  readonly serial: number;
  readonly operator: string;
  readonly robot: boolean;
  readonly host: string;
  readonly ed: string;
  readonly x: string;
  readonly invite: string;
  readonly member: string;
  readonly warrant: string;
  readonly joinedAt: number;
  /** Where it is trusted no more: since when, and by whose word. */
  readonly revoked?: { readonly at: number; readonly certificate: string } | undefined;
};

/** What a change of presence means for the alarms. */
export type Presented = { readonly newcomer: boolean; readonly changed: Listener };

export class Listeners {
  readonly #members = new Map<PeerId, Member>();
  readonly #revoked = new Map<PeerId, Member>();
  readonly #presence = new Presence();
  readonly #leases = new Deadlines<PeerId>();
  readonly #dice: Prng;
  readonly #challengeKey: Uint8Array;
  /** Members that this agent enrols have serials above it. */
  readonly #serialsFrom: number;
  #challenges: readonly string[] = [];
  #beacons = 0;
  #beaconDue: Ms;
  #changed = new Set<PeerId>();

  /** @param voiceSerial of our own voice certificate: no other agent of the cluster has the same */
  constructor({ dice, challengeKey, voiceSerial, at }: { readonly dice: Prng; readonly challengeKey: Uint8Array; readonly voiceSerial: number; readonly at: Ms }) {
    this.#serialsFrom = Math.max(0, voiceSerial - 1) * SERIALS_EACH;
    this.#dice = dice;
    this.#challengeKey = challengeKey;
    this.#beaconDue = at + Math.round(dice.around(seconds(1), 0.2));
  }

  restore(members: readonly Member[], heard: readonly Listener[], now: Now): void {
    for (const member of members) (member.revoked === undefined ? this.#members : this.#revoked).set(member.id, member);
    // Whoever had fallen silent while others were still heard was gone before we were.
    const lastHeardAt = Math.max(...heard.map((listener) => listener.lastHeardAt));
    for (const listener of heard) {
      const leaseUntil = listener.lastHeardAt + LEASE_MS >= lastHeardAt ? now.mono + RENEW_MS : now.mono;
      this.#presence.heard({ ...listener, leaseUntil });
      this.#leases.set(listener.id, leaseUntil);
    }
  }

  member(id: PeerId): Member | undefined {
    return this.#members.get(id);
  }

  members(): IterableIterator<Member> {
    return this.#members.values();
  }

  get(id: PeerId): Listener | undefined {
    return this.#presence.get(id);
  }

  revokedMember(id: PeerId): Member | undefined {
    return this.#revoked.get(id);
  }

  revoked(): IterableIterator<Member> {
    return this.#revoked.values();
  }

  /** It is no member any more, and nobody counts on it. */
  revoke(member: Member): void {
    this.#members.delete(member.id);
    this.#revoked.set(member.id, member);
    this.#presence.forget(member.id);
    this.#leases.cancel(member.id);
    this.#changed.delete(member.id);
  }

  /**
   * A number is never given twice, whoever was revoked meanwhile. Each agent counts in a range of its own, so that two that
   * cannot hear each other give none twice.
   */
  nextSerial(): number {
    const all = [...this.#members.values(), ...this.#revoked.values()].map(({ serial }) => serial);
    return Math.max(this.#serialsFrom, ...all.filter((serial) => serial > this.#serialsFrom && serial <= this.#serialsFrom + SERIALS_EACH)) + 1;
  }

  enrol(member: Member): void {
    this.#members.set(member.id, member);
  }

  /** Takes a HELLO whose sender is a member. @returns undefined where it does not answer one of our last two challenges */
  hello(from: Address, { sender }: Opened, body: Body<"hello">, now: Now): Presented | undefined {
    const member = this.#members.get(sender);
    if (member === undefined || !this.isChallenge(body.challenge)) return undefined;
    const before = this.#presence.get(sender);
    const listener: Listener = {
      id: sender, operator: member.operator, robot: member.robot, host: body.host, address: from,
      seat: member.robot ? "robot" : body.seat, build: body.build,
      lastHeardAt: now.wall, leaseUntil: now.mono + LEASE_MS,
    };
    this.#presence.heard(listener);
    this.#leases.set(sender, listener.leaseUntil);
    this.#changed.add(sender);
    return { newcomer: before === undefined || before.leaseUntil <= now.mono, changed: listener };
  }

  bye(sender: PeerId, now: Now): void {
    const listener = this.#presence.get(sender);
    if (listener === undefined) return;
    // Nobody sits there: a lease renewed after a restart must not say otherwise.
    this.#presence.heard({ ...listener, seat: "none", leaseUntil: now.mono });
    this.#leases.cancel(sender);
    this.#changed.add(sender);
  }

  /** A listener whose lease has just ended. */
  takeLapsed(now: Ms): PeerId | undefined {
    return this.#leases.takeDue(now);
  }

  /** Listeners of these operators that are heard now, with or without a person. */
  present(operators: readonly string[], now: Ms): readonly PeerId[] {
    return operators.flatMap((operator) => this.#presence.of(operator)).filter(({ leaseUntil }) => leaseUntil > now).map(({ id }) => id);
  }

  everyone(now: Ms): readonly Listener[] {
    return [...this.#presence.all()].filter(({ leaseUntil }) => leaseUntil > now);
  }

  /** What a beacon asks of receipts. */
  receiptJitter(now: Ms): Ms {
    const { least, each, most } = RECEIPT_JITTER_MS;
    return Math.min(most, Math.max(least, each * this.everyone(now).length));
  }

  isHome(operators: readonly string[], now: Ms): boolean {
    return this.#presence.isHome(operators, now);
  }

  lastLeaseEnd(operators: readonly string[]): Ms | undefined {
    return this.#presence.lastLeaseEnd(operators);
  }

  /** How each responsible operator could be reached at this moment, for the timeline; also those who could not. */
  hearers(operators: readonly string[], now: Ms): readonly Hearer[] {
    return operators.flatMap((operator): readonly Hearer[] => {
      const listeners = this.#presence.of(operator);
      if (listeners.length === 0) {
        return [{ operator, listener: undefined, host: undefined, address: undefined, lastHeardAt: undefined, home: false }];
      }
      return listeners.map(({ id, host, address, lastHeardAt, leaseUntil, seat }) => ({
        operator, listener: id, host, address: `${address.host}:${address.port}`, lastHeardAt,
        home: leaseUntil > now && seat === "person",
      }));
    });
  }

  /** Whether a beacon is due; makes its challenge, which HELLO must echo. */
  takeBeacon(now: Ms): string | undefined {
    if (now < this.#beaconDue) return undefined;
    this.#beaconDue = now + Math.round(this.#dice.around(BEACON_EVERY_MS, 0.2));
    return this.#freshChallenge(now);
  }

  /** Something that beacons say has changed: the next one does not wait for its time. */
  hastenBeacon(now: Ms): void {
    this.#beaconDue = Math.min(this.#beaconDue, now);
  }

  /** The challenge that a beacon in answer to SEEK carries; the next one for everybody keeps its time. */
  challenge(now: Ms): string {
    return this.#challenges[0] ?? this.#freshChallenge(now);
  }

  /** Whether this is one of our last two challenges: who echoes it hears us now. */
  isChallenge(challenge: string): boolean {
    return this.#challenges.includes(challenge);
  }

  #freshChallenge(now: Ms): string {
    this.#beacons += 1;
    const fresh = toBase64(hmacSha256(this.#challengeKey, utf8(`${now} ${this.#beacons}`)).subarray(0, 8));
    this.#challenges = [fresh, ...this.#challenges].slice(0, 2);
    return fresh;
  }

  next(): Ms {
    return Math.min(this.#beaconDue, this.#leases.next() ?? this.#beaconDue);
  }

  takeChanged(): readonly Listener[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed].flatMap((id) => this.#presence.get(id) ?? []);
    this.#changed = new Set();
    return changed;
  }
}

/** The keys of a member, as raw bytes. */
export function keysOf(member: Member): { readonly ed: Uint8Array; readonly x: Uint8Array } {
  return { ed: fromBase64(member.ed) ?? new Uint8Array(), x: fromBase64(member.x) ?? new Uint8Array() };
}
