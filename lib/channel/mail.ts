/** Mail: one message for each person, handed to the site's mail server. */

import { toHex, utf8 } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import { type Result, fail, ok } from "../base/result.ts";
import { type Ms, minutes, seconds } from "../base/units.ts";
import type { CarrierReply, CarrierRequest, SmtpCommand, SmtpServer } from "../port/carrier.ts";
import type { Escalation } from "../wire/relay-api.ts";
import { fit } from "./budget.ts";
import type { Channel, Dispatch, Reach } from "./channel.ts";
import { compositionOf } from "./composition.ts";
import { judgeFailure } from "./failure.ts";
import { CONFIG_AFTER_MS, type Outcome, reasonOf, RETRY_AFTER_MS } from "./outcome.ts";
import { excerpt } from "./redact.ts";
import { type ChannelSecret, isMailAddress, type MailSettings } from "./settings.ts";

/** From the first connection to the server's last word (channels-and-standards §1.1 and §4.1). */
export const MAIL_TIMEOUT_MS: Ms = seconds(30);

/** Providers that throttle with a permanent code mean "much later" (channels-and-standards §4.3). */
export const THROTTLED_AFTER_MS: Ms = minutes(10);

/** Far above what the fields of an escalation can fill; bounds one message whatever happens to them. */
export const MAIL_BYTES_MOST = 16_384;

export function mailChannel(settings: MailSettings, secret: ChannelSecret): Channel {
  const server = serverOf(settings, secret);
  return {
    name: "mail",
    audience: "person",
    // NetEase counts senders in 15 minutes (450 MI:SFQ): a storm must leave as digests, not as a burst of mails.
    pace: { of: "channel", perSecond: 1, burst: 20 },
    tokens: undefined,
    reaches: ({ mail }) => mail !== undefined && isMailAddress(mail),
    compose: (dispatch) => composeMail(dispatch, settings, server),
    judge: judgeMail,
    probe: (login) => ({ kind: "smtp-probe", server, login: login && settings.user !== undefined, timeoutMs: MAIL_TIMEOUT_MS }),
    judgeProbe: (reply, login) => judgeMailProbe(reply, login && settings.user !== undefined),
  };
}

function serverOf({ host, port, security, user, name }: MailSettings, { secret, authority }: ChannelSecret): SmtpServer {
  return { host, port, security, user, password: secret, authority, name };
}

function composeMail(dispatch: Dispatch, settings: MailSettings, server: SmtpServer): Result<CarrierRequest, Outcome> {
  const { escalation, recipients } = dispatch;
  const [{ operator, mail }] = recipients;
  if (mail === undefined) return fail({ kind: "refused", reason: `No mail address for ${operator}` });
  if (!isMailAddress(mail)) return fail({ kind: "refused", reason: `Not one mail address for ${operator}` });
  const { subject, text } = compositionOf(dispatch);
  return ok({
    kind: "smtp",
    server,
    from: settings.from,
    to: mail,
    subject,
    text: fit(text, MAIL_BYTES_MOST),
    messageId: messageIdOf(dispatch, settings.name),
    headers: headersOf(dispatch, escalation),
    timeoutMs: MAIL_TIMEOUT_MS,
  });
}

/**
 * The same for every attempt at one delivery, so that a mailbox or a person can tell a repeat from a new message; it
 * names neither the alarm nor the operator.
 */
function messageIdOf({ escalation, about, recipients }: Dispatch, name: string): string {
  const identity = JSON.stringify([escalation.id, about.kind, recipients[0].operator]);
  return `<${toHex(sha256(utf8(identity)).subarray(0, 16))}@${domainOf(name)}>`;
}

/** In every mail of an occurrence, the first included: it threads without any memory here. */
function threadOf({ occurrence, clusterName }: Escalation): string {
  const cluster = clusterName.toLowerCase().replace(/[^a-z0-9-]+/g, "-").replace(/^-+|-+$/g, "");
  return `<alarm-${occurrence.replace(/[^A-Za-z0-9]/g, "")}@gapbell.${cluster || "cluster"}>`;
}

