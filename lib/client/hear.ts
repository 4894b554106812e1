/** What the LAN says to the listener: every message of an agent has its place here. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import { fromBase64, toBase64 } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import type { Now } from "../base/units.ts";
import { rulesFromCanonical } from "../classify/rule.ts";
import type { Address } from "../port/lan.ts";
import { groupMark } from "../trust/group-keys.ts";
import type { PeerId } from "../trust/keys.ts";
import type { Opened } from "../trust/opener.ts";
import { readVoice } from "../trust/voice.ts";
import type { Body } from "../wire/message.ts";
import { decodeOpenSet, openSetMac } from "../wire/open-set.ts";
import { negotiate } from "../wire/versions.ts";
import { confirm } from "./acknowledge.ts";
import { type Fetched, LAG_PATIENCE_MS, LULL_MS } from "./fetching.ts";
import type { AlarmItem, Inboxed, Said, StateItem } from "./inbox.ts";
import type { Parts } from "./parts.ts";
import { rename } from "./rename.ts";
import { showEnded } from "./show-ended.ts";
import type { KnownAgent } from "./turn.ts";
import { takeVoices, wantVoices } from "./voices.ts";
import { alarmLine, isMine, showingOf, standingLine, tapState } from "./views.ts";

export function hear(parts: Parts, { from, packet }: { readonly from: Address; readonly packet: Opened }, now: Now): void {
  const { message, sender, freshness } = packet;
  const agent = parts.ears.get(sender);
  if (freshness === "fresh" && !packet.broadcast && from.road !== "tcp") parts.roads.came(sender, now.mono);
  if (agent === undefined || freshness === "stranger") return parts.refusals.count("not an agent of ours");
  if (message.kind === "beacon") return beacon(parts, { from, packet, body: message.body }, now);
  if (message.kind === "welcome") return welcome(parts, { from, packet, body: message.body }, now);
  const fresh = freshness === "fresh";
  if (fresh) parts.ears.heard(sender, packet, now);
  const said: Said = { agent: sender, epoch: packet.epoch, counter: packet.counter };
  // An alarm is put before people even where it could be a recording; nothing else is believed before the challenge is answered.
  if (fresh && message.kind === "alarm") parts.fetching.flows(sender, now.mono);
  if (message.kind === "alarm" && freshness !== "older") for (const item of message.body.alarms) takeAlarm(parts, item, { said, verified: fresh }, now);
  if (!fresh || !agent.believed) return message.kind === "alarm" && freshness !== "older" ? undefined : parts.refusals.count("not proven to be of now");
  if (message.kind === "state") for (const state of message.body.states) takeState(parts, state, said, now);
  if (packet.sealed !== "pair") return message.kind === "alarm" || message.kind === "state" ? undefined : parts.refusals.count("not sealed for the pair");
  if (message.kind === "rekey") takeKey(parts, { agent: sender, from, body: message.body }, now);
  if (message.kind === "acked") confirm(parts, message.body, said, now);
  if (message.kind === "data") {
    const fetched = parts.fetching.take(sender, message.body, { counter: packet.counter, now: now.mono });
    if (fetched?.what === "rules") takeRules(parts, fetched);
    else if (fetched?.what === "voices") takeVoices(parts, sender, fetched, now);
    else if (fetched !== undefined) takeList(parts, { agent: sender, epoch: packet.epoch, counter: fetched.firstCounter }, fetched, now);
  }
}

function beacon(parts: Parts, { from, packet, body }: { readonly from: Address; readonly packet: Opened; readonly body: Body<"beacon"> }, now: Now): void {
  const { self, ears, fetching, digests } = parts;
  const { sender, freshness } = packet;
  if (body.cluster !== self.cluster || freshness === "stranger") return parts.refusals.count("not an agent of ours");
  if (body.unknown !== undefined) ears.disowned(sender, body.unknown, now);
  ears.beacon(sender, { body, from, freshness, apart: isApart(parts, body) }, now);
  if (freshness !== "fresh") return;
  ears.heard(sender, packet, now);
  if (ears.get(sender)?.believed !== true) return;
  digests.set(sender, body.rules);
  if (body.rules !== parts.rules.digest) fetching.want(sender, "rules", { now: now.mono, delayMs: 0 });
  // It gives its key to whoever says HELLO without it.
  if (parts.group.markOf(body.kid) === "") ears.hasten(sender, now.mono);
  else compare(parts, sender, body, now);
}

/** What an agent's beacon says of the open set, read with the key that it names. */
function compare(parts: Parts, agent: PeerId, { kid, open }: Pick<Body<"beacon">, "kid" | "open">, now: Now): void {
  const { expected, fetching, gathering } = parts;
  expected.set(agent, { kid, open });
  if (isInStep(parts, agent)) fetching.unwant(agent, "open");
  // Who has just come waits for nothing.
  else fetching.want(agent, "open", { now: now.mono, delayMs: gathering.on ? 0 : LAG_PATIENCE_MS });
}

