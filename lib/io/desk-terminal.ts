/** The terminal as a desk: one line for each thing that happens, with the bell for what rings, and two keys. */

import type { Language } from "../alarm/language.ts";
import { momentText } from "../alarm/moment.ts";
import type { Desk, Showing } from "../port/desk.ts";

export type TerminalOptions = {
  readonly write: (text: string) => void;
  /** Somebody sits before a real terminal: keys are read. */
  readonly live: boolean;
  readonly colour: boolean;
  /** Only before a person has what is printed been seen. */
  readonly person: boolean;
  readonly columns: () => number;
  readonly wall: () => number;
  readonly language: Language;
  readonly timezone: string;
  readonly operator: string;
  readonly clusterName: string;
  readonly onTake: (id: string) => void;
  readonly onQuit: () => void;
};

export type TerminalDesk = Desk & {
  /** `a` takes the alarm that rang last and is still there, `q` ends. */
  readonly key: (key: string) => void;
  /** A line of the program's own log. */
  readonly note: (line: string) => void;
};

const RED = "\x1b[1;31m";
const PLAIN = "\x1b[0m";
const CTRL_C = "\x03";

export function openTerminalDesk({ write, live, colour, person, language, timezone, onTake, onQuit }: TerminalOptions): TerminalDesk {
  const ringing: string[] = [];
  const print = (line: string): void => write(`${line}\n`);
  return {
    show: (showing) => {
      const { alarm, rings } = showing;
      if (rings) ringing.push(alarm.id);
      const head = plain(headOf(showing, timezone));
      print(rings ? `\x07${colour ? RED : ""}${head}${colour ? PLAIN : ""}` : `  ${head}`);
      for (const remark of remarksOf(showing, language)) print(`        ${plain(remark)}`);
      if (rings && live) print(language === "zh" ? "        按 a 确认，q 退出" : "        a acknowledges, q quits");
      return Promise.resolve(person && rings);
    },
    update: ({ id, line, gone }) => {
      if (gone && ringing.includes(id)) ringing.splice(ringing.indexOf(id), 1);
      print(plain(`${id.slice(0, 6)}  ${line}`));
    },
    hearing: (line) => print(line === "" ? (language === "zh" ? "已听到代理" : "Hearing the agent") : plain(line)),
    note: (line) => print(plain(line)),
    key: (key) => {
      const last = ringing.at(-1);
      if (key === "q" || key === CTRL_C) onQuit();
      else if (key === "a" && last !== undefined) onTake(last);
    },
    close: () => {},
  };
}

function headOf({ alarm, clusterName }: Showing, timezone: string): string {
  return `${alarm.id.slice(0, 6)}  [${alarm.severity.toUpperCase()}] ${alarm.module}/${alarm.item}: ${alarm.text}  (${clusterName}, ${momentText(alarm.at, timezone)})`;
}

function remarksOf({ alarm, unverified }: Showing, language: Language): readonly string[] {
  const failed = alarm.why === "fallback" ? [language === "zh" ? `邮件/微信发送失败：${alarm.reason ?? ""}` : `mail/WeChat sending failed: ${alarm.reason ?? ""}`] : [];
  const doubt = unverified ? [language === "zh" ? "尚未验证其新鲜度" : "freshness not verified"] : [];
  return [...failed, ...doubt];
}

/** What a source has written must not move the cursor. */
function plain(text: string): string {
  return [...text].filter((character) => character >= " " && character !== "\x7f" && !(character >= "\x80" && character <= "\x9f")).join("");
}
