/** Another agent that is not heard, or that decides by other rules, is an alarm of Gapbell's own: the pair is none any more. */

import { Deadlines } from "../base/deadlines.ts";
import { type Ms, minutes, type Now } from "../base/units.ts";
import { canonicalRules, rulesDigest } from "../classify/rule.ts";
import type { PeerId } from "../trust/keys.ts";
import { admitOwn, clearOwn, type OwnAlarm } from "./admit.ts";
import type { Parts } from "./parts.ts";
import type { Peered } from "./peers.ts";

/** An agent may start again, and its host as well, before anybody is told. */
export const PEER_SILENT_MS: Ms = minutes(5);
/** Whoever brings new rules to all agents needs a while. */
export const PEER_DIFFERS_MS: Ms = minutes(10);

export class PeerWatch {
  readonly #silent = new Deadlines<PeerId>();
  readonly #differs = new Deadlines<PeerId>();

  /** From now on it is waited for. */
  expect(id: PeerId, now: Ms): void {
    if (this.#silent.dueOf(id) === undefined) this.#silent.set(id, now + PEER_SILENT_MS);
  }

  heard(id: PeerId, { same, now }: { readonly same: boolean; readonly now: Ms }): void {
    this.#silent.set(id, now + PEER_SILENT_MS);
    if (same) this.#differs.cancel(id);
    else if (this.#differs.dueOf(id) === undefined) this.#differs.set(id, now + PEER_DIFFERS_MS);
  }

  takeSilent(now: Ms): PeerId | undefined {
    return this.#silent.takeDue(now);
  }

  takeDiffering(now: Ms): PeerId | undefined {
    return this.#differs.takeDue(now);
  }

  next(): Ms | undefined {
    const moments = [this.#silent.next(), this.#differs.next()].filter((at) => at !== undefined);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }
}

/** @param rules the digest of those by which it decides */
export function hearPeerWatch(parts: Parts, id: PeerId, rules: string, now: Now): void {
  const { watch, peers, settings } = parts;
  const peer = peers.get(id);
  if (peer === undefined) return;
  const same = rules === rulesDigest(canonicalRules(settings.rules));
  watch.heard(id, { same, now: now.mono });
  clearOwn(parts, silent(peer, `The agent ${peer.name} is heard again`), now);
  if (same) clearOwn(parts, differing(peer, `The agent ${peer.name} has the same rules again`), now);
}

/** Nobody waits for it any more. */
export function endPeerWatch(parts: Parts, peer: Peered, now: Now): void {
  for (const own of [silent, differing]) clearOwn(parts, own(peer, `The agent ${peer.name} is no longer one of the cluster`), now);
}

/** What has fallen due of the watch. */
export function lookAtPeers(parts: Parts, now: Now): void {
  const { watch, peers, voiceSerial } = parts;
  for (let id = watch.takeSilent(now.mono); id !== undefined; id = watch.takeSilent(now.mono)) {
    const peer = peers.get(id);
    if (peer === undefined) continue;
    const text = `The agent ${peer.name} has not been heard for ${PEER_SILENT_MS / 60_000} minutes: this one rings alone`;
    admitOwn(parts, { ...silent(peer, text), condition: "raised" }, now);
  }
  for (let id = watch.takeDiffering(now.mono); id !== undefined; id = watch.takeDiffering(now.mono)) {
    const peer = peers.get(id);
    // One of the two says it; the other hears so.
    if (peer === undefined || voiceSerial > peer.serial) continue;
    const text = `The agent ${peer.name} has other rules for ${PEER_DIFFERS_MS / 60_000} minutes: give all agents the same rules.yaml`;
    admitOwn(parts, { ...differing(peer, text), condition: "raised" }, now);
  }
}

function silent({ name }: Peered, text: string): OwnAlarm {
  return { name: "GapbellPeer", severity: "major", text, more: { peer: name, fault: "silent" } };
}

function differing({ name }: Peered, text: string): OwnAlarm {
  return { name: "GapbellPeer", severity: "warning", text, more: { peer: name, fault: "rules" } };
}
