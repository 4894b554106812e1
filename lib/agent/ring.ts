/** The keys by which an agent speaks and hears from the first packet of a process on: those that its store has, whatever becomes of its first turn. */

import { type GroupKey, type Identity, KeyRing } from "../trust/keys.ts";
import { peerOfMember } from "./hear.ts";
import type { Remembered } from "./machine.ts";
import { peeredIn } from "./peers.ts";

/**
 * Nothing here waits for a commit: on a disk that breaks at the start an agent rings on, and whoever was revoked must not
 * read that with the first group key, which every listener was once given.
 *
 * @param group the first one, as `init` wrote it; the store knows whether there are later ones
 */
export function ringOf(
  { members, peers, group: held }: Pick<Remembered, "members" | "peers" | "group">,
  { voice, clusterKey, group }: { readonly voice: Identity; readonly clusterKey: Uint8Array; readonly group: GroupKey },
): KeyRing {
  const ring = new KeyRing(voice);
  for (const { kid, key } of held?.keys ?? [group]) ring.setGroup(kid, key);
  for (const member of members) {
    if (member.revoked === undefined) ring.addPeer(peerOfMember(member));
    else ring.expel(member.id);
  }
  for (const { peer } of peeredIn(peers, { clusterKey, voice })) ring.addAgent(peer);
  return ring;
}
