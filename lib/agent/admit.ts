/** Takes reports in: finds the alarm that each is about, classifies it, and writes down who is responsible and who could hear. */

import { UNSTAMPED } from "../alarm/account.ts";
import { type Alarm, type Classification, keyOf, type Labels, type OccurrenceId, occurrenceIdOf, type Report } from "../alarm/alarm.ts";
import { CONTINUE_MS, NOBODY_HOME_MS, NOBODY_HOME_SEVERITIES } from "../alarm/policy.ts";
import { wantsPerson } from "../alarm/lifecycle.ts";
import type { Severity } from "../alarm/severity.ts";
import type { Now } from "../base/units.ts";
import { classify } from "../classify/classify.ts";
import { responsibleFor } from "../duty/responsible.ts";
import { INTAKE } from "../intake/intake.ts";
import { bodySentence, type Parsed } from "../intake/parsed.ts";
import type { Reply } from "../port/tickets.ts";
import { advance, stampsOfRaise, start } from "./advance.ts";
import { OPEN_MOST, ROOM_AGAIN } from "./book.ts";
import { askBeforeEnd, isOpen } from "./ends.ts";
import type { Parts } from "./parts.ts";
import type { ReportFormat } from "./turn.ts";

/** Takes a whole body in. @returns the answer that may be given once the turn is on disk */
export function admit(parts: Parts, { format, body }: { readonly format: ReportFormat; readonly body: Uint8Array }, now: Now): Reply {
  const parsed = INTAKE[format](body, { now: now.wall, replicaLabels: parts.settings.replicaLabels });
  if (!parsed.ok) {
    const { field, position, expected } = parsed.fault;
    return { status: 400, body: { error: bodySentence(parsed.fault), field, position, expected } };
  }
  const { reports, refused } = parsed.value;
  lookForLeftOut(parts, parsed.value, now);
  const ids: (OccurrenceId | undefined)[] = [];
  const stored: number[] = [];
  for (const { index, report } of reports) {
    if (parts.book.openCount >= OPEN_MOST && opensAnother(parts, report)) continue;
    ids.push(admitReport(parts, report, now));
    stored.push(index);
  }
  lookForRoom(parts, reports.length - stored.length, now);
  // A source that tells of something that holds has its clock right, unless others are known that have not.
  if (parts.slowClocks.moving === 0 && reports.some(({ report }) => report.condition === "raised" && report.staleAt !== undefined)) {
    clearOwn(parts, { ...SLOW_CLOCK, text: "The ends of alarms are believed again" }, now);
  }
  if (stored.length < reports.length) {
    // The source keeps the whole body and tries again; what was taken is taken twice without harm.
    return { status: 503, body: { error: `${OPEN_MOST} alarms are open and no more are taken: clear some, or let their sources clear them`, stored, occurrences: ids, refused } };
  }
  if (refused.length === 0) return { status: 200, body: { stored, occurrences: ids } };
  const [first] = refused;
  return {
    status: 400,
    body: { error: `${refused.length} of ${refused.length + stored.length} items are refused`, field: first?.field, expected: first?.expected, stored, occurrences: ids, refused },
  };
}

/** Clears, and what repeats an open alarm, are taken however many are open. */
function opensAnother({ book, self }: Parts, report: Report): boolean {
  if (report.condition === "cleared") return false;
  const latest = book.latestOf(keyOf(report.identity, self.secrets.alarmKey));
  return latest === undefined || latest.life.condition === "cleared";
}

/** What is refused here rings nowhere: the LAN must know that there is such a thing, until there is room again. */
function lookForRoom(parts: Parts, left: number, now: Now): void {
  const own = { name: "GapbellFull", severity: "critical" } as const;
  if (left > 0) admitOwn(parts, { ...own, condition: "raised", text: `${OPEN_MOST} alarms are open and new ones are refused: sources cannot be heard` }, now);
  else if (parts.book.openCount < OPEN_MOST - ROOM_AGAIN) clearOwn(parts, { ...own, text: "New alarms are taken again" }, now);
}

