/** The rules as a document: what is read, what is refused, and the bytes that travel. */

import { describe, expect, test } from "bun:test";
import { misfitText } from "../../lib/base/misfit.ts";
import { utf8, utf8Length } from "../../lib/base/bytes.ts";
import {
  canonicalRules, ITEM_LENGTH_MOST, MATCHERS_MOST, MODULE_LENGTH_MOST, parseRules, RULES_BYTES_MOST, RULES_MOST, rulesDigest, rulesFromCanonical,
} from "../../lib/classify/rule.ts";
import { RULES_BYTES_MOST as RULES_BYTES_MOST_OF_WIRE } from "../../lib/wire/constants.ts";
import { AlarmItem } from "../../lib/wire/message.ts";
import { DEFAULT_RULE, rulesOf, type WrittenRule } from "../support/rules.ts";

const CEPH: WrittenRule = { name: "ceph-osd", match: ['alertname=~"CephOSD.*"'], module: "osd", item: "{ceph_daemon}", severity: "source", policy: "default" };

function refused(...rules: readonly unknown[]): readonly string[] {
  const parsed = parseRules({ rules });
  return parsed.ok ? [] : parsed.fault.map(misfitText);
}

test("a rule says module and item, and the rest has a default", () => {
  const parsed = parseRules({ rules: [CEPH, DEFAULT_RULE] });
  expect(parsed.ok && parsed.value.rules).toEqual([
    { name: "ceph-osd", line: 0, match: [{ label: "alertname", operator: "=~", value: "CephOSD.*" }], module: "osd", item: "{ceph_daemon}", severity: "source", policy: "default" },
    { name: "default", line: 0, match: [], module: "{job}", item: "{instance}", severity: "source", policy: "default" },
  ]);
});

describe("rules are refused", () => {
  const rows: readonly [string, readonly unknown[], string][] = [
    ["with a field that nobody knows", [{ ...CEPH, modul: "x" }, DEFAULT_RULE], 'rules[0].modul is unknown here, must be one of name, match, module, item, severity, policy; did you mean "module"?'],
    ["with a severity that nobody knows", [{ ...CEPH, severity: "majro" }, DEFAULT_RULE], 'rules[0].severity is "majro", must be one of critical, major, indeterminate, minor, warning, info, source; did you mean "major"?'],
    ["with a matcher that cannot be read", [{ ...CEPH, match: ["alertname"] }, DEFAULT_RULE], 'rules[0].match[0] is "alertname", must be a matcher as in'],
    ["with a regular expression that cannot be read", [{ ...CEPH, match: ['a=~"("'] }, DEFAULT_RULE], "must be a matcher whose regular expression can be read"],
    ["with a text where a list belongs", [{ ...CEPH, match: "a=b" }, DEFAULT_RULE], 'rules[0].match is "a=b", must be a list'],
    ["with braces that YAML takes for its own", [{ ...CEPH, item: { ceph_daemon: null } }, DEFAULT_RULE], 'rules[0].item is a mapping, must be text in which each {label} has both its braces, in quotes as in "{ceph_daemon}"'],
    ["with half a brace", [{ ...CEPH, item: "{ceph_daemon" }, DEFAULT_RULE], "must be text in which each {label} has both its braces"],
    ["without an item", [{ name: "x", module: "osd" }], "rules[0].item is missing"],
    ["with an empty module", [{ ...CEPH, module: "" }, DEFAULT_RULE], 'rules[0].module is "", must be text of at least 1 character'],
    ["with two of one name", [CEPH, { ...CEPH, match: ["a=b"] }, DEFAULT_RULE], 'rules[1].name is "ceph-osd" like that of rules[0], must be a name of its own'],
    ["without a default rule", [CEPH], 'rules[0] is "ceph-osd" with matchers, must be followed by a default rule, one without "match"'],
    ["with a rule that is never reached", [DEFAULT_RULE, CEPH], 'rules[1] is "ceph-osd", which is never reached because "default" above it matches everything'],
    ["with none at all", [], "rules is an empty list, must be a list of at least 1 entry"],
    ["with too many matchers", [{ ...CEPH, match: Array(MATCHERS_MOST + 1).fill("a=b") }, DEFAULT_RULE], `must be a list of at most ${MATCHERS_MOST} entries`],
    ["with too many rules", [...Array.from({ length: RULES_MOST }, (_, at) => ({ ...CEPH, name: `r${at}` })), DEFAULT_RULE], `must be a list of at most ${RULES_MOST} entries`],
  ];
  test.each(rows)("%s", (_, rules, expected) => {
    expect(refused(...rules).join("\n")).toContain(expected);
  });

  test.each([["nothing", undefined], ["a number", 5], ["a list", []], ["another name", { rule: [] }]])("where the document is %s", (_, json) => {
    expect(parseRules(json).ok).toBe(false);
  });

  test("where they do not fit into what a listener fetches", () => {
    const large = Array.from({ length: 100 }, (_, at) => ({ ...CEPH, name: `r${at}`, match: [`a="${"x".repeat(700)}"`] }));
    expect(refused(...large, DEFAULT_RULE).join()).toContain(`must be at most ${RULES_BYTES_MOST}`);
  });

  test("all mistakes at once", () => {
    expect(refused({ ...CEPH, severity: "bad", item: "{" }, { ...DEFAULT_RULE, x: 1 })).toHaveLength(3);
  });
});

