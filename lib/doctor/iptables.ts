/** Reads the rules that `iptables-save` prints (iptables-save(8), iptables-extensions(8)). */

import { prefixOf } from "../base/ipv4.ts";
import type { Action, Chain, Field, Match, Rule } from "./firewall.ts";

const HOOKS: Readonly<Record<string, Chain["hook"]>> = { PREROUTING: "input", INPUT: "input", OUTPUT: "output", POSTROUTING: "output" };
/** Tables in the order in which a packet meets them; what only rewrites addresses drops nothing. */
const TABLES: readonly string[] = ["raw", "mangle", "filter"];

const OPTIONS: Readonly<Record<string, Field>> = {
  "-i": "interface", "-o": "outInterface", "-p": "protocol", "-s": "from", "-d": "to", "--dport": "toPort", "--sport": "fromPort", "--dports": "toPort", "--sports": "fromPort",
  "--ctstate": "state", "--state": "state", "--pkt-type": "cast", "--dst-type": "cast",
};
/** Say nothing of their own: their options follow. */
const QUIET: readonly string[] = ["udp", "conntrack", "state", "multiport", "pkttype", "addrtype", "comment"];

export function readIptables(text: string): readonly Chain[] {
  const chains = new Map<string, { readonly hook: Chain["hook"]; readonly priority: number; readonly policy: "accept" | "drop"; readonly rules: Rule[] }>();
  let table = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1).trim();
    if (!TABLES.includes(table)) continue;
    const [, name, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (name !== undefined) {
      const hook = HOOKS[name];
      chains.set(`${table} ${name}`, { hook, priority: TABLES.indexOf(table) + (name === "INPUT" || name === "POSTROUTING" ? TABLES.length : 0), policy: policy === "DROP" ? "drop" : "accept", rules: [] });
    }
    const words = /^-A (\S+) (.*)$/.exec(line);
    if (words !== null) chains.get(`${table} ${words[1] ?? ""}`)?.rules.push(ruleOf(wordsOf(words[2] ?? ""), table));
  }
  return [...chains].map(([name, chain]) => ({ name, ...chain }));
}

/** Words may be quoted, as in comments. */
function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

function ruleOf(words: readonly string[], table: string): Rule {
  const matches: Match[] = [];
  let negated = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const value = words[at + 1] ?? "";
    const field = OPTIONS[word];
    if (word === "!") {
      negated = true;
      continue;
    }
    if (word === "-j" || word === "-g") return { matches, action: actionOf(word, value, table) };
    if (field !== undefined) matches.push({ field, values: value.split(",").map((one) => wordOf(one, field)), negated });
    else if (word === "-m" && !QUIET.includes(value)) matches.push({ field: "unknown", values: [], negated: false });
    if (field !== undefined || word === "-m" || word === "--comment") at += 1;
    negated = false;
  }
  return { matches, action: "none" };
}

function wordOf(value: string, field: Field): string {
  const [network = "", netmask = ""] = value.split("/");
  if ((field === "from" || field === "to") && netmask.includes(".")) return `${network}/${prefixOf(netmask)}`;
  return field === "cast" && /^(local|unicast)$/i.test(value) ? "unicast" : value;
}

function actionOf(word: string, target: string, table: string): Action {
  if (target === "ACCEPT") return "accept";
  if (target === "DROP" || target === "REJECT") return "drop";
  if (target === "RETURN") return "return";
  if (target === "LOG" || target === "NFLOG" || target === "MARK" || target === "CONNMARK" || target === "CHECKSUM") return "none";
  return word === "-g" ? { goto: `${table} ${target}` } : { jump: `${table} ${target}` };
}
