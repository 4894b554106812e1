/** What else alarms are called: whoever was shown such a name, on whatever screen, may still use it. And which alarm a key is of. */

import type { OccurrenceId } from "../alarm/alarm.ts";

/** Other names that an alarm keeps, the latest: as many as agents tell each other (SYNC, `entries[].ids`). */
export const ALIASES_MOST = 8;

type Named = { readonly item: { readonly id: OccurrenceId; readonly key?: string | undefined }; readonly aliases: readonly OccurrenceId[] };

export class Names {
  readonly #aliases = new Map<OccurrenceId, OccurrenceId>();
  /** The alarm of each key that was spoken of last. */
  readonly #keys = new Map<string, OccurrenceId>();

  /** The alarm that was once called so. */
  idOf(alias: OccurrenceId): OccurrenceId | undefined {
    return this.#aliases.get(alias);
  }

  ofKey(key: string | undefined): OccurrenceId | undefined {
    return key === undefined ? undefined : this.#keys.get(key);
  }

  put({ item: { id, key }, aliases }: Named): void {
    for (const alias of aliases) this.#aliases.set(alias, id);
    if (key !== undefined) this.#keys.set(key, id);
  }

  drop({ item: { id, key }, aliases }: Named): void {
    for (const alias of aliases) if (this.#aliases.get(alias) === id) this.#aliases.delete(alias);
    if (key !== undefined && this.#keys.get(key) === id) this.#keys.delete(key);
  }
}

/** The names of one alarm, oldest first; its present one is none of them. */
export function aliasesOf(names: readonly OccurrenceId[], id: OccurrenceId): readonly OccurrenceId[] {
  return [...new Set(names)].filter((name) => name !== id).slice(-ALIASES_MOST);
}
