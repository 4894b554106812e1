/**
 * Who is told what on the LAN, and when again: repeats until every responsible listener has given its receipt,
 * re-alerts while nobody has acknowledged, and a queue that lets the worst alarm go first within the LAN's rate.
 */

import type { Alarm, OccurrenceId } from "../alarm/alarm.ts";
import { REALERT_MS } from "../alarm/policy.ts";
import { rankOf, SEVERITIES, type Severity } from "../alarm/severity.ts";
import { wantsPerson } from "../alarm/lifecycle.ts";
import { Bucket } from "../base/bucket.ts";
import { Deadlines } from "../base/deadlines.ts";
import { earliest } from "../base/earliest.ts";
import type { Prng } from "../base/prng.ts";
import { type Ms, seconds } from "../base/units.ts";
import type { PeerId } from "../trust/keys.ts";

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
/** So many queued for one audience is a flood: they travel deflated. */
export const FLOOD_ITEMS = 40;
/** A listener gives about 600 receipts a second: 15 datagrams of 40 (client/receipts.ts). */
const RECEIPT_TAKES_MS: Ms = 2;
/** Alarms taken for one datagram: so many fit, and in a flood, deflated, so many. */
export const BATCH_PLAIN = 3;
export const BATCH_FLOOD = 12;

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

/** `waitingSince`: its last word has been queued and has not left; until then no repeat is armed. */
type Running = { push: Push; repeat: number; begunAt: Ms; broadcastAt: Ms; waitingSince: Ms | undefined };
/** `everyone`, or the id of one listener. */
export type AudienceKey = "everyone" | PeerId;
export type Kind = "alarm" | "state";

