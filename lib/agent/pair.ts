/** Another agent is let into the cluster: from then on the two believe each other, and each knows whom the other has enrolled. */

import { toBase64 } from "../base/bytes.ts";
import type { Now } from "../base/units.ts";
import type { PeerId } from "../trust/keys.ts";
import { readVoice } from "../trust/voice.ts";
import type { Parts } from "./parts.ts";
import { endPeerWatch } from "./peer-watch.ts";
import { PEERS_MOST } from "./peers.ts";
import { exportInvites, exportMembers } from "./sharing.ts";

type Reply = (status: number, body: unknown) => void;

/** @param voice certificate that the cluster key has signed. Answers with what the other agent must know to begin. */
export function pair(parts: Parts, voice: string, reply: Reply, now: Now): void {
  const { peers, watch, draft, self, listeners } = parts;
  const voiced = readVoice(voice, self.clusterKey);
  if (!voiced.ok) return reply(400, { error: "The certificate is not signed by this cluster's key", field: "voice" });
  const { peer, name, serial } = voiced.value;
  if (peer.id === self.voice.id) return reply(400, { error: "The certificate is this agent's own", field: "voice", expected: "another agent's" });
  const before = peers.all().find((other) => other.name === name && other.peer.id !== peer.id);
  if (peers.get(peer.id) === undefined && before === undefined && peers.size >= PEERS_MOST) {
    return reply(409, { error: `${PEERS_MOST} other agents are known, and no more are taken`, field: "voice" });
  }
  // One of that name whose host was lost: the new keys stand in the place of the old ones.
  if (before !== undefined) dismiss(parts, before.peer.id);
  peers.add({ ...voiced.value, address: peers.addressOf(peer.id), lastHeardAt: peers.get(peer.id)?.lastHeardAt });
  watch.expect(peer.id, now.mono);
  draft.add({ kind: "befriend", peer });
  draft.log("paired", { agent: name, serial });
  const { kid, key } = parts.group.youngest;
  reply(200, { agent: name, serial, group: { kid, key: toBase64(key) }, members: exportMembers(listeners), invites: exportInvites(parts.invites) });
}

/** Another agent is gone for good: nobody waits for it any more, and listeners let it go. */
export function unpair(parts: Parts, name: string, reply: Reply, now: Now): void {
  const { peers, draft } = parts;
  const gone = peers.all().find((other) => other.name === name);
  if (gone === undefined) return reply(404, { error: `No other agent is called ${JSON.stringify(name)}`, field: "agent", expected: peers.all().map((other) => other.name).join(", ") });
  if (peers.isPresent(gone.peer.id, now.mono)) return reply(409, { error: `Agent ${JSON.stringify(name)} is heard now: stop it first`, field: "agent" });
  dismiss(parts, gone.peer.id);
  endPeerWatch(parts, gone, now);
  draft.log("unpaired", { agent: name });
  reply(200, { agent: name });
}

function dismiss({ peers, draft }: Parts, id: PeerId): void {
  peers.remove(id);
  draft.remove("peers", id);
  draft.put("meta", "voices", peers.serialMost);
  draft.add({ kind: "expel", peer: id });
}

/** The other agents, for people. */
export function peersView({ peers }: Parts, now: Now): readonly Readonly<Record<string, unknown>>[] {
  return peers.all().map(({ peer, name, serial, voice, address, lastHeardAt }) => ({
    id: peer.id, name, serial, voice, address: address && `${address.host}:${address.port}`, lastHeardAt, present: peers.isPresent(peer.id, now.mono),
  }));
}
