/** Mail: one message for each person, handed to the site's mail server. */

import type { Result } from "../base/result.ts";
import { fail } from "../base/result.ts";
import type { CarrierReply, CarrierRequest } from "../port/carrier.ts";
import type { Channel, Dispatch, Reach } from "./channel.ts";
import type { Outcome } from "./outcome.ts";
import { type ChannelSecret, isMailAddress, type MailSettings } from "./settings.ts";

export function mailChannel(settings: MailSettings, secret: ChannelSecret): Channel {
  return {
    name: "mail",
    audience: "person",
    pace: { of: "channel", perSecond: 2, burst: 20 },
    tokens: undefined,
    reaches: ({ mail }) => mail !== undefined && isMailAddress(mail),
    compose: (dispatch) => composeMail(dispatch, settings, secret),
    judge: judgeMail,
    probe: (login) => ({ kind: "smtp-probe", server: serverOf(settings, secret), login, timeoutMs: 15_000 }),
    judgeProbe: judgeMailProbe,
  };
}

function composeMail(_dispatch: Dispatch, _settings: MailSettings, _secret: ChannelSecret): Result<CarrierRequest, Outcome> {
  return fail({ kind: "refused", reason: "Not written yet" });
}

function judgeMail(_reply: CarrierReply, _dispatch: Dispatch): Outcome {
  return { kind: "refused", reason: "Not written yet" };
}

function judgeMailProbe(_reply: CarrierReply, _login: boolean): Reach {
  return { able: false, level: "none", reason: "Not written yet" };
}

function serverOf(settings: MailSettings, { secret, authority }: ChannelSecret) {
  const { host, port, security, user, name } = settings;
  return { host, port, security, user, password: secret, authority, name };
}
