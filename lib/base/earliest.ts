/** The first of many moments: every part of a machine says when it wants to be woken, and the driver arms one timer. */

import type { Ms } from "./units.ts";

/** @returns undefined where none is armed */
export function earliest(...moments: readonly (Ms | undefined)[]): Ms | undefined {
  let first: Ms | undefined;
  for (const at of moments) if (at !== undefined && (first === undefined || at < first)) first = at;
  return first;
}

/** The same over what waits. @param momentOf undefined where this one waits for no moment */
export function earliestOf<Item>(items: Iterable<Item>, momentOf: (item: Item) => Ms | undefined): Ms | undefined {
  let first: Ms | undefined;
  for (const item of items) {
    const at = momentOf(item);
    if (at !== undefined && (first === undefined || at < first)) first = at;
  }
  return first;
}
