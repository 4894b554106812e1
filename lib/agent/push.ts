/**
 * Who is told what on the LAN, and when again: repeats until every responsible listener has given its receipt,
 * re-alerts while nobody has acknowledged, and a queue that lets the worst alarm go first within the LAN's rate.
 */

import type { Alarm, OccurrenceId } from "../alarm/alarm.ts";
import { REALERT_MS } from "../alarm/policy.ts";
import { rankOf, type Severity } from "../alarm/severity.ts";
import { wantsPerson } from "../alarm/lifecycle.ts";
import { Bucket } from "../base/bucket.ts";
import { Deadlines } from "../base/deadlines.ts";
import { earliest } from "../base/earliest.ts";
import type { Prng } from "../base/prng.ts";
import { type Ms, seconds } from "../base/units.ts";
import type { PeerId } from "../trust/keys.ts";
import { type Batch, PushQueue } from "./push-queue.ts";

export type PushWhy = "new" | "changed" | "again" | "fallback" | "re-alert";

/** From the first word to each repeat; then every 30 s (wire-notes §3.4). */
export const REPEAT_AT_MS: readonly Ms[] = [0, 250, 1000, 2500, 6000, 14_000, 30_000];
export const REPEAT_EVERY_MS: Ms = seconds(30);
/** The repeats that go to everybody; the others only to those who owe a receipt. */
export const BROADCAST_REPEATS: readonly number[] = [0, 1, 3, 5];
export const BROADCAST_EVERY_MS: Ms = seconds(60);
/** A settled alarm is told so often, by broadcast; whoever misses all of it notices by the open set of the beacon. */
export const STATE_AT_MS: readonly Ms[] = [0, 250, 1000, 2500, 6000];
/** Datagrams that may leave at once. */
export const BURST_SECONDS = 2;
/** A listener gives about 600 receipts a second: 15 datagrams of 40 (client/receipts.ts). */
const RECEIPT_TAKES_MS: Ms = 2;
export type Level = "receipt" | "seen";
/** Which ring of the alarm a listener has, and how far it came. */
export type Held = { readonly ring: number; readonly level: Level };

/** What is being said of one alarm; stored, so that a restart does not ask again for receipts that it has. */
export type Push = {
  readonly id: OccurrenceId;
  readonly ring: number;
  readonly why: PushWhy;
  readonly reason: string;
  readonly held: Readonly<Record<PeerId, Held>>;
};

/**
 * `held` is what `push.held` becomes once somebody asks: a thousand receipts do not make a thousand copies of it.
 * `waitingSince`: its last word has been queued and has not left; until then no repeat is armed.
 */
type Running = { push: Push; readonly held: Map<PeerId, Held>; isBehind: boolean; repeat: number; begunAt: Ms; broadcastAt: Ms; waitingSince: Ms | undefined };

/** What push must know of the others to decide. */
export type PushView = {
  readonly alarm: (id: OccurrenceId) => Alarm | undefined;
  /** Listeners of these operators whose lease holds. */
  readonly present: (operators: readonly string[]) => readonly PeerId[];
};

export class Pusher {
  readonly #view: PushView;
  readonly #dice: Prng;
  readonly #running = new Map<OccurrenceId, Running>();
  readonly #repeats = new Deadlines<OccurrenceId>();
  readonly #realerts = new Deadlines<OccurrenceId>();
  readonly #states = new Map<OccurrenceId, { begunAt: Ms; repeat: number }>();
  readonly #stateRepeats = new Deadlines<OccurrenceId>();
  readonly #queue = new PushQueue();
  readonly #bucket: Bucket;
  #rate: number;
  #changed = new Set<OccurrenceId>();
  /** When a listener that hears everything will have given its receipts for all that has been said. */
  #receiptsBy: Ms;

  constructor({ view, dice, rate, at }: { readonly view: PushView; readonly dice: Prng; readonly rate: number; readonly at: Ms }) {
    this.#view = view;
    this.#dice = dice;
    this.#receiptsBy = at;
    this.#rate = rate;
    this.#bucket = new Bucket({ perSecond: rate, burst: rate * BURST_SECONDS, at });
  }

  /** The LAN's rate is shared by as many agents as are heard. */
  pace(rate: number, now: Ms): void {
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.#bucket.pace({ perSecond: rate, burst: rate * BURST_SECONDS }, now);
  }