describe("the bytes that travel", () => {
  test("are the same for rules that decide the same, however they were written", () => {
    const short = rulesOf({ match: ["alertname=~CephOSD.*"] });
    const long = rulesOf({ match: [' alertname =~ "CephOSD.*" '], severity: "source", policy: "default" });
    const lined = { rules: short.rules.map((rule, at) => ({ ...rule, line: at + 7 })) };
    expect(canonicalRules(long)).toEqual(canonicalRules(short));
    expect(rulesDigest(canonicalRules(lined))).toBe(rulesDigest(canonicalRules(short)));
  });

  test("differ where a rule decides otherwise, and where the order does", () => {
    const digests = [
      rulesOf({ match: ["a=b"] }), rulesOf({ match: ["a=c"] }), rulesOf({ match: ["a=b"], severity: "major" }),
      rulesOf({ match: ["a=b"] }, { match: ["c=d"] }), rulesOf({ name: "rule-2", match: ["c=d"] }, { name: "rule-1", match: ["a=b"] }),
    ].map((rules) => rulesDigest(canonicalRules(rules)));
    expect(new Set(digests).size).toBe(5);
    expect(digests.every((digest) => /^[A-Za-z0-9_-]{43}$/.test(digest))).toBe(true);
  });

  test("are pinned: another form of them would part agents from listeners of another version", () => {
    const text = new TextDecoder().decode(canonicalRules(rulesOf({ match: ['a!~"x\\"y"'] })));
    expect(text).toBe(
      '{"rules":[{"item":"{ceph_daemon}","match":["a!~\\"x\\\\\\"y\\""],"module":"osd","name":"rule-1","policy":"default","severity":"source"},' +
      '{"item":"{instance}","match":[],"module":"{job}","name":"default","policy":"default","severity":"source"}]}',
    );
  });

  test("are read back as the same rules", () => {
    const rules = rulesOf({ match: ['alertname=~"Ceph\\d+"', 'path="a\\\\b"'], severity: "critical" });
    expect(rulesFromCanonical(canonicalRules(rules))).toEqual({ ok: true, value: rules });
  });

  test.each([
    ["broken JSON", utf8("{"), "broken JSON"],
    ["not UTF-8", new Uint8Array([0xff, 0xfe]), "2 bytes"],
    ["a field of a newer version", utf8(JSON.stringify({ rules: [{ ...DEFAULT_RULE, fallback: "x" }] })), "unknown here"],
    ["more than fits", new Uint8Array(RULES_BYTES_MOST + 1).fill(32), `${RULES_BYTES_MOST + 1} bytes`],
  ])("%s is a fault and no exception", (_, bytes, expected) => {
    const read = rulesFromCanonical(bytes);
    expect(read.ok ? "read" : read.fault.map(misfitText).join()).toContain(expected);
  });
});

describe("the limits are those of a packet", () => {
  test("rules", () => {
    expect(RULES_BYTES_MOST).toBe(RULES_BYTES_MOST_OF_WIRE);
  });

  test("module and item", () => {
    expect(AlarmItem.shape.module.safeParse("x".repeat(MODULE_LENGTH_MOST)).success).toBe(true);
    expect(AlarmItem.shape.module.safeParse("x".repeat(MODULE_LENGTH_MOST + 1)).success).toBe(false);
    expect(AlarmItem.shape.item.safeParse("x".repeat(ITEM_LENGTH_MOST)).success).toBe(true);
    expect(AlarmItem.shape.item.safeParse("x".repeat(ITEM_LENGTH_MOST + 1)).success).toBe(false);
  });

  test("bytes are counted as UTF-8", () => {
    const chinese = rulesOf({ match: [`a="${"存".repeat(300)}"`] });
    expect(canonicalRules(chinese).length).toBe(utf8Length(new TextDecoder().decode(canonicalRules(chinese))));
  });
});
