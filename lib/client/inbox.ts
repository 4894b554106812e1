/**
 * The alarms that this listener knows: what the agent last said of each, what was put on the desk, and what is over.
 * An open occurrence is never forgotten; one that is over stays listed for a day. Writes nothing: it says which rows changed.
 */

import type { OccurrenceId } from "../alarm/alarm.ts";
import type { Severity } from "../alarm/severity.ts";
import { Deadlines } from "../base/deadlines.ts";
import { hours, type Ms, type Now, type WallMs } from "../base/units.ts";
import type { PeerId } from "../trust/keys.ts";
import type { Body } from "../wire/message.ts";
import type { OpenMark } from "../wire/open-set.ts";

export type AlarmItem = Body<"alarm">["alarms"][number];
export type StateItem = Body<"state">["states"][number];

/** How long, and how many, occurrences that are over stay listed. */
export const CLOSED_KEEP_MS: Ms = hours(24);
export const CLOSED_MOST = 2000;

/** Where in an agent's speech something was said: a later packet of the same epoch overrules an earlier one. */
export type Said = { readonly agent: PeerId; readonly epoch: bigint; readonly counter: bigint };

export type Inboxed = {
  readonly item: AlarmItem;
  readonly condition: StateItem["condition"];
  readonly attention: StateItem["attention"];
  readonly phase: StateItem["phase"];
  readonly sending: StateItem["sending"];
  readonly by: string;
  readonly way: string;
  readonly comment: string;
  /** Who took it was not among those told. */
  readonly stranger: boolean;
  /** When that became so, as the agent says. */
  readonly stateAt: WallMs;
  /** When this listener first heard of it. */
  readonly heardAt: WallMs;
  /** The highest ring that the desk was asked to ring for; 0 for none. */
  readonly rung: number;
  /** The highest ring that was put before a person. */
  readonly seen: number;
  /** The epoch of an agent not yet believed, under which the present ring was heard; "" where it is verified. */
  readonly unverified: string;
  readonly said: Said;
  /** When it ended, on our own clock; undefined while it is open. */
  readonly closedAt: WallMs | undefined;
};

/** What became of one ALARM item. `older`: the agent has said something later since. */
export type Hearing = { readonly kind: "new" | "rung again" | "changed" | "same" | "older"; readonly now: Inboxed };

export type Found =
  | { readonly kind: "one"; readonly entry: Inboxed }
  | { readonly kind: "none" }
  | { readonly kind: "many"; readonly ids: readonly OccurrenceId[] };

export class Inbox {
  readonly #entries = new Map<OccurrenceId, Inboxed>();
  readonly #forget = new Deadlines<OccurrenceId>();
  readonly #changed = new Set<OccurrenceId>();
  #openCount = 0;
  /** Until one of them changes. */
  #marks: readonly OpenMark[] | undefined;

  restore(entries: Iterable<Inboxed>, now: Now): void {
    for (const entry of entries) this.#put(entry, now);
    this.#changed.clear();
  }

  get(id: OccurrenceId): Inboxed | undefined {
    return this.#entries.get(id);
  }

  get openCount(): number {
    return this.#openCount;
  }

  all(): IterableIterator<Inboxed> {
    return this.#entries.values();
  }

