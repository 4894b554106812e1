/** Alarms as the API and the LAN show them. */

import type { Alarm } from "../alarm/alarm.ts";
import { wantsPerson } from "../alarm/lifecycle.ts";
import { toBase64, utf8 } from "../base/bytes.ts";
import { hmacSha256 } from "../base/digest.ts";
import type { Now } from "../base/units.ts";
import { compareAlarms } from "../classify/order.ts";
import type { Body } from "../wire/message.ts";
import { LABELS_BYTES_MOST } from "../wire/constants.ts";
import { utf8Length } from "../base/bytes.ts";
import type { Push } from "./push.ts";

export type AlarmItem = Body<"alarm">["alarms"][number];
export type StateItem = Body<"state">["states"][number];

/** What `list --json` prints of each alarm; field names are part of the public interface. */
export function viewOf(alarm: Alarm, now: Now): Readonly<Record<string, unknown>> {
  const { life, classification } = alarm;
  return {
    id: alarm.id, short: alarm.id.slice(0, 6),
    severity: life.severity, module: classification.module, item: classification.item, policy: classification.policy,
    rule: classification.rule, text: alarm.text, detail: alarm.detail, labels: alarm.labels, identity: alarm.identity, source: alarm.source,
    generatedAt: alarm.generatedAt, raisedAt: alarm.raisedAt, clearedAt: alarm.clearedAt,
    condition: life.condition, attention: life.attention, phase: life.phase,
    sending: alarm.sending, reason: alarm.reason, revision: life.revision, ring: life.ring, step: life.step,
    responsible: alarm.responsible, acknowledgement: alarm.acknowledgement, aliases: alarm.aliases.map(({ id }) => id),
    /** When it leaves the LAN unless somebody takes it. */
    deadline: wantsPerson(life) ? Math.round(now.wall + (life.ackDue - now.mono)) : undefined,
  };
}

/** In the one order of alarms. */
export function inOrder(alarms: Iterable<Alarm>): readonly Alarm[] {
  const ordered = [...alarms].map((alarm) => ({
    alarm, severity: alarm.life.severity, at: alarm.generatedAt, module: alarm.classification.module, item: alarm.classification.item, id: alarm.id,
  }));
  return ordered.sort(compareAlarms).map(({ alarm }) => alarm);
}

/** What a listener's acknowledgement must echo: proof that it has seen this revision. */
export function ackNonce({ id, revision }: { readonly id: string; readonly revision: number }, key: Uint8Array): string {
  return toBase64(hmacSha256(key, utf8(`${id} ${revision}`)).subarray(0, 8));
}

/**
 * @param read the labels that the rules read; only those travel
 * @param several whether other agents may name the alarm as well, by clocks of their own
 */
export function itemOf(
  alarm: Alarm,
  { push, read, nonceKey, several }: { readonly push: Push | undefined; readonly read: ReadonlySet<string>; readonly nonceKey: Uint8Array; readonly several: boolean },
): AlarmItem {
  const { life, classification } = alarm;
  const { labels, cut } = labelsFor(alarm, read);
  const why = push?.why ?? "new";
  return {
    id: alarm.id, revision: life.revision, ring: life.ring, nonce: ackNonce({ id: alarm.id, revision: life.revision }, nonceKey),
    severity: life.severity, module: classification.module, item: classification.item, at: alarm.generatedAt,
    text: clip(alarm.text, 256), source: clip(alarm.source, 32), labels, ...(cut ? { cut } : {}),
    ...(alarm.weight === undefined ? {} : { weight: alarm.weight }),
    to: [...alarm.responsible], ...(several && alarm.generatedAt === alarm.raisedAt ? { key: shortKey(alarm) } : {}), condition: life.condition === "stale" ? "stale" : "raised",
    ...(life.attention === "unacknowledged" ? {} : { quiet: true }),
    why, ...(why === "fallback" && push !== undefined ? { reason: clip(push.reason, 200) } : {}),
  };
}

/** By it listeners know the alarm under whatever id. */
function shortKey({ key }: Alarm): string {
  return toBase64(Uint8Array.fromHex(key.slice(0, 16)));
}

/** @param as another of its names, to those who know it by that */
export function stateOf(alarm: Alarm, as = alarm.id): StateItem {
  const { life, acknowledgement: ack } = alarm;
  return {
    id: as, ...(as === alarm.id ? {} : { now: alarm.id }), revision: life.revision, ring: life.ring,
    condition: life.condition, attention: life.attention, sending: alarm.sending, phase: life.phase,
    settled: !wantsPerson(life),
    ...(ack === undefined ? {} : { by: ack.operator, way: ack.way, comment: clip(ack.comment, 200), ...(ack.told ? {} : { stranger: true }) }),
    at: alarm.clearedAt ?? ack?.at ?? alarm.raisedAt,
  };
}

/** In order of name, as many as fit. */
function labelsFor(alarm: Alarm, read: ReadonlySet<string>): { readonly labels: Record<string, string>; readonly cut: boolean } {
  const labels: Record<string, string> = {};
  let bytes = 2;
  let cut = false;
  for (const name of Object.keys(alarm.labels).sort()) {
    const value = alarm.labels[name] ?? "";
    if (!read.has(name)) continue;
    const more = utf8Length(JSON.stringify({ [name]: value }));
    if (bytes + more > LABELS_BYTES_MOST || name.length > 128) cut = true;
    else {
      labels[name] = value;
      bytes += more;
    }
  }
  return { labels, cut };
}

/** Never inside a surrogate pair. */
function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = most - 1;
  const high = text.charCodeAt(end - 1);
  return `${text.slice(0, high >= 0xd800 && high < 0xdc00 ? end - 1 : end)}…`;
}
