/** Moves one alarm by one event of its life, and carries what follows to the push, the way out and the timeline. */

import { nextStamp, stamped } from "../alarm/account.ts";
import type { Alarm } from "../alarm/alarm.ts";
import { begin, type Lifecycle, type LifecycleEffect, type LifecycleEvent, step } from "../alarm/lifecycle.ts";
import { CHANNELS, rungOf } from "../alarm/policy.ts";
import type { Now } from "../base/units.ts";
import { recipientsOf } from "../duty/responsible.ts";
import { LAST_RESORT } from "../duty/roster.ts";
import type { Recipient } from "../wire/relay-api.ts";
import { reaches } from "./ability.ts";
import type { News } from "./escalate.ts";
import { recipientOf } from "./escalation.ts";
import { operatorOf, type Parts, policyOf } from "./parts.ts";

/** A new occurrence, complete but for its life. */
export type Newborn = Omit<Alarm, "life">;

/** Takes a new occurrence in: it waits, and the LAN is told. */
export function start(parts: Parts, newborn: Newborn, severity: Lifecycle["severity"], now: Now): void {
  const { life, effects } = begin(severity, now.mono, policyOf(parts, newborn));
  const stamp = { number: 1, agent: parts.self.voice.id };
  const alarm = { ...newborn, life, stamps: { ...newborn.stamps, condition: stamp, report: stamp } };
  parts.book.put(alarm, now);
  carry(parts, alarm, effects, now);
}

/** @param changes what else changes of the alarm in the same breath */
export function advance(parts: Parts, alarm: Alarm, event: LifecycleEvent, now: Now, changes: Partial<Alarm> = {}): void {
  const { life, effects } = step(alarm.life, event, now.mono, policyOf(parts, alarm));
  // Who had taken it before it came back has not taken what it is now.
  const taken = life.attention === "unacknowledged" ? { acknowledgement: undefined } : {};
  const moved: Alarm = { ...alarm, ...changes, ...taken, life };
  const sending = sendingOf(alarm, moved);
  // What a peer has told is stamped by whoever said it first.
  const next = event.kind === "told" ? { ...moved, sending } : stamped(alarm, { ...moved, sending }, parts.self.voice.id);
  parts.book.put(next, now);
  if (alarm.life.phase !== life.phase) {
    parts.draft.log(event.kind, { alarm: alarm.id.slice(0, 6), phase: [alarm.life.phase, life.phase], effects: effects.map(({ kind }) => kind) });
  }
  carry(parts, next, effects, now);
  // What is not rung again must still be seen to change: the phase and whether somebody was reached.
  const told = effects.some(({ kind }) => kind === "push" || kind === "settle");
  if (!told && (sending !== alarm.sending || (life.phase === "escalated" && alarm.life.phase !== "escalated"))) parts.push.tell(alarm.id, now.mono);
}

/** Its time is up; where that means falling back, silence is the reason. */
export function fallDue(parts: Parts, alarm: Alarm, now: Now): void {
  const reason = silenceOf(parts, alarm);
  advance(parts, alarm, { kind: "deadline" }, now, reason === undefined ? {} : { reason });
}

function silenceOf(parts: Parts, alarm: Alarm): string | undefined {
  const { probeTimeoutMs, verdictTimeoutMs } = policyOf(parts, alarm);
  if (alarm.life.phase === "probing") {
    const { reason } = parts.wayOut.view;
    return `the relay did not answer within ${probeTimeoutMs / 1000} s${reason === "" ? "" : `: ${reason}`}`;
  }
  if (alarm.life.phase !== "escalating") return undefined;
  return [...parts.wayOut.failures(alarm.id), `the relay could not say within ${verdictTimeoutMs / 1000} s that anything was sent`].join("; ");
}

function carry(parts: Parts, alarm: Alarm, effects: readonly LifecycleEffect[], now: Now): void {
  const { draft, push, wayOut, settings, self } = parts;
  for (const effect of effects) {
    switch (effect.kind) {
      case "push": {
        const reason = effect.why === "fallback" ? alarm.reason : "";
        if (effect.why === "fallback") draft.remember(alarm.id, now.wall, { kind: "fallback", reason });
        draft.remember(alarm.id, now.wall, { kind: "pushed", why: effect.why, ring: alarm.life.ring, reason });
        push.ring(alarm, { why: effect.why, reason }, now.mono);
        break;
      }
      case "probe":
        probe(parts, alarm, now);
        break;
      case "submit":
        wayOut.submit(alarm, {
          policy: policyOf(parts, alarm), recipients: recipients(parts, alarm), content: settings.content, clusterName: self.clusterName,
        }, now);
        break;
      case "withdraw":
        for (const escalation of wayOut.withdraw(alarm.id, now)) draft.remember(alarm.id, now.wall, { kind: "withdrawn", escalation });
        break;
      case "settle":
        push.settle(alarm.id, now.mono);
        wayOut.notice(alarm.id, noticeOf(alarm, now), now);
        break;
    }
  }
}

