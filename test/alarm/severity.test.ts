/** Severities in their order, and the words of sources. */

import { describe, expect, test } from "bun:test";
import { isSeverity, isWorse, rankOf, SEVERITIES, weightOf, type Weight } from "../../lib/alarm/severity.ts";

describe("the words of Prometheus", () => {
  const rows: readonly [string, Weight][] = [
    ["critical", "critical"], ["page", "critical"], ["emergency", "critical"], ["disaster", "critical"], ["fatal", "critical"],
    ["major", "major"], ["error", "major"], ["high", "major"],
    ["minor", "minor"], ["average", "minor"],
    ["warning", "warning"], ["warn", "warning"],
    ["indeterminate", "indeterminate"], ["unknown", "indeterminate"],
    ["info", "info"], ["none", "info"], ["debug", "info"], ["notice", "info"],
    [" Critical\n", "critical"], ["WARNING", "warning"],
  ];
  test.each(rows)("%p is %s", (word, weight) => {
    expect(weightOf(word)).toBe(weight);
  });

  test.each(["", "urgent", "5", "constructor", "__proto__", "toString"])("%p is none of them, and rings as indeterminate", (word) => {
    expect(weightOf(word)).toBe("indeterminate");
  });
});

test("critical is worst and warning least", () => {
  expect([...SEVERITIES].sort((a, b) => rankOf(a) - rankOf(b))).toEqual(["critical", "major", "indeterminate", "minor", "warning"]);
});

test("worse is strictly worse", () => {
  expect(isWorse("critical", "major")).toBe(true);
  expect(isWorse("major", "major")).toBe(false);
  expect(isWorse("warning", "minor")).toBe(false);
});

test("info and cleared are no severities", () => {
  expect(SEVERITIES.every(isSeverity)).toBe(true);
  expect(["info", "cleared", "Critical"].some(isSeverity)).toBe(false);
});
