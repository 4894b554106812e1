/** The listener's alarms and itself, as commands, scripts and desks are shown them; field names are part of the public interface. */

import type { Language } from "../alarm/language.ts";
import { stateLine } from "../alarm/wording.ts";
import type { Now, WallMs } from "../base/units.ts";
import { classify } from "../classify/classify.ts";
import { compareAlarms } from "../classify/order.ts";
import type { TapLine } from "../port/client-door.ts";
import type { Showing } from "../port/desk.ts";
import { TO_EVERYBODY } from "../wire/constants.ts";
import type { Grade } from "./hearing.ts";
import { type AlarmItem, type Inboxed, orderOf, type StateItem } from "./inbox.ts";
import { nameOf, type Parts } from "./parts.ts";

/** Whether our own rules come to what the agent said; `unchecked` where the digests differ or labels are missing. */
export type Check = "same" | "differs" | "unchecked";

/** So many of the worst are named in a summary. */
export const NAMED_MOST = 5;

export function isMine({ self }: Parts, { to }: Pick<AlarmItem, "to">): boolean {
  return to.includes(self.operator) || to.includes(TO_EVERYBODY);
}

/** What `list --json` prints of one alarm. */
export function viewOf(parts: Parts, entry: Inboxed): Readonly<Record<string, unknown>> {
  const { item } = entry;
  const pending = parts.acks.isConfirmed(item.id) ? undefined : parts.acks.get(item.id);
  return {
    id: item.id, short: item.id.slice(0, 6), aliases: entry.aliases, severity: item.severity, module: item.module, item: item.item, text: item.text, source: item.source,
    labels: item.labels, at: item.at, heardAt: entry.heardAt, to: item.to, mine: isMine(parts, item),
    revision: item.revision, ring: item.ring, rung: entry.rung, seen: entry.seen, why: item.why, reason: item.reason,
    condition: entry.condition, attention: entry.attention, phase: entry.phase, sending: entry.sending, open: entry.closedAt === undefined,
    ...(entry.by === "" ? {} : { by: entry.by, way: entry.way, comment: entry.comment, stranger: entry.stranger }),
    ...(pending === undefined ? {} : { acknowledging: { comment: pending.comment, madeAt: pending.madeAt } }),
    unverified: entry.unverified !== "", rules: check(parts, entry), agent: nameOf(parts, entry.said.agent),
  };
}

/** Open ones first, then in the one order of alarms. */
export function listOf(parts: Parts, all: boolean): readonly Readonly<Record<string, unknown>>[] {
  const entries = all ? [...parts.inbox.all()] : [...parts.inbox.open()];
  return entries
    .sort((a, b) => Number(a.closedAt !== undefined) - Number(b.closedAt !== undefined) || compareAlarms(orderOf(a), orderOf(b)))
    .map((entry) => viewOf(parts, entry));
}

/** What `status --json` prints; the one who answers adds the datagrams dropped. */
export function statusOf(parts: Parts, now: Now): Readonly<Record<string, unknown>> {
  const { self, startedAt, ears, inbox, acks, rules, group } = parts;
  const open = inbox.open();
  return {
    operator: self.operator, robot: self.robot, seat: self.seat, host: self.host, listener: self.id, cluster: self.clusterName,
    version: self.version, green: ears.green, startedAt, at: now.wall,
    agents: ears.all().map(({ agent, grade, believed, place, beacon, heardAt, broadcastAt }) => ({
      id: agent.id, name: agent.name, address: agent.address && `${agent.address.host}:${agent.address.port}`, road: parts.roads.of(agent.id), hearing: grade, believed, heardAt, broadcastAt,
      link: agent.heardOn && `${agent.heardOn.name} ${agent.heardOn.subnet}`,
      epoch: place && String(place.epoch), counter: place && String(place.counter),
      rules: parts.digests.get(agent.id) === undefined ? "unknown" : parts.digests.get(agent.id) === rules.digest ? "same" : "other",
      ...faultOf(grade, beacon !== undefined && group.markOf(beacon.kid) === ""),
    })),
    alarms: {
      open: open.length, mine: open.filter(({ item }) => isMine(parts, item)).length,
      unacknowledged: open.filter(({ attention }) => attention === "unacknowledged").length,
      unverified: open.filter(({ unverified }) => unverified !== "").length,
      /** Our own rules come to something else than the agent; its word is what is shown. */
      differing: open.filter((entry) => check(parts, entry) === "differs").length,
    },
    acknowledgements: acks.unconfirmed().map(({ id, comment, madeAt }) => ({ id, comment, madeAt })),
    rules: rules.digest, refused: parts.refusals.all,
  };
}