function headersOf({ about }: Dispatch, escalation: Escalation): Readonly<Record<string, string>> {
  const thread = threadOf(escalation);
  const urgent = about.kind === "alarm" && (escalation.severity === "critical" || escalation.severity === "major");
  return {
    "In-Reply-To": thread,
    References: thread,
    // RFC 3834: no out-of-office note may answer; the second says the same to Exchange.
    "Auto-Submitted": "auto-generated",
    "X-Auto-Response-Suppress": "All",
    ...(urgent ? { "X-Priority": "1 (Highest)", "X-MSMail-Priority": "High", Importance: "High" } : {}),
    "X-Gapbell-Alarm-Id": escalation.occurrence.replace(/[^A-Za-z0-9]/g, ""),
    "X-Gapbell-Severity": about.kind === "cleared" ? "cleared" : escalation.severity,
  };
}

function domainOf(name: string): string {
  return /^[A-Za-z0-9.-]+$/.test(name) ? name : "gapbell-relay.invalid";
}

function judgeMail(reply: CarrierReply, { plain }: Pick<Dispatch, "plain">): Outcome {
  if (reply.kind === "failed") return judgeFailure(reply);
  if (reply.kind === "https") return { kind: "config", reason: "A web server answered where mail was asked", afterMs: CONFIG_AFTER_MS };
  const outcome = judgeCode(reply.code, { text: reply.response, command: reply.command });
  return outcome.kind === "unfit" && plain ? { kind: "refused", reason: outcome.reason } : outcome;
}

function judgeCode(code: number, { text, command }: { readonly text: string; readonly command: SmtpCommand | undefined }): Outcome {
  const reason = excerpt(text.startsWith(String(code)) ? text : `${code} ${text}`);
  if (code >= 200 && code < 300) return { kind: "accepted", receipt: reason };
  if (/quota exceeded/i.test(text)) return { kind: "config", reason, afterMs: CONFIG_AFTER_MS };
  if (isThrottled(code, text)) return { kind: "retry", reason, afterMs: THROTTLED_AFTER_MS };
  // 503 is "bad sequence": a server that lost its place, not a word about this mail.
  if (code < 500 || code === 503) return { kind: "retry", reason, afterMs: RETRY_AFTER_MS };
  if ([530, 534, 535, 538].includes(code)) return { kind: "config", reason, afterMs: CONFIG_AFTER_MS };
  if (command === "data" || /DT:SPM/.test(text)) return { kind: "unfit", reason };
  if (isThisAddress(code, { text, command })) return { kind: "refused", reason };
  return { kind: "config", reason, afterMs: CONFIG_AFTER_MS };
}

/** Tencent answers 550 when it means "later" (channels-and-standards §4.3). */
function isThrottled(code: number, text: string): boolean {
  return code === 550 && /frequency limited|access denied|connection denied/i.test(text) && !/5\.[17]\.\d/.test(text);
}

/** A refused recipient is that person's address, unless the server says that we may not relay at all (RFC 3463, x.7.1). */
function isThisAddress(code: number, { text, command }: { readonly text: string; readonly command: SmtpCommand | undefined }): boolean {
  if (/\b5\.7\.\d|relaying|relay access denied|unable to relay/i.test(text)) return false;
  if (command === undefined) return [550, 551, 552, 553, 556].includes(code);
  return command === "rcpt";
}

function judgeMailProbe(reply: CarrierReply, login: boolean): Reach {
  const outcome = judgeMail(reply, { plain: true });
  if (outcome.kind === "accepted") return { able: true, level: login ? "authenticated" : "connected", reason: "" };
  const answered = reply.kind === "smtp" || (reply.kind === "failed" && reply.stage === "login");
  return { able: false, level: answered ? "connected" : "none", reason: reasonOf(outcome) };
}
