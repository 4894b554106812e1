/** `gapbell-agent coverage` as people read it: the modules, then the people with their listeners, then what is missing. */

import { momentText } from "../alarm/moment.ts";
import { EVERY_MODULE } from "../duty/roster.ts";
import { record, records } from "./agent-ask.ts";
import type { Looks } from "./print.ts";
import { cut, plain, table } from "./table.ts";
import { paint } from "./terminal.ts";

type Fields = Readonly<Record<string, unknown>>;

const NAMES_COLUMNS = 40;
const RED = 31;
const YELLOW = 33;
const GREEN = 32;

const WORDS = {
  en: {
    modules: ["MODULE", "RESPONSIBLE", "HERE NOW", "VERDICT"], people: ["OPERATOR", "HOST", "STATE", "SEAT", "ADDRESS", "LAST HEARD", "OUTSIDE"],
    others: "(all others)", lastResort: " (last resort)", none: "none", never: "never",
    verdicts: { here: "somebody is here", away: "nobody at a laptop now", unheard: "NOBODY HEARD FOR DAYS", nobody: "NOBODY ANSWERS FOR IT" },
    covered: "Every module has somebody who is heard",
    nobody: (module: string) => `Nobody answers for module ${module}: name it in an operator's modules in roster.yaml`,
    unheard: (module: string) => `Nobody who answers for ${module} has been heard for days`,
    missing: (who: string) => `${who} has not been heard for days: gapbell-client run on that laptop, or gapbell-agent invite --operator ${who}`,
    inside: (who: string) => `${who} cannot be reached outside: add mail, wecom or mobile in roster.yaml`,
  },
  zh: {
    modules: ["模块", "负责人", "当前在座", "结论"], people: ["人员", "主机", "状态", "在座", "地址", "最后在线", "外部渠道"],
    others: "（其余全部）", lastResort: "（最后负责人）", none: "无", never: "从未",
    verdicts: { here: "有人在座", away: "当前无人在电脑前", unheard: "多日未听到任何负责人", nobody: "无人负责" },
    covered: "每个模块都有可听到的负责人",
    nobody: (module: string) => `模块 ${module} 无人负责：请在 roster.yaml 中写入某位人员的 modules`,
    unheard: (module: string) => `${module} 的负责人多日未被听到`,
    missing: (who: string) => `多日未听到 ${who}：请在其电脑上运行 gapbell-client run，或执行 gapbell-agent invite --operator ${who}`,
    inside: (who: string) => `${who} 没有外部联系方式：请在 roster.yaml 中添加 mail、wecom 或 mobile`,
  },
} as const;

export function coverageLines(body: Fields, looks: Looks): readonly string[] {
  const words = WORDS[looks.language];
  const modules = records(body["modules"]);
  const people = records(body["operators"]);
  const rows = table(words.modules, modules.map((one) => [
    moduleOf(one, looks), `${cut(list(one["responsible"], words.none), NAMES_COLUMNS)}${one["lastResort"] === true ? words.lastResort : ""}`,
    cut(list(one["here"], "-"), NAMES_COLUMNS), Object.entries(words.verdicts).find(([verdict]) => verdict === one["verdict"])?.[1] ?? text(one["verdict"]),
  ]));
  return [
    ...rows.map((line, at) => paint(line, { code: RED, on: looks.colour && modules[at - 1]?.["gap"] === true })),
    "",
    ...table(words.people, people.flatMap((one) => personRows(one, looks))),
    "",
    ...(body["covered"] === true ? [paint(words.covered, { code: GREEN, on: looks.colour })] : []),
    ...modules.flatMap((one) => (one["gap"] === true ? [paint((one["verdict"] === "nobody" ? words.nobody : words.unheard)(moduleOf(one, looks)), { code: RED, on: looks.colour })] : [])),
    ...people.flatMap((one) => (one["missing"] === true ? [paint(words.missing(text(one["operator"])), { code: RED, on: looks.colour })] : [])),
    ...people.flatMap((one) => (isInside(one) ? [paint(words.inside(text(one["operator"])), { code: YELLOW, on: looks.colour })] : [])),
  ];
}

/** A line for each listener; one for who has none. */
function personRows(one: Fields, looks: Looks): readonly (readonly string[])[] {
  const words = WORDS[looks.language];
  const listeners = records(one["listeners"]);
  const outside = list(one["outside"], "-");
  return (listeners.length === 0 ? [record(undefined)] : listeners).map((listener) => [
    `${text(one["operator"])}${listener["robot"] === true ? " (robot)" : ""}`, text(listener["host"]) || "-", text(listener["state"]) || "-", text(listener["seat"]) || "-",
    text(listener["address"]) || "-", typeof listener["lastHeardAt"] === "number" ? momentText(listener["lastHeardAt"], looks.timezone) : words.never, outside,
  ]);
}

/** Only who answers for something is told outside by the first step. */
function isInside({ outside, modules }: Fields): boolean {
  return Array.isArray(outside) && outside.length === 0 && Array.isArray(modules) && modules.length > 0;
}

function moduleOf({ module }: Fields, { language }: Looks): string {
  return module === EVERY_MODULE ? WORDS[language].others : text(module);
}

function list(names: unknown, none: string): string {
  return Array.isArray(names) && names.length > 0 ? names.map(text).join(", ") : none;
}

function text(value: unknown): string {
  return typeof value === "string" ? plain(value) : "";
}
