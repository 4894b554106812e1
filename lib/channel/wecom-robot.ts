/** stub */
import type { Channel } from "./channel.ts";
import { fail } from "../base/result.ts";
import type { ChannelSecret, RobotSettings } from "./settings.ts";

export function robotChannel(settings: RobotSettings, _secret: ChannelSecret): Channel {
  return {
    name: "wecom-robot", audience: "group", pace: { of: "channel", perSecond: 1, burst: 10 }, tokens: undefined,
    reaches: () => true,
    compose: () => fail({ kind: "refused", reason: "Not written yet" }),
    judge: () => ({ kind: "refused", reason: "Not written yet" }),
    probe: () => ({ kind: "https", method: "GET", url: settings.base, headers: {}, body: "", timeoutMs: 15_000 }),
    judgeProbe: () => ({ able: false, level: "none", reason: "Not written yet" }),
  };
}
