/** What another agent tells of occurrences: each account is merged with our own, and the alarm moves to where both stand. */

import { type Account, accountOf } from "../alarm/account.ts";
import type { Alarm, Classification } from "../alarm/alarm.ts";
import { begin, step, type Told as ToldLife, wantsPerson } from "../alarm/lifecycle.ts";
import { compareStamps, merge } from "../alarm/merge.ts";
import { utf8Length } from "../base/bytes.ts";
import type { Now } from "../base/units.ts";
import { classify } from "../classify/classify.ts";
import type { Address } from "../port/lan.ts";
import type { PeerId } from "../trust/keys.ts";
import type { Opened } from "../trust/opener.ts";
import type { Body } from "../wire/message.ts";
import { lookForSomebody, rememberClassification, whoAnswers } from "./admit.ts";
import { advance } from "./advance.ts";
import { agreeToEnd, isOpen } from "./ends.ts";
import { accountFrom, type Entry, type Told } from "./entry.ts";
import { REPEATED_WITHIN_MS } from "./evidence.ts";
import { type Parts, policyOf } from "./parts.ts";
import { exportMember, importInvite, importMember } from "./sharing.ts";
import { DUE_TOLERANCE_MS, markOf, type Paper } from "./sync-log.ts";
import { stateOf } from "./views.ts";

/** Confirmed once this turn is on disk. */
export function takeSync(parts: Parts, { from, packet, body }: { readonly from: Address; readonly packet: Opened; readonly body: Body<"sync"> }, now: Now): void {
  const { sender, epoch } = packet;
  for (const entry of body.entries) takeEntry(parts, sender, entry, now);
  if (body.member !== undefined && !importMember(parts, body.member)) parts.refusals.count("sync of a member that nobody let in");
  if (body.invite !== undefined && !importInvite(parts, { ...body.invite, usedBy: body.invite.usedBy })) parts.refusals.count("sync of an invite that nobody made");
  parts.draft.add({ kind: "say", message: { kind: "synced", body: { epoch: String(epoch), numbers: [body.number] } }, to: { kind: "agent", peer: sender, address: from }, repeat: false, deflate: false });
}

export function takeSynced({ sync, self }: Parts, peer: PeerId, { epoch, numbers }: Body<"synced">): void {
  // What was confirmed to an earlier life of ours stands under numbers that this one uses for something else.
  if (epoch === String(self.epoch)) sync.confirmed(peer, numbers);
}

/** What may be said now to the other agents. */
export function saySync(parts: Parts, read: ReadonlySet<string>, now: Now): void {
  const { sync, peers, evidence, draft } = parts;
  const present = peers.present(now.mono).map(({ peer }) => peer.id);
  for (const { peer, number, entries, paper } of sync.take(present, { read, evidence, now })) {
    const address = peers.addressOf(peer);
    if (address === undefined) continue;
    const body = { number, entries: [...entries], ...(paper === undefined ? {} : paperOf(parts, paper)) };
    draft.add({ kind: "say", message: { kind: "sync", body }, to: { kind: "agent", peer, address }, repeat: false, deflate: true });
  }
}

/** Everybody who has joined, or may. */
export function* allPapers({ listeners, invites }: Parts): Generator<Paper> {
  for (const { id } of listeners.members()) yield `member ${id}`;
  for (const id of invites.keys()) yield `invite ${id}`;
}

function paperOf({ listeners, invites }: Parts, paper: Paper): Pick<Body<"sync">, "member" | "invite"> {
  const id = paper.slice(paper.indexOf(" ") + 1);
  const member = paper.startsWith("member ") ? listeners.member(id) : undefined;
  const invite = paper.startsWith("invite ") ? invites.get(id) : undefined;
  return {
    ...(member === undefined ? {} : { member: { ...exportMember(member), host: shortHost(member.host) } }),
    ...(invite === undefined ? {} : { invite: { warrant: invite.warrant, joinKey: invite.joinKey, ...(invite.usedBy === undefined ? {} : { usedBy: invite.usedBy }) } }),
  };
}

/** Two certificates leave so much room in a datagram. */
const HOST_BYTES_MOST = 64;

function shortHost(host: string): string {
  return utf8Length(host) <= HOST_BYTES_MOST ? host : [...host].slice(0, HOST_BYTES_MOST / 4).join("");
}

function takeEntry(parts: Parts, peer: PeerId, entry: Entry, now: Now): void {
  const told = accountFrom(entry, now);
  const [first, ...others] = ownOf(parts, told);
  if (first !== undefined) join(parts, [first, ...others], { told, ended: entry.ended === true }, now);
  else if (told.condition.clearedAt === undefined) takeNew(parts, told, now);
  parts.sync.heard(peer, entry, now);
  // It asks before it calls the source silent: to us that source may still speak.
  const id = told.names[0]?.id ?? "";
  const own = parts.book.get(id);
  if (own === undefined || told.condition.clearedAt !== undefined) return;
  if (told.staleAt !== undefined && told.staleAt <= now.wall && isOpen(own) && (own.staleAt === undefined || own.staleAt > now.wall)) parts.sync.ask(own.id);
  if (entry.ended === true) agreeToEnd(parts, own, now);
}

