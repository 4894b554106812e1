/** What leaves the room: one escalation, composed of the allowed fields alone. */

import type { Alarm } from "../alarm/alarm.ts";
import { type Policy, rungOf } from "../alarm/policy.ts";
import { hours, type Ms } from "../base/units.ts";
import type { Operator } from "../duty/roster.ts";
import type { Escalation, Recipient } from "../wire/relay-api.ts";
import type { ContentField } from "./turn.ts";

/** After this the relay gives an escalation up; the ladder has long gone on. */
export const EXPIRES_IN_MS: Ms = hours(24);
const TEXT_MOST = 512;
const DETAIL_MOST = 2000;

/** With what an alarm is given to the relay. */
export type Given = {
  readonly policy: Policy;
  readonly recipients: readonly Recipient[];
  readonly content: readonly ContentField[];
  readonly clusterName: string;
};

export function compose(
  alarm: Alarm,
  { id, attempt, policy, recipients, content, clusterName }: Given & { readonly id: string; readonly attempt: number },
): Escalation {
  const { classification, life } = alarm;
  const may = (field: ContentField): boolean => content.includes(field);
  return {
    id, occurrence: alarm.id, revision: life.revision, step: life.step, ...(attempt > 1 ? { attempt } : {}), clusterName, severity: life.severity,
    ...(may("module") ? { module: classification.module } : {}),
    ...(may("item") ? { item: classification.item } : {}),
    ...(may("text") && alarm.text !== "" ? { text: alarm.text.slice(0, TEXT_MOST) } : {}),
    ...(may("detail") && alarm.detail !== "" ? { detail: alarm.detail.slice(0, DETAIL_MOST) } : {}),
    generatedAt: alarm.generatedAt, raisedAt: alarm.raisedAt,
    via: [...(rungOf(policy, life.step)?.via ?? ["mail"])], recipients: [...recipients], expiresInMs: EXPIRES_IN_MS,
  };
}

/** What an operator of the roster is to the relay. */
export function recipientOf({ name, language, timezone, mail, wecom, mobile }: Operator): Recipient {
  return {
    operator: name, language, timezone,
    ...(mail === undefined ? {} : { mail }), ...(wecom === undefined ? {} : { wecom }), ...(mobile === undefined ? {} : { mobile }),
  };
}