/** Asks whether the alarm could leave now; also after a restart that lost the question. */
export function probe(parts: Parts, alarm: Alarm, now: Now): void {
  const news = parts.wayOut.probe(alarm, policyOf(parts, alarm), recipients(parts, alarm));
  if (news !== undefined) hearNews(parts, news, now);
}

function noticeOf({ life, acknowledgement }: Alarm, now: Now): { kind: "taken" | "cleared"; by: string; at: number } {
  return life.condition === "cleared" ? { kind: "cleared", by: "", at: now.wall } : { kind: "taken", by: acknowledgement?.operator ?? "", at: now.wall };
}

/**
 * The people of the rung on which the alarm stands; where it reaches nobody outside, the last resort. Whoever was told that
 * the alarm is over hears that it is back.
 */
function recipients(parts: Parts, alarm: Alarm): readonly Recipient[] {
  const { roster } = parts.settings;
  const { to, via } = rungOf(policyOf(parts, alarm), alarm.life.step) ?? { to: LAST_RESORT, via: CHANNELS };
  const people = (names: readonly string[]): readonly Recipient[] => [...new Set(names)].flatMap((name) => operatorOf(parts, name) ?? []).map(recipientOf);
  const rung = people(recipientsOf(to, { responsible: alarm.responsible, roster }));
  const reached = rung.some((one) => via.some((channel) => reaches(one, channel))) ? rung : people([...rung.map(({ operator }) => operator), ...roster.lastResort]);
  return people([...reached.map(({ operator }) => operator), ...parts.wayOut.believeItOver(alarm)]).slice(0, RECIPIENTS_MOST);
}

/** As many as one escalation names (wire/relay-api.ts). */
const RECIPIENTS_MOST = 64;

/** What the relay's answer means for the alarm concerned. */
export function hearNews(parts: Parts, news: News, now: Now): void {
  const { book, draft } = parts;
  switch (news.kind) {
    case "probed": {
      const alarm = book.get(news.occurrence);
      if (alarm === undefined || alarm.life.phase !== "probing") return;
      draft.remember(alarm.id, now.wall, { kind: "probed", answer: news.answer, reason: news.reason });
      advance(parts, alarm, { kind: "probed", answer: news.answer }, now, news.answer === "able" ? {} : { reason: news.reason });
      return;
    }
    case "submitted": {
      const { id, occurrence, to, escalation } = news.pursuit;
      draft.remember(occurrence, now.wall, { kind: "escalated", escalation: id, step: news.pursuit.step, to, via: escalation.via });
      return;
    }
    case "verdict": {
      const { escalation, operator, channel, verdict, reason } = news.event;
      draft.remember(news.pursuit.occurrence, now.wall, { kind: "verdict", escalation, operator, channel, verdict, reason });
      return;
    }
    case "outcome": {
      const alarm = book.get(news.pursuit.occurrence);
      if (alarm === undefined || news.pursuit.revision !== alarm.life.revision) return;
      advance(parts, alarm, { kind: "verdict", verdict: news.verdict }, now, news.verdict === "refused" ? { reason: news.reason } : {});
      return;
    }
    case "wayOut":
      return;
  }
}

/** Has a person been reached? A failure stays until a person takes it or something is accepted; a script is no person. */
function sendingOf(before: Alarm, { life, acknowledgement }: Alarm): Alarm["sending"] {
  if (life.attention === "acknowledged" && acknowledgement !== undefined && acknowledgement.way !== "robot") return "successful";
  if (life.phase === "escalated") return "successful";
  if (life.phase === "fallback") return "failed";
  if (life.phase === "waiting" && (before.life.phase === "idle" || life.revision > before.life.revision)) return "pending";
  return before.sending;
}

/** While another agent is away, every raise counts as later than what it may have heard: a clear of then does not end it. */
export function stampsOfRaise({ peers, self }: Parts, alarm: Alarm, now: Now): Alarm["stamps"] {
  return peers.present(now.mono).length === peers.size ? alarm.stamps : { ...alarm.stamps, condition: nextStamp(alarm, self.voice.id) };
}
