/** Decides module, item, severity and policy of a report: the same on the agent and on every listener. */

import type { Labels } from "../alarm/alarm.ts";
import type { Severity, Weight } from "../alarm/severity.ts";
import { broken } from "../base/assert.ts";
import { compile, type Matcher, type Rule, type Rules } from "./rule.ts";

/** What the rules look at. */
export type Subject = { readonly source: string; readonly labels: Labels; readonly weight: Weight | undefined };

export type Decision = {
  readonly module: string;
  readonly item: string;
  /** `info`: recorded, never rung. */
  readonly severity: Severity | "info";
  readonly policy: string;
  readonly rule: { readonly name: string; readonly line: number };
};

export const MODULE_CHARACTERS_MOST = 64;
export const ITEM_CHARACTERS_MOST = 128;

/** The first rule that matches decides. Asserts: the last rule matches everything. */
export function classify(subject: Subject, rules: Rules): Decision {
  for (const rule of rules.rules) {
    if (!rule.match.every((matcher) => matches(matcher, subject))) continue;
    return {
      module: fill(rule.module, subject, MODULE_CHARACTERS_MOST), item: fill(rule.item, subject, ITEM_CHARACTERS_MOST),
      severity: severityBy(rule, subject), policy: rule.policy, rule: { name: rule.name, line: rule.line },
    };
  }
  return broken("the default rule matches everything");
}

/** The labels that the rules look at; only these travel with an alarm. */
export function labelsRead({ rules }: Rules): ReadonlySet<string> {
  return new Set(rules.flatMap(({ match, module, item }) => [
    ...match.map(({ label }) => label), ...[...`${module} ${item}`.matchAll(PLACE)].map(([, name = ""]) => name),
  ]));
}

const PLACE = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

function severityBy({ severity }: Rule, { weight }: Subject): Severity | "info" {
  return severity === "source" ? (weight ?? "indeterminate") : severity;
}

function matches({ label, operator, value }: Matcher, subject: Subject): boolean {
  const found = valueOf(label, subject);
  switch (operator) {
    case "=":
      return found === value;
    case "!=":
      return found !== value;
    case "=~":
      return patternOf(value)?.test(found) ?? false;
    case "!~":
      return !(patternOf(value)?.test(found) ?? false);
  }
}

function valueOf(label: string, { labels, source, weight }: Subject): string {
  return labels[label] ?? (label === "source" ? source : label === "severity" ? (weight ?? "") : "");
}

/** A place whose label is missing reads "-"; an empty outcome as well. */
function fill(template: string, subject: Subject, most: number): string {
  const text = template.replace(PLACE, (_, name: string) => valueOf(name, subject) || "-");
  const points = [...text];
  return points.length > most ? points.slice(0, most).join("") : text || "-";
}

/** Compiled once; rules are few and live long. */
const patterns = new Map<string, RegExp | undefined>();

function patternOf(pattern: string): RegExp | undefined {
  if (!patterns.has(pattern)) {
    if (patterns.size > 10_000) patterns.clear();
    patterns.set(pattern, compile(pattern));
  }
  return patterns.get(pattern);
}