/** Ours of the same names; and, because a key has one open occurrence at most, the open one of the same key. */
function ownOf({ book }: Parts, { names, key, condition }: Told): readonly Alarm[] {
  const latest = condition.clearedAt === undefined ? book.latestOf(key) : undefined;
  const own = names.flatMap(({ id }) => book.get(id) ?? []);
  return [...new Set(latest !== undefined && isOpen(latest) ? [...own, latest] : own)];
}

/** An occurrence that only the other has heard of: it is ours from now on as well. */
function takeNew(parts: Parts, told: Told, now: Now): void {
  const { said } = told.report;
  const [name, ...aliases] = told.names;
  if (said === undefined || name === undefined) return parts.refusals.count("sync of an unknown alarm");
  const decided = classify(said, parts.settings.rules);
  // What the other's rules ring is rung, whatever ours say.
  const severity = decided.severity === "info" ? "indeterminate" : decided.severity;
  const classification: Classification = { ...decided, severity };
  const { draft, book, push, listeners } = parts;
  const responsible = whoAnswers(parts, said.source, decided.module);
  draft.remember(name.id, now.wall, { kind: "reported", source: said.source, text: said.text, condition: "raised", again: false });
  rememberClassification(parts, name.id, classification, now);
  draft.remember(name.id, now.wall, { kind: "responsible", operators: listeners.hearers(responsible, now.mono) });
  const { condition, report, standing, staleAt, raisedAt } = told;
  const newborn = {
    id: name.id, key: told.key, ...said, generatedAt: name.at, raisedAt, staleAt, clearedAt: undefined, classification, responsible,
    acknowledgement: standing.taken?.acknowledgement, sending: standing.taken === undefined ? "pending" as const : "successful" as const, reason: "", aliases,
    stamps: { condition: condition.stamp, report: report.stamp, taken: standing.taken?.stamp ?? { number: 0, agent: "" } },
  };
  const policy = policyOf(parts, newborn);
  const { life } = step(begin(severity, now.mono, policy).life, { kind: "told", ...lifeOf({ ...told, report: { stamp: report.stamp, said } }, severity) }, now.mono, policy);
  const alarm: Alarm = { ...newborn, life };
  book.put(alarm, now);
  draft.log("told by an agent", { alarm: name.id.slice(0, 6), severity });
  if (!wantsPerson(life)) return;
  draft.remember(name.id, now.wall, { kind: "pushed", why: "new", ring: life.ring, reason: "" });
  push.ring(alarm, { why: "new", reason: "" }, now.mono);
  lookForSomebody(parts, alarm, now);
}

/** @param own at least one; where there are more, two names have turned out to be of one occurrence */
function join(parts: Parts, own: readonly [Alarm, ...Alarm[]], { told, ended }: { readonly told: Told; readonly ended: boolean }, now: Now): void {
  const [first] = own;
  const known = own.map((alarm) => accountOf(undoubted(parts, alarm, { told, ended }, now)));
  const report = told.report.said === undefined ? accountOf(first).report : { stamp: told.report.stamp, said: told.report.said };
  const merged = known.reduce(merge, { ...told, report });
  const [name, ...aliases] = merged.names;
  if (name === undefined) return;
  const base = own.find(({ id }) => id === name.id) ?? first;
  if (own.length === 1 && isSame(base, merged)) return;
  const outlived = own.filter(({ id }) => id !== name.id);
  const before = outlived.map(({ id }) => parts.push.get(id)).find((push) => push !== undefined);
  for (const { id } of outlived) retire(parts, id, name.id);
  move(parts, { ...base, id: name.id, generatedAt: name.at, aliases, life: { ...base.life, submitted: own.some(({ life }) => life.submitted) } }, merged, now);
  const after = parts.book.get(name.id);
  if (after === undefined || outlived.length === 0) return;
  if (wantsPerson(after.life) && parts.push.get(after.id) === undefined) parts.push.ring(after, { why: before?.why ?? "new", reason: before?.reason ?? "" }, now.mono);
  // Before the alarm is said under its other name: who has rung for it must not ring again.
  for (const { id } of outlived) {
    parts.draft.add({ kind: "say", message: { kind: "state", body: { states: [stateOf(after, id)] } }, to: { kind: "everyone" }, repeat: false, deflate: false });
    parts.push.tell(id, now.mono);
  }
}