/** What the sender itself leaves out rings nowhere, and nobody would ever know of it. */
function lookForLeftOut(parts: Parts, { leftOut, group }: Pick<Parsed, "leftOut" | "group">, now: Now): void {
  const own = { name: "GapbellLeftOut", severity: "major", more: { group: group.slice(0, GROUP_CHARACTERS_MOST) || "-" } } as const;
  if (leftOut === 0) return group === "" ? undefined : clearOwn(parts, { ...own, text: "Alertmanager sends all alarms of this group again" }, now);
  parts.draft.log("alerts left out by the sender", { count: leftOut });
  admitOwn(parts, {
    ...own, condition: "raised",
    text: `Alertmanager left out ${leftOut} alarms of one message, and they ring nowhere: set "max_alerts: 0" in its webhook_config`,
  }, now);
}

/** The name of a group is made of labels and may be long. */
const GROUP_CHARACTERS_MOST = 200;

/** The alarm about a source whose alarms look as if they had ended. */
const SLOW_CLOCK = { name: "GapbellSlowClock", severity: "critical" } as const;

/** An end that moves on and on was none; told once for each alarm. */
function doubt(parts: Parts, { key, latest, report }: { readonly key: string; readonly latest: Alarm | undefined; readonly report: Report }, now: Now): void {
  if (report.endedAt === undefined || !parts.slowClocks.ended(key, report.endedAt)) return;
  const behindMs = now.wall - report.endedAt;
  parts.draft.log("end not believed", { alarm: latest?.id.slice(0, 6), behindMs });
  if (latest !== undefined) parts.draft.remember(latest.id, now.wall, { kind: "doubted", behindMs });
  admitOwn(parts, {
    ...SLOW_CLOCK, condition: "raised",
    text: `The clock of a Prometheus is minutes slow: its alarms look as if they had ended and do not ring. Set its clock; seen on: ${report.text}`,
  }, now);
}

/** @returns the occurrence that the report is about; undefined where there is none, or it is only noted */
export function admitReport(parts: Parts, report: Report, now: Now): string | undefined {
  const key = keyOf(report.identity, parts.self.secrets.alarmKey);
  const latest = parts.book.latestOf(key);
  if (report.condition === "cleared") {
    doubt(parts, { key, latest, report }, now);
    if (latest === undefined) return undefined;
    if (report.endedAt === undefined) parts.evidence.over(latest.id);
    // Nothing changes yet, but what was answered must have been written.
    if (report.endedAt !== undefined && isOpen(latest) && askBeforeEnd(parts, latest, now)) parts.book.put(latest, now);
    else clear(parts, latest, report, now);
    return latest.id;
  }
  parts.slowClocks.raised(key);
  const decided = classify(report, parts.settings.rules);
  // Of a clock that was set back nothing is believed: what begins anew rings, what goes on may have been taken long ago.
  const continues = latest !== undefined &&
    (latest.life.condition !== "cleared" || Math.abs(now.wall - (latest.clearedAt ?? 0)) < CONTINUE_MS);
  if (continues) {
    repeat(parts, latest, { report, decided }, now);
    return latest.id;
  }
  if (decided.severity === "info") {
    const { note, dropped } = parts.notes.take(key, report, decided, now.wall);
    parts.draft.put("notes", key, note);
    for (const old of dropped) parts.draft.remove("notes", old);
    return undefined;
  }
  const raisedAt = report.generatedAt ?? now.wall;
  const named = occurrenceIdOf({ key, raisedAt }, parts.self.secrets.alarmKey);
  const id = parts.book.get(named) === undefined ? named : occurrenceIdOf({ key, raisedAt: now.wall }, parts.self.secrets.alarmKey);
  begin(parts, { id, key, report, decided: { ...decided, severity: decided.severity } }, now);
  return id;
}

