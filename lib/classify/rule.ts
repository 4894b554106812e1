/** Classification rules: what a label must look like, and the module, item, severity and policy that follow. */

import { z } from "zod";
import { SEVERITIES, type Severity } from "../alarm/severity.ts";
import { fromUtf8, toBase64, utf8 } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import { fail, ok, type Result } from "../base/result.ts";

export type Matcher = {
  /** A label's name; `source` and `severity` mean those of the report where the label is absent. */
  readonly label: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  /** For `=~` and `!~` a regular expression, anchored at both ends; a missing label is "". */
  readonly value: string;
};

export type Rule = {
  readonly name: string;
  /** 1-based line in `rules.yaml`; 0 where the rules did not come from a file. */
  readonly line: number;
  /** All must hold; none: the default rule, obligatory and last. */
  readonly match: readonly Matcher[];
  /** `{label}` is replaced by that label's value. */
  readonly module: string;
  readonly item: string;
  /** `source`: what the source says. */
  readonly severity: Severity | "info" | "source";
  readonly policy: string;
};

/** First match wins; the last rule matches everything. */
export type Rules = { readonly rules: readonly Rule[] };

export const RULES_MOST = 500;
export const MATCHERS_MOST = 16;
const PATTERN_MOST = 500;

/** As `rules.yaml` has it. */
export const RuleForm = z.strictObject({
  name: z.string().min(1).max(64),
  match: z.array(z.string().max(700)).max(MATCHERS_MOST).default([]),
  module: z.string().min(1).max(128),
  item: z.string().max(256).default(""),
  severity: z.enum([...SEVERITIES, "info", "source"]).default("source"),
  policy: z.string().min(1).max(32).default("default"),
});
export const RulesForm = z.strictObject({ rules: z.array(RuleForm).min(1).max(RULES_MOST) });
export type RulesForm = z.infer<typeof RulesForm>;

export type RuleFault = { readonly path: readonly (string | number)[]; readonly found: string; readonly expected: string };

/** What the schema cannot say: matchers that can be read, names that differ, and a default rule at the end. */
export function rulesOf(form: RulesForm, lineOf: (rule: number) => number): Result<Rules, readonly RuleFault[]> {
  const faults: RuleFault[] = [];
  const names = new Set<string>();
  const rules = form.rules.map((rule, at): Rule => {
    if (names.has(rule.name)) faults.push({ path: ["rules", at, "name"], found: `"${rule.name}" a second time`, expected: "a name of its own" });
    names.add(rule.name);
    const match = rule.match.flatMap((text, place) => {
      const matcher = parseMatcher(text);
      if (matcher.ok) return [matcher.value];
      faults.push({ path: ["rules", at, "match", place], found: `"${text}"`, expected: matcher.fault });
      return [];
    });
    const last = at === form.rules.length - 1;
    if (rule.match.length === 0 && !last) faults.push({ path: ["rules", at], found: "a rule without match", expected: "to be the last one: no rule after it is ever asked" });
    if (rule.match.length > 0 && last) faults.push({ path: ["rules", at], found: `rule "${rule.name}" with match`, expected: "a last rule without match, for what no other rule knows" });
    return { ...rule, match, line: lineOf(at) };
  });
  return faults.length > 0 ? fail(faults) : ok({ rules });
}

/** `label="value"`, `!=`, `=~`, `!~`; the quotes may be left out. @returns what was expected otherwise */
export function parseMatcher(text: string): Result<Matcher, string> {
  const parts = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^"]*?))\s*$/.exec(text);
  if (parts === null) return fail('label="value", label!="value", label=~"pattern" or label!~"pattern"');
  const [, label = "", operator = "=", quoted, bare] = parts;
  const value = quoted === undefined ? (bare ?? "") : quoted.replace(/\\(["\\])/g, "$1");
  if (value.length > PATTERN_MOST) return fail(`at most ${PATTERN_MOST} characters`);
  if (operator.endsWith("~") && compile(value) === undefined) return fail(`a regular expression, "${value}" is none`);
  return ok({ label, operator: operator as Matcher["operator"], value });
}

/** Anchored at both ends, as Prometheus does. */
export function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`, "su");
  } catch {
    return undefined;
  }
}

/** The bytes that travel to the listeners: the same rules give the same bytes. */
export function canonicalRules({ rules }: Rules): Uint8Array {
  return utf8(JSON.stringify(rules.map(({ name, line, match, module, item, severity, policy }) =>
    [name, line, match.map(({ label, operator, value }) => [label, operator, value]), module, item, severity, policy])));
}

/** SHA-256 of the canonical bytes, base64url. */
export function rulesDigest(rules: Rules): string {
  return toBase64(sha256(canonicalRules(rules)));
}

const Canonical = z.array(z.tuple([
  z.string(), z.int(), z.array(z.tuple([z.string(), z.enum(["=", "!=", "=~", "!~"]), z.string()])),
  z.string(), z.string(), z.enum([...SEVERITIES, "info", "source"]), z.string(),
])).min(1).max(RULES_MOST);

/** Reads what an agent has sent. @returns undefined where the bytes are not rules */
export function rulesFromCanonical(bytes: Uint8Array): Rules | undefined {
  try {
    const parsed = Canonical.safeParse(JSON.parse(fromUtf8(bytes) ?? ""));
    if (!parsed.success) return undefined;
    return {
      rules: parsed.data.map(([name, line, match, module, item, severity, policy]) => ({
        name, line, module, item, severity, policy, match: match.map(([label, operator, value]) => ({ label, operator, value })),
      })),
    };
  } catch {
    return undefined;
  }
}
