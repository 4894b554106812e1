/** WeCom group robot: one message into a group that mentions everyone who is told; no token, no list of addresses. */

import { type Result, ok } from "../base/result.ts";
import type { CarrierReply, CarrierRequest } from "../port/carrier.ts";
import type { Recipient } from "../wire/relay-api.ts";
import { fit, line } from "./budget.ts";
import type { Channel, Dispatch, Reach } from "./channel.ts";
import { compositionOf } from "./composition.ts";
import { judgeFailure } from "./failure.ts";
import { CONFIG_AFTER_MS, type Outcome, reasonOf } from "./outcome.ts";
import type { ChannelSecret, RobotSettings } from "./settings.ts";
import { harmless, isMobile, isUserId, JSON_HEADERS, judgeWecom, onceOnly, WECOM_TEXT_BYTES_MOST, WECOM_TIMEOUT_MS } from "./wecom-text.ts";

/** The line that names who is told may take this much of the text's budget. */
const NAMES_BYTES_MOST = 400;

export function robotChannel(settings: RobotSettings, secret: ChannelSecret): Channel {
  return {
    name: "wecom-robot",
    audience: "group",
    // 20 a minute for one robot; beyond it WeCom blocks for a minute (channels-and-standards §2.1).
    pace: { of: "channel", perSecond: 1 / 3.2, burst: 10 },
    tokens: undefined,
    // Whoever cannot be mentioned is still named in the text that the whole group reads.
    reaches: () => true,
    compose: (dispatch) => composeRobot(dispatch, settings, secret),
    judge: judgeRobot,
    probe: () => ({
      kind: "https", method: "GET", url: `${settings.base}/`, headers: {}, body: "", timeoutMs: WECOM_TIMEOUT_MS,
      ...(secret.authority === undefined ? {} : { authority: secret.authority }),
    }),
    judgeProbe,
  };
}

function composeRobot(dispatch: Dispatch, settings: RobotSettings, { secret, authority }: ChannelSecret): Result<CarrierRequest, Outcome> {
  const names = fit(dispatch.recipients.map(({ operator }) => line(operator)).join(", "), NAMES_BYTES_MOST);
  const { text } = compositionOf(dispatch);
  const [head = "", ...rest] = text.split("\n");
  const content = fit(harmless([head, `→ ${names}`, ...rest].join("\n")), WECOM_TEXT_BYTES_MOST);
  return ok({
    kind: "https",
    method: "POST",
    url: `${settings.base}/cgi-bin/webhook/send?key=${encodeURIComponent(secret ?? "")}`,
    headers: JSON_HEADERS,
    body: JSON.stringify({ msgtype: "text", text: { content, ...mentionsOf(dispatch) } }),
    timeoutMs: WECOM_TIMEOUT_MS,
    ...(authority === undefined ? {} : { authority }),
  });
}

/** A notice wakes nobody. A person is mentioned by mobile number, or else by user id; never twice, never as `@all`. */
function mentionsOf({ about, recipients }: Dispatch): Readonly<Record<string, readonly string[]>> {
  if (about.kind !== "alarm") return {};
  const mobiles = recipients.flatMap((recipient) => mobileOf(recipient) ?? []);
  const users = recipients.flatMap((recipient) => (mobileOf(recipient) === undefined ? (userOf(recipient) ?? []) : []));
  return {
    ...(users.length > 0 ? { mentioned_list: users } : {}),
    ...(mobiles.length > 0 ? { mentioned_mobile_list: mobiles } : {}),
  };
}

function mobileOf({ mobile }: Recipient): string | undefined {
  return mobile !== undefined && isMobile(mobile) ? mobile : undefined;
}

function userOf({ wecom }: Recipient): string | undefined {
  return wecom !== undefined && isUserId(wecom) ? wecom : undefined;
}

function judgeRobot(reply: CarrierReply, dispatch: Dispatch): Outcome {
  const outcome = onceOnly(judgeWecom(reply, () => ({ kind: "accepted", receipt: "" })), dispatch);
  // A robot has no token that could be fetched anew, and no single person whom it could refuse.
  if (outcome.kind === "expired" || (outcome.kind === "refused" && !dispatch.plain)) {
    return { kind: "config", reason: outcome.reason, afterMs: CONFIG_AFTER_MS };
  }
  return outcome;
}

/** Any answer over HTTP shows that the way is open. Whether the key is right, only a real message shows. */
function judgeProbe(reply: CarrierReply): Reach {
  if (reply.kind === "https") return { able: true, level: "connected", reason: "" };
  const reason = reply.kind === "failed" ? reasonOf(judgeFailure(reply)) : "A mail server answered where HTTPS was asked";
  return { able: false, level: "none", reason };
}
