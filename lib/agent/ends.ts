/**
 * How an alarm ends, or falls silent, of which several agents hear. An end that is only a moment which has passed may be a clock
 * that is wrong, ours or the source's: it counts once no agent that is heard has just been told that the alarm holds.
 */

import type { Alarm } from "../alarm/alarm.ts";
import { type Ms, type Now, seconds } from "../base/units.ts";
import { advance } from "./advance.ts";
import type { Parts } from "./parts.ts";

/** So long another agent has to say that a source still speaks to it. */
const STALE_ASK_MS: Ms = seconds(10);

export function isOpen({ life }: Alarm): boolean {
  return life.condition !== "cleared";
}

/** An end of it has passed by our own clock. @returns whether others are asked first: who sees that end as well ends the alarm */
export function askBeforeEnd({ evidence, sync, peers }: Parts, alarm: Alarm, now: Now): boolean {
  evidence.passed(alarm.id);
  if (peers.present(now.mono).length === 0) return false;
  sync.ask(alarm.id);
  return true;
}

/** To another agent an end of it has passed. */
export function agreeToEnd(parts: Parts, alarm: Alarm, now: Now): void {
  if (!isOpen(alarm) || parts.evidence.speaksFor(alarm.id, now.mono)) return;
  parts.evidence.passed(alarm.id);
  end(parts, alarm, now);
}

/** Its source has fallen silent here. It may still speak to another agent: those that are heard are asked once, and have a moment to say so. */
export function fallSilent(parts: Parts, alarm: Alarm, now: Now): void {
  const { sync, peers, book, evidence, draft, push } = parts;
  const alone = peers.present(now.mono).length === 0;
  if (!alone && sync.asksFirst(alarm.id, alarm.staleAt)) return book.putStaleOff(alarm.id, now.mono + STALE_ASK_MS);
  // Those whose word was waited for are gone.
  if (alone && evidence.hasPassed(alarm.id)) return end(parts, alarm, now);
  draft.remember(alarm.id, now.wall, { kind: "stale" });
  advance(parts, alarm, { kind: "silence" }, now);
  push.refresh(alarm, now.mono);
}

function end(parts: Parts, alarm: Alarm, now: Now): void {
  parts.draft.remember(alarm.id, now.wall, { kind: "cleared", acknowledged: alarm.life.attention === "acknowledged" });
  advance(parts, alarm, { kind: "clear" }, now, { clearedAt: now.wall });
}
