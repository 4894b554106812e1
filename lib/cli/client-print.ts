/** The listener's answers as people read them. */

import { momentText } from "../alarm/moment.ts";
import { isSeverity } from "../alarm/severity.ts";
import { headline, severityWord, stateLine, summaryLines, type Standing } from "../alarm/wording.ts";
import { record, records } from "./agent-ask.ts";
import { dropLines } from "./print.ts";
import { cut, plain, table } from "./table.ts";
import { paint, type Reader } from "./terminal.ts";

type Fields = Readonly<Record<string, unknown>>;
export type Looks = Reader & { readonly colour: boolean };

const TEXT_COLUMNS = 60;
const COLOURS: Readonly<Record<string, number>> = { critical: 31, major: 35, indeterminate: 35, minor: 33, warning: 36 };

const WORDS = {
  en: {
    titles: ["ID", "SEVERITY", "MODULE", "ITEM", "SINCE", "FOR", "STATE", "TEXT"], none: "No open alarm",
    outcome: { taken: "Taken: you have it", already: "Already taken", recorded: "Recorded only", refused: "Refused", pending: "Not yet confirmed" },
    by: (who: string) => ` by ${who}`,
    status: (operator: string, cluster: string) => `Listening for ${operator} in cluster ${cluster}`,
    byTcp: " by TCP, UDP is blocked between here and there",
    hearing: { heard: "heard", searching: "not yet heard", unanswered: "heard, but does not answer", unknown: "does NOT KNOW this listener", outdated: "speaks no version in common", deaf: "NOT HEARD", elsewhere: "not on the cluster's LAN" },
    counts: (open: number, mine: number, untaken: number) => `${open} open, ${mine} for this operator, ${untaken} that nobody has taken`,
    pending: (count: number) => `${count} acknowledgements not yet confirmed`, differing: (count: number) => `${count} classified otherwise by the rules held here: the agent's result is shown`,
  },
  zh: {
    titles: ["编号", "级别", "模块", "对象", "开始时间", "负责人", "状态", "内容"], none: "没有未清除的告警",
    outcome: { taken: "已确认：由您负责", already: "已被确认", recorded: "仅作记录", refused: "被拒绝", pending: "尚未得到代理确认" },
    by: (who: string) => `（${who}）`,
    status: (operator: string, cluster: string) => `正在为 ${operator} 监听集群 ${cluster}`,
    byTcp: "（经由 TCP：两端之间的 UDP 被阻挡）",
    hearing: { heard: "可听到", searching: "尚未听到", unanswered: "可听到，但无应答", unknown: "不认识本监听程序", outdated: "没有共同的协议版本", deaf: "听不到", elsewhere: "不在集群的局域网内" },
    counts: (open: number, mine: number, untaken: number) => `未清除 ${open} 条，本人负责 ${mine} 条，无人确认 ${untaken} 条`,
    pending: (count: number) => `${count} 个确认尚未得到代理答复`, differing: (count: number) => `${count} 条与本地规则的分类不同：显示代理的结果`,
  },
} as const;

/** `list` */
export function inboxLines(body: Fields, looks: Looks): readonly string[] {
  const alarms = records(body["alarms"]);
  const words = WORDS[looks.language];
  if (alarms.length === 0) return [words.none];
  const lines = table(words.titles, alarms.map((alarm) => [
    text(alarm["short"]), severityOf(alarm, looks), text(alarm["module"]), cut(text(alarm["item"]), 32), when(alarm["at"], looks),
    Array.isArray(alarm["to"]) ? cut(alarm["to"].map(text).join(","), 20) : "", plain(stateLine(standingOf(alarm), looks.language)), cut(text(alarm["text"]), TEXT_COLUMNS),
  ]));
  return lines.map((line, at) => {
    const alarm = alarms[at - 1];
    const code = alarm?.["open"] === true ? COLOURS[text(alarm["severity"])] : undefined;
    return paint(line, { code: code ?? 0, on: looks.colour && code !== undefined });
  });
}

