/** The timeline of an alarm as people read it: one sentence for each entry of the journal. */

import { unreachable } from "../base/assert.ts";
import type { Entry, EntryBody, Hearer } from "./journal.ts";
import type { Language } from "./language.ts";
import { momentText } from "./moment.ts";
import { isSeverity } from "./severity.ts";
import { WORDS } from "./words.ts";
import {
  acknowledgedLine,
  channelWord,
  fallbackLine,
  oneLine,
  severityWord,
  SHORT_ID_LENGTH,
} from "./wording.ts";

/** `2026-11-24 16:30:05 UTC+8  Acknowledged by li: on my way` */
export function entryLine(
  { at, body }: Entry,
  { language, timezone }: { readonly language: Language; readonly timezone: string },
): string {
  return `${momentText(at, timezone)}  ${entrySentence(body, { language, timezone })}`;
}

type Reader = { readonly language: Language; readonly timezone: string };

/** What happened, without its time. */
export function entrySentence(body: EntryBody, reader: Reader): string {
  return reader.language === "zh" ? inChinese(body, reader) : inEnglish(body, reader);
}

function inEnglish(body: EntryBody, reader: Reader): string {
  switch (body.kind) {
    case "reported": {
      const what =
        body.condition === "cleared"
          ? "Reported as cleared"
          : body.again
            ? "Reported again for people to look at,"
            : "Reported";
      return withMore(`${what} by ${oneLine(body.source)}`, body.text, reader);
    }
    case "classified":
      return `Classified as ${classOf(body, reader)}, policy ${body.policy}, by rule "${oneLine(body.rule)}"${body.line > 0 ? ` (line ${body.line})` : ""}`;
    case "responsible":
      return body.operators.length === 0
        ? "Nobody is responsible"
        : withMore("Responsible", hearers(body.operators, reader, IN_ENGLISH), reader);
    case "pushed":
      return withMore(`Rung on the LAN, ring ${body.ring} (${PUSHED_EN[body.why]})`, body.reason, reader);
    case "receipt":
      return `${body.operator}'s listener ${body.listener} has ring ${body.ring} on disk`;
    case "seen":
      return `Ring ${body.ring} was put before ${body.operator} on listener ${body.listener}`;
    case "acknowledged": {
      const line = acknowledgedLine(
        { by: body.operator, way: body.way, comment: body.comment, stranger: !body.told },
        "en",
      );
      return body.counts ? line : withMore(`${line}; the clock runs on`, body.why, reader);
    }
    case "nobody home":
      return "Nobody responsible can be reached on the LAN: not waiting for the deadline";
    case "stale":
      return WORDS.en.sourceLost;
    case "cleared":
      return body.acknowledged ? WORDS.en.cleared : WORDS.en.clearedUntaken;
    case "continued":
      return "Raised again soon after it was cleared: the same occurrence goes on, with its first deadline";
    case "doubted":
      return `Its source moves the end on at each repeat: its clock is probably more than ${Math.floor(body.behindMs / 60_000)} minutes slow, and the alarm may still be there`;
    case "probed":
      return withMore(
        {
          able: "The relay can send",
          unable: "The relay answers that it cannot send",
          silent: "The relay does not answer",
        }[body.answer],
        body.reason,
        reader,
      );
    case "escalated":
      return `Step ${body.step + 1} given to the relay: to ${names(body.to, reader)} by ${channels(body.via, reader)}, escalation ${shortId(body.escalation)}`;
    case "verdict":
      return withMore(
        `${capital(channelWord(body.channel, "en"))} to ${body.operator}: ${WORDS.en.verdict[body.verdict]}`,
        body.reason,
        reader,
      );
    case "fallback":
      return fallbackLine(body.reason, "en");
    case "withdrawn":
      return `Escalation ${shortId(body.escalation)} withdrawn`;
    case "restored":
      return withMore("Taken up again after a restart of the agent", body.reason, reader);
    default:
      return unreachable(body);
  }
}