function welcome(parts: Parts, { from, packet, body }: { readonly from: Address; readonly packet: Opened; readonly body: Body<"welcome"> }, now: Now): void {
  const { sender, sealed, freshness } = packet;
  const { self, ears, roads, draft, fetching, digests, acks, gathering, floor } = parts;
  const heard = ears.get(sender);
  if (heard?.beacon !== undefined && isApart(parts, heard.beacon)) return parts.refusals.count("no version in common");
  const before = heard?.agent;
  const voice = before === undefined ? undefined : voiceOf(before, body.voice, self.clusterKey);
  if (sealed !== "pair" || voice === undefined) {
    parts.refusals.count("welcome not believed");
    draft.log("welcome not believed", { agent: sender });
    return;
  }
  const agent = { name: voice.name, voice: voice.voice, serial: voice.serial, id: sender, address: { host: from.host, port: from.port } };
  const place = { epoch: BigInt(body.epoch), counter: BigInt(body.counter) };
  const welcomed = ears.welcome(sender, { nonce: body.nonce, place, agent }, now);
  if (welcomed === undefined) return parts.refusals.count("welcome to nothing asked");
  digests.set(sender, body.rules);
  if (body.floor !== undefined && floor.raise(body.floor, self.clusterKey)) draft.put("meta", "floor", body.floor);
  const rerouted = roads.answered(sender, from, now.mono);
  if (rerouted) draft.log("road", { agent: agent.name, road: roads.of(sender) });
  if (welcomed.adopt) {
    draft.add({ kind: "adopt", peer: sender, ...place });
    draft.put("windows", sender, { epoch: body.epoch, counter: body.counter });
    draft.log("believed", { agent: agent.name, freshness });
    verify(parts, sender, place.epoch, now);
    fetching.restart(sender);
  }
  if (welcomed.adopt || rerouted) {
    // What another life of it had open says nothing of this one; and while no road led there, more may have come.
    parts.expected.delete(sender);
    fetching.want(sender, "open", { now: now.mono, delayMs: 0 });
    acks.hasten(now.mono);
    if (!self.robot) gathering.begin(now.mono);
  }
  if (body.rules !== parts.rules.digest) fetching.want(sender, "rules", { now: now.mono, delayMs: 0 });
  if (body.voices !== undefined) wantVoices(parts, sender, { digest: body.voices, own: body.voice }, now);
}

/** Whether agent and listener may speak no version with each other. */
function isApart({ self, floor }: Parts, { versions }: Pick<Body<"beacon">, "versions">): boolean {
  return negotiate(self.versions, versions, floor.version) === undefined;
}

/** The voice that a WELCOME shows, if it is that agent's and not an older one. One that is known was read before it was believed. */
function voiceOf(known: KnownAgent, shown: string, clusterKey: Uint8Array): Pick<KnownAgent, "name" | "voice" | "serial"> | undefined {
  if (shown === known.voice) return known;
  const voiced = readVoice(shown, clusterKey);
  return voiced.ok && voiced.value.peer.id === known.id && voiced.value.serial >= known.serial ? voiced.value : undefined;
}

