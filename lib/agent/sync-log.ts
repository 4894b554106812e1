/**
 * What each other agent has not yet heard of our occurrences. It is told how they stand, not what has happened: what changes
 * again before it was heard is told once, as it stands then. Nothing of it is stored: a new life of either tells everything.
 */

import { accountOf } from "../alarm/account.ts";
import type { Alarm, OccurrenceId, Stamp } from "../alarm/alarm.ts";
import { Bucket } from "../base/bucket.ts";
import { type Ms, type Now, seconds, type WallMs } from "../base/units.ts";
import type { PeerId } from "../trust/keys.ts";
import { FRAME_BYTES, fit } from "../wire/page.ts";
import type { Book } from "./book.ts";
import { accountFrom, type Entry, entryOf } from "./entry.ts";
import type { Evidence } from "./evidence.ts";

/** What was not confirmed is told again after so long, by how often in a row that was. */
export const SYNC_AGAIN_MS: readonly Ms[] = [250, 1000, 2500, 6000, 14_000, 30_000];
/** Datagrams to one agent that wait for their confirmation. */
export const SYNC_WINDOW = 8;
/** Entries tried for one datagram. */
const BATCH = 10;
/** A deadline that is earlier by less is none that another agent must hear of. */
export const DUE_TOLERANCE_MS: Ms = seconds(1);

/** A listener that has joined, or an invite: by kind and id. */
export type Paper = `member ${string}` | `invite ${string}`;
/** What one datagram to one agent says. */
export type Syncing = { readonly peer: PeerId; readonly number: number; readonly entries: readonly Entry[]; readonly paper: Paper | undefined };

/** @property read the labels that the rules read */
type Saying = { readonly read: ReadonlySet<string>; readonly evidence: Pick<Evidence, "hasPassed">; readonly now: Now };
type Underway = { readonly marks: ReadonlyMap<OccurrenceId, Mark>; readonly paper: Paper | undefined; readonly again: Ms };
/** How an occurrence stands, shortly: what two agents that agree on it have in common. */
type Mark = { readonly text: string; readonly report: string };

/** How one stood when it was last looked at. */
type Noted = { readonly mark: Mark; readonly due: Ms; readonly reached: boolean };

type Held = {
  epoch: bigint;
  /** As the other has it, as far as it has confirmed or said so. */
  readonly known: Map<OccurrenceId, Mark>;
  /** What it lacks: first what nobody waits for any more, and what is critical. */
  readonly urgent: Set<OccurrenceId>;
  readonly others: Set<OccurrenceId>;
  readonly papers: Set<Paper>;
  readonly underway: Map<number, Underway>;
  tries: number;
};

export class SyncLog {
  readonly #book: Pick<Book, "get" | "all">;
  readonly #bucket: Bucket;
  readonly #peers = new Map<PeerId, Held>();
  /** As each occurrence stood when it was last noted. */
  readonly #noted = new Map<OccurrenceId, Noted>();
  readonly #asked = new Map<OccurrenceId, WallMs>();
  #number = 0;

  /** @param rate datagrams a second, to all together */
  constructor({ book, rate, at }: { readonly book: Pick<Book, "get" | "all">; readonly rate: number; readonly at: Ms }) {
    this.#book = book;
    this.#bucket = new Bucket({ perSecond: rate, burst: rate, at });
  }

