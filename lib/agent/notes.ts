/** What was reported as `info`: recorded, never rung. The latest only, one for each alarm key however often it is repeated. */

import type { AlarmKey, Labels, Report } from "../alarm/alarm.ts";
import type { WallMs } from "../base/units.ts";
import type { Decision } from "../classify/classify.ts";

/** More than a person reads; beyond, the oldest are dropped. */
export const NOTES_MOST = 1000;

export type Note = {
  readonly key: AlarmKey;
  readonly source: string;
  readonly labels: Labels;
  readonly module: string;
  readonly item: string;
  readonly text: string;
  readonly firstAt: WallMs;
  readonly at: WallMs;
  readonly count: number;
};

export class Notes {
  /** The one noted last stands last. */
  readonly #notes = new Map<AlarmKey, Note>();

  restore(notes: readonly Note[]): void {
    for (const note of [...notes].sort((a, b) => a.at - b.at)) this.#notes.set(note.key, note);
  }

  /** @returns the note as it stands, and the keys of those that had to go */
  take(key: AlarmKey, { source, labels, text }: Report, { module, item }: Decision, at: WallMs): { readonly note: Note; readonly dropped: readonly AlarmKey[] } {
    const held = this.#notes.get(key);
    const note: Note = { key, source, labels, module, item, text, firstAt: held?.firstAt ?? at, at, count: (held?.count ?? 0) + 1 };
    this.#notes.delete(key);
    this.#notes.set(key, note);
    const dropped = [...this.#notes.keys()].slice(0, Math.max(0, this.#notes.size - NOTES_MOST));
    for (const old of dropped) this.#notes.delete(old);
    return { note, dropped };
  }

  /** The latest first. */
  all(): readonly Note[] {
    return [...this.#notes.values()].reverse();
  }
}
