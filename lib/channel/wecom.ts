/** WeCom application message: one person at a time, under a token; as text or card it reaches personal WeChat as well. */

import { type Result, fail, ok } from "../base/result.ts";
import { seconds } from "../base/units.ts";
import type { CarrierReply, CarrierRequest, HttpsRequest } from "../port/carrier.ts";
import { fit } from "./budget.ts";
import type { Channel, Dispatch, Reach, Token } from "./channel.ts";
import { compositionOf } from "./composition.ts";
import { CONFIG_AFTER_MS, type Outcome, reasonOf } from "./outcome.ts";
import type { ChannelSecret, WecomSettings } from "./settings.ts";
import {
  CARD_DESCRIPTION_BYTES_MOST, CARD_TITLE_BYTES_MOST, harmless, isUserId, JSON_HEADERS, judgeWecom, onceOnly,
  WECOM_TEXT_BYTES_MOST, WECOM_TIMEOUT_MS,
} from "./wecom-text.ts";

/**
 * How long WeCom drops an identical request: the longest it allows. A repeat after an answer that was lost is the same
 * bytes and then harmless; a reminder differs in its text.
 */
export const DUPLICATE_CHECK_SECONDS = 14_400;

/** Longest token that WeCom gives (channels-and-standards §2.2). */
const TOKEN_BYTES_MOST = 512;

export function wecomChannel(settings: WecomSettings, secret: ChannelSecret): Channel {
  const tokens = {
    compose: () => composeGettoken(settings, secret),
    judge: judgeGettoken,
  };
  return {
    name: "wecom",
    audience: "person",
    // Beyond 30 a minute for one member WeCom drops without a word, so we stay below.
    pace: { of: "person", perSecond: 25 / 60, burst: 5 },
    tokens,
    reaches: ({ wecom }) => wecom !== undefined && isUserId(wecom),
    compose: (dispatch, token) => composeMessage(dispatch, { settings, secret, token }),
    judge: (reply, dispatch) => onceOnly(judgeWecom(reply, (answer) => judgeAccepted(answer, dispatch)), dispatch),
    probe: (login) => (login ? tokens.compose() : { ...tokens.compose(), url: `${settings.base}/` }),
    judgeProbe: judgeProbe,
  };
}

function composeGettoken(settings: WecomSettings, { secret, authority }: ChannelSecret): HttpsRequest {
  const query = new URLSearchParams({ corpid: settings.corp, corpsecret: secret ?? "" });
  return {
    kind: "https", method: "GET", url: `${settings.base}/cgi-bin/gettoken?${query}`, headers: {}, body: "",
    timeoutMs: WECOM_TIMEOUT_MS, ...(authority === undefined ? {} : { authority }),
  };
}

/** A wrong secret and a malformed answer are both `config`: asking again at once would get the address banned. */
function judgeGettoken(reply: CarrierReply): Result<Token, Outcome> {
  let token: Token | undefined;
  const outcome = judgeWecom(reply, (answer) => {
    const { access_token: text, expires_in: lasts } = answer;
    if (typeof text !== "string" || text === "" || text.length > TOKEN_BYTES_MOST || typeof lasts !== "number" || !(lasts > 0)) {
      return { kind: "config", reason: "The answer to gettoken holds no usable token", afterMs: CONFIG_AFTER_MS };
    }
    token = { token: text, lastsMs: seconds(lasts) };
    return { kind: "accepted", receipt: "" };
  });
  if (token !== undefined) return ok(token);
  if (outcome.kind === "expired" || outcome.kind === "unfit" || outcome.kind === "refused") {
    return fail({ kind: "config", reason: outcome.reason, afterMs: CONFIG_AFTER_MS });
  }
  // A token that was perhaps made and lost reaches nobody: it is fetched again.
  return fail(outcome.kind === "unsure" ? { ...outcome, kind: "unreachable" } : outcome);
}

function composeMessage(
  dispatch: Dispatch,
  { settings, secret, token }: { readonly settings: WecomSettings; readonly secret: ChannelSecret; readonly token: string },
): Result<CarrierRequest, Outcome> {
  const [{ operator, wecom }] = dispatch.recipients;
  if (wecom === undefined) return fail({ kind: "refused", reason: `No WeCom user id for ${operator}` });
  if (!isUserId(wecom)) return fail({ kind: "refused", reason: `Not one WeCom user id for ${operator}` });
  return ok({
    kind: "https",
    method: "POST",
    url: `${settings.base}/cgi-bin/message/send?access_token=${encodeURIComponent(token)}`,
    headers: JSON_HEADERS,
    body: JSON.stringify({
      touser: wecom,
      agentid: settings.agent,
      ...contentOf(dispatch, settings.link),
      safe: 0,
      enable_id_trans: 0,
      enable_duplicate_check: 1,
      duplicate_check_interval: DUPLICATE_CHECK_SECONDS,
    }),
    timeoutMs: WECOM_TIMEOUT_MS,
    ...(secret.authority === undefined ? {} : { authority: secret.authority }),
  });
}

/** A card needs a page to open. Never markdown: personal WeChat does not show it. */
function contentOf(dispatch: Dispatch, link: string | undefined): Readonly<Record<string, unknown>> {
  // The duplicate check makes a repeat harmless, but only while its bytes are the same.
  const { subject, text } = compositionOf({ ...dispatch, resent: false });
  if (link === undefined || dispatch.plain) {
    return { msgtype: "text", text: { content: fit(harmless(text), WECOM_TEXT_BYTES_MOST) } };
  }
  return {
    msgtype: "textcard",
    textcard: {
      title: fit(harmless(subject), CARD_TITLE_BYTES_MOST),
      description: fit(harmless(text), CARD_DESCRIPTION_BYTES_MOST),
      url: link,
    },
  };
}

/** errcode 0 with our one user among the invalid or unlicensed is not success. WeCom gives user ids back in lower case. */
function judgeAccepted(answer: Readonly<Record<string, unknown>>, { recipients: [{ wecom }] }: Dispatch): Outcome {
  for (const field of ["invaliduser", "unlicenseduser"]) {
    const users = answer[field];
    if (typeof users === "string" && users.toLowerCase().split("|").includes((wecom ?? "").toLowerCase())) {
      return { kind: "refused", reason: `WeCom names the user in ${field}` };
    }
  }
  const { msgid } = answer;
  return { kind: "accepted", receipt: typeof msgid === "string" ? fit(msgid, 128) : "" };
}

/** Any answer over HTTP shows that the way is open; only a token shows that the secret is right. */
function judgeProbe(reply: CarrierReply, login: boolean): Reach {
  if (!login && reply.kind === "https") return { able: true, level: "connected", reason: "" };
  const token = judgeGettoken(reply);
  if (token.ok) return { able: true, level: "authenticated", reason: "" };
  return { able: false, level: reply.kind === "https" ? "connected" : "none", reason: reasonOf(token.fault) };
}
