/**
 * The agent's answers as people read them. Every field is looked for and may be missing: agent and command may be of
 * different releases.
 */

import type { EntryBody } from "../alarm/journal.ts";
import { isSeverity } from "../alarm/severity.ts";
import { momentText } from "../alarm/moment.ts";
import { entryLine } from "../alarm/timeline.ts";
import { severityTag, severityWord, stateLine, type Standing } from "../alarm/wording.ts";
import { Ability } from "../wire/relay-api.ts";
import { record, records } from "./agent-ask.ts";
import { durationText } from "./duration.ts";
import { abilityLines } from "./relay-table.ts";
import { cut, plain, table } from "./table.ts";
import { paint, type Reader } from "./terminal.ts";

type Fields = Readonly<Record<string, unknown>>;
export type Looks = Reader & { readonly colour: boolean; readonly now: number };

/** Wider than this a text goes to `show`. */
const TEXT_COLUMNS = 60;
const ITEM_COLUMNS = 32;
const COLOURS: Readonly<Record<string, number>> = { critical: 31, major: 35, indeterminate: 35, minor: 33, warning: 36 };

const TITLES = {
  en: {
    alarms: ["ID", "SEVERITY", "MODULE", "ITEM", "SINCE", "SENDING", "STATE", "TEXT"],
    listeners: ["ID", "OPERATOR", "HOST", "STATE", "SEAT", "ADDRESS", "LAST HEARD", "VERSION"],
    agents: ["OTHER AGENT", "STATE", "ADDRESS", "LAST HEARD", "SERIAL"],
  },
  zh: {
    alarms: ["编号", "级别", "模块", "对象", "开始时间", "发送", "状态", "内容"],
    listeners: ["编号", "人员", "主机", "状态", "在座", "地址", "最后在线", "版本"],
    agents: ["其他代理", "状态", "地址", "最后在线", "序号"],
  },
} as const;
const NONE = {
  en: { alarms: "No open alarm", listeners: "No listener has joined. To invite one: gapbell-agent invite --operator NAME" },
  zh: { alarms: "没有未清除的告警", listeners: "还没有监听端加入。邀请：gapbell-agent invite --operator 姓名" },
} as const;

/** `list` */
export function alarmLines(body: Fields, looks: Looks): readonly string[] {
  const alarms = records(body["alarms"]);
  if (alarms.length === 0) return [NONE[looks.language].alarms];
  const lines = table(TITLES[looks.language].alarms, alarms.map((alarm) => [
    text(alarm["short"]) || text(alarm["id"]).slice(0, 6), severityOf(alarm, looks), text(alarm["module"]), cut(text(alarm["item"]), ITEM_COLUMNS),
    when(alarm["raisedAt"], looks), text(alarm["sending"]), stateOf(alarm, looks), cut(text(alarm["text"]), TEXT_COLUMNS),
  ]));
  // The colour goes on last: what it is written with takes no room on the screen.
  return lines.map((line, at) => {
    const code = COLOURS[text(alarms[at - 1]?.["severity"])];
    return paint(line, { code: code ?? 0, on: looks.colour && code !== undefined && alarms[at - 1]?.["condition"] !== "cleared" });
  });
}

/** `show`: how it stands, and below it what happened, oldest first. */
export function showLines(body: Fields, looks: Looks): readonly string[] {
  const severity = text(body["severity"]);
  const tag = isSeverity(severity) ? severityTag(severity, looks.language) : `[${severity.toUpperCase()}]`;
  const head = `${text(body["short"])}  ${tag} ${text(body["module"])}/${text(body["item"])}: ${text(body["text"])}`;
  const detail = typeof body["detail"] === "string" ? body["detail"].split("\n").map((line) => `  ${plain(line)}`) : [];
  const labels = Object.entries(record(body["labels"])).map(([name, value]) => `${plain(name)}=${JSON.stringify(value)}`);
  return [
    paint(head, { code: COLOURS[severity] ?? 0, on: looks.colour && COLOURS[severity] !== undefined }),
    ...detail.filter((line) => line.trim() !== ""),
    `  ${stateOf(body, looks)}`,
    ...(labels.length === 0 ? [] : [`  ${plain(labels.join(" "))}`]),
    `  ${text(body["id"])}`,
    "",
    ...records(body["timeline"]).map((entry) => timelineLine(entry, looks)),
  ];
}

