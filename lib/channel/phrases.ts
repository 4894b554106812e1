/** The words of what is sent outside, in the languages of the people who read it. */

import type { Language } from "../alarm/language.ts";
import type { Severity } from "../alarm/severity.ts";

export type Phrases = {
  /** Shorter than the words of the LAN: a phone's preview and a subject have little room. */
  readonly tag: Readonly<Record<Severity, string>>;
  readonly cleared: string;
  readonly alarm: string;
  readonly module: string;
  readonly item: string;
  readonly generated: string;
  readonly why: string;
  readonly resent: string;
  readonly withheld: string;
  /** @param count 2 for the first repeat */
  readonly reminder: (count: number) => string;
  readonly changed: (revision: number) => string;
  /** @param attempt 2 for the first time that it is told anew */
  readonly anew: (attempt: number) => string;
  readonly takenBy: (name: string, at: string) => string;
  readonly clearedAt: (at: string) => string;
  readonly acknowledge: (id: string) => string;
};

export const PHRASES: Readonly<Record<Language, Phrases>> = {
  en: {
    tag: { critical: "[CRIT]", major: "[MAJ]", indeterminate: "[INDET]", minor: "[MIN]", warning: "[WARN]" },
    cleared: "[OK]",
    alarm: "Alarm",
    module: "Module",
    item: "Item",
    generated: "Reported by the source",
    why: "Why you are told",
    resent: "(sent again)",
    withheld: "The text is left out because the provider refused it; see the alarm on the LAN.",
    reminder: (count) => `Message ${count}: nobody has taken this alarm yet`,
    changed: (revision) => `Revision ${revision}: the alarm has changed`,
    anew: (attempt) => `Told anew (${attempt}): it is back, or the last message about it reached nobody`,
    takenBy: (name, at) => `Taken by ${name} at ${at}`,
    clearedAt: (at) => `Cleared at ${at}`,
    acknowledge: (id) => `To take it, on the cluster's LAN: gapbell-client ack ${id}`,
  },
  zh: {
    tag: { critical: "[紧急]", major: "[重要]", indeterminate: "[未定]", minor: "[次要]", warning: "[提示]" },
    cleared: "[恢复]",
    alarm: "告警",
    module: "模块",
    item: "条目",
    generated: "来源时间",
    why: "通知原因",
    resent: "（重发）",
    withheld: "服务商拒绝了正文，此处省略；请在局域网内查看该告警。",
    reminder: (count) => `第 ${count} 次通知：此告警仍无人确认`,
    changed: (revision) => `第 ${revision} 版：告警已变化`,
    anew: (attempt) => `再次通知（第 ${attempt} 次）：告警再次出现，或上次通知未送达`,
    takenBy: (name, at) => `${name} 已于 ${at} 确认处理`,
    clearedAt: (at) => `已于 ${at} 恢复`,
    acknowledge: (id) => `确认方法（在集群局域网内）：gapbell-client ack ${id}`,
  },
};
