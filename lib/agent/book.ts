/** Every alarm that the agent knows, by id and by key, and what falls due for it. Writes nothing: it says which rows changed. */

import type { Alarm, AlarmKey, OccurrenceId } from "../alarm/alarm.ts";
import { assert } from "../base/assert.ts";
import { Deadlines } from "../base/deadlines.ts";
import { earliest } from "../base/earliest.ts";
import { days, type Ms, type Now } from "../base/units.ts";
import type { OpenMark } from "../wire/open-set.ts";

/** More open alarms than this are refused with 503: the source keeps them and tries again. */
export const OPEN_MOST = 50_000;
/** So many must be free again before the alarm about it is over: at the limit itself it would come and go. */
export const ROOM_AGAIN = 1000;
/** How long, and how many, cleared occurrences stay listed. */
export const CLOSED_KEEP_MS: Ms = days(7);
export const CLOSED_MOST = 10_000;

export type Found =
  | { readonly kind: "one"; readonly alarm: Alarm }
  | { readonly kind: "none" }
  | { readonly kind: "many"; readonly ids: readonly OccurrenceId[] };

export class Book {
  readonly #alarms = new Map<OccurrenceId, Alarm>();
  /** Other names of the occurrences above. */
  readonly #aliases = new Map<OccurrenceId, OccurrenceId>();
  /** The latest occurrence of each key, open or closed. */
  readonly #byKey = new Map<AlarmKey, OccurrenceId>();
  readonly #open = new Set<OccurrenceId>();
  readonly #due = new Deadlines<OccurrenceId>();
  readonly #stale = new Deadlines<OccurrenceId>();
  readonly #forget = new Deadlines<OccurrenceId>();
  #changed = new Set<OccurrenceId>();
  /** Until one of them changes. */
  #marks: readonly OpenMark[] | undefined;

  /** By its id or another of its names. */
  get(id: OccurrenceId): Alarm | undefined {
    return this.#alarms.get(id) ?? this.#alarms.get(this.#aliases.get(id) ?? "");
  }

  /** The latest occurrence of a key. */
  latestOf(key: AlarmKey): Alarm | undefined {
    const id = this.#byKey.get(key);
    return id === undefined ? undefined : this.#alarms.get(id);
  }