/** A raise that was reported here after the clear that the other tells is a raise after it; an end passed by its clock alone is no clear. */
function undoubted({ evidence, self }: Parts, alarm: Alarm, { told, ended }: { readonly told: Told; readonly ended: boolean }, now: Now): Alarm {
  const { clearedAt, stamp } = told.condition;
  if (clearedAt === undefined || !isOpen(alarm) || compareStamps(stamp, alarm.stamps.condition) < 0) return alarm;
  const heldAt = evidence.heldAt(alarm.id);
  if (heldAt === undefined || now.mono - heldAt >= now.wall - clearedAt + (ended ? REPEATED_WITHIN_MS : 0)) return alarm;
  return { ...alarm, stamps: { ...alarm.stamps, condition: { number: stamp.number + 1, agent: self.voice.id } } };
}

function isSame(alarm: Alarm, merged: Account): boolean {
  const own = accountOf(alarm);
  return markOf(own).text === markOf(merged).text && merged.standing.due >= own.standing.due - DUE_TOLERANCE_MS &&
    !staysLonger(alarm, merged) && (alarm.life.reached || !merged.standing.reached);
}

function staysLonger({ staleAt }: Alarm, { staleAt: merged }: Account): boolean {
  return staleAt !== undefined && (merged === undefined || merged > staleAt + DUE_TOLERANCE_MS);
}

function retire({ book, push, wayOut, evidence, sync, draft }: Parts, id: string, to: string): void {
  book.retire(id);
  sync.forget(id);
  evidence.rename(id, to);
  push.forget(id);
  wayOut.rename(id, to);
  draft.remove("alarms", id);
  draft.remove("pushes", id);
  draft.log("named anew", { alarm: id.slice(0, 6), now: to.slice(0, 6) });
}

/** Moves an alarm to where both agents stand. */
function move(parts: Parts, alarm: Alarm, merged: Account, now: Now): void {
  const { draft, settings } = parts;
  const { said, stamp } = merged.report;
  const again = compareStamps(stamp, alarm.stamps.report) !== 0 ? classify(said, settings.rules) : undefined;
  const severity = again === undefined || again.severity === "info" ? alarm.life.severity : again.severity;
  const classification = again === undefined ? alarm.classification : { ...again, severity };
  const { taken } = merged.standing;
  const cleared = merged.condition.clearedAt !== undefined;
  if (taken !== undefined && alarm.life.attention === "unacknowledged") {
    const { operator, way, comment, told } = taken.acknowledgement;
    draft.remember(alarm.id, now.wall, { kind: "acknowledged", operator, way, comment, told, counts: true, why: "" });
  }
  if (cleared && isOpen(alarm)) draft.remember(alarm.id, now.wall, { kind: "cleared", acknowledged: taken !== undefined });
  if (!cleared && !isOpen(alarm)) draft.remember(alarm.id, now.wall, { kind: "continued" });
  const changed = classification.module !== alarm.classification.module || classification.item !== alarm.classification.item || severity !== alarm.classification.severity;
  if (changed) rememberClassification(parts, alarm.id, classification, now);
  advance(parts, alarm, { kind: "told", ...lifeOf(merged, severity) }, now, {
    ...said, staleAt: merged.staleAt, clearedAt: merged.condition.clearedAt, classification,
    responsible: changed ? whoAnswers(parts, said.source, classification.module) : alarm.responsible,
    ...(taken === undefined ? {} : { acknowledgement: taken.acknowledgement }),
    stamps: { condition: merged.condition.stamp, report: stamp, taken: taken?.stamp ?? alarm.stamps.taken },
  });
  follow(parts, alarm, merged, now);
}

/** What the told account means for the rest of its life here. */
function follow(parts: Parts, before: Alarm, { standing, staleAt }: Account, now: Now): void {
  const speaks = parts.book.get(before.id);
  if (speaks?.life.condition === "stale" && (staleAt === undefined || staleAt > now.wall)) {
    advance(parts, speaks, { kind: "raise", severity: speaks.life.severity, again: false }, now);
    parts.push.refresh(speaks, now.mono);
  }
  const alarm = parts.book.get(before.id);
  if (alarm === undefined) return;
  // Somebody outside has been told by way of the other: here nothing has failed.
  const tries = ["probing", "escalating", "fallback"].includes(alarm.life.phase);
  if (standing.reached && !alarm.life.reached && tries) advance(parts, alarm, { kind: "verdict", verdict: "accepted" }, now);
  else lookForSomebody(parts, alarm, now);
}

function lifeOf({ condition, standing, ring }: Account, severity: Alarm["life"]["severity"]): ToldLife {
  const { revision, ackFrom, due, taken } = standing;
  return { cleared: condition.clearedAt !== undefined, taken: taken !== undefined, severity, revision, ackFrom, ring, ackDue: due };
}
