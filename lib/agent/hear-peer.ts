/** What another agent of the cluster says to this one, and what it answers. */

import type { Now } from "../base/units.ts";
import type { Address } from "../port/lan.ts";
import type { Opened } from "../trust/opener.ts";
import { readVoice } from "../trust/voice.ts";
import type { Body } from "../wire/message.ts";
import { negotiate } from "../wire/versions.ts";
import { raiseFloor } from "./floor.ts";
import { sayAnew, sayWelcome } from "./hear.ts";
import type { Parts } from "./parts.ts";
import { hearPeerWatch } from "./peer-watch.ts";
import type { Peered } from "./peers.ts";
import { allPapers, takeSync, takeSynced } from "./sync.ts";

/** @param packet of a sender that `parts.peers` knows */
export function hearPeer(parts: Parts, { from, packet }: { readonly from: Address; readonly packet: Opened }, now: Now): void {
  const { message, sender, sealed, freshness } = packet;
  const { peers, refusals } = parts;
  if (message.kind === "beacon") return peers.beacon(sender, { body: message.body, from, freshness }, now.mono);
  if (sealed !== "pair") return refusals.count("not sealed for the pair");
  if (message.kind === "hello") return hello(parts, { from, packet, body: message.body }, now);
  if (message.kind === "welcome") return welcome(parts, { from, packet, body: message.body }, now);
  if (freshness !== "fresh") return refusals.count("not of its present life");
  if (message.kind === "sync") return takeSync(parts, { from, packet, body: message.body }, now);
  if (message.kind === "synced") return takeSynced(parts, sender, message.body);
}

/** It hears us: it echoes one of our last two challenges. */
function hello(parts: Parts, { from, packet, body }: { readonly from: Address; readonly packet: Opened; readonly body: Body<"hello"> }, now: Now): void {
  if (negotiate(parts.self.versions, body.versions, parts.floor.version) === undefined) return parts.refusals.count("no version in common");
  if (!parts.listeners.isChallenge(body.challenge)) return sayAnew(parts, { from, packet }, now);
  sayWelcome(parts, { from, packet, nonce: body.nonce }, now);
  proven(parts, { packet, from, rules: body.rules }, now);
}

/** It answers us: what it says from that counter on is of now. */
function welcome(parts: Parts, { from, packet, body }: { readonly from: Address; readonly packet: Opened; readonly body: Body<"welcome"> }, now: Now): void {
  const { peers, draft, refusals, self } = parts;
  const { sender, freshness } = packet;
  const known = peers.get(sender);
  const voiced = known && newerVoice(known, body.voice, self.clusterKey);
  if (voiced === undefined) return refusals.count("welcome not believed");
  if (!peers.answer(sender, body.nonce, now.mono)) return refusals.count("welcome to nothing asked");
  if (voiced !== known) peers.add(voiced);
  if (freshness !== "fresh") {
    draft.add({ kind: "adopt", peer: sender, epoch: BigInt(body.epoch), counter: BigInt(body.counter) });
    draft.put("windows", sender, { epoch: body.epoch, counter: body.counter });
  }
  if (body.floor !== undefined) raiseFloor(parts, body.floor, now);
  proven(parts, { packet, from, rules: body.rules }, now);
}

/** The certificate that it shows, if it is that agent's and not an older one. */
function newerVoice(known: Peered, shown: string, clusterKey: Uint8Array): Peered | undefined {
  if (shown === known.voice) return known;
  const voiced = readVoice(shown, clusterKey);
  if (!voiced.ok || voiced.value.peer.id !== known.peer.id || voiced.value.serial < known.serial) return undefined;
  return { ...known, ...voiced.value };
}

/** It and we hear each other now. */
function proven(parts: Parts, { packet, from, rules }: { readonly packet: Opened; readonly from: Address; readonly rules: string }, now: Now): void {
  const { sender: id, epoch } = packet;
  parts.sync.meet(id, epoch, () => allPapers(parts));
  if (parts.peers.proven(id, from, now)) parts.draft.log("agent heard", { agent: parts.peers.get(id)?.name });
  hearPeerWatch(parts, id, rules, now);
}
