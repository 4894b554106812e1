/** Judges what every carrier can come back with before a provider has said anything: no name, no connection, no answer. */

import type { CarrierReply } from "../port/carrier.ts";
import { CONFIG_AFTER_MS, type Outcome, RETRY_AFTER_MS, UNREACHABLE_AFTER_MS, UNSURE_AFTER_MS } from "./outcome.ts";
import { excerpt } from "./redact.ts";

export type Failure = Extract<CarrierReply, { readonly kind: "failed" }>;

const WORDS = {
  dns: "Cannot resolve the server's name",
  connect: "Cannot connect",
  tls: "Cannot agree on TLS",
  login: "Login failed",
  send: "The connection broke while sending",
  answer: "No answer",
} as const satisfies Readonly<Record<Failure["stage"], string>>;

/** Once content has left it may have arrived, whatever the error says. */
export function judgeFailure({ stage, sent, code, reason }: Failure): Outcome {
  const words = excerpt(`${WORDS[stage]}: ${reason}`);
  if (sent) return { kind: "unsure", reason: excerpt(`Sent, but ${reason}`), afterMs: UNSURE_AFTER_MS };
  if (stage === "login" && code !== undefined) {
    return code >= 500
      ? { kind: "config", reason: words, afterMs: CONFIG_AFTER_MS }
      : { kind: "retry", reason: words, afterMs: RETRY_AFTER_MS };
  }
  if (isMistaken(stage, code, reason)) return { kind: "config", reason: words, afterMs: CONFIG_AFTER_MS };
  return { kind: "unreachable", reason: words, afterMs: UNREACHABLE_AFTER_MS };
}

/**
 * An untrusted certificate, TLS spoken to a plain port or STARTTLS that is not offered look like a broken connection but
 * do not pass by themselves (channels-and-standards §4.3). A handshake that was reset or timed out does.
 */
function isMistaken(stage: Failure["stage"], code: number | undefined, reason: string): boolean {
  if (stage === "login") return /NOAUTH|credentials/i.test(reason);
  if (stage !== "tls") return false;
  if (code !== undefined) return code >= 500;
  return /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|HOSTNAME|WRONG_VERSION|_SSL_|EPROTO|STARTTLS|certificate|self.signed/i.test(reason);
}
