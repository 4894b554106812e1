/** The agent's turn under construction: beside rows and words, the timeline of each occurrence. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import type { EntryBody } from "../alarm/journal.ts";
import type { WallMs } from "../base/units.ts";
import { Draft as AnyDraft } from "../port/draft.ts";
import type { AgentEffect } from "./turn.ts";

export class Draft extends AnyDraft<AgentEffect> {
  /** Appends a line to the timeline of an occurrence. */
  remember(occurrence: OccurrenceId, at: WallMs, body: EntryBody): void {
    this.line({ kind: "append", entry: { occurrence, at, body } });
  }

  /** Drops the whole timeline of an occurrence. */
  forget(occurrence: OccurrenceId): void {
    this.line({ kind: "forget", occurrence });
  }
}
