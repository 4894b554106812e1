/** Carries the group key on: a new one is stored, told to who is present, and used, in this order. */

import { toBase64 } from "../base/bytes.ts";
import type { Now } from "../base/units.ts";
import type { Parts } from "./parts.ts";

/** After a start: what seals and opens is what the store has (ring.ts); the first key of all is stored now, with its age. */
export function beginGroup({ group, draft }: Parts): void {
  draft.put("meta", "group", group.row);
}

/**
 * Makes a new group key.
 *
 * @param grace whether broadcasts wait until everybody present has it; not where somebody is to be shut out
 */
export function renewGroup({ group, draft, listeners }: Parts, { grace }: { readonly grace: boolean }, now: Now): void {
  group.renew({ present: listeners.everyone(now.mono).map(({ id }) => id), grace }, now);
  draft.put("meta", "group", group.row);
  draft.add({ kind: "setGroup", keys: group.forRing });
  draft.log("group key made", { kid: group.youngest.kid, grace });
  if (!grace) listeners.hastenBeacon(now.mono);
}

/** Everything about the group key that has fallen due. */
export function rekey(parts: Parts, now: Now): void {
  const { group, draft, listeners } = parts;
  if (group.isDue(now.mono)) renewGroup(parts, { grace: true }, now);
  for (let id = group.takeOwed(now.mono); id !== undefined; id = group.takeOwed(now.mono)) {
    const listener = listeners.get(id);
    // Whoever is away says HELLO when it comes back.
    if (listener === undefined || listener.leaseUntil <= now.mono) {
      group.drop(id);
      continue;
    }
    const { kid, key } = group.youngest;
    draft.add({ kind: "say", message: { kind: "rekey", body: { kid, key: toBase64(key) } }, to: { kind: "listener", peer: id, address: listener.address }, repeat: false, deflate: false });
  }
  if (!group.takeSwitch(now.mono)) return;
  draft.add({ kind: "setGroup", keys: group.forRing });
  draft.log("group key used", { kid: group.youngest.kid });
  // Whoever lacks the key sees its number there, and asks.
  listeners.hastenBeacon(now.mono);
}