/** `listeners` */
export function listenerLines(body: Fields, looks: Looks): readonly string[] {
  const listeners = records(body["listeners"]);
  const asking = Number(body["asking"] ?? 0) > 0 ? [ASKING[looks.language](Number(body["asking"]))] : [];
  const agents = peerLines(body, looks);
  if (listeners.length === 0) return [NONE[looks.language].listeners, ...asking, ...agents];
  const lines = table(TITLES[looks.language].listeners, listeners.map((one) => [
    text(one["id"]).slice(0, 8), text(one["operator"]) + (one["robot"] === true ? " (robot)" : ""), text(one["host"]),
    `${text(one["state"])} ${when(one["revokedAt"], looks)}`.trimEnd(),
    text(one["seat"]), text(one["address"]) + (one["road"] === "tcp" ? " TCP" : ""), when(one["lastHeardAt"], looks), text(one["build"]),
  ]));
  return [...lines, ...asking, ...agents, ...dropLines(body, looks)];
}

const ASKING = {
  en: (count: number): string => `Waiting for approval: ${count}. To list them: gapbell-agent approve`,
  zh: (count: number): string => `等待批准：${count}。查看：gapbell-agent approve`,
} as const;

/** The other agents of the cluster, where there are any. */
function peerLines(body: Fields, looks: Looks): readonly string[] {
  const agents = records(body["agents"]);
  if (agents.length === 0) return [];
  const { heard, silent } = STANDING[looks.language];
  return ["", ...table(TITLES[looks.language].agents, agents.map((one) => [
    text(one["name"]), one["present"] === true ? heard : silent, text(one["address"]), when(one["lastHeardAt"], looks), String(one["serial"] ?? ""),
  ]))];
}

const STANDING = { en: { heard: "heard", silent: "not heard" }, zh: { heard: "可听到", silent: "听不到" } } as const;
const DROPPED = { en: "Datagrams dropped", zh: "丢弃的数据包" } as const;

/** What the LAN said in vain: datagrams that were not let in, and messages that came to nothing. */
export function dropLines(body: Fields, { language }: Pick<Looks, "language">): readonly string[] {
  const counts = [...Object.entries(record(body["drops"])), ...Object.entries(record(body["refused"]))];
  return counts.length === 0 ? [] : [`${DROPPED[language]}: ${counts.map(([why, count]) => `${plain(why)} ${Number(count)}`).join(", ")}`];
}

/** `relay`: whether there is one, how its two legs stand, and what each channel can do. */
export function relayLines(body: Fields, looks: Looks): readonly string[] {
  const address = text(record(body["relay"])["address"]);
  if (address === "") return ["No relay: nothing can leave the room. On the jump host: gapbell-relay invite; here: gapbell-agent join-relay"];
  const checked = when(body["answeredAt"], looks);
  const reason = text(body["reason"]);
  const ability = Ability.safeParse(body["ability"]);
  return [
    `Relay at ${address}, ${checked === "" ? "not heard yet" : `last heard ${checked}`}${reason === "" ? "" : `: ${reason}`}`,
    ...(ability.success ? ["", ...abilityLines(ability.data)] : []),
  ];
}

/** An entry of another release may be of a kind that this one has no sentence for. */
function timelineLine(entry: Fields, looks: Looks): string {
  const body = record(entry["body"] ?? entry);
  const line = known(() => entryLine({ occurrence: "", at: Number(entry["at"]), body: body as EntryBody }, looks));
  return line ?? `${when(entry["at"], looks)}  ${text(body["kind"])}`;
}

/** The sentences know the words of this release only. @returns undefined where there is none for what came */
function known(sentence: () => string): string | undefined {
  try {
    return sentence();
  } catch {
    return undefined;
  }
}

function severityOf(alarm: Fields, { language }: Looks): string {
  const severity = text(alarm["severity"]);
  return isSeverity(severity) ? severityWord(severity, language) : severity;
}

/** How it stands and, while somebody is awaited, how long the LAN still has. */
function stateOf(alarm: Fields, looks: Looks): string {
  const { operator, way, comment, told } = record(alarm["acknowledgement"]);
  const standing = {
    condition: alarm["condition"], attention: alarm["attention"], phase: alarm["phase"], sending: alarm["sending"], reason: text(alarm["reason"]),
    ...(operator === undefined ? {} : { by: text(operator), way: text(way), comment: text(comment), stranger: told === false }),
  } as Standing;
  const deadline = alarm["deadline"];
  const line = plain(known(() => stateLine(standing, looks.language)) ?? `${text(alarm["condition"])}, ${text(alarm["attention"])}`);
  if (alarm["phase"] !== "waiting" || typeof deadline !== "number") return line;
  const left = Math.max(0, Math.round((deadline - looks.now) / 1000)) * 1000;
  return `${line} (${durationText(left)})`;
}

function when(at: unknown, { timezone }: Looks): string {
  return typeof at === "number" ? momentText(at, timezone) : "";
}

function text(value: unknown): string {
  return typeof value === "string" ? plain(value) : typeof value === "number" ? String(value) : "";
}
