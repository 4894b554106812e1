/** What the doctor finds, and which of it is to be fixed first. */

import type { SENTENCES } from "./sentences.ts";

/**
 * In the order of causes: what stands earlier explains what stands later. Whoever has no interface hears no broadcast,
 * whoever hears no broadcast has no answer; so the first that fails is the one to fix.
 */
export const CHECKS = [
  "keys", "running", "interfaces", "ports", "tunnel", "netmask", "firewall", "road", "agent", "isolation", "broadcast", "unicast", "membership", "versions", "clock",
  "listeners", "peers", "wayOut", "store", "buffer",
] as const;
export type Check = (typeof CHECKS)[number];

/** `note`: worth knowing, nothing to fix. */
export type Mark = "ok" | "note" | "warn" | "fail";

type Sentences = (typeof SENTENCES)["en"];
export type Code = keyof Sentences;

export type Finding = { readonly check: Check; readonly mark: Mark; readonly code: Code; readonly words: readonly string[] };

/** @param words what the sentence of that code speaks of, in its order */
export function finding<C extends Code>(check: Check, mark: Mark, code: C, ...words: Parameters<Sentences[C]>): Finding {
  return { check, mark, code, words };
}

/** In the order of causes; of one check the worst first. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const worst: readonly Mark[] = ["fail", "warn", "note", "ok"];
  return [...findings].sort((a, b) => CHECKS.indexOf(a.check) - CHECKS.indexOf(b.check) || worst.indexOf(a.mark) - worst.indexOf(b.mark));
}

/** The one thing to fix first; undefined where all roads work. */
export function firstToFix(findings: readonly Finding[]): Finding | undefined {
  const ordered = inOrder(findings);
  return ordered.find(({ mark }) => mark === "fail") ?? ordered.find(({ mark }) => mark === "warn");
}