function inChinese(body: EntryBody, reader: Reader): string {
  switch (body.kind) {
    case "reported": {
      const what =
        body.condition === "cleared" ? "上报恢复" : body.again ? "再次上报，需重新查看" : "上报告警";
      return withMore(`${oneLine(body.source)} ${what}`, body.text, reader);
    }
    case "classified":
      return `分类为 ${classOf(body, reader)}，策略 ${body.policy}，依据规则“${oneLine(body.rule)}”${body.line > 0 ? `（第 ${body.line} 行）` : ""}`;
    case "responsible":
      return body.operators.length === 0
        ? "没有责任人"
        : withMore("责任人", hearers(body.operators, reader, IN_CHINESE), reader);
    case "pushed":
      return withMore(`在局域网内第 ${body.ring} 次响铃（${PUSHED_ZH[body.why]}）`, body.reason, reader);
    case "receipt":
      return `${body.operator} 的监听端 ${body.listener} 已保存第 ${body.ring} 次响铃`;
    case "seen":
      return `第 ${body.ring} 次响铃已在监听端 ${body.listener} 上呈现给 ${body.operator}`;
    case "acknowledged": {
      const line = acknowledgedLine(
        { by: body.operator, way: body.way, comment: body.comment, stranger: !body.told },
        "zh",
      );
      return body.counts ? line : withMore(`${line}；计时继续`, body.why, reader);
    }
    case "nobody home":
      return "局域网内联系不到任何责任人：不再等待期限";
    case "stale":
      return WORDS.zh.sourceLost;
    case "cleared":
      return body.acknowledged ? WORDS.zh.cleared : WORDS.zh.clearedUntaken;
    case "continued":
      return "恢复后不久再次发生：视为同一次告警，期限不变";
    case "doubted":
      return `来源每次重复都推后结束时间：其时钟可能慢了 ${Math.floor(body.behindMs / 60_000)} 分钟以上，告警可能仍然存在`;
    case "probed":
      return withMore(
        { able: "中继可以发送", unable: "中继答复无法发送", silent: "中继没有应答" }[body.answer],
        body.reason,
        reader,
      );
    case "escalated":
      return `第 ${body.step + 1} 级已交给中继：通过${channels(body.via, reader)}通知 ${names(body.to, reader)}，编号 ${shortId(body.escalation)}`;
    case "verdict":
      return withMore(
        `${channelWord(body.channel, "zh")}通知 ${body.operator}：${WORDS.zh.verdict[body.verdict]}`,
        body.reason,
        reader,
      );
    case "fallback":
      return fallbackLine(body.reason, "zh");
    case "withdrawn":
      return `通知 ${shortId(body.escalation)} 已撤回`;
    case "restored":
      return withMore("代理重启后继续处理", body.reason, reader);
    default:
      return unreachable(body);
  }
}

type Why = Extract<EntryBody, { readonly kind: "pushed" }>["why"];
const PUSHED_EN: Readonly<Record<Why, string>> = {
  new: "new",
  changed: "it has become worse",
  again: "still not acknowledged",
  fallback: "nothing went out",
  "re-alert": "still not acknowledged",
};
const PUSHED_ZH: Readonly<Record<Why, string>> = {
  new: "新告警",
  changed: "告警加重",
  again: "仍无人确认",
  fallback: "外部通知失败",
  "re-alert": "仍无人确认",
};

type HearerWords = {
  readonly none: (operator: string) => string;
  readonly one: (operator: string, place: string, when: string, home: boolean) => string;
  readonly never: string;
};
const IN_ENGLISH: HearerWords = {
  none: (operator) => `${operator} (has no listener)`,
  one: (operator, place, when, home) =>
    `${operator} on ${place}, last heard ${when}${home ? "" : ", not before it"}`,
  never: "never",
};
const IN_CHINESE: HearerWords = {
  none: (operator) => `${operator}（没有监听端）`,
  one: (operator, place, when, home) =>
    `${operator} 在 ${place}，最后在线 ${when}${home ? "" : "，不在机前"}`,
  never: "从未",
};

function hearers(operators: readonly Hearer[], { language, timezone }: Reader, words: HearerWords): string {
  const one = ({ operator, listener, host, address, lastHeardAt, home }: Hearer): string => {
    if (listener === undefined) return words.none(operator);
    const place = `${oneLine(host ?? listener)}${address === undefined ? "" : ` (${address})`}`;
    return words.one(
      operator,
      place,
      lastHeardAt === undefined ? words.never : momentText(lastHeardAt, timezone),
      home,
    );
  };
  return operators.map(one).join(WORDS[language].semicolon);
}

function classOf(
  { severity, module, item }: Extract<EntryBody, { readonly kind: "classified" }>,
  { language }: Reader,
): string {
  return `${isSeverity(severity) ? severityWord(severity, language) : severity} ${oneLine(module)}/${oneLine(item)}`;
}

function withMore(what: string, more: string, { language }: Reader): string {
  const line = oneLine(more);
  return line === "" ? what : `${what}${WORDS[language].colon}${line}`;
}

function names(operators: readonly string[], { language }: Reader): string {
  return operators.join(WORDS[language].comma);
}

function channels(via: readonly string[], { language }: Reader): string {
  return via.map((channel) => channelWord(channel, language)).join(WORDS[language].comma);
}

function shortId(escalation: string): string {
  return escalation.slice(0, SHORT_ID_LENGTH);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
