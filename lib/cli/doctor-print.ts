/** The doctor's findings as people and scripts read them, and the number that it ends with. */

import { type Check, type Finding, firstToFix, type Mark } from "../doctor/finding.ts";
import { FRAME, SENTENCES } from "../doctor/sentences.ts";
import type { Language } from "../alarm/language.ts";
import { EXIT, ExitFault, type ExitCode } from "./exit.ts";
import { printJson } from "./main.ts";
import { plain } from "./table.ts";
import { coloured, paint } from "./terminal.ts";

/** As wide as the widest, and told apart without colour. */
const MARKS: Readonly<Record<Mark, { readonly text: string; readonly code: number }>> = {
  ok: { text: "ok  ", code: 32 }, note: { text: "-   ", code: 2 }, warn: { text: "warn", code: 33 }, fail: { text: "FAIL", code: 31 },
};

const CHECK_WORDS: Readonly<Record<Language, Readonly<Record<Check, string>>>> = {
  en: {
    keys: "keys", running: "running", interfaces: "interface", ports: "port", tunnel: "tunnel", netmask: "netmask", firewall: "firewall", road: "road", isolation: "isolation", agent: "agent",
    broadcast: "broadcast", unicast: "unicast", membership: "membership", versions: "version", clock: "clock", listeners: "listeners", peers: "agents", wayOut: "way out", store: "store", buffer: "buffer",
  },
  zh: {
    keys: "密钥", running: "运行", interfaces: "接口", ports: "端口", tunnel: "隧道", netmask: "子网掩码", firewall: "防火墙", road: "路径", isolation: "隔离", agent: "代理",
    broadcast: "广播", unicast: "单播", membership: "成员", versions: "版本", clock: "时钟", listeners: "监听程序", peers: "其他代理", wayOut: "外部通路", store: "数据库", buffer: "缓冲区",
  },
};

/** A sentence as it is said: `words` come from elsewhere and may hold anything. */
function say({ code, words }: Finding, language: Language): { readonly says: string; readonly fix: string } {
  const sentence: (...words: string[]) => { readonly says: string; readonly fix: string } = SENTENCES[language][code];
  return sentence(...words.map(plain));
}

export function doctorLines(findings: readonly Finding[], { language, colour }: { readonly language: Language; readonly colour: boolean }): readonly string[] {
  const names = CHECK_WORDS[language];
  const width = Math.max(...findings.map(({ check }) => Bun.stringWidth(names[check])));
  const first = firstToFix(findings);
  const lines = findings.map((one) => {
    const { text, code } = MARKS[one.mark];
    const name = names[one.check];
    return `${paint(text, { code, on: colour })}  ${name}${" ".repeat(width - Bun.stringWidth(name))}  ${say(one, language).says}`;
  });
  const { says, fix } = first === undefined ? { says: "", fix: "" } : say(first, language);
  return [...lines, "", first === undefined ? paint(FRAME[language].well, { code: 32, on: colour }) : `${FRAME[language].first}: ${says}${fix === "" ? "" : `\n  → ${fix}`}`];
}

/** @returns how the command ends */
export function printFindings(findings: readonly Finding[], { language, json }: { readonly language: Language; readonly json: boolean }): ExitCode {
  const first = firstToFix(findings);
  const told = (one: Finding) => ({ check: one.check, mark: one.mark, code: one.code, words: one.words, ...say(one, language) });
  if (json) printJson({ well: first === undefined, first: first === undefined ? null : told(first), findings: findings.map(told) });
  else process.stdout.write(`${doctorLines(findings, { language, colour: coloured() }).join("\n")}\n`);
  return first === undefined ? EXIT.done : EXIT.failed;
}

/** A dot for each second while the doctor looks; nothing in a pipe. @returns what ends it */
export function showLooking(language: Language): () => void {
  if (process.stderr.isTTY !== true) return () => {};
  process.stderr.write(FRAME[language].looking);
  const timer = setInterval(() => process.stderr.write("."), 500);
  return () => {
    clearInterval(timer);
    process.stderr.write("\r\u001b[K");
  };
}

/** What the doctor cannot even begin without: says why, and ends with 69. */
export function orCannotLook<Value>(look: () => Value): Value {
  try {
    return look();
  } catch (thrown) {
    if (thrown instanceof ExitFault) throw new ExitFault(EXIT.unavailable, `Could not look: ${thrown.message}`, thrown.hint);
    throw thrown;
  }
}
