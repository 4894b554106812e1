/** The words that alarms are spoken of in, a table for each language; `wording.ts` and `timeline.ts` make lines of them. */

import type { Acknowledgement } from "./alarm.ts";
import type { Verdict } from "./journal.ts";
import type { Language } from "./language.ts";
import type { ChannelName } from "./policy.ts";
import type { Severity } from "./severity.ts";

export type Words = {
  readonly severity: Readonly<Record<Severity, string>>;
  readonly channel: Readonly<Record<ChannelName, string>>;
  readonly verdict: Readonly<Record<Verdict, string>>;
  /** Between names in a row, and between two sentences of one line. */
  readonly comma: string;
  readonly semicolon: string;
  /** `${what}: ${more}` */
  readonly colon: string;
  /** Who, and by which way: "li, at the agent's console". */
  readonly by: Readonly<Record<Acknowledgement["way"], (operator: string) => string>>;
  readonly acknowledged: (by: string) => string;
  readonly stranger: (operator: string) => string;
  readonly cleared: string;
  readonly clearedTaken: (by: string) => string;
  readonly clearedUntaken: string;
  readonly sourceLost: string;
  readonly shelved: string;
  readonly waiting: string;
  readonly trying: string;
  readonly toldOutside: string;
  readonly told: (told: { readonly names: string; readonly channel: string }) => string;
  readonly sendingFailed: (reason: string) => string;
  readonly noReason: string;
  readonly raised: (at: string) => string;
  readonly take: (id: string) => string;
  /** How many are open, how many of them are of the worst severity, how many are new; the last two where they say something. */
  readonly summary: (counts: { readonly open: number; readonly worst: { readonly count: number; readonly severity: string } | undefined; readonly fresh: number }) => string;
  readonly more: (count: number) => string;
};

export const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    severity: {
      critical: "critical",
      major: "major",
      indeterminate: "indeterminate",
      minor: "minor",
      warning: "warning",
    },
    channel: { mail: "mail", wecom: "WeChat", "wecom-robot": "the WeChat group" },
    verdict: {
      accepted: "accepted",
      refused: "refused",
      unreachable: "could not be reached",
      unsure: "unsure whether it arrived",
    },
    comma: ", ",
    semicolon: "; ",
    colon: ": ",
    by: {
      listener: (operator) => operator,
      console: (operator) => `${operator}, at the agent's console`,
      robot: (operator) => `a script of ${operator}`,
      outside: (operator) => `${operator}, from outside`,
    },
    acknowledged: (by) => `Acknowledged by ${by}`,
    stranger: (operator) => `${operator} was not among those told`,
    cleared: "Cleared",
    clearedTaken: (by) => `Cleared, after ${by} had acknowledged it`,
    clearedUntaken: "Cleared before anyone acknowledged it",
    sourceLost: "Source lost: nothing more is heard of it, so it counts as still there",
    shelved: "Set aside for a time",
    waiting: "Nobody has acknowledged it yet",
    trying: "Nobody has acknowledged it: the way to mail and WeChat is being tried",
    toldOutside: "Told outside by mail or WeChat; nobody has acknowledged it yet",
    told: ({ names, channel }) => `Told outside by ${channel} to ${names}`,
    sendingFailed: (reason) => `Nobody has acknowledged it, and mail/WeChat sending failed: ${reason}`,
    noReason: "no reason is known",
    raised: (at) => `Raised ${at}`,
    take: (id) => `To take it: gapbell-client ack ${id}`,
    summary: ({ open, worst, fresh }) => [`${open} open alarms`, ...(worst ? [`${worst.count} ${worst.severity}`] : []), ...(fresh > 0 ? [`${fresh} new`] : [])].join(", "),
    more: (count) => `and ${count} more: gapbell-client list`,
  },
  zh: {
    severity: { critical: "紧急", major: "重要", indeterminate: "未定", minor: "次要", warning: "提示" },
    channel: { mail: "邮件", wecom: "微信", "wecom-robot": "微信群" },
    verdict: { accepted: "已接受", refused: "被拒绝", unreachable: "无法送达", unsure: "不确定是否送达" },
    comma: "、",
    semicolon: "；",
    colon: "：",
    by: {
      listener: (operator) => operator,
      console: (operator) => `${operator}（在代理端控制台）`,
      robot: (operator) => `${operator} 的脚本`,
      outside: (operator) => `${operator}（从外部）`,
    },
    acknowledged: (by) => `已由 ${spaced(by)}确认`,
    stranger: (operator) => `${operator} 不在被通知人员之列`,
    cleared: "已恢复",
    clearedTaken: (by) => `已恢复，此前已由 ${spaced(by)}确认`,
    clearedUntaken: "无人确认即已恢复",
    sourceLost: "来源失联：不再收到其消息，视为告警仍然存在",
    shelved: "暂时搁置",
    waiting: "尚无人确认",
    trying: "无人确认：正在尝试邮件和微信通道",
    toldOutside: "已通过邮件或微信通知外部；尚无人确认",
    told: ({ names, channel }) => `已通过${channel}通知外部人员 ${names}`,
    sendingFailed: (reason) => `告警仍无人确认，邮件/微信发送失败：${reason}`,
    noReason: "原因不明",
    raised: (at) => `发生于 ${at}`,
    take: (id) => `确认方法：gapbell-client ack ${id}`,
    summary: ({ open, worst, fresh }) => [`${open} 条告警待处理`, ...(worst ? [`其中${worst.severity} ${worst.count} 条`] : []), ...(fresh > 0 ? [`新增 ${fresh} 条`] : [])].join("，"),
    more: (count) => `另有 ${count} 条：gapbell-client list`,
  },
};

/** Chinese sets a space beside Latin letters, and none beside its own brackets and characters. */
function spaced(name: string): string {
  return /[\p{Script=Latin}\p{N}]$/u.test(name) ? `${name} ` : name;
}