/** What was shown as not verified was said by the agent that speaks now: it loses its mark and gets its receipt. */
function verify(parts: Parts, agent: PeerId, epoch: bigint, now: Now): void {
  for (const entry of parts.inbox.open()) {
    if (entry.said.agent !== agent || entry.unverified !== String(epoch)) continue;
    const verified = parts.inbox.note(entry.item.id, { unverified: "" }, now);
    if (verified === undefined) continue;
    oweReceipt(parts, verified, agent, now);
    if (!parts.gathering.has(entry.item.id)) parts.draft.add({ kind: "show", showing: showingOf(parts, verified, false) });
  }
}

function takeAlarm(parts: Parts, item: AlarmItem, { said, verified }: { readonly said: Said; readonly verified: boolean }, now: Now): void {
  const { inbox, draft } = parts;
  const heard = inbox.hear(item, { said, verified }, now);
  const entry = heard.now;
  if (verified && entry.closedAt === undefined && entry.words[said.agent]?.ring === item.ring) oweReceipt(parts, entry, said.agent, now);
  if (heard.kind === "older" || heard.kind === "same") return;
  if (parts.gathering.hold(item.id, now.mono)) return draft.log("alarm", { alarm: item.id.slice(0, 6), severity: item.severity, ring: item.ring, why: item.why, gathered: true });
  const rings = isMine(parts, entry.item) && entry.attention === "unacknowledged" && entry.item.ring > entry.rung;
  const shown = rings ? (inbox.note(item.id, { rung: entry.item.ring }, now) ?? entry) : entry;
  draft.add({ kind: "show", showing: showingOf(parts, shown, rings) });
  draft.add({ kind: "tell", line: alarmLine(parts, shown, { rings }) });
  draft.log("alarm", { alarm: item.id.slice(0, 6), severity: item.severity, ring: item.ring, why: item.why, rings, ...(verified ? {} : { unverified: true }) });
}

/** Only those who are responsible are waited for; each agent hears of the ring that it has said. */
function oweReceipt(parts: Parts, { item, seen, words }: Inboxed, agent: PeerId, now: Now): void {
  const word = words[agent];
  if (word === undefined || !isMine(parts, item)) return;
  const { id, severity } = item;
  const { revision, ring } = word;
  const when = { jitterMs: parts.ears.get(agent)?.beacon?.jitterMs ?? 0, now: now.mono, urgent: severity === "critical" };
  parts.receipts.owe(agent, { id, revision, ring, level: "receipt" }, when);
  if (seen >= ring) parts.receipts.owe(agent, { id, revision, ring, level: "seen" }, when);
}

function takeState(parts: Parts, told: StateItem, said: Said, now: Now): void {
  if (told.now !== undefined) rename(parts, { from: told.id, to: told.now }, now);
  const state = told.now === undefined ? told : { ...told, id: told.now };
  const { inbox, draft, fetching, self } = parts;
  const held = inbox.get(state.id);
  const lacking = held === undefined || (held.closedAt !== undefined && state.ring > held.item.ring);
  if (state.condition !== "cleared" && (lacking || state.ring > (held?.item.ring ?? 0))) {
    // What the last beacon said of the whole is out of date.
    parts.expected.delete(said.agent);
    fetching.want(said.agent, "open", { now: now.mono, delayMs: LAG_PATIENCE_MS });
  }
  const learnt = inbox.learn(state, said, now);
  if (learnt === undefined) return;
  const { before, after } = learnt;
  if (parts.gathering.has(state.id)) {
    // Nobody has been told of it yet; how it stands is told with it.
    parts.gathering.flows(now.mono);
    if (after.closedAt !== undefined) parts.gathering.drop(state.id);
    return;
  }
  draft.add({ kind: "tell", line: tapState(after, state.settled) });
  draft.log("state", { alarm: state.id.slice(0, 6), condition: after.condition, attention: after.attention, phase: after.phase });
  const line = standingLine(after, self.language);
  const gone = after.condition === "cleared" || after.attention !== "unacknowledged";
  if (!gone && (before.attention !== "unacknowledged" || before.closedAt !== undefined)) draft.add({ kind: "show", showing: showingOf(parts, after, false) });
  // What the answer to our own acknowledgement has said already is not said again.
  const known = gone && before.closedAt === after.closedAt && before.attention === after.attention && before.by === after.by;
  if (!known && (gone || line !== standingLine(before, self.language))) draft.add({ kind: "update", id: state.id, line, gone });
}