  open(): readonly Inboxed[] {
    return [...this.#entries.values()].filter(({ closedAt }) => closedAt === undefined);
  }

  /** What the agent's open set is compared with; the same list as long as nothing in it has changed. */
  marks(): readonly OpenMark[] {
    this.#marks ??= this.open().map(({ item: { id, revision, ring } }) => ({ id, revision, ring }));
    return this.#marks;
  }

  /** The alarm whose id begins so; people type the first characters, in either case. */
  find(prefix: string): Found {
    const wanted = prefix.toUpperCase().replaceAll("-", "");
    const exact = this.#entries.get(wanted);
    if (exact !== undefined) return { kind: "one", entry: exact };
    const matches = wanted === "" ? [] : [...this.#entries.values()].filter(({ item }) => item.id.startsWith(wanted));
    const [first] = matches;
    if (first === undefined) return { kind: "none" };
    return matches.length === 1 ? { kind: "one", entry: first } : { kind: "many", ids: matches.map(({ item }) => item.id) };
  }

  /**
   * Takes one alarm as an agent said it.
   *
   * @param verified whether the packet is of the agent's present epoch
   */
  hear(item: AlarmItem, { said, verified }: { readonly said: Said; readonly verified: boolean }, now: Now): Hearing {
    const held = this.#entries.get(item.id);
    if (held === undefined) {
      const entry: Inboxed = {
        item, ...ASIDE, condition: item.condition, attention: item.quiet === true ? "acknowledged" : "unacknowledged",
        stateAt: item.at, heardAt: now.wall, rung: 0, seen: 0, unverified: verified ? "" : String(said.epoch), said, closedAt: undefined,
      };
      this.#put(entry, now);
      return { kind: "new", now: entry };
    }
    // In another life the agent may know of fewer rings, from an older file: what it says now is what counts.
    const fewer = item.ring < held.item.ring && verified && said.agent === held.said.agent && said.epoch !== held.said.epoch;
    if (overtaken(held, said) || (item.ring < held.item.ring && !fewer)) return { kind: "older", now: held };
    const again = item.ring > held.item.ring;
    // What cannot be told from a recording never overrules what was verified, unless it rings anew.
    if (!verified && !again && held.unverified === "") return { kind: "older", now: held };
    const reopened = held.closedAt !== undefined;
    const taken = item.quiet === true;
    const same = !again && !fewer && !reopened && sameItem(held.item, item) && taken === (held.attention !== "unacknowledged") && held.unverified === (verified ? "" : String(said.epoch));
    const entry: Inboxed = {
      ...held, item, said, condition: item.condition, unverified: verified ? "" : String(said.epoch), closedAt: undefined,
      ...(taken ? { attention: held.attention === "unacknowledged" ? "acknowledged" : held.attention } : { attention: "unacknowledged", ...NOBODY }),
      ...(reopened ? { phase: "waiting", sending: "pending" } : {}),
      // Its next ring must be heard; and this one, where it was thought to be over.
      ...(fewer ? { rung: Math.min(held.rung, reopened ? item.ring - 1 : item.ring), seen: Math.min(held.seen, item.ring) } : {}),
    };
    if (same) {
      // Only the place in the agent's speech has moved: not worth a write of its own.
      this.#entries.set(item.id, entry);
      return { kind: "same", now: entry };
    }
    this.#put(entry, now);
    return { kind: again ? "rung again" : reopened ? "new" : "changed", now: entry };
  }

  /** Takes what an agent says of an alarm's state. @returns before and after, or undefined where that is nothing new or nothing known */
  learn(state: StateItem, said: Said, now: Now): { readonly before: Inboxed; readonly after: Inboxed } | undefined {
    const before = this.#entries.get(state.id);
    if (before === undefined || overtaken(before, said) || state.ring < before.item.ring) return undefined;
    const over = state.condition === "cleared";
    const after: Inboxed = {
      ...before, said, condition: state.condition, attention: state.attention, phase: state.phase, sending: state.sending,
      by: state.by ?? "", way: state.way ?? "", comment: state.comment ?? "", stranger: state.stranger === true, stateAt: state.at,
      closedAt: over ? (before.closedAt ?? now.wall) : undefined,
    };
    if (sameState(before, after)) {
      this.#entries.set(state.id, after);
      return undefined;
    }
    this.#put(after, now);
    return { before, after };
  }

  /** Changes what only this listener knows of an alarm. */
  note(id: OccurrenceId, changes: Partial<Pick<Inboxed, "rung" | "seen" | "unverified" | "attention" | "by" | "way" | "said">>, now: Now): Inboxed | undefined {
    const held = this.#entries.get(id);
    if (held === undefined) return undefined;
    const entry = { ...held, ...changes };
    this.#put(entry, now);
    return entry;
  }

  /**
   * What an agent's complete list does not name is open no more.
   *
   * @param before the place in the agent's speech at which the list began: what was said later is not judged by it
   * @returns those that are over now
   */
  closeAllBut(listed: ReadonlySet<OccurrenceId>, before: Said, now: Now): readonly Inboxed[] {
    return this.open().flatMap((entry) => {
      const { said, item } = entry;
      const later = said.epoch === before.epoch && said.counter > before.counter;
      if (said.agent !== before.agent || later || listed.has(item.id)) return [];
      const closed: Inboxed = { ...entry, said: before, condition: "cleared", closedAt: now.wall };
      this.#put(closed, now);
      return [closed];
    });
  }

  /** The entries changed since the last call. */
  takeChanged(): readonly Inboxed[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed].flatMap((id) => this.#entries.get(id) ?? []);
    this.#changed.clear();
    return changed;
  }

  /** One that has been listed long enough after its end; it is out of the inbox already. */
  takeForgotten(now: Ms): OccurrenceId | undefined {
    const id = this.#forget.takeDue(this.#forget.size > CLOSED_MOST ? Number.POSITIVE_INFINITY : now);
    if (id === undefined) return undefined;
    this.#entries.delete(id);
    this.#changed.delete(id);
    return id;
  }

  next(): Ms | undefined {
    return this.#forget.next();
  }

  #put(entry: Inboxed, now: Now): void {
    const { id } = entry.item;
    const held = this.#entries.get(id);
    this.#openCount += Number(entry.closedAt === undefined) - Number(held !== undefined && held.closedAt === undefined);
    if (!sameMark(held, entry)) this.#marks = undefined;
    this.#entries.set(id, entry);
    this.#changed.add(id);
    if (entry.closedAt === undefined) this.#forget.cancel(id);
    else if (this.#forget.dueOf(id) === undefined) {
      const left = Math.min(CLOSED_KEEP_MS, Math.max(0, entry.closedAt + CLOSED_KEEP_MS - now.wall));
      this.#forget.set(id, now.mono + left);
    }
  }
}

const NOBODY = { by: "", way: "", comment: "", stranger: false } as const;
const ASIDE = { phase: "waiting", sending: "pending", ...NOBODY } as const;

/** Whether the agent has said something later of this alarm already. Other epochs and other agents cannot be compared. */
function overtaken({ said: held }: Inboxed, said: Said): boolean {
  return held.agent === said.agent && held.epoch === said.epoch && held.counter > said.counter;
}

function sameMark(a: Inboxed | undefined, b: Inboxed): boolean {
  if (a === undefined || a.closedAt !== undefined) return a !== undefined && b.closedAt !== undefined;
  return b.closedAt === undefined && a.item.revision === b.item.revision && a.item.ring === b.item.ring;
}

/** Why it was said, and whether somebody has it, is not what it says. */
function sameItem(a: AlarmItem, b: AlarmItem): boolean {
  const [one, other] = [a, b].map(({ why: _, quiet: __, ...item }) => JSON.stringify(item));
  return one === other;
}

function sameState(a: Inboxed, b: Inboxed): boolean {
  return a.condition === b.condition && a.attention === b.attention && a.phase === b.phase && a.sending === b.sending &&
    a.by === b.by && a.comment === b.comment && a.stranger === b.stranger && (a.closedAt === undefined) === (b.closedAt === undefined);
}

/** As the one order of alarms wants it. */
export function orderOf({ item }: Inboxed): { readonly severity: Severity; readonly at: number; readonly module: string; readonly item: string; readonly id: string } {
  return { severity: item.severity, at: item.at, module: item.module, item: item.item, id: item.id };
}
