/** What a listener says of its own acknowledgements and of its agents, in both languages; how an alarm stands is said by `alarm/wording.ts`. */

import type { Language } from "../alarm/language.ts";
import { SHORT_ID_LENGTH } from "../alarm/wording.ts";
import { unreachable } from "../base/assert.ts";
import type { Grade } from "./hearing.ts";

/** @param by who has it, "" where nobody has */
export function outcomeLine({ outcome, reason, by }: { readonly outcome: string; readonly reason: string; readonly by: string }, language: Language): string {
  const words = PHRASES[language];
  switch (outcome) {
    case "taken":
      return words.youTook;
    case "already":
      return by === "" ? `${words.already}${reason === "" ? "" : ` (${reason})`}` : words.alreadyBy(by);
    case "recorded":
      return words.recorded(reason);
    default:
      return words.refused(reason);
  }
}

export function unconfirmedLine(language: Language): string {
  return PHRASES[language].unconfirmed;
}

export function goneLine(language: Language): string {
  return PHRASES[language].gone;
}

/** Two agents had named one alarm, each for itself. */
export function sameLine(id: string, language: Language): string {
  return PHRASES[language].same(id.slice(0, SHORT_ID_LENGTH));
}

/** One agent that is not simply heard. @param heard those that are */
export function hearingLine({ grade, name, since, heard }: { readonly grade: Grade; readonly name: string; readonly since: string; readonly heard: readonly string[] }, language: Language): string {
  const words = PHRASES[language];
  if (heard.length > 0 && (grade === "deaf" || grade === "elsewhere")) return words.beside(name, { since, heard: heard.join(", ") });
  switch (grade) {
    case "heard":
      return "";
    case "searching":
      return words.searching(name);
    case "unanswered":
      return words.unanswered(name);
    case "unknown":
      return words.unknown(name);
    case "outdated":
      return words.outdated(name);
    case "deaf":
      return words.deaf(name, since);
    case "elsewhere":
      return words.elsewhere(name);
    default:
      return unreachable(grade);
  }
}

export function storeFailedLine(reason: string, language: Language): string {
  return PHRASES[language].storeFailed(reason);
}

type Beside = { readonly since: string; readonly heard: string };

const PHRASES = {
  en: {
    youTook: "Acknowledged by you", already: "Already acknowledged", alreadyBy: (who: string) => `Already acknowledged by ${who}`,
    recorded: (why: string) => `Recorded only: ${why}`, refused: (why: string) => `Acknowledgement refused: ${why}`,
    unconfirmed: "Acknowledgement not yet confirmed", gone: "Not open any more", same: (id: string) => `The same alarm as ${id}`,
    searching: (name: string) => `Looking for agent ${name}`,
    unanswered: (name: string) => `Agent ${name} is heard but does not answer: alarms may arrive, acknowledgements may not`,
    unknown: (name: string) => `Agent ${name} does not know this listener (revoked, or its database was lost): no alarm comes here. Ask for an invite, then: gapbell-client join --anew`,
    outdated: (name: string) => `Agent ${name} and this listener speak no version of the protocol in common that the cluster allows: install the same release on both`,
    deaf: (name: string, since: string) => `Agent ${name} is not heard${since === "" ? "" : ` since ${since}`}: its alarms do not reach this host`,
    beside: (name: string, { since, heard }: Beside) => `Agent ${name} is not heard${since === "" ? "" : ` since ${since}`}; ${heard} rings`,
    elsewhere: (name: string) => `Not on the cluster's LAN: agent ${name} cannot be heard from here`,
    storeFailed: (why: string) => `This listener cannot write to its disk (${why}): it rings on, gives no receipts, and will start again`,
  },
  zh: {
    youTook: "已由您确认", already: "已被确认", alreadyBy: (who: string) => `已由 ${who} 确认`,
    recorded: (why: string) => `仅作记录：${why}`, refused: (why: string) => `确认被拒绝：${why}`,
    unconfirmed: "确认尚未确认", gone: "已不再活动", same: (id: string) => `与 ${id} 是同一告警`,
    searching: (name: string) => `正在寻找代理 ${name}`,
    unanswered: (name: string) => `能听到代理 ${name}，但它没有应答：告警可能到达，确认可能无法送出`,
    unknown: (name: string) => `代理 ${name} 不认识本监听程序（已被吊销，或其数据库已丢失）：告警不会到达本机。请索取邀请，然后运行：gapbell-client join --anew`,
    outdated: (name: string) => `代理 ${name} 与本监听程序没有集群允许的共同协议版本：请在两端安装相同的版本`,
    deaf: (name: string, since: string) => `${since === "" ? "" : `自 ${since} 起`}听不到代理 ${name}：它的告警无法到达本机`,
    beside: (name: string, { since, heard }: Beside) => `${since === "" ? "" : `自 ${since} 起`}听不到代理 ${name}；${heard} 正常响铃`,
    elsewhere: (name: string) => `本机不在集群的局域网内：此处听不到代理 ${name}`,
    storeFailed: (why: string) => `本机监听程序无法写入磁盘（${why}）：仍会响铃，但不发送回执，稍后重启`,
  },
} as const;