/** What a person should know beside the grade. @param keyless the agent's present group key is not held */
function faultOf(grade: Grade, keyless: boolean): { readonly fault?: string } {
  if (grade === "unknown") return { fault: "revoked, or its database was lost: ask for an invite, then: gapbell-client join --anew" };
  return keyless ? { fault: "its present group key has not come yet" } : {};
}

/** Repeats the agent's decision with the same rules. */
export function check(parts: Parts, { item, said }: Pick<Inboxed, "item" | "said">): Check {
  const { digest, rules } = parts.rules;
  if (rules === undefined || item.cut === true || parts.digests.get(said.agent) !== digest) return "unchecked";
  const own = classify({ source: item.source, labels: item.labels, weight: item.weight, text: item.text }, rules);
  // What became `info` by other rules keeps the severity that it had.
  const severity = own.severity === "info" ? item.severity : own.severity;
  return own.module === item.module && own.item === item.item && severity === item.severity ? "same" : "differs";
}

/** What a desk is told; whether somebody has taken it may have changed since the alarm was said. */
export function showingOf(parts: Parts, { item, said, unverified, attention }: Inboxed, rings: boolean): Showing {
  const { quiet: _, ...alarm } = item;
  return { alarm: attention === "unacknowledged" ? alarm : { ...alarm, quiet: true }, clusterName: parts.self.clusterName, agent: nameOf(parts, said.agent), rings, unverified: unverified !== "" };
}

export function alarmLine(parts: Parts, { item, condition, said, unverified }: Inboxed, { rings, listed = false }: { readonly rings: boolean; readonly listed?: boolean }): TapLine {
  const { id, revision, ring, severity, module, text, source, labels, at, to, why, reason } = item;
  return {
    v: 1, kind: "alarm", occurrence: id, revision, ring, severity, module, item: item.item, at, text, source, labels, to, condition, why,
    ...(reason === undefined ? {} : { reason }), rings, listed, unverified: unverified !== "", cluster: parts.self.clusterName, agent: nameOf(parts, said.agent),
  };
}

/** @param mine what awaits this operator, in order */
export function summaryLine({ self }: Parts, mine: readonly Inboxed[], { fresh, at }: { readonly fresh: number; readonly at: WallMs }): TapLine {
  const severities = { critical: 0, major: 0, indeterminate: 0, minor: 0, warning: 0 };
  for (const { item } of mine) severities[item.severity] += 1;
  return {
    v: 1, kind: "summary", occurrence: "", revision: 0, ring: 0, open: mine.length, severities, fresh, worst: mine.slice(0, NAMED_MOST).map(({ item }) => item.id),
    rings: true, cluster: self.clusterName, at,
  };
}

/** How the alarm stands, for a person. */
export function standingLine({ item, condition, attention, phase, sending, by, way, comment, stranger }: Inboxed, language: Language): string {
  return stateLine({ condition, attention, phase, sending, by, way, comment, stranger, reason: item.reason }, language);
}

export function tapState({ item, condition, attention, phase, sending, by, way, comment, stateAt }: Inboxed, settled: StateItem["settled"]): TapLine {
  return {
    v: 1, kind: settled ? "settled" : "state", occurrence: item.id, revision: item.revision, ring: item.ring,
    condition, attention, phase, sending, ...(by === "" ? {} : { by, way, comment }), at: stateAt,
  };
}