  /** Begins to say an alarm: receipts of earlier rings no longer count. */
  ring(alarm: Alarm, { why, reason }: { readonly why: PushWhy; readonly reason: string }, now: Ms): void {
    const held = this.get(alarm.id)?.held ?? {};
    this.#start({ id: alarm.id, ring: alarm.life.ring, why, reason, held }, now);
    const every = REALERT_MS[alarm.life.severity];
    if (every !== undefined) this.#realerts.set(alarm.id, now + every);
    else this.#realerts.cancel(alarm.id);
  }

  /** Goes on where a stored push was when the process ended. */
  resume(push: Push, alarm: Alarm, now: Ms): void {
    this.#start(push, now);
    const every = REALERT_MS[alarm.life.severity];
    if (every !== undefined && wantsPerson(alarm.life)) this.#realerts.set(alarm.id, now + every);
  }

  /** Says to everybody how the alarm stands now, without ringing. */
  tell(id: OccurrenceId, now: Ms): void {
    this.#states.set(id, { begunAt: now, repeat: 0 });
    this.#stateRepeats.set(id, now);
  }

  /** It waits for nobody any more: no more repeats, and everybody hears why. */
  settle(id: OccurrenceId, now: Ms): void {
    this.#realerts.cancel(id);
    this.#repeats.cancel(id);
    this.#queue.remove(id);
    this.tell(id, now);
  }

  /**
   * The alarm's text or classification changed in place: everybody gets it once more, nobody's popup comes back at once.
   * One that other rules have made critical alerts people from now on as a critical one does.
   */
  refresh(alarm: Alarm, now: Ms): void {
    this.#enqueue({ audience: "everyone", kind: "alarm", repeat: false }, alarm.id);
    const every = REALERT_MS[alarm.life.severity];
    if (every !== undefined && wantsPerson(alarm.life) && this.#realerts.dueOf(alarm.id) === undefined) this.#realerts.set(alarm.id, now + every);
  }

  /** @returns whether this receipt says something new */
  receipt(listener: PeerId, given: { readonly id: OccurrenceId; readonly ring: number; readonly level: Level }): boolean {
    const running = this.#running.get(given.id);
    if (running === undefined || given.ring > running.push.ring) return false;
    const held = running.held.get(listener);
    const known = held !== undefined && (held.ring > given.ring || (held.ring === given.ring && (held.level === "seen" || given.level === "receipt")));
    if (known) return false;
    running.held.set(listener, { ring: given.ring, level: given.level });
    running.isBehind = true;
    this.#changed.add(given.id);
    return true;
  }

  /** Forgets what a listener has given its receipt for, and what was to be said to it. */
  expel(listener: PeerId): void {
    for (const [id, running] of this.#running) {
      if (!running.held.delete(listener)) continue;
      running.isBehind = true;
      this.#changed.add(id);
    }
    this.#queue.expel(listener);
  }

  get(id: OccurrenceId): Push | undefined {
    const running = this.#running.get(id);
    if (running?.isBehind === true) {
      running.push = { ...running.push, held: Object.fromEntries(running.held) };
      running.isBehind = false;
    }
    return running?.push;
  }

  forget(id: OccurrenceId): void {
    this.#running.delete(id);
    this.#states.delete(id);
    this.#repeats.cancel(id);
    this.#realerts.cancel(id);
    this.#stateRepeats.cancel(id);
    this.#queue.remove(id);
  }

  takeChanged(): readonly Push[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed].flatMap((id) => this.get(id) ?? []);
    this.#changed = new Set();
    return changed;
  }

  /** An alarm whose people are to be alerted again; the caller raises its ring. */
  takeRealert(now: Ms): OccurrenceId | undefined {
    return this.#realerts.takeDue(now);
  }

