/** Texts with holes for labels. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fill, labelsOf, parseTemplate } from "../../lib/classify/template.ts";

function filled(template: string, labels: Readonly<Record<string, string>> = {}, lengthMost = 64): string | undefined {
  const parsed = parseTemplate(template);
  return parsed && fill(parsed, (name) => labels[name] ?? "", lengthMost);
}

describe("a template is filled", () => {
  test.each([
    ["{ceph_daemon}", "osd.12"],
    ["{job}/{ceph_daemon}", "ceph/osd.12"],
    ["plain", "plain"],
    ["{missing}", "-"],
    ["{job} of {missing}", "ceph of -"],
    ["{blank}", "-"],
    ["{dirty}", "a b"],
    ["{half}", "x�y"],
  ])("%s: %s", (template, text) => {
    expect(filled(template, { job: "ceph", ceph_daemon: "osd.12", blank: "  ", dirty: "a\n\u001bb", half: "x\ud83dy" })).toBe(text);
  });

  test("the value of a label is no template", () => {
    expect(filled("{a}", { a: "{b}", b: "x" })).toBe("{b}");
  });
});

test.each(["{", "}", "{a", "a}", "{}", "{a}}", "{{a}}", "{a b}", '{"a"}'])("%s has a brace without its partner or no label in it", (template) => {
  expect(parseTemplate(template)).toBeUndefined();
});

test("the labels of a template are those in braces", () => {
  const parsed = parseTemplate("{a} {b.c}-{a}");
  expect(parsed && labelsOf(parsed)).toEqual(["a", "b.c", "a"]);
});

describe("a long value is cut", () => {
  test("at the limit, not before it", () => {
    expect(filled("{a}", { a: "x".repeat(64) })).toHaveLength(64);
    expect(filled("{a}", { a: "x".repeat(65) })).toHaveLength(64);
  });

  test("never inside a character, and never over the limit or empty, whatever the label holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.integer({ min: 1, max: 130 }), (value, lengthMost) => {
        const text = filled("{a}", { a: value }, lengthMost) ?? "";
        expect(text.isWellFormed()).toBe(true);
        expect(text.length).toBeLessThanOrEqual(lengthMost);
        expect(text.length).toBeGreaterThan(0);
        expect(text).not.toMatch(/[\p{Cc}]/u);
      }),
      { seed: 2, numRuns: 2000 },
    );
  });
});
