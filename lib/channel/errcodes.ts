/** The error codes of WeCom and what each means for us. Matched by number only: the texts change. */

import { type Ms, minutes, seconds } from "../base/units.ts";
import { CONFIG_AFTER_MS, type Outcome, RETRY_AFTER_MS } from "./outcome.ts";
import { excerpt } from "./redact.ts";

type Meaning =
  | { readonly kind: "config" | "expired" | "refused" | "unfit"; readonly words: string }
  | { readonly kind: "retry"; readonly words: string; readonly afterMs: Ms };

/** Source: channels-and-standards §2.3. Zero is not here: success is more than the code, and each channel says what. */
export const WECOM_ERRCODES: Readonly<Record<number, Meaning>> = {
  [-1]: { kind: "retry", words: "WeCom is busy", afterMs: seconds(2) },
  40001: { kind: "expired", words: "the secret or token does not match" },
  40091: { kind: "expired", words: "the secret does not match or the application is stopped" },
  40014: { kind: "expired", words: "the access token is invalid" },
  42001: { kind: "expired", words: "the access token has expired" },
  41001: { kind: "expired", words: "the access token is missing" },
  40013: { kind: "config", words: "the corporation id is wrong" },
  2000002: { kind: "config", words: "the corporation id is wrong" },
  41002: { kind: "config", words: "the corporation id is missing" },
  41004: { kind: "config", words: "the secret is missing" },
  41011: { kind: "config", words: "the agent id is missing" },
  40056: { kind: "config", words: "the agent id is wrong" },
  301002: { kind: "config", words: "the token belongs to another agent id" },
  48002: { kind: "config", words: "the application may not use this interface" },
  60011: { kind: "config", words: "the application may not write to this recipient" },
  48004: { kind: "config", words: "the authorisation is invalid" },
  48006: { kind: "config", words: "the authorisation was revoked" },
  50003: { kind: "config", words: "the application is disabled" },
  60020: { kind: "config", words: "this host's address is not on the application's list of trusted addresses" },
  93000: { kind: "config", words: "the webhook is invalid or the robot was removed from its group" },
  93004: { kind: "config", words: "the robot is stopped" },
  93008: { kind: "config", words: "the robot is not in the group" },
  40003: { kind: "refused", words: "the user id is unknown" },
  46004: { kind: "refused", words: "the user does not exist" },
  60111: { kind: "refused", words: "the user id does not exist" },
  60021: { kind: "refused", words: "the user is outside the application's visible range" },
  // With one recipient to a message, "all recipients" is this one.
  81013: { kind: "refused", words: "the user is invalid or outside the application's visible range" },
  40031: { kind: "refused", words: "the list of user ids is bad" },
  40032: { kind: "refused", words: "the list of user ids is too long" },
  82001: { kind: "refused", words: "no recipient is named" },
  82002: { kind: "refused", words: "too many parties are named" },
  82003: { kind: "refused", words: "too many tags are named" },
  40033: { kind: "unfit", words: "the text holds escaped characters" },
  40035: { kind: "unfit", words: "an argument is bad" },
  40008: { kind: "unfit", words: "the message type is bad" },
  40058: { kind: "unfit", words: "a parameter is bad or too long" },
  40063: { kind: "unfit", words: "a parameter is empty" },
  41033: { kind: "unfit", words: "the description is missing" },
  44004: { kind: "unfit", words: "the content is empty" },
  45002: { kind: "unfit", words: "the content is too long" },
  45034: { kind: "unfit", words: "a link has no scheme" },
  85002: { kind: "unfit", words: "the text holds forbidden words" },
  45009: { kind: "retry", words: "the rate limit is reached", afterMs: seconds(60) },
  45033: { kind: "retry", words: "too many calls at once", afterMs: seconds(2) },
};

/**
 * Judges an errcode that is not 0. A code that is not in the table is `retry` where its family means "later" (negative
 * ones and 45xxx, the limits), else `config`: a person must look. It is never success.
 *
 * @param errmsg the provider's own words; kept in the reason, because 60020 names the address to put on the list
 */
export function judgeErrcode(errcode: number, errmsg: string): Outcome {
  const meaning = WECOM_ERRCODES[errcode] ?? unlisted(errcode);
  const reason = excerpt(`WeCom ${errcode}: ${meaning.words} (${errmsg})`);
  switch (meaning.kind) {
    case "retry":
      return { kind: "retry", reason, afterMs: meaning.afterMs };
    case "config":
      return { kind: "config", reason, afterMs: CONFIG_AFTER_MS };
    case "expired":
    case "refused":
    case "unfit":
      return { kind: meaning.kind, reason };
  }
}

function unlisted(errcode: number): Meaning {
  // Every field error of a card means the same: this wording is not taken.
  if (errcode === 42014 || (errcode >= 42027 && errcode <= 42051)) return { kind: "unfit", words: "a field of the card is bad" };
  if (errcode < 0) return { kind: "retry", words: "an error that Gapbell does not know", afterMs: RETRY_AFTER_MS };
  if (errcode >= 45000 && errcode < 46000) return { kind: "retry", words: "a limit that Gapbell does not know", afterMs: minutes(1) };
  return { kind: "config", words: "an error that Gapbell does not know" };
}
