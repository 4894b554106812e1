/** What a provider or a system said, fit for a timeline and a log: one short line without secrets. */

import { fit, line } from "./budget.ts";

/** Longest reason in UTF-8 bytes: with a few words before it, it stays below the 300 characters of a relay event. */
export const REASON_BYTES_MOST = 200;

/** A foreign error text as one line for people. */
export function excerpt(text: string): string {
  return fit(redact(line(text)), REASON_BYTES_MOST);
}

/** Providers and clients quote the URL they failed on, and there the secret stands. */
export function redact(text: string): string {
  return text
    .replace(/\b(key|access_token|corpsecret|secret|password|sign|token)=[^&\s"']+/gi, "$1=***")
    .replace(/\bbot\d+:[\w-]+/gi, "bot***")
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, "$1 ***");
}
