/** Judges what is common to providers that answer over HTTPS, down to the JSON object that holds their own verdict. */

import { type Result, fail, ok } from "../base/result.ts";
import { type Ms, minutes, seconds } from "../base/units.ts";
import type { CarrierReply } from "../port/carrier.ts";
import { judgeFailure } from "./failure.ts";
import { AFTER_MOST_MS, CONFIG_AFTER_MS, type Outcome, RETRY_AFTER_MS, UNSURE_AFTER_MS } from "./outcome.ts";
import { excerpt } from "./redact.ts";

/**
 * HTTP 200 is not success: the provider's own word is in the object returned here, and the caller must still read it.
 * Source of the classes: channels-and-standards §1.1.
 */
export function answerOf(reply: CarrierReply): Result<Readonly<Record<string, unknown>>, Outcome> {
  if (reply.kind === "failed") return fail(judgeFailure(reply));
  if (reply.kind === "smtp") return fail({ kind: "config", reason: "A mail server answered where HTTPS was asked", afterMs: CONFIG_AFTER_MS });
  const { status, headers, body } = reply;
  const words = excerpt(`HTTP ${status} ${body.slice(0, 300)}`);
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return fail({ kind: "retry", reason: words, afterMs: retryAfter(headers) });
  }
  // A redirect is never followed: the secret is in the URL.
  if (status < 200 || status < 400 && status >= 300 || [401, 403, 404, 407, 410].includes(status)) {
    return fail({ kind: "config", reason: words, afterMs: CONFIG_AFTER_MS });
  }
  if (status >= 400) return fail({ kind: "unfit", reason: words });
  return readObject(body);
}

function readObject(body: string): Result<Readonly<Record<string, unknown>>, Outcome> {
  const start = body.trimStart().slice(0, 1);
  if (start === "<") {
    return fail({
      kind: "retry",
      reason: "The answer is a web page, not the provider's: a proxy or a sign-in page stands in between",
      afterMs: minutes(1),
    });
  }
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return ok({ ...value });
  } catch {
    // Falls through: an answer cut short says nothing about what was done.
  }
  return fail({
    kind: "unsure",
    reason: excerpt(body === "" ? "The answer is empty" : `The answer cannot be read: ${body.slice(0, 100)}`),
    afterMs: UNSURE_AFTER_MS,
  });
}

/** Seconds only; a date would need a clock, and none of our providers sends one. */
function retryAfter(headers: Readonly<Record<string, string>>): Ms {
  const text = headers["retry-after"] ?? "";
  if (!/^\d{1,9}$/.test(text)) return RETRY_AFTER_MS;
  return Math.min(AFTER_MOST_MS, Math.max(seconds(1), seconds(Number(text))));
}