  /** Queues what has fallen due, and takes out of the queue what may leave now, the worst first. */
  takeBatches(now: Ms): readonly Batch[] {
    for (let id = this.#repeats.takeDue(now); id !== undefined; id = this.#repeats.takeDue(now)) this.#repeat(id, now);
    for (let id = this.#stateRepeats.takeDue(now); id !== undefined; id = this.#stateRepeats.takeDue(now)) this.#repeatState(id);
    const batches = this.#queue.take({ mayLeave: () => this.#bucket.allow(now), isOwed: (waiting, id) => this.#isOwed(waiting, id, now) });
    for (const { kind, ids } of batches) if (kind === "alarm") for (const id of ids) this.#left(id, now);
    return batches;
  }

  next(now: Ms): Ms | undefined {
    const queued = this.#queue.isEmpty ? undefined : this.#bucket.readyAt(now);
    return earliest(this.#repeats.next(), this.#realerts.next(), this.#stateRepeats.next(), queued);
  }

  #start(push: Push, now: Ms): void {
    this.#running.set(push.id, { push, held: new Map(Object.entries(push.held)), isBehind: false, repeat: 0, begunAt: now, broadcastAt: now, waitingSince: undefined });
    this.#changed.add(push.id);
    this.#repeats.set(push.id, now);
  }

  #repeat(id: OccurrenceId, now: Ms): void {
    const running = this.#running.get(id);
    const alarm = this.#view.alarm(id);
    if (running === undefined || alarm === undefined || !wantsPerson(alarm.life)) return;
    const present = this.#view.present(alarm.responsible);
    const missing = present.filter((listener) => (running.held.get(listener)?.ring ?? 0) < running.push.ring);
    const early = running.repeat < REPEAT_AT_MS.length;
    const broadcast = running.repeat === 0 || (missing.length > 0 || present.length === 0) &&
      (early ? BROADCAST_REPEATS.includes(running.repeat) : now - running.broadcastAt >= BROADCAST_EVERY_MS);
    if (broadcast) {
      running.broadcastAt = now;
      this.#enqueue({ audience: "everyone", kind: "alarm", repeat: running.repeat > 0 }, id);
    }
    // The first unicast is for those alarms only that cannot wait for the first repeat.
    const unicast = running.repeat > 0 || rankOf(alarm.life.severity) <= rankOf("major") ? missing : [];
    // A copy of what everybody is told: in a flood it waits until everybody has been told everything.
    for (const audience of unicast) this.#enqueue({ audience, kind: "alarm", repeat: true }, id);
    running.repeat += 1;
    if (broadcast || unicast.length > 0) running.waitingSince = now;
    else this.#arm(running, now);
  }

  /** What a listener has given its receipt for while its copy waited is not said to it; the schedule goes on as if it were. */
  #isOwed({ audience, kind }: Pick<Batch, "audience" | "kind">, id: OccurrenceId, now: Ms): boolean {
    const running = this.#running.get(id);
    if (kind === "state" || audience === "everyone" || running === undefined || (running.held.get(audience)?.ring ?? 0) < running.push.ring) return true;
    this.#left(id, now);
    return false;
  }

  /**
   * It is on its way: only from now on can a receipt be missed. In a flood the schedule waits for the queue, and for the
   * receipts, of which a listener gives so many a second; a critical alarm does not wait for those of the others.
   */
  #left(id: OccurrenceId, now: Ms): void {
    const running = this.#running.get(id);
    if (running?.waitingSince === undefined) return;
    this.#receiptsBy = Math.max(this.#receiptsBy, now) + RECEIPT_TAKES_MS;
    const critical = severityOf(this.#view.alarm(id)) === "critical";
    running.begunAt += now - running.waitingSince + (critical ? 0 : this.#receiptsBy - now);
    running.waitingSince = undefined;
    this.#arm(running, now);
  }

  #arm({ push, repeat, begunAt }: Running, now: Ms): void {
    const at = REPEAT_AT_MS[repeat];
    this.#repeats.set(push.id, at !== undefined ? begunAt + Math.round(this.#dice.around(at, 0.25)) : now + REPEAT_EVERY_MS);
  }

  #repeatState(id: OccurrenceId): void {
    const state = this.#states.get(id);
    if (state === undefined) return;
    this.#enqueue({ audience: "everyone", kind: "state", repeat: state.repeat > 0 }, id);
    if (state.repeat === 1) {
      for (const audience of this.#running.get(id)?.held.keys() ?? []) this.#enqueue({ audience, kind: "state", repeat: true }, id);
    }
    state.repeat += 1;
    const at = STATE_AT_MS[state.repeat];
    if (at === undefined) this.#states.delete(id);
    else this.#stateRepeats.set(id, state.begunAt + Math.round(this.#dice.around(at, 0.25)));
  }

  #enqueue(to: Pick<Batch, "audience" | "kind" | "repeat">, id: OccurrenceId): void {
    this.#queue.add(to, id, severityOf(this.#view.alarm(id)));
  }
}

function severityOf(alarm: Alarm | undefined): Severity {
  return alarm?.life.severity ?? "warning";
}
