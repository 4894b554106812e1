/** The queue before one channel: what is worse goes first, and nothing faster than the provider takes. */

import { Bucket } from "../base/bucket.ts";
import { earliestOf } from "../base/earliest.ts";
import type { Ms } from "../base/units.ts";
import type { Channel } from "../channel/channel.ts";
import { IN_FLIGHT_MOST } from "./limits.ts";

/** People whose bucket is remembered; a forgotten bucket is a full one. */
const BUCKETS_MOST = 4096;

/** `rank`: 0 goes first. `person`: whose bucket counts, where the channel has one for each. */
export type Place = { readonly id: string; readonly rank: number; readonly person: string };

export class Lane {
  readonly #pace: Channel["pace"];
  readonly #waiting = new Map<string, Place>();
  readonly #inFlight = new Set<string>();
  readonly #buckets = new Map<string, Bucket>();

  constructor(pace: Channel["pace"]) {
    this.#pace = pace;
  }

  put(place: Place): void {
    this.#waiting.set(place.id, place);
  }

  /** Neither waits nor is under way any more. */
  remove(id: string): void {
    this.#waiting.delete(id);
    this.#inFlight.delete(id);
  }

  /** What could go if the pace allowed it. */
  get hasReady(): boolean {
    return this.#waiting.size > 0 && this.#inFlight.size < IN_FLIGHT_MOST;
  }

  /** Takes out the next one and counts it as under way until it is removed. */
  take(now: Ms): string | undefined {
    if (!this.hasReady) return undefined;
    if (this.#pace.of === "channel" && this.#bucketOf("", now).readyAt(now) > now) return undefined;
    const next = this.#order().find(({ person }) => this.#bucketOf(person, now).readyAt(now) <= now);
    if (next === undefined) return undefined;
    this.#bucketOf(next.person, now).allow(now);
    this.#waiting.delete(next.id);
    this.#inFlight.add(next.id);
    return next.id;
  }

  /** Takes out everything that waits: none of it can go now. */
  drain(): readonly string[] {
    const ids = this.#order().map(({ id }) => id);
    this.#waiting.clear();
    return ids;
  }

  /** When the pace allows the next one; undefined where nothing waits for it. */
  next(now: Ms): Ms | undefined {
    if (!this.hasReady) return undefined;
    return earliestOf(this.#waiting.values(), ({ person }) => this.#bucketOf(person, now).readyAt(now));
  }

  /** Worst first; among equals, whoever came first. */
  #order(): readonly Place[] {
    return [...this.#waiting.values()].sort((a, b) => a.rank - b.rank);
  }

  #bucketOf(person: string, now: Ms): Bucket {
    const key = this.#pace.of === "person" ? person : "";
    const held = this.#buckets.get(key);
    if (held !== undefined) return held;
    if (this.#buckets.size >= BUCKETS_MOST) this.#buckets.clear();
    const bucket = new Bucket({ perSecond: this.#pace.perSecond, burst: this.#pace.burst, at: now });
    this.#buckets.set(key, bucket);
    return bucket;
  }
}
