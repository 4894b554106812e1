/** Other agents of the cluster, as one that is believed tells of them: each is believed by its own certificate alone. */

import type { Now } from "../base/units.ts";
import type { PeerId } from "../trust/keys.ts";
import { decodeVoices, encodeVoices, VOICES_MOST, voicesDigest } from "../trust/voices.ts";
import type { Voiced } from "../trust/voice.ts";
import { dropDone } from "./acknowledge.ts";
import { isSilent } from "./hearing.ts";
import type { Parts } from "./parts.ts";
import { showEnded } from "./show-ended.ts";
import type { KnownAgent } from "./turn.ts";

/** A WELCOME names the digest of the agents that its sender knows. Whoever names itself alone need not be asked. */
export function wantVoices({ voices, fetching, ears }: Parts, agent: PeerId, { digest, own }: { readonly digest: string; readonly own: string }, now: Now): void {
  if (voices.get(agent)?.digest === digest) return;
  const alone = voicesDigest(encodeVoices([{ voice: own, address: undefined }])) === digest;
  if (alone && ears.all().length === 1) return;
  fetching.want(agent, "voices", { now: now.mono, delayMs: 0 });
}

/** Believes those that are new, under a name that no later certificate has taken, and lets go of those that nobody names any more. */
export function takeVoices(parts: Parts, teller: PeerId, { bytes, digest }: { readonly bytes: Uint8Array; readonly digest: string }, now: Now): void {
  const { voices, ears, self, draft } = parts;
  const told = decodeVoices(bytes, self.clusterKey);
  if (told === undefined) return parts.refusals.count("voices not understood");
  voices.set(teller, { digest, ids: new Set(told.map(({ peer }) => peer.id)) });
  for (const voiced of told) {
    for (const { agent } of ears.all()) if (agent.name === voiced.name && agent.id !== voiced.peer.id && agent.serial < voiced.serial) letGo(parts, agent, now);
    if (ears.get(voiced.peer.id) === undefined && !isReplaced(parts, voiced) && ears.all().length < VOICES_MOST) believe(parts, voiced, now);
  }
  for (const { agent, grade } of ears.all()) {
    const named = [...voices].some(([by, { ids }]) => by !== agent.id && ids.has(agent.id));
    if (agent.id !== teller && isSilent(grade) && !named) letGo(parts, agent, now);
  }
  draft.log("voices", { agent: ears.get(teller)?.agent.name, agents: told.length });
}

function isReplaced({ ears }: Parts, { name, serial }: Voiced): boolean {
  return ears.all().some(({ agent }) => agent.name === name && agent.serial >= serial);
}

function believe({ ears, draft }: Parts, { peer, name, serial, voice, address }: Voiced & { readonly address: KnownAgent["address"] }, now: Now): void {
  ears.add({ id: peer.id, name, serial, voice, address, heardOn: undefined }, now.mono);
  draft.add({ kind: "befriend", peer });
  draft.log("agent found", { agent: name, serial });
}

function letGo(parts: Parts, { id, name }: KnownAgent, now: Now): void {
  const { ears, draft, voices, fetching, expected, lists, digests, receipts, roads, inbox } = parts;
  ears.drop(id);
  for (const held of [voices, expected, lists, digests]) held.delete(id);
  roads.drop(id);
  fetching.restart(id);
  receipts.dismiss(id);
  draft.remove("agents", id);
  draft.remove("windows", id);
  draft.add({ kind: "dismiss", peer: id });
  draft.log("agent gone", { agent: name });
  for (const ended of inbox.dismiss(id, now)) showEnded(parts, ended);
  dropDone(parts);
}
