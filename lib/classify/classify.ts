/** Decides module, item, severity and policy of a report. Agent and listener run the same code on the same rules. */

import type { Classification, Labels } from "../alarm/alarm.ts";
import type { Severity, Weight } from "../alarm/severity.ts";
import { broken } from "../base/assert.ts";
import { testOf } from "./matcher.ts";
import { ITEM_LENGTH_MOST, MODULE_LENGTH_MOST, type Rule, type Rules } from "./rule.ts";
import { fill, labelsOf, parseTemplate, type Template } from "./template.ts";

/** What the rules may look at: a report, an alarm, or what a packet says of one. */
export type Subject = {
  readonly source: string;
  readonly labels: Labels;
  readonly weight: Weight | undefined;
  readonly text: string;
};

/** Like a `Classification`, but `info` is recorded and never rung. */
export type Decision = Omit<Classification, "severity"> & { readonly severity: Severity | "info" };

/** A packet cuts the text at 256 UTF-16 units; what is left of these characters is the same on both sides. */
export const TEXT_CHARACTERS_READ = 120;

/** First match wins. Asserts: the rules end with a default rule, as `parseRules` sees to. */
export function classify(subject: Subject, rules: Rules): Decision {
  const label = (name: string): string => labelOf(subject, name);
  const ready = compiled(rules).ready.find(({ tests }) =>
    tests.every(({ name, holds }) => holds(label(name))),
  );
  if (ready === undefined) return broken("the last rule matches everything");
  const { rule, module, item } = ready;
  return {
    module: fill(module, label, MODULE_LENGTH_MOST),
    item: fill(item, label, ITEM_LENGTH_MOST),
    severity: rule.severity === "source" ? (subject.weight ?? "indeterminate") : rule.severity,
    policy: rule.policy,
    rule: { name: rule.name, line: rule.line },
  };
}

/** The names of the labels that any rule looks at: the only ones that a packet needs to carry. */
export function labelsRead(rules: Rules): ReadonlySet<string> {
  return compiled(rules).read;
}

function labelOf({ source, labels, weight, text }: Subject, name: string): string {
  // Not `labels[name]` alone: a rule may ask for a label called "constructor".
  if (Object.hasOwn(labels, name)) return labels[name] ?? "";
  if (name === "source") return source;
  if (name === "severity") return weight ?? "";
  return name === "text" ? [...text].slice(0, TEXT_CHARACTERS_READ).join("") : "";
}

type Ready = {
  readonly rule: Rule;
  readonly tests: readonly { readonly name: string; readonly holds: (value: string) => boolean }[];
  readonly module: Template;
  readonly item: Template;
};
type Compiled = { readonly ready: readonly Ready[]; readonly read: ReadonlySet<string> };

/** Rules never change in place, so their expressions are compiled once. */
const COMPILED = new WeakMap<Rules, Compiled>();

function compiled(rules: Rules): Compiled {
  const held = COMPILED.get(rules);
  if (held !== undefined) return held;
  const ready = rules.rules.map(
    (rule): Ready => ({
      rule,
      tests: rule.match.map((matcher) => ({ name: matcher.label, holds: testOf(matcher) })),
      module: templateOf(rule.module),
      item: templateOf(rule.item),
    }),
  );
  const read = new Set(
    ready.flatMap(({ tests, module, item }) => [
      ...tests.map(({ name }) => name),
      ...labelsOf(module),
      ...labelsOf(item),
    ]),
  );
  const made = { ready, read };
  COMPILED.set(rules, made);
  return made;
}

function templateOf(text: string): Template {
  return parseTemplate(text) ?? broken(`"${text}" has been read as a template`);
}
