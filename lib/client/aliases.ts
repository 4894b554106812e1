/** What alarms were called before: whoever was shown such a name, on whatever screen, may still use it. */

import type { OccurrenceId } from "../alarm/alarm.ts";

/** Other names that an alarm keeps, the latest: as many as agents tell each other (SYNC, `entries[].ids`). */
export const ALIASES_MOST = 8;

type Named = { readonly item: { readonly id: OccurrenceId }; readonly aliases: readonly OccurrenceId[] };

export class Aliases {
  readonly #ids = new Map<OccurrenceId, OccurrenceId>();

  /** The alarm that was once called so. */
  idOf(alias: OccurrenceId): OccurrenceId | undefined {
    return this.#ids.get(alias);
  }

  put({ item: { id }, aliases }: Named): void {
    for (const alias of aliases) this.#ids.set(alias, id);
  }

  drop({ item: { id }, aliases }: Named): void {
    for (const alias of aliases) if (this.#ids.get(alias) === id) this.#ids.delete(alias);
  }
}

/** The names of one alarm, oldest first; its present one is none of them. */
export function aliasesOf(names: readonly OccurrenceId[], id: OccurrenceId): readonly OccurrenceId[] {
  return [...new Set(names)].filter((name) => name !== id).slice(-ALIASES_MOST);
}
