/** From a report to module, item, severity and policy. */

import { describe, expect, test } from "bun:test";
import { classify, labelsRead, TEXT_CHARACTERS_READ } from "../../lib/classify/classify.ts";
import { canonicalRules, rulesFromCanonical } from "../../lib/classify/rule.ts";
import { aSubject, rulesOf } from "../support/rules.ts";

describe("the first rule that matches decides", () => {
  const rules = rulesOf(
    { name: "osd-full", match: ['alertname="CephOSDFull"'], severity: "critical", policy: "fast" },
    { name: "osd", match: ['alertname=~"CephOSD.*"', 'ceph_daemon!=""'] },
  );

  test("with all of its matchers", () => {
    expect(classify(aSubject(), rules)).toEqual({
      module: "osd", item: "osd.12", severity: "warning", policy: "default", rule: { name: "osd", line: 0 },
    });
  });

  test("and no later one", () => {
    expect(classify(aSubject({ labels: { alertname: "CephOSDFull", ceph_daemon: "osd.3" } }), rules)).toMatchObject({ severity: "critical", policy: "fast" });
  });

  test("and the default where one matcher does not hold", () => {
    const decided = classify(aSubject({ labels: { alertname: "CephOSDDown", job: "ceph", instance: "node3" } }), rules);
    expect(decided).toMatchObject({ module: "ceph", item: "node3", rule: { name: "default" } });
  });

  test("and tells its line", () => {
    const lined = { rules: rules.rules.map((rule, at) => ({ ...rule, line: 10 + at })) };
    expect(classify(aSubject(), lined).rule).toEqual({ name: "osd", line: 11 });
  });
});

describe("severity", () => {
  test.each([
    ["source", "minor", "minor"], ["source", "info", "info"], ["source", undefined, "indeterminate"],
    ["major", "critical", "major"], ["info", "critical", "info"],
  ] as const)("%s over a source that says %p is %s", (severity, weight, expected) => {
    expect(classify(aSubject({ weight }), rulesOf({ severity })).severity).toBe(expected);
  });
});

describe("what a report says of itself stands in where it has no such label", () => {
  test("its source", () => {
    const rules = rulesOf({ match: ["source=report"] });
    expect(classify(aSubject({ source: "report" }), rules).rule.name).toBe("rule-1");
    expect(classify(aSubject({ source: "report", labels: { source: "other" } }), rules).rule.name).toBe("default");
  });

  test("its severity", () => {
    const rules = rulesOf({ match: ["severity=major"] });
    expect(classify(aSubject({ labels: {}, weight: "major" }), rules).rule.name).toBe("rule-1");
    expect(classify(aSubject({ labels: { severity: "error" }, weight: "major" }), rules).rule.name).toBe("default");
  });

  test("its text, as far as every packet carries it", () => {
    const rules = rulesOf({ match: ['text=~".*down"'] });
    expect(classify(aSubject({ text: "OSD 12 is down" }), rules).rule.name).toBe("rule-1");
    expect(classify(aSubject({ text: `${"x".repeat(TEXT_CHARACTERS_READ)}down` }), rules).rule.name).toBe("default");
  });
});

test("a label that every object inherits is missing like any other", () => {
  const rules = rulesOf({ match: ['constructor!=""'] }, { match: ['alertname="X"'], module: "{toString}", item: "{__proto__}" });
  expect(classify(aSubject({ labels: { alertname: "X" } }), rules)).toMatchObject({ module: "-", item: "-", rule: { name: "rule-2" } });
});

test("a label may be called __proto__", () => {
  const labels: Record<string, string> = JSON.parse('{"__proto__":"x"}');
  expect(classify(aSubject({ labels }), rulesOf({ match: ['__proto__="x"'], item: "{__proto__}" })).item).toBe("x");
});

test("a module has at most 64 characters and an item 128", () => {
  const long = "存".repeat(200);
  const decided = classify(aSubject({ labels: { long } }), rulesOf({ module: "{long}", item: "{long}" }));
  expect([decided.module.length, decided.item.length]).toEqual([64, 128]);
});

test("the labels that the rules look at are those of their matchers and of their texts", () => {
  const rules = rulesOf({ match: ['alertname="X"', "job!=node"], module: "{cluster}", item: "{ceph_daemon}/{alertname}" });
  expect([...labelsRead(rules)].sort()).toEqual(["alertname", "ceph_daemon", "cluster", "instance", "job"]);
});

test("a listener that has only those labels, and the rules as they travel, decides the same", () => {
  const rules = rulesOf(
    { match: ['alertname=~"CephOSD.*"', 'source!="report"'], severity: "critical" },
    { match: ['severity=~"warning|major"'], module: "{job}", item: "{instance}" },
  );
  const fetched = rulesFromCanonical(canonicalRules(rules));
  if (!fetched.ok) throw new Error("the canonical rules can be read");
  const read = labelsRead(rules);
  for (const subject of [aSubject(), aSubject({ source: "report" }), aSubject({ labels: { job: "x", noise: "y" }, weight: undefined })]) {
    const labels = Object.fromEntries(Object.entries(subject.labels).filter(([name]) => read.has(name)));
    const { module, item, severity, policy } = classify(subject, rules);
    expect(classify({ ...subject, labels }, fetched.value)).toMatchObject({ module, item, severity, policy });
  }
});
