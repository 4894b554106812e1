/** The one order in which alarms are shown, sent and listed everywhere. */

import type { WallMs } from "../base/units.ts";
import { rankOf, type Severity } from "../alarm/severity.ts";

export type Ordered = {
  readonly severity: Severity;
  /** When the source made it. */
  readonly at: WallMs;
  readonly module: string;
  readonly item: string;
  /** Unique: makes the order total. */
  readonly id: string;
};

/**
 * Severity, time (older first), module, item, id; for `sort`.
 * Severity stands before the module so that a critical alarm never waits behind a lesser one of another module.
 * Texts are compared by their code units, so that every machine sorts the same whatever its language.
 */
export function compareAlarms(a: Ordered, b: Ordered): number {
  return rankOf(a.severity) - rankOf(b.severity) || a.at - b.at || compareTexts(a.module, b.module) ||
    compareTexts(a.item, b.item) || compareTexts(a.id, b.id);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
