/** What this agent says to the other agents by itself: where its beacons go besides to everybody, and the HELLO that answers theirs. */

import type { Now } from "../base/units.ts";
import { canonicalRules, rulesDigest } from "../classify/rule.ts";
import type { Address } from "../port/lan.ts";
import type { Parts } from "./parts.ts";
import type { Audience } from "./turn.ts";

/** By broadcast, because another agent may have moved, and by unicast to where each was last and where they are configured to be. */
export function beaconPlaces({ peers, settings }: Parts): readonly Audience[] {
  if (peers.size === 0) return [];
  const known = peers.all().flatMap(({ address }) => address ?? []);
  const named = settings.agents.filter((one) => !known.some((other) => isSame(one, other)));
  return [{ kind: "agents" }, ...[...known, ...named].map((address): Audience => ({ kind: "stranger", address }))];
}

/** HELLO to those whose beacons ask for one; and whoever has fallen silent is told to the log. */
export function greetPeers(parts: Parts, now: Now): void {
  const { peers, draft } = parts;
  for (let lost = peers.takeLost(now.mono); lost !== undefined; lost = peers.takeLost(now.mono)) draft.log("agent lost", { agent: lost.name });
  const hellos = peers.takeHellos(now.mono);
  if (hellos.length === 0) return;
  const { self, settings, book, group } = parts;
  for (const { peer, address, nonce, challenge } of hellos) {
    const body = {
      nonce, challenge, versions: self.versions, serial: parts.voiceSerial, host: self.agentName, seat: "none" as const,
      heard: { epoch: "0", counter: "0" }, open: group.mac.of(book.marks()), rules: rulesDigest(canonicalRules(settings.rules)), build: self.version.slice(0, 32),
    };
    draft.add({ kind: "say", message: { kind: "hello", body }, to: { kind: "agent", peer, address }, repeat: false, deflate: false });
  }
}

function isSame(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}