  /**
   * Another agent speaks in this epoch: of a life that we do not know it has confirmed nothing.
   *
   * @param papers all that it should have
   */
  meet(peer: PeerId, epoch: bigint, papers: () => Iterable<Paper>): void {
    if (this.#peers.get(peer)?.epoch === epoch) return;
    const held: Held = { epoch, known: new Map(), urgent: new Set(), others: new Set(), papers: new Set(papers()), underway: new Map(), tries: 0 };
    this.#peers.set(peer, held);
    for (const alarm of this.#book.all()) {
      this.#noted.set(alarm.id, notedOf(alarm));
      this.#owe(held, alarm.id);
    }
  }

  /** An occurrence has changed, or was read back. What of that others need not know is nothing to them. */
  note(alarm: Alarm): void {
    if (this.#peers.size === 0) return;
    const { id } = alarm;
    const before = this.#noted.get(id);
    const noted = notedOf(alarm);
    this.#noted.set(id, noted);
    const more = before !== undefined && (noted.due < before.due - DUE_TOLERANCE_MS || (noted.reached && !before.reached));
    for (const held of this.#peers.values()) {
      if (more) held.known.delete(id);
      this.#owe(held, id);
    }
  }

  /** Somebody has joined, or may. */
  offer(paper: Paper): void {
    for (const { papers } of this.#peers.values()) papers.add(paper);
  }

  /** Tells it to everybody, though nothing has changed: somebody may know more. */
  ask(id: OccurrenceId): void {
    for (const held of this.#peers.values()) {
      held.known.delete(id);
      this.#owe(held, id);
    }
  }

  /** Asks for it, once for each moment at which it became stale. @returns false where that was asked before */
  asksFirst(id: OccurrenceId, staleAt: WallMs | undefined): boolean {
    if (staleAt === undefined || this.#asked.get(id) === staleAt) return false;
    this.#asked.set(id, staleAt);
    this.ask(id);
    return true;
  }

  /** What a peer has told is what it has; where ours comes to the same, it is not told that. */
  heard(peer: PeerId, entry: Entry, now: Now): void {
    const held = this.#peers.get(peer);
    const told = accountFrom(entry, now);
    const id = told.names[0]?.id;
    const alarm = id === undefined ? undefined : this.#book.get(id);
    if (held === undefined || alarm === undefined) return;
    const mark = markOf(told);
    held.known.set(alarm.id, told.report.said === undefined ? { ...mark, report: held.known.get(alarm.id)?.report ?? mark.report } : mark);
    const more = told.standing.due > alarm.life.ackDue + DUE_TOLERANCE_MS && told.standing.revision === alarm.life.revision;
    if (more) held.known.delete(alarm.id);
    this.#owe(held, alarm.id);
  }

  /** The other has these on its disk. */
  confirmed(peer: PeerId, numbers: readonly number[]): void {
    const held = this.#peers.get(peer);
    for (const number of numbers) {
      const underway = held?.underway.get(number);
      if (held === undefined || underway === undefined) continue;
      held.underway.delete(number);
      held.tries = 0;
      for (const [id, mark] of underway.marks) {
        held.known.set(id, mark);
        this.#owe(held, id);
      }
    }
  }

  forget(id: OccurrenceId): void {
    this.#noted.delete(id);
    this.#asked.delete(id);
    for (const held of this.#peers.values()) for (const set of [held.known, held.urgent, held.others]) set.delete(id);
  }

  /** What may be said now to those that are present; nothing is said to others, and nothing of it is lost. */
  take(present: readonly PeerId[], { read, evidence, now }: Saying): readonly Syncing[] {
    const said: Syncing[] = [];
    for (const peer of present) {
      const held = this.#peers.get(peer);
      if (held === undefined) continue;
      this.#takeBack(held, now.mono);
      const window = held.tries > 0 ? 1 : SYNC_WINDOW;
      while (held.underway.size < window && waits(held) && this.#bucket.allow(now.mono)) {
        said.push(...(held.urgent.size + held.others.size > 0 ? this.#next(peer, held, { read, evidence, now }) : this.#nextPaper(peer, held, now.mono)));
      }
    }
    return said;
  }

  /** @param present those to whom something may be said */
  next(present: readonly PeerId[], now: Ms): Ms | undefined {
    const moments = present.flatMap((peer) => {
      const held = this.#peers.get(peer);
      if (held === undefined) return [];
      const may = waits(held) && held.underway.size < (held.tries > 0 ? 1 : SYNC_WINDOW);
      return [...[...held.underway.values()].map(({ again }) => again), ...(may ? [this.#bucket.readyAt(now)] : [])];
    });
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  #owe(held: Held, id: OccurrenceId): void {
    held.urgent.delete(id);
    held.others.delete(id);
    const noted = this.#noted.get(id);
    const alarm = this.#book.get(id);
    if (noted === undefined || alarm === undefined || held.known.get(id)?.text === noted.mark.text) return;
    const { condition, attention, severity } = alarm.life;
    const urgent = condition !== "cleared" && (attention !== "unacknowledged" || severity === "critical");
    (urgent ? held.urgent : held.others).add(id);
  }

  #takeBack(held: Held, now: Ms): void {
    let late = false;
    for (const [number, { marks, paper, again }] of held.underway) {
      if (again > now) continue;
      late = true;
      held.underway.delete(number);
      if (paper !== undefined) held.papers.add(paper);
      for (const id of marks.keys()) this.#owe(held, id);
    }
    if (late) held.tries += 1;
  }

  #next(peer: PeerId, held: Held, { read, evidence, now }: Saying): readonly Syncing[] {
    const ids = [...first(held.urgent, BATCH), ...first(held.others, BATCH)].slice(0, BATCH);
    const entries = ids.flatMap((id) => {
      const alarm = this.#book.get(id);
      const noted = this.#noted.get(id);
      held.urgent.delete(id);
      held.others.delete(id);
      if (alarm === undefined || noted === undefined) return [];
      const whole = alarm.life.condition !== "cleared" && held.known.get(id)?.report !== noted.mark.report;
      return [entryOf(alarm, { whole, ended: evidence.hasPassed(id), read, now })];
    });
    return fit(entries, { frame: SYNC_FRAME_BYTES, deflate: true, most: BATCH }).map((group) => {
      this.#number += 1;
      const marks = new Map(group.flatMap(({ ids: [id = ""] }) => {
        const noted = this.#noted.get(id);
        return noted === undefined ? [] : [[id, noted.mark] as const];
      }));
      held.underway.set(this.#number, { marks, paper: undefined, again: againAt(held, now.mono) });
      return { peer, number: this.#number, entries: group, paper: undefined };
    });
  }

  #nextPaper(peer: PeerId, held: Held, now: Ms): readonly Syncing[] {
    const [paper] = held.papers;
    if (paper === undefined) return [];
    held.papers.delete(paper);
    this.#number += 1;
    held.underway.set(this.#number, { marks: new Map(), paper, again: againAt(held, now) });
    return [{ peer, number: this.#number, entries: [], paper }];
  }
}

function waits({ urgent, others, papers }: Held): boolean {
  return urgent.size + others.size + papers.size > 0;
}

function againAt({ tries }: Held, now: Ms): Ms {
  return now + (SYNC_AGAIN_MS[Math.min(tries, SYNC_AGAIN_MS.length - 1)] ?? 0);
}

/** `{"number":4294967295,"entries":[…]}` */
const SYNC_FRAME_BYTES = FRAME_BYTES + 24;

function first<Value>(values: Iterable<Value>, most: number): readonly Value[] {
  const taken: Value[] = [];
  for (const value of values) {
    if (taken.length === most) break;
    taken.push(value);
  }
  return taken;
}

function notedOf(alarm: Alarm): Noted {
  return { mark: markOf(accountOf(alarm)), due: alarm.life.ackDue, reached: alarm.life.reached };
}

/** Not in it: lengths of time, which two agents never measure the same. */
export function markOf({ names, condition, report, standing, ring }: Pick<ReturnType<typeof accountFrom>, "names" | "condition" | "report" | "standing" | "ring">): Mark {
  const { revision, ackFrom, taken } = standing;
  const said = stampText(report.stamp);
  const text = [
    names.map(({ id, at }) => `${id}@${at}`).join(), stampText(condition.stamp), condition.clearedAt === undefined, said, revision, ackFrom, ring,
    taken === undefined ? "" : stampText(taken.stamp),
  ].join(" ");
  return { text, report: said };
}

function stampText({ number, agent }: Stamp): string {
  return number === 0 ? "0" : `${number}${agent}`;
}
