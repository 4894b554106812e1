/** stub */
import type { Channel } from "./channel.ts";
import { fail } from "../base/result.ts";
import type { ChannelSecret, WecomSettings } from "./settings.ts";

export function wecomChannel(settings: WecomSettings, _secret: ChannelSecret): Channel {
  return {
    name: "wecom", audience: "person", pace: { of: "channel", perSecond: 1, burst: 10 }, tokens: undefined,
    reaches: () => true,
    compose: () => fail({ kind: "refused", reason: "Not written yet" }),
    judge: () => ({ kind: "refused", reason: "Not written yet" }),
    probe: () => ({ kind: "https", method: "GET", url: settings.base, headers: {}, body: "", timeoutMs: 15_000 }),
    judgeProbe: () => ({ able: false, level: "none", reason: "Not written yet" }),
  };
}