/** `ack`: what became of it. */
export function outcomeLines(body: Fields, looks: Looks): readonly string[] {
  const words = WORDS[looks.language];
  const outcome = text(body["outcome"]);
  const known = Object.entries(words.outcome).find(([name]) => name === outcome)?.[1] ?? outcome;
  const by = text(body["by"]);
  const reason = text(body["reason"]);
  return [`${known}${by === "" || outcome === "taken" ? "" : words.by(by)}${reason === "" ? "" : `: ${reason}`}`];
}

/** `status` */
export function statusLines(body: Fields, looks: Looks): readonly string[] {
  const words = WORDS[looks.language];
  const counts = record(body["alarms"]);
  const acks = records(body["acknowledgements"]).length;
  const differing = Number(counts["differing"] ?? 0);
  return [
    paint(words.status(text(body["operator"]), text(body["cluster"])), { code: colourOf(body), on: looks.colour }),
    ...records(body["agents"]).map((agent) => {
      const grade = text(agent["hearing"]);
      const hearing = Object.entries(words.hearing).find(([name]) => name === grade)?.[1] ?? grade;
      return `  ${text(agent["name"])} ${text(agent["address"])}: ${hearing}${agent["road"] === "tcp" ? words.byTcp : ""}${when(agent["heardAt"], looks) === "" ? "" : ` (${when(agent["heardAt"], looks)})`}${text(agent["fault"]) === "" ? "" : `; ${text(agent["fault"])}`}`;
    }),
    words.counts(Number(counts["open"] ?? 0), Number(counts["mine"] ?? 0), Number(counts["unacknowledged"] ?? 0)),
    ...(acks === 0 ? [] : [words.pending(acks)]),
    ...(differing === 0 ? [] : [words.differing(differing)]),
    ...dropLines(body, looks),
  ];
}

/** Green where every agent is heard, yellow where one of several is, grey where the host has left their LAN, red otherwise. */
function colourOf(body: Fields): number {
  if (body["green"] === true) return 32;
  if (records(body["agents"]).some((agent) => agent["hearing"] === "heard")) return 33;
  return records(body["agents"]).every((agent) => agent["hearing"] === "elsewhere") ? 90 : 31;
}

/** One line of `listen` for people. */
export function tapText(line: Fields, looks: Looks): string {
  const at = when(line["at"], looks);
  const id = text(line["occurrence"]).slice(0, 6);
  switch (line["kind"]) {
    case "alarm": {
      const severity = text(line["severity"]);
      const said = { severity: isSeverity(severity) ? severity : "indeterminate", module: text(line["module"]), item: text(line["item"]), text: text(line["text"]) } as const;
      return `${at} [${id}] ${headline(said, looks.language)}`;
    }
    case "summary":
      return `${at} ${summaryLines({ open: Number(line["open"] ?? 0), fresh: Number(line["fresh"] ?? 0), worstCount: 0, worst: [] }, looks.language)[0] ?? ""}`;
    case "hearing": {
      const grade = text(line["hearing"]);
      return `${at} ${text(line["agent"])}: ${Object.entries(WORDS[looks.language].hearing).find(([name]) => name === grade)?.[1] ?? grade}`;
    }
    default:
      return `${at} [${id}] ${plain(stateLine(standingOf(line), looks.language))}`;
  }
}

function standingOf(alarm: Fields): Standing {
  return {
    condition: alarm["condition"], attention: alarm["attention"], phase: alarm["phase"], sending: alarm["sending"], reason: text(alarm["reason"]),
    ...(alarm["by"] === undefined ? {} : { by: text(alarm["by"]), way: text(alarm["way"]), comment: text(alarm["comment"]), stranger: alarm["stranger"] === true }),
  } as Standing;
}

function severityOf(alarm: Fields, { language }: Looks): string {
  const severity = text(alarm["severity"]);
  return isSeverity(severity) ? severityWord(severity, language) : severity;
}

function when(at: unknown, { timezone }: Looks): string {
  return typeof at === "number" ? momentText(at, timezone) : "";
}

function text(value: unknown): string {
  return typeof value === "string" ? plain(value) : typeof value === "number" ? String(value) : "";
}
