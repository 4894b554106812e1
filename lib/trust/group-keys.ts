/** The group keys that somebody holds, and what the open set comes to under each. */

import { assert } from "../base/assert.ts";
import { toBase64, utf8 } from "../base/bytes.ts";
import { hmacSha256 } from "../base/digest.ts";
import { OpenMac } from "../wire/open-set.ts";
import { GROUP_KEYS_MOST, type GroupKey } from "./keys.ts";

/**
 * Eight bytes as base64url that tell one group key from another, also where both have the same number: an agent that was
 * restored from an older file counts the same numbers again.
 */
export function groupMark(key: Uint8Array): string {
  return toBase64(hmacSha256(key, utf8("gapbell group mark\0")).subarray(0, 8));
}

export class GroupKeys {
  #held: readonly (GroupKey & { readonly mac: OpenMac; readonly mark: string })[] = [];

  /** @param keys the youngest last, at least one */
  constructor(keys: readonly GroupKey[]) {
    assert(keys.length > 0, "there is a group key");
    for (const key of keys) this.take(key);
  }

  /** The youngest last. */
  get all(): readonly GroupKey[] {
    return this.#held.map(({ kid, key }) => ({ kid, key }));
  }

  /** The one that came last. */
  get youngest(): GroupKey {
    const last = this.#held.at(-1);
    assert(last !== undefined, "there is a group key");
    return last;
  }

  /** Takes a key in the place of an older one of its number. @returns false where it is the youngest already */
  take({ kid, key }: GroupKey): boolean {
    const mark = groupMark(key);
    const last = this.#held.at(-1);
    if (last?.kid === kid && last.mark === mark) return false;
    this.#held = [...this.#held.filter((one) => one.kid !== kid), { kid, key, mark, mac: new OpenMac(key) }].slice(-GROUP_KEYS_MOST);
    return true;
  }

  /** @returns undefined where no key of this number is held */
  macOf(kid: number): OpenMac | undefined {
    return this.#held.find((one) => one.kid === kid)?.mac;
  }

  /** "" where no key of this number is held. */
  markOf(kid: number): string {
    return this.#held.find((one) => one.kid === kid)?.mark ?? "";
  }
}
