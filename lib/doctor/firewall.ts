/** Whether a rule set lets a packet of Gapbell through. What a rule asks that we do not understand makes the answer unsure, never wrong. */

import { isWithin } from "../base/ipv4.ts";

/** What rules ask about, for one of our packets. */
export type Packet = {
  readonly hook: "input" | "output";
  readonly interface: string;
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly state: "new" | "established";
  readonly cast: "broadcast" | "unicast";
};

export type Field = "interface" | "outInterface" | "protocol" | "from" | "to" | "fromPort" | "toPort" | "state" | "cast";

/** One condition. `unknown`: we cannot tell. Values are words, numbers as text, "a-b" ranges, or subnets as "10.0.0.0/8". */
export type Match = { readonly field: Field | "unknown"; readonly values: readonly string[]; readonly negated: boolean };

export type Action = "accept" | "drop" | "return" | "none" | { readonly jump: string } | { readonly goto: string };

export type Rule = { readonly matches: readonly Match[]; readonly action: Action };

export type Chain = {
  /** Unique over tables: "inet filter input". */
  readonly name: string;
  /** Undefined: reached by jumps only. */
  readonly hook: "input" | "output" | undefined;
  readonly priority: number;
  readonly policy: "accept" | "drop";
  readonly rules: readonly Rule[];
};

export type Passage = "passes" | "dropped" | "unsure";

/** Jumps deeper than this are not followed: rule sets that loop do not load. */
const DEPTH_MOST = 16;

/** A packet passes where every chain of its hook lets it pass. */
export function passage(chains: readonly Chain[], packet: Packet): Passage {
  const known = new Map(chains.map((chain) => [chain.name, chain]));
  const fates = chains.filter(({ hook }) => hook === packet.hook).sort((a, b) => a.priority - b.priority).map((chain) => walk(chain, known, packet));
  if (fates.includes("dropped")) return "dropped";
  return fates.includes("unsure") ? "unsure" : "passes";
}

function walk(base: Chain, known: ReadonlyMap<string, Chain>, packet: Packet): Passage {
  const may = { accept: false, drop: false };
  const fate = follow(base, { known, packet, may, depth: 0 }) ?? (base.policy === "drop" ? "dropped" : "passes");
  if (fate === "dropped") return may.accept ? "unsure" : "dropped";
  return may.drop ? "unsure" : "passes";
}

type Walk = { readonly known: ReadonlyMap<string, Chain>; readonly packet: Packet; readonly may: { accept: boolean; drop: boolean }; readonly depth: number };

/** @returns undefined where the chain ends, or returns, without a word */
function follow(chain: Chain, at: Walk): "passes" | "dropped" | undefined {
  for (const { matches, action } of chain.rules) {
    const applies = matches.reduce<"yes" | "no" | "maybe">((sum, match) => both(sum, holds(match, at.packet)), "yes");
    if (applies === "no" || action === "none") continue;
    if (applies === "maybe") {
      perhaps(action, at);
      continue;
    }
    if (action === "return") return undefined;
    if (action === "accept") return "passes";
    if (action === "drop") return "dropped";
    const target = at.known.get("jump" in action ? action.jump : action.goto);
    const fate = target === undefined || at.depth >= DEPTH_MOST ? undefined : follow(target, { ...at, depth: at.depth + 1 });
    if (fate !== undefined || "goto" in action) return fate;
  }
  return undefined;
}

/** A rule that may or may not apply: what it could lead to is kept in mind. */
function perhaps(action: Action, at: Walk): void {
  if (action === "accept") at.may.accept = true;
  else if (action === "drop") at.may.drop = true;
  else if (action === "return") {
    at.may.accept = true;
    at.may.drop = true;
  } else if (action !== "none") {
    const target = at.known.get("jump" in action ? action.jump : action.goto);
    const fate = target === undefined || at.depth >= DEPTH_MOST ? undefined : follow(target, { ...at, depth: at.depth + 1 });
    if (fate === "passes") at.may.accept = true;
    if (fate === "dropped") at.may.drop = true;
  }
}

function both(a: "yes" | "no" | "maybe", b: "yes" | "no" | "maybe"): "yes" | "no" | "maybe" {
  if (a === "no" || b === "no") return "no";
  return a === "maybe" || b === "maybe" ? "maybe" : "yes";
}

function holds({ field, values, negated }: Match, packet: Packet): "yes" | "no" | "maybe" {
  if (field === "unknown") return "maybe";
  const found = foundIn(field, packet);
  const one = values.some((value) => fits(field, value, found));
  return one !== negated ? "yes" : "no";
}

function foundIn(field: Field, { hook, interface: name, from, to, fromPort, toPort, state, cast }: Packet): string {
  switch (field) {
    case "interface":
      return hook === "input" ? name : "";
    case "outInterface":
      return hook === "output" ? name : "";
    case "protocol":
      return "udp";
    case "from":
      return from;
    case "to":
      return to;
    case "fromPort":
      return String(fromPort);
    case "toPort":
      return String(toPort);
    case "state":
      return state;
    case "cast":
      return cast;
  }
}

function fits(field: Field, value: string, found: string): boolean {
  if (field === "protocol") return ["udp", "17", "all", "0"].includes(value.toLowerCase());
  if (field === "fromPort" || field === "toPort") {
    const [low = "", high = low] = value.split(/[-:]/);
    return Number(found) >= Number(low === "" ? 0 : low) && Number(found) <= Number(high === "" ? 65_535 : high);
  }
  if (field === "from" || field === "to") return isWithin(found, value);
  if (field === "interface" || field === "outInterface") return /[*+]$/.test(value) ? found.startsWith(value.slice(0, -1)) : found === value;
  return value.toLowerCase() === found;
}