  /** The alarm whose id begins so; people type the first characters, in either case. */
  find(prefix: string): Found {
    const wanted = prefix.toUpperCase().replaceAll("-", "");
    const exact = this.get(wanted);
    if (exact !== undefined) return { kind: "one", alarm: exact };
    const named = ({ id, aliases }: Alarm): boolean => id.startsWith(wanted) || aliases.some((alias) => alias.id.startsWith(wanted));
    const matches = wanted === "" ? [] : [...this.#alarms.values()].filter(named);
    const [first] = matches;
    if (first === undefined) return { kind: "none" };
    return matches.length === 1 ? { kind: "one", alarm: first } : { kind: "many", ids: matches.map(({ id }) => id) };
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Raised or stale alarms, in the order in which they came. */
  *open(): Generator<Alarm> {
    for (const id of this.#open) {
      const alarm = this.#alarms.get(id);
      if (alarm !== undefined) yield alarm;
    }
  }

  all(): IterableIterator<Alarm> {
    return this.#alarms.values();
  }

  /** What the listeners' open set is compared with; the same list as long as nothing in it has changed. */
  marks(): readonly OpenMark[] {
    this.#marks ??= [...this.open()].map(({ id, life }) => ({ id, revision: life.revision, ring: life.ring, taken: isTaken(life) }));
    return this.#marks;
  }

  /** Takes the alarm as it stands now, and arms what falls due. */
  put(alarm: Alarm, now: Now): void {
    if (!sameMark(this.#alarms.get(alarm.id), alarm)) this.#marks = undefined;
    this.#alarms.set(alarm.id, alarm);
    for (const { id } of alarm.aliases) this.#aliases.set(id, alarm.id);
    if (this.#isLatest(alarm)) this.#byKey.set(alarm.key, alarm.id);
    this.#changed.add(alarm.id);
    const { condition, due } = alarm.life;
    if (due === undefined) this.#due.cancel(alarm.id);
    else this.#due.set(alarm.id, due);
    if (condition === "raised" && alarm.staleAt !== undefined) {
      this.#stale.set(alarm.id, now.mono + Math.max(0, alarm.staleAt - now.wall));
    } else this.#stale.cancel(alarm.id);
    if (condition === "cleared") {
      this.#open.delete(alarm.id);
      if (this.#forget.dueOf(alarm.id) === undefined) {
        const keptMs = Math.min(CLOSED_KEEP_MS, Math.max(0, (alarm.clearedAt ?? now.wall) + CLOSED_KEEP_MS - now.wall));
        this.#forget.set(alarm.id, now.mono + keptMs);
      }
    } else {
      this.#open.add(alarm.id);
      this.#forget.cancel(alarm.id);
    }
  }

  /** It goes on under another name, which has been put or is about to be. */
  retire(id: OccurrenceId): void {
    const alarm = this.#alarms.get(id);
    if (alarm === undefined) return;
    for (const row of [this.#due, this.#stale, this.#forget]) row.cancel(id);
    this.#open.delete(id);
    this.#marks = undefined;
    this.#drop(alarm);
  }

  /** Its source has fallen silent; that is looked at once more then. */
  putStaleOff(id: OccurrenceId, until: Ms): void {
    this.#stale.set(id, until);
  }

  /** The alarms put since the last call. */
  takeChanged(): readonly Alarm[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed].flatMap((id) => this.#alarms.get(id) ?? []);
    this.#changed = new Set();
    return changed;
  }

  /** An alarm whose phase falls due now. */
  takeDue(now: Now): Alarm | undefined {
    const id = this.#due.takeDue(now.mono);
    return id === undefined ? undefined : this.#held(id);
  }

  /** An alarm whose source has fallen silent. */
  takeStale(now: Now): Alarm | undefined {
    const id = this.#stale.takeDue(now.mono);
    return id === undefined ? undefined : this.#held(id);
  }

  /** A cleared occurrence that has been listed long enough; it is out of the book already. */
  takeForgotten(now: Now): Alarm | undefined {
    const id = this.#forget.takeDue(this.#forget.size > CLOSED_MOST ? Number.POSITIVE_INFINITY : now.mono);
    if (id === undefined) return undefined;
    const alarm = this.#held(id);
    this.#drop(alarm);
    return alarm;
  }

  next(): Ms | undefined {
    return earliest(this.#due.next(), this.#stale.next(), this.#forget.next());
  }

  /** Rows come back in order of id, and an old occurrence may change late: neither takes the key from the one that is open. */
  #isLatest(alarm: Alarm): boolean {
    const held = this.latestOf(alarm.key);
    if (held === undefined || held.id === alarm.id) return true;
    const isOpen = alarm.life.condition !== "cleared";
    if (isOpen !== (held.life.condition !== "cleared")) return isOpen;
    return alarm.raisedAt >= held.raisedAt;
  }

  #drop({ id, key, aliases }: Alarm): void {
    this.#alarms.delete(id);
    this.#changed.delete(id);
    for (const alias of aliases) if (this.#aliases.get(alias.id) === id) this.#aliases.delete(alias.id);
    if (this.#byKey.get(key) === id) this.#byKey.delete(key);
  }

  #held(id: OccurrenceId): Alarm {
    const alarm = this.#alarms.get(id);
    assert(alarm !== undefined, "what falls due is in the book");
    return alarm;
  }
}

function sameMark(a: Alarm | undefined, { life: b }: Alarm): boolean {
  if (a === undefined || a.life.condition === "cleared") return a !== undefined && b.condition === "cleared";
  return b.condition !== "cleared" && a.life.revision === b.revision && a.life.ring === b.ring && isTaken(a.life) === isTaken(b);
}

function isTaken({ attention }: Alarm["life"]): boolean {
  return attention !== "unacknowledged";
}