function takeRules(parts: Parts, { bytes, digest }: Fetched): void {
  const rules = rulesFromCanonical(bytes);
  if (!rules.ok) {
    parts.draft.log("rules not understood", { digest });
    // The digest is kept, so that the same bytes are not asked for at every beacon.
    parts.rules = { digest, rules: undefined };
    return;
  }
  parts.rules = { digest: toBase64(sha256(bytes)), rules: rules.value };
  parts.draft.put("meta", "rules", { digest, bytes: toBase64(bytes) });
  parts.draft.log("rules", { digest, rules: rules.value.rules.length });
}

function takeList(parts: Parts, began: Said, { bytes }: Fetched, now: Now): void {
  const marks = decodeOpenSet(bytes);
  if (marks === undefined) return;
  const { inbox, fetching, expected, lists, group } = parts;
  for (const closed of inbox.closeAllBut(new Set(marks.map(({ id }) => id)), began, now)) showEnded(parts, closed);
  const { kid, key } = group.youngest;
  const open = openSetMac(marks, key);
  expected.set(began.agent, { kid, open });
  lists.set(began.agent, { kid, open, marks });
  // The alarms themselves follow the list; whatever of them is lost is asked for by name.
  if (!isInStep(parts, began.agent)) fetching.want(began.agent, "alarm", { now: now.mono, delayMs: LULL_MS });
}

/** What the agent's list names and has not come. Nothing where it has said since that its set is another one. */
export function lackingOf({ inbox, lists, expected }: Parts, agent: PeerId): readonly OccurrenceId[] {
  const list = lists.get(agent);
  const said = expected.get(agent);
  if (list === undefined || list.kid !== said?.kid || list.open !== said.open) return [];
  return list.marks.flatMap(({ id, revision, ring, taken }) => {
    const word = inbox.get(id)?.words[agent];
    return word?.open === true && word.revision === revision && word.ring === ring && word.taken === taken ? [] : [id];
  });
}

/** A group key: on disk before the agent hears that it is here. */
function takeKey(parts: Parts, { agent, from, body }: { readonly agent: PeerId; readonly from: Address; readonly body: Body<"rekey"> }, now: Now): void {
  const { self, group, draft, ears } = parts;
  const { kid, key } = body;
  const beacon = ears.get(agent)?.beacon;
  if (group.take({ kid, key: fromBase64(key) ?? new Uint8Array(32) })) {
    draft.put("meta", "group", { joined: groupMark(self.group.key), keys: group.all.map((one) => ({ kid: one.kid, key: toBase64(one.key) })) });
    draft.add({ kind: "setGroup", keys: group.all });
    draft.log("group key taken", { kid });
    // What was sealed with it before it came has been missed.
    if (beacon?.kid === kid) compare(parts, agent, beacon, now);
  }
  draft.add({ kind: "say", message: { kind: "rekeyed", body: { kid } }, to: { kind: "agent", peer: agent, address: from }, repeat: false });
}

/** What we know of an agent's open set comes to, under the group key of this number or the youngest; "" where it is not held. */
export function ownMac({ inbox, group }: Parts, agent: PeerId, kid = group.youngest.kid): string {
  return group.macOf(kid)?.of(inbox.marks(agent)) ?? "";
}

/** Whether nothing is open with this agent that we do not know, or know as open though it is not. */
export function isInStep(parts: Parts, agent: PeerId): boolean {
  const expected = parts.expected.get(agent);
  if (expected === undefined) return false;
  const list = parts.lists.get(agent);
  // While an answer comes in, counting spares making a mark of everything for each datagram.
  if (list !== undefined && list.open === expected.open && list.marks.length !== parts.inbox.openCountOf(agent)) return false;
  return expected.open === ownMac(parts, agent, expected.kid);
}
