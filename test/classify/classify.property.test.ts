/** Whatever a source says, the rules decide, they decide the same every time, and agent and listener decide the same. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { SEVERITIES } from "../../lib/alarm/severity.ts";
import { classify, labelsRead, type Subject } from "../../lib/classify/classify.ts";
import { canonicalRules, ITEM_LENGTH_MOST, MODULE_LENGTH_MOST, parseRules, type Rules, rulesDigest, rulesFromCanonical } from "../../lib/classify/rule.ts";
import { AlarmItem } from "../../lib/wire/message.ts";
import { anItem } from "../support/a-scripted-agent.ts";
import { anyText } from "../support/any-message.ts";

const SEED = 20_261_125;
const NAMES = ["alertname", "job", "instance", "ceph_daemon", "severity", "source", "text", "constructor", "__proto__", "模块"] as const;
const name = fc.constantFrom(...NAMES);
const value = fc.oneof(fc.constantFrom("", "ceph", "osd.12", "告警", "\u001b[2J", "a\nb", "🔥".repeat(100)), anyText(20));

const matcher = fc
  .tuple(name, fc.constantFrom("=", "!=", "=~", "!~"), fc.constantFrom("", "ceph", "ceph|osd", "osd\\..*", ".*", "(?i)OSD.*", "[0-9]+", "告.*"))
  .map(([label, operator, wanted]) => `${label}${operator}${JSON.stringify(wanted)}`);
const template = fc.array(fc.oneof(fc.constantFrom("osd", "-", " ", "存"), name.map((label) => `{${label}}`)), { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join("")).filter((text) => text.trim() !== "");
const written = fc.record({ match: fc.array(matcher, { minLength: 1, maxLength: 3 }), module: template, item: template, severity: fc.constantFrom(...SEVERITIES, "info", "source") });

const rules: fc.Arbitrary<Rules> = fc.array(written, { maxLength: 5 }).map((some) => {
  const parsed = parseRules({ rules: [...some.map((rule, at) => ({ name: `r${at}`, ...rule })), { name: "default", module: "{job}", item: "{instance}" }] });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault));
  return parsed.value;
});
const subject: fc.Arbitrary<Subject> = fc.record({
  source: fc.constantFrom("report", "alertmanager-api"), weight: fc.option(fc.constantFrom(...SEVERITIES, "info" as const), { nil: undefined }), text: anyText(300),
  labels: fc.array(fc.tuple(name, value), { maxLength: 8 }).map((pairs) => Object.fromEntries(pairs)),
});

test("every subject is decided, within the limits of a packet, and twice the same", () => {
  fc.assert(
    fc.property(rules, subject, (held, said) => {
      const decided = classify(said, held);
      expect(classify(said, held)).toEqual(decided);
      for (const [text, most] of [[decided.module, MODULE_LENGTH_MOST], [decided.item, ITEM_LENGTH_MOST]] as const) {
        expect(text).not.toBe("");
        expect(text.length).toBeLessThanOrEqual(most);
      }
      expect(decided.module.isWellFormed() && decided.item.isWellFormed()).toBe(true);
      expect(`${decided.module}${decided.item}`).not.toMatch(/\p{Cc}/u);
      const severity = decided.severity === "info" ? "warning" : decided.severity;
      expect(AlarmItem.safeParse(anItem({ module: decided.module, item: decided.item, severity })).success).toBe(true);
    }),
    { seed: SEED, numRuns: 400 },
  );
});

test("a listener that has the canonical bytes, and of the labels only those that are read, decides the same", () => {
  fc.assert(
    fc.property(rules, subject, (held, said) => {
      const bytes = canonicalRules(held);
      const theirs = rulesFromCanonical(bytes);
      if (!theirs.ok) throw new Error(JSON.stringify(theirs.fault));
      expect(rulesDigest(canonicalRules(theirs.value))).toBe(rulesDigest(bytes));
      const read = labelsRead(held);
      const carried = { ...said, labels: Object.fromEntries(Object.entries(said.labels).filter(([label]) => read.has(label))) };
      expect(classify(carried, theirs.value)).toEqual(classify(said, held));
    }),
    { seed: SEED, numRuns: 400 },
  );
});

test("the order in which labels were written decides nothing", () => {
  fc.assert(
    fc.property(rules, subject, (held, said) => {
      const reversed = { ...said, labels: Object.fromEntries(Object.entries(said.labels).reverse()) };
      expect(classify(reversed, held)).toEqual(classify(said, held));
    }),
    { seed: SEED, numRuns: 200 },
  );
});
