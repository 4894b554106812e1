/** One call of one channel, from plan to end: which there are, and what each outcome makes of them. Pure. */

import type { ChannelName } from "../alarm/policy.ts";
import type { BootId, Ms, Now } from "../base/units.ts";
import type { Channel } from "../channel/channel.ts";
import { ALLOWS, type Outcome, reasonOf } from "../channel/outcome.ts";
import type { Escalation, Recipient } from "../wire/relay-api.ts";
import { mayWrite } from "./allow-list.ts";
import { RETRY_MS } from "./limits.ts";
import { momentAt } from "./moment.ts";
import type { DeliveryRow } from "./rows.ts";
import type { AllowList } from "./turn.ts";

/** An event's reason has room for so many characters. */
const REASON_MOST = 300;

/** What a process that ended in the middle of a call leaves behind. */
export const CUT_OFF: Outcome = { kind: "unsure", reason: "The relay was stopped while this was being sent", afterMs: 0 };
/** A restart with another configuration. */
export const GONE: Outcome = { kind: "config", reason: "This channel is no longer set up on the relay", afterMs: 0 };
const EXPIRED = "The time for this escalation ended before it could be sent";
const NOT_ALLOWED = 'This address is not among the "recipients" that relay.yaml allows';

/** One call for each person and channel that reaches them; one for all whom a group's channel names. */
export function planDeliveries(
  body: Escalation,
  { channels, allow, now, boot }: {
    readonly channels: ReadonlyMap<ChannelName, Channel>; readonly allow: AllowList; readonly now: Now; readonly boot: BootId;
  },
): readonly DeliveryRow[] {
  const due = momentAt(now.mono, now, boot);
  return [...new Set(body.via)].flatMap((name) => {
    const channel = channels.get(name);
    const reached = channel === undefined ? [] : body.recipients.filter((recipient) => channel.reaches(recipient));
    if (channel === undefined || reached.length === 0) return [];
    const calls: readonly (readonly Recipient[])[] = channel.audience === "group" ? [reached] : reached.map((one) => [one]);
    return calls.map((recipients) => {
      const operators = recipients.map(({ operator }) => operator);
      const row: DeliveryRow = {
        id: `${body.id}/${name}/${channel.audience === "group" ? "*" : operators[0]}`, escalation: body.id, channel: name, operators,
        about: "alarm", state: "waiting", reason: "", tries: 0, due, waitMs: 0, plain: false, renewed: false, resent: false,
      };
      const allowed = recipients.every((recipient) => mayWrite(allow, name, recipient));
      return allowed ? row : { ...row, state: "ended", verdict: "refused", reason: NOT_ALLOWED };
    });
  });
}

/** The call that tells those who were told how it ended. */
export function noticeAfter(told: DeliveryRow, now: Now, boot: BootId): DeliveryRow {
  const { escalation, channel, operators } = told;
  return {
    id: `${told.id}/notice`, escalation, channel, operators, about: "notice", state: "waiting", reason: "", tries: 0,
    due: momentAt(now.mono, now, boot), waitMs: 0, plain: false, renewed: false, resent: false,
  };
}

/** An alarm that comes back after it was withdrawn: what had not gone goes now, and what was unsure goes again. */
export function revived(delivery: DeliveryRow, now: Now, boot: BootId): DeliveryRow {
  if (delivery.verdict === "accepted" || delivery.state === "started") return delivery;
  return { ...delivery, state: "waiting", due: momentAt(now.mono, now, boot), waitMs: 0 };
}

/**
 * What an outcome makes of a call.
 *
 * @param stopped whether no further attempt may follow, whatever the outcome
 * @returns `waitMs` until the next attempt; undefined where there is none
 */
export function settled(
  delivery: DeliveryRow,
  outcome: Outcome,
  { stopped, now, boot }: { readonly stopped: boolean; readonly now: Now; readonly boot: BootId },
): { readonly row: DeliveryRow; readonly waitMs: Ms | undefined } {
  const { verdict, repeat } = ALLOWS[outcome.kind];
  if (repeat === "now" && !stopped) {
    const row: DeliveryRow = {
      ...delivery, state: "waiting", plain: delivery.plain || outcome.kind === "unfit", renewed: outcome.kind === "expired",
    };
    return { row, waitMs: 0 };
  }
  const closing = stopped || repeat !== "later";
  const grown = RETRY_MS[Math.min(delivery.tries, RETRY_MS.length - 1)] ?? 0;
  const waitMs = Math.max(grown, "afterMs" in outcome ? outcome.afterMs : 0);
  const row: DeliveryRow = {
    ...delivery, state: closing ? "ended" : "waiting", verdict, reason: reasonOf(outcome).slice(0, REASON_MOST),
    tries: delivery.tries + (outcome.kind === "accepted" ? 0 : 1), due: momentAt(now.mono + waitMs, now, boot), waitMs,
    renewed: false, resent: delivery.resent || outcome.kind === "unsure",
    ...(outcome.kind === "accepted" ? { acceptedAt: now.wall } : {}),
  };
  return { row, waitMs: closing ? undefined : waitMs };
}

/** A call that waits and will not be made any more. One that was never tried has a verdict only where its time ran out. */
export function stopped(delivery: DeliveryRow, why: "withdrawn" | "expired"): DeliveryRow {
  if (why === "expired" && delivery.verdict === undefined) {
    return { ...delivery, state: "ended", verdict: "unreachable", reason: EXPIRED };
  }
  return { ...delivery, state: "ended" };
}

/** Whether the person was, or may have been, told. */
export function wasTold({ verdict }: DeliveryRow): boolean {
  return verdict === "accepted" || verdict === "unsure";
}