function begin(
  parts: Parts,
  { id, key, report, decided }: { readonly id: string; readonly key: string; readonly report: Report; readonly decided: Classification },
  now: Now,
): void {
  const { draft } = parts;
  const responsible = whoAnswers(parts, report.source, decided.module);
  draft.remember(id, now.wall, { kind: "reported", source: report.source, text: report.text, condition: "raised", again: report.again });
  rememberClassification(parts, id, decided, now);
  draft.remember(id, now.wall, { kind: "responsible", operators: parts.listeners.hearers(responsible, now.mono) });
  start(parts, {
    id, key, source: report.source, labels: report.labels, identity: Object.keys(report.identity), text: report.text, detail: report.detail, weight: report.weight,
    generatedAt: report.generatedAt ?? now.wall, raisedAt: now.wall, staleAt: report.staleAt, clearedAt: undefined,
    classification: decided, responsible, acknowledgement: undefined, sending: "pending", reason: "", aliases: [], stamps: UNSTAMPED,
  }, decided.severity, now);
  parts.evidence.holds(id, now.mono);
  const alarm = parts.book.get(id);
  if (alarm !== undefined) lookForSomebody(parts, alarm, now);
}

/** The same alarm again: its text and classification change in place, its deadline does not. */
function repeat(
  parts: Parts,
  alarm: Alarm,
  { report, decided }: { readonly report: Report; readonly decided: Omit<Classification, "severity"> & { readonly severity: Severity | "info" } },
  now: Now,
): void {
  const severity = decided.severity === "info" ? alarm.life.severity : decided.severity;
  const classification: Classification = { ...decided, severity };
  const returns = alarm.life.condition === "cleared";
  const changedText = report.text !== alarm.text || report.detail !== alarm.detail;
  const changedClass = !sameClass(classification, alarm.classification);
  if (returns || report.again || !sameWords(report.text, alarm.text)) {
    parts.draft.remember(alarm.id, now.wall, { kind: "reported", source: report.source, text: report.text, condition: "raised", again: report.again });
  }
  if (returns) parts.draft.remember(alarm.id, now.wall, { kind: "continued" });
  if (changedClass) rememberClassification(parts, alarm.id, classification, now);
  const responsible = changedClass ? whoAnswers(parts, report.source, classification.module) : alarm.responsible;
  if (changedClass) parts.draft.remember(alarm.id, now.wall, { kind: "responsible", operators: parts.listeners.hearers(responsible, now.mono) });
  const before = alarm.life.ring;
  advance(parts, alarm, { kind: "raise", severity, again: report.again }, now, {
    text: report.text, detail: report.detail, labels: report.labels, weight: report.weight, staleAt: report.staleAt,
    clearedAt: undefined, classification, responsible, stamps: stampsOfRaise(parts, alarm, now),
  });
  parts.evidence.holds(alarm.id, now.mono);
  const after = parts.book.get(alarm.id);
  if (after === undefined) return;
  if (after.life.ring === before && (changedText || changedClass || alarm.life.condition !== "raised")) parts.push.refresh(after, now.mono);
  lookForSomebody(parts, after, now);
}

function clear(parts: Parts, alarm: Alarm, report: Report, now: Now): void {
  if (!isOpen(alarm)) {
    // Nothing changes, but what was answered must have been written.
    parts.book.put(alarm, now);
    return;
  }
  parts.draft.remember(alarm.id, now.wall, { kind: "reported", source: report.source, text: report.text, condition: "cleared", again: false });
  parts.draft.remember(alarm.id, now.wall, { kind: "cleared", acknowledged: alarm.life.attention === "acknowledged" });
  advance(parts, alarm, { kind: "clear" }, now, { clearedAt: now.wall });
}

/** Other rules or another roster: open occurrences are classified anew in place. */
export function classifyAnew(parts: Parts, now: Now): void {
  for (const alarm of [...parts.book.open()]) {
    const decided = classify(alarm, parts.settings.rules);
    const severity = decided.severity === "info" ? alarm.life.severity : decided.severity;
    const classification: Classification = { ...decided, severity };
    const responsible = whoAnswers(parts, alarm.source, classification.module);
    if (sameClass(classification, alarm.classification) && responsible.join() === alarm.responsible.join()) continue;
    rememberClassification(parts, alarm.id, classification, now);
    parts.draft.remember(alarm.id, now.wall, { kind: "responsible", operators: parts.listeners.hearers(responsible, now.mono) });
    advance(parts, alarm, { kind: "reclassify", severity }, now, { classification, responsible });
    const after = parts.book.get(alarm.id);
    if (after === undefined) continue;
    parts.push.refresh(after, now.mono);
    lookForSomebody(parts, after, now);
  }
}

