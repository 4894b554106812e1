/** What both ways into WeCom share: text that cannot mention or link by accident, recipients that name one person, the answer. */

import type { CarrierReply } from "../port/carrier.ts";
import { type Ms, seconds } from "../base/units.ts";
import { clean } from "./budget.ts";
import type { Dispatch } from "./channel.ts";
import { judgeErrcode } from "./errcodes.ts";
import { answerOf } from "./https-answer.ts";
import { CONFIG_AFTER_MS, type Outcome, UNSURE_AFTER_MS } from "./outcome.ts";

/** Connecting and answering together (channels-and-standards §1.1). */
export const WECOM_TIMEOUT_MS: Ms = seconds(15);

/** Budgets in UTF-8 bytes (channels-and-standards §1.3); WeCom cuts a longer text without a word. */
export const WECOM_TEXT_BYTES_MOST = 2048;
export const CARD_TITLE_BYTES_MOST = 128;
export const CARD_DESCRIPTION_BYTES_MOST = 512;

export const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" } as const;

/** `<@all>` in an alarm's text would wake everybody, `<a href>` and `<div>` would hide it: the bracket is replaced. */
export function harmless(text: string): string {
  return clean(text).replace(/<(?=[@/!a-z])/gi, "‹");
}

/** A user id that names one person; `|` would name several and `@all` the whole company. */
export function isUserId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/.test(text);
}

export function isMobile(text: string): boolean {
  return /^\+?\d{5,19}$/.test(text);
}

/** errcode 0 is given on to `accepted`, which may still find that a person was left out. */
export function judgeWecom(
  reply: CarrierReply,
  accepted: (answer: Readonly<Record<string, unknown>>) => Outcome,
): Outcome {
  const answer = answerOf(reply);
  if (!answer.ok) return answer.fault;
  const { errcode, errmsg } = answer.value;
  if (typeof errcode !== "number" || !Number.isInteger(errcode)) {
    return { kind: "unsure", reason: "The answer holds no errcode", afterMs: UNSURE_AFTER_MS };
  }
  return errcode === 0 ? accepted(answer.value) : judgeErrcode(errcode, typeof errmsg === "string" ? errmsg : "");
}

/** What may be done once is not offered twice: a second stale token is a wrong secret, a second refusal is final. */
export function onceOnly(outcome: Outcome, { plain, renewed }: Pick<Dispatch, "plain" | "renewed">): Outcome {
  if (outcome.kind === "expired" && renewed) return { kind: "config", reason: outcome.reason, afterMs: CONFIG_AFTER_MS };
  if (outcome.kind === "unfit" && plain) return { kind: "refused", reason: outcome.reason };
  return outcome;
}
