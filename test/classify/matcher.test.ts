/** Matchers as Alertmanager writes them. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Matcher, matcherText, OPERATORS, parseMatcher, testOf, VALUE_LENGTH_MOST } from "../../lib/classify/matcher.ts";

describe("a matcher is read", () => {
  const rows: readonly [string, Matcher][] = [
    ['alertname=~"CephOSD.*"', { label: "alertname", operator: "=~", value: "CephOSD.*" }],
    ['alertname="CephOSDDown"', { label: "alertname", operator: "=", value: "CephOSDDown" }],
    ['job!="ceph"', { label: "job", operator: "!=", value: "ceph" }],
    ['job!~"ceph|node"', { label: "job", operator: "!~", value: "ceph|node" }],
    ["job=ceph", { label: "job", operator: "=", value: "ceph" }],
    ["  job  =  ceph  ", { label: "job", operator: "=", value: "ceph" }],
    ['job=""', { label: "job", operator: "=", value: "" }],
    ["job=", { label: "job", operator: "=", value: "" }],
    ['path="a\\\\b\\"c\\nd"', { label: "path", operator: "=", value: 'a\\b"c\nd' }],
    ['item=~"osd\\.\\d+"', { label: "item", operator: "=~", value: "osd\\.\\d+" }],
    ["模块=存储", { label: "模块", operator: "=", value: "存储" }],
    ["a.b-c/d=x", { label: "a.b-c/d", operator: "=", value: "x" }],
    ['text="a = b"', { label: "text", operator: "=", value: "a = b" }],
  ];
  test.each(rows)("%s", (text, matcher) => {
    expect(parseMatcher(text)).toEqual({ ok: true, value: matcher });
  });
});

describe("a matcher that cannot be read says what belongs there", () => {
  test.each([
    ["nothing", "", "a matcher as in"],
    ["a word alone", "alertname", "a matcher as in"],
    ["no label", '="x"', "a matcher as in"],
    ["another operator", 'a=="x"', "both its quotes"],
    ["braces", '{a="x"}', "a matcher as in"],
    ["a quote without its partner", 'a="x', "both its quotes"],
    ["a quote in the middle", 'a=x"y', "both its quotes"],
    ["a bracket that is not closed", 'a=~"osd[0-9"', "regular expression"],
    ["a group that is not closed", 'a=~"(osd"', "regular expression"],
    ["an escape that means nothing", 'a=~"\\y"', "regular expression"],
    ["a reference to a group", 'a=~"(x)\\1"', "invalid escape sequence: \\1"],
    ["a look ahead", 'a=~"(?=x)y"', "(?=" ],
    ["repeats of repeats", 'a=~"((x{100}){100}){100}"', "invalid repeat count: {100}"],
    ["an expression that is large for all its shortness", 'a=~"(x{10}[a-z]{10}.{10}y?){20}.{900}(z{0,900})"', "split it"],
    ["a value too long", `a="${"x".repeat(VALUE_LENGTH_MOST + 1)}"`, `at most ${VALUE_LENGTH_MOST}`],
    ["a label too long", `${"a".repeat(129)}=x`, "at most 128"],
  ])("%s", (_, text, expected) => {
    const parsed = parseMatcher(text);
    expect(parsed.ok ? "read" : parsed.fault.expected).toContain(expected);
  });

  test("only where it is a regular expression", () => {
    expect(parseMatcher('a="osd[0-9"').ok).toBe(true);
  });
});

describe("a matcher holds", () => {
  const rows: readonly [string, string, boolean][] = [
    ['a="x"', "x", true], ['a="x"', "xx", false], ['a="x"', "", false],
    ['a!="x"', "y", true], ['a!="x"', "x", false],
    ['a=~"x.*"', "xyz", true], ['a=~"x"', "xyz", false], ['a=~"y"', "xyz", false], ['a=~"x|xyz"', "xyz", true],
    ['a!~"x.*"', "xyz", false], ['a!~"x"', "xyz", true],
    ['a=~".*"', "two\nlines", true],
    ['a=~"."', "🔔", true],
    ['a=~"(?i)ceph"', "CEPH", true], ['a=~"ceph"', "CEPH", false],
    ['a=""', "", true], ['a!=""', "", false], ['a=~".+"', "", false], ['a!~".+"', "", true],
  ];
  test.each(rows)("%s of %p: %p", (text, found, holds) => {
    const parsed = parseMatcher(text);
    expect(parsed.ok && testOf(parsed.value)(found)).toBe(holds);
  });
});

describe("no expression makes the bell slow: what would take other engines years is decided at once", () => {
  test.each([
    ["repeats inside repeats", "(a+)+b"], ["overlapping alternatives", "(a|aa|a?)*b"], ["many wide gaps", "(.*a){12}b"],
  ])("%s", (_, value) => {
    const holds = testOf({ label: "a", operator: "=~", value });
    const label = "a".repeat(1024);
    const began = performance.now();
    expect([holds(label), holds(`${label}b`)]).toEqual([false, true]);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

test("what is written of a matcher is read back as the same matcher, whatever its value", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.constantFrom(...OPERATORS), (value, operator) => {
      const matcher: Matcher = { label: "label", operator, value };
      const read = parseMatcher(matcherText(matcher));
      if (operator === "=" || operator === "!=") expect(read).toEqual({ ok: true, value: matcher });
      else if (read.ok) expect(read.value).toEqual(matcher);
    }),
    { seed: 1, numRuns: 2000 },
  );
});