/**
 * Nobody home: where no responsible operator has a listener that can show to a person, waiting helps nobody.
 * The alarm leaves the LAN 10 s after the last lease ended, or after it was raised.
 */
export function lookForSomebody(parts: Parts, alarm: Alarm, now: Now): void {
  const { life, responsible } = alarm;
  if (life.phase !== "waiting" || !wantsPerson(life) || !NOBODY_HOME_SEVERITIES.includes(life.severity)) return;
  if (parts.listeners.isHome(responsible, now.mono)) return;
  const since = Math.min(now.mono, Math.max(parts.listeners.lastLeaseEnd(responsible) ?? 0, now.mono - (now.wall - alarm.raisedAt)));
  const due = Math.max(now.mono, since + NOBODY_HOME_MS);
  if (due >= life.ackDue) return;
  parts.draft.remember(alarm.id, now.wall, { kind: "nobody home" });
  advance(parts, alarm, { kind: "nobodyHome", due }, now);
}

/** Gapbell's own alarms belong to the last resort, whatever the rules say of their module. */
export function whoAnswers({ settings }: Parts, source: string, module: string): readonly string[] {
  return source === OWN_SOURCE ? settings.roster.lastResort : responsibleFor(module, settings.roster).operators;
}

/** The source of alarms about Gapbell itself. */
export const OWN_SOURCE = "gapbell";

/** An alarm about Gapbell itself. `more`: labels that tell it from others of its name. */
export type OwnAlarm = { readonly name: string; readonly severity: Severity; readonly text: string; readonly more?: Labels };

/** Raises or clears an alarm about Gapbell itself. */
export function admitOwn(parts: Parts, { condition, again = false, ...own }: OwnAlarm & { readonly condition: "raised" | "cleared"; readonly again?: boolean }, now: Now): void {
  const labels = ownLabels(parts, own);
  admitReport(parts, {
    condition, source: OWN_SOURCE, identity: labels, labels, text: own.text, detail: "", weight: own.severity,
    generatedAt: undefined, staleAt: undefined, again,
  }, now);
}

/** Clears an alarm about Gapbell itself, where it is open. */
export function clearOwn(parts: Parts, own: OwnAlarm, now: Now): void {
  if (openOwn(parts, own) !== undefined) admitOwn(parts, { ...own, condition: "cleared" }, now);
}

/** The alarm about Gapbell itself, where it is open. */
export function openOwn(parts: Parts, own: Omit<OwnAlarm, "text">): Alarm | undefined {
  const latest = parts.book.latestOf(keyOf(ownLabels(parts, own), parts.self.secrets.alarmKey));
  return latest?.life.condition === "cleared" ? undefined : latest;
}

function ownLabels({ self }: Parts, { name, severity, more = {} }: Omit<OwnAlarm, "text">): Labels {
  return { alertname: name, job: OWN_SOURCE, instance: self.agentName, severity, ...more };
}

export function rememberClassification({ draft }: Parts, id: string, { module, item, severity, policy, rule }: Classification, now: Now): void {
  draft.remember(id, now.wall, { kind: "classified", module, item, severity, policy, rule: rule.name, line: rule.line });
}

/** A measured value in the text changes at every repeat: the text follows it, the timeline need not. */
function sameWords(a: string, b: string): boolean {
  return a === b || a.replace(NUMBERS, "0") === b.replace(NUMBERS, "0");
}

const NUMBERS = /\d+(?:[.,]\d+)*/g;

function sameClass(a: Classification, b: Classification): boolean {
  return a.module === b.module && a.item === b.item && a.severity === b.severity && a.policy === b.policy;
}
