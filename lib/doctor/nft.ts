/** Reads the rules that `nft -j list ruleset` prints (libnftables-json(5)) as far as they concern IPv4 and UDP. */

import { z } from "zod";
import type { Action, Chain, Field, Match, Rule } from "./firewall.ts";

const ChainForm = z.object({
  chain: z.object({
    family: z.string(), table: z.string(), name: z.string(), hook: z.string().optional(), prio: z.number().optional(), policy: z.string().optional(),
  }),
});
const RuleForm = z.object({ rule: z.object({ family: z.string(), table: z.string(), chain: z.string(), expr: z.array(z.record(z.string(), z.unknown())) }) });
const Ruleset = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) });

/** Hooks that our packets pass on their way in and out; what is dropped before the routing decision is dropped as well. */
const HOOKS: Readonly<Record<string, Chain["hook"]>> = { prerouting: "input", input: "input", output: "output", postrouting: "output" };
/** Prerouting comes before every input chain, whatever the priorities. */
const EARLIER = 100_000;

/** @returns undefined where the text is none of nft's */
export function readNft(text: string): readonly Chain[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const ruleset = Ruleset.safeParse(json);
  if (!ruleset.success) return undefined;
  const rules = ruleset.data.nftables.flatMap((item) => {
    const parsed = RuleForm.safeParse(item);
    return parsed.success ? [parsed.data.rule] : [];
  });
  return ruleset.data.nftables.flatMap((item): readonly Chain[] => {
    const parsed = ChainForm.safeParse(item);
    if (!parsed.success) return [];
    const { family, table, name, hook, prio, policy } = parsed.data.chain;
    if (family !== "ip" && family !== "inet") return [];
    const own = rules.filter((rule) => rule.family === family && rule.table === table && rule.chain === name);
    return [{
      name: nameOf({ family, table }, name), hook: HOOKS[hook ?? ""], priority: (prio ?? 0) - (hook === "prerouting" || hook === "output" ? EARLIER : 0),
      policy: policy === "drop" ? "drop" : "accept", rules: own.flatMap(({ expr }) => rulesOf(expr, { family, table })),
    }];
  });
}

/** A verdict map is as many rules as it has entries. */
function rulesOf(expr: readonly Readonly<Record<string, unknown>>[], at: { readonly family: string; readonly table: string }): readonly Rule[] {
  const matches: Match[] = [];
  for (const statement of expr) {
    const [[word = "", body] = []] = Object.entries(statement);
    if (word === "match") matches.push(matchOf(record(body)));
    else if (word === "vmap") {
      const { key, data } = record(body);
      const entries = record(data)["set"];
      if (!Array.isArray(entries)) return [{ matches: [...matches, UNKNOWN], action: "drop" }];
      return entries.flatMap((entry): readonly Rule[] => {
        const [value, verdict] = Array.isArray(entry) ? entry : [];
        return [{ matches: [...matches, { field: fieldOf(record(key)), values: valuesOf(value, fieldOf(record(key))), negated: false }], action: actionOf(record(verdict), at) }];
      });
    } else if (word === "limit" || word === "xt" || word === "ct count" || word === "meter") matches.push(UNKNOWN);
    else {
      const action = actionOf(statement, at);
      if (action !== "none") return [{ matches, action }];
    }
  }
  return [{ matches, action: "none" }];
}

const UNKNOWN: Match = { field: "unknown", values: [], negated: false };

/** Headers that no packet of ours has. */
const OTHERS: readonly string[] = ["tcp", "icmp", "icmpv6", "ip6", "sctp", "dccp", "arp", "igmp"];
const NEVER: Match = { field: "protocol", values: ["another"], negated: false };
const ALWAYS: Match = { field: "protocol", values: ["udp"], negated: false };

function matchOf({ op, left, right }: Readonly<Record<string, unknown>>): Match {
  if (OTHERS.includes(String(record(record(left)["payload"])["protocol"]))) return NEVER;
  if (record(record(left)["meta"])["key"] === "nfproto") return (right === "ipv4") === (op === "==") ? ALWAYS : NEVER;
  const field = fieldOf(record(left));
  const values = valuesOf(right, field);
  // A named set begins with "@": what is in it is not looked up.
  if (field === "unknown" || values.some((value) => value.startsWith("@")) || !["==", "!=", "in"].includes(String(op))) return UNKNOWN;
  return { field, values, negated: op === "!=" };
}

const META: Readonly<Record<string, Field>> = { iifname: "interface", iif: "interface", oifname: "outInterface", oif: "outInterface", l4proto: "protocol", pkttype: "cast" };
const UDP: Readonly<Record<string, Field>> = { sport: "fromPort", dport: "toPort" };
const IP: Readonly<Record<string, Field>> = { saddr: "from", daddr: "to", protocol: "protocol" };

function fieldOf(left: Readonly<Record<string, unknown>>): Field | "unknown" {
  const meta = record(left["meta"])["key"];
  if (typeof meta === "string") return META[meta] ?? "unknown";
  if (record(left["ct"])["key"] === "state") return "state";
  const { protocol, field } = record(left["payload"]);
  if (protocol === "udp" || protocol === "th") return UDP[String(field)] ?? "unknown";
  if (protocol === "ip") return IP[String(field)] ?? "unknown";
  const { result, flags } = record(left["fib"]);
  return result === "type" && Array.isArray(flags) && flags.length === 1 && flags[0] === "daddr" ? "cast" : "unknown";
}

function valuesOf(right: unknown, field: Field | "unknown"): readonly string[] {
  if (Array.isArray(right)) return right.flatMap((value) => valuesOf(value, field));
  if (typeof right === "number" || typeof right === "string") return [wordOf(String(right), field)];
  const { set, range, prefix } = record(right);
  if (set !== undefined) return valuesOf(set, field);
  if (Array.isArray(range)) return [range.map(String).join("-")];
  const { addr, len } = record(prefix);
  return addr === undefined ? [] : [`${String(addr)}/${String(len)}`];
}

/** What the kernel calls an address of this host, or the host a packet is meant for, is for us a unicast. */
function wordOf(value: string, field: Field | "unknown"): string {
  return field === "cast" && (value === "local" || value === "unicast" || value === "host") ? "unicast" : value;
}

function actionOf(statement: Readonly<Record<string, unknown>>, at: { readonly family: string; readonly table: string }): Action {
  if ("accept" in statement) return "accept";
  if ("drop" in statement || "reject" in statement) return "drop";
  if ("return" in statement) return "return";
  const jump = record(statement["jump"])["target"];
  const goto = record(statement["goto"])["target"];
  if (typeof jump === "string") return { jump: nameOf(at, jump) };
  return typeof goto === "string" ? { goto: nameOf(at, goto) } : "none";
}

function nameOf({ family, table }: { readonly family: string; readonly table: string }, chain: string): string {
  return `${family} ${table} ${chain}`;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}
