/** The one order in which alarms are sent, shown and listed: the worst first, then the oldest. */

import { rankOf, type Severity } from "../alarm/severity.ts";

export type Ordered = {
  readonly severity: Severity;
  /** Generation time. */
  readonly at: number;
  readonly module: string;
  readonly item: string;
  readonly id: string;
};

/** Total: two different occurrences are never equal. Severity stands before the module, so that nothing critical waits behind a lesser one. */
export function compareAlarms(a: Ordered, b: Ordered): number {
  return rankOf(a.severity) - rankOf(b.severity) || a.at - b.at || compareText(a.module, b.module) || compareText(a.item, b.item) || compareText(a.id, b.id);
}

/** By code unit: the same on every host, whatever its language. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