/** One step of the queue: these alarms are said to that audience, in as few datagrams as they fit. */
export type Batch = {
  readonly audience: AudienceKey;
  readonly kind: Kind;
  readonly ids: readonly OccurrenceId[];
  readonly flood: boolean;
  readonly repeat: boolean;
};

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
  /** For each audience and kind the rows of `rowOf`, each with its ids in the order in which they came. */
  readonly #queue = new Map<string, { audience: AudienceKey; kind: Kind; rows: Set<OccurrenceId>[] }>();
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
    const held = this.#running.get(alarm.id)?.push.held ?? {};
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
    this.#unqueue(id);
    this.tell(id, now);
  }

  /**
   * The alarm's text or classification changed in place: everybody gets it once more, nobody's popup comes back at once.
   * One that other rules have made critical alerts people from now on as a critical one does.
   */
  refresh(alarm: Alarm, now: Ms): void {
    this.#enqueue("everyone", "alarm", alarm.id, false);
    const every = REALERT_MS[alarm.life.severity];
    if (every !== undefined && wantsPerson(alarm.life) && this.#realerts.dueOf(alarm.id) === undefined) this.#realerts.set(alarm.id, now + every);
  }

  /** @returns whether this receipt says something new */
  receipt(listener: PeerId, given: { readonly id: OccurrenceId; readonly ring: number; readonly level: Level }): boolean {
    const running = this.#running.get(given.id);
    if (running === undefined || given.ring > running.push.ring) return false;
    const held = running.push.held[listener];
    const known = held !== undefined && (held.ring > given.ring || (held.ring === given.ring && (held.level === "seen" || given.level === "receipt")));
    if (known) return false;
    running.push = { ...running.push, held: { ...running.push.held, [listener]: { ring: given.ring, level: given.level } } };
    this.#changed.add(given.id);
    // A copy that still waits to leave is owed no more.
    if (given.ring === running.push.ring) for (const row of this.#queue.get(`alarm ${listener}`)?.rows ?? []) row.delete(given.id);
    return true;
  }

  /** Forgets what a listener has given its receipt for, and what was to be said to it. */
  expel(listener: PeerId): void {
    for (const [id, running] of this.#running) {
      const { [listener]: gone, ...held } = running.push.held;
      if (gone === undefined) continue;
      running.push = { ...running.push, held };
      this.#changed.add(id);
    }
    for (const [key, { audience }] of this.#queue) if (audience === listener) this.#queue.delete(key);
  }

  get(id: OccurrenceId): Push | undefined {
    return this.#running.get(id)?.push;
  }

  forget(id: OccurrenceId): void {
    this.#running.delete(id);
    this.#states.delete(id);
    this.#repeats.cancel(id);
    this.#realerts.cancel(id);
    this.#stateRepeats.cancel(id);
    this.#unqueue(id);
  }

  takeChanged(): readonly Push[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed].flatMap((id) => this.#running.get(id)?.push ?? []);
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
    const batches: Batch[] = [];
    for (let at = 0; at < ROWS; at += 1) {
      for (const { audience, kind, rows } of this.#queue.values()) {
        const row = rows[at];
        if (row === undefined || row.size === 0) continue;
        const flood = sum(rows.map(({ size }) => size)) > FLOOD_ITEMS;
        while (this.#isOwed(row, { audience, kind }, now) && this.#bucket.allow(now)) {
          // Where the worst do not fill a datagram, the next ones go along: what is scarce is datagrams.
          const { ids, repeat } = takeFirst(rows, flood ? BATCH_FLOOD : BATCH_PLAIN);
          if (kind === "alarm") for (const id of ids) this.#left(id, now);
          batches.push({ audience, kind, flood, ids, repeat });
        }
      }
    }
    for (const [key, { rows }] of this.#queue) if (rows.every((row) => row.size === 0)) this.#queue.delete(key);
    return batches;
  }

  next(now: Ms): Ms | undefined {
    const queued = this.#queue.size > 0 ? this.#bucket.readyAt(now) : undefined;
    return earliest(this.#repeats.next(), this.#realerts.next(), this.#stateRepeats.next(), queued);
  }

  #start(push: Push, now: Ms): void {
    this.#running.set(push.id, { push, repeat: 0, begunAt: now, broadcastAt: now, waitingSince: undefined });
    this.#changed.add(push.id);
    this.#repeats.set(push.id, now);
  }

  #repeat(id: OccurrenceId, now: Ms): void {
    const running = this.#running.get(id);
    const alarm = this.#view.alarm(id);
    if (running === undefined || alarm === undefined || !wantsPerson(alarm.life)) return;
    const present = this.#view.present(alarm.responsible);
    const missing = present.filter((listener) => (running.push.held[listener]?.ring ?? 0) < running.push.ring);
    const early = running.repeat < REPEAT_AT_MS.length;
    const broadcast = running.repeat === 0 || (missing.length > 0 || present.length === 0) &&
      (early ? BROADCAST_REPEATS.includes(running.repeat) : now - running.broadcastAt >= BROADCAST_EVERY_MS);
    if (broadcast) {
      running.broadcastAt = now;
      this.#enqueue("everyone", "alarm", id, running.repeat > 0);
    }
    // The first unicast is for those alarms only that cannot wait for the first repeat.
    const unicast = running.repeat > 0 || rankOf(alarm.life.severity) <= rankOf("major") ? missing : [];
    // A copy of what everybody is told: in a flood it waits until everybody has been told everything.
    for (const listener of unicast) this.#enqueue(listener, "alarm", id, true);
    running.repeat += 1;
    if (broadcast || unicast.length > 0) running.waitingSince = now;
    else this.#arm(running, now);
  }

  /** Whether anything of this row is left to say. What a listener has given its receipt for while its copy waited is not said to it. */
  #isOwed(row: Set<OccurrenceId>, { audience, kind }: Pick<Batch, "audience" | "kind">, now: Ms): boolean {
    for (const id of row) {
      const push = this.#running.get(id)?.push;
      const held = kind === "alarm" && audience !== "everyone" && push !== undefined && (push.held[audience]?.ring ?? 0) >= push.ring;
      if (!held) return true;
      row.delete(id);
      this.#left(id, now);
    }
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
    this.#enqueue("everyone", "state", id, state.repeat > 0);
    if (state.repeat === 1) {
      for (const listener of Object.keys(this.#running.get(id)?.push.held ?? {})) this.#enqueue(listener, "state", id, true);
    }
    state.repeat += 1;
    const at = STATE_AT_MS[state.repeat];
    if (at === undefined) this.#states.delete(id);
    else this.#stateRepeats.set(id, state.begunAt + Math.round(this.#dice.around(at, 0.25)));
  }

  #enqueue(audience: AudienceKey, kind: Kind, id: OccurrenceId, repeat: boolean): void {
    const key = `${kind} ${audience}`;
    let queue = this.#queue.get(key);
    if (queue === undefined) {
      queue = { audience, kind, rows: Array.from({ length: ROWS }, () => new Set<OccurrenceId>()) };
      this.#queue.set(key, queue);
    }
    const severity = severityOf(this.#view.alarm(id));
    const [first, again] = [queue.rows[rowOf(severity, false)], queue.rows[rowOf(severity, true)]];
    if (!repeat) again?.delete(id);
    if (first?.has(id) !== true) (repeat ? again : first)?.add(id);
  }

  #unqueue(id: OccurrenceId): void {
    for (const { kind, rows } of this.#queue.values()) if (kind === "alarm") for (const row of rows) row.delete(id);
  }
}

const ROWS = 2 * SEVERITIES.length;

/** Critical alarms, and their repeats, before everything else; then what nobody has heard yet, the worst first; then the other repeats. */
function rowOf(severity: Severity, repeat: boolean): number {
  const rank = rankOf(severity);
  if (rank === 0) return repeat ? 1 : 0;
  return repeat ? SEVERITIES.length + rank : rank + 1;
}

function isRepeats(row: number): boolean {
  return row === 1 || row > SEVERITIES.length;
}

function severityOf(alarm: Alarm | undefined): Severity {
  return alarm?.life.severity ?? "warning";
}

/** `repeat`: whether nothing of it is said for the first time. */
function takeFirst<Value>(rows: readonly Set<Value>[], most: number): { readonly ids: readonly Value[]; readonly repeat: boolean } {
  const ids: Value[] = [];
  let repeat = true;
  for (const [at, row] of rows.entries()) {
    for (const value of row) {
      if (ids.length === most) return { ids, repeat };
      ids.push(value);
      row.delete(value);
      repeat &&= isRepeats(at);
    }
  }
  return { ids, repeat };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
