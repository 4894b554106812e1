/** The one order of alarms. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SEVERITIES } from "../../lib/alarm/severity.ts";
import { compareAlarms, type Ordered } from "../../lib/classify/order.ts";

const FIRST: Ordered = { severity: "critical", at: 1000, module: "net", item: "eth0", id: "A" };

describe("before another goes", () => {
  const rows: readonly [string, Ordered][] = [
    ["the worse one, though it is younger and its module stands later", { ...FIRST, severity: "major", at: 0, module: "a" }],
    ["the older one, though its module stands later", { ...FIRST, at: 1001, module: "a" }],
    ["the one whose module stands first", { ...FIRST, module: "osd", item: "a" }],
    ["the one whose item stands first", { ...FIRST, item: "eth1", id: "0" }],
    ["the one whose id stands first", { ...FIRST, id: "B" }],
  ];
  test.each(rows)("%s", (_, second) => {
    expect(compareAlarms(FIRST, second)).toBeLessThan(0);
    expect(compareAlarms(second, FIRST)).toBeGreaterThan(0);
  });
});

test("indeterminate stands between major and minor", () => {
  const sorted = [...SEVERITIES].reverse().map((severity) => ({ ...FIRST, severity })).sort(compareAlarms);
  expect(sorted.map(({ severity }) => severity)).toEqual(["critical", "major", "indeterminate", "minor", "warning"]);
});

// Few values, so that ties are common.
const ordered: fc.Arbitrary<Ordered> = fc.record({
  severity: fc.constantFrom(...SEVERITIES), at: fc.integer({ min: 0, max: 2 }),
  module: fc.constantFrom("a", "b", "B", "存"), item: fc.constantFrom("", "a", "b"), id: fc.constantFrom("1", "2", "3"),
});

test("the order is total, antisymmetric and transitive", () => {
  fc.assert(
    fc.property(ordered, ordered, ordered, (a, b, c) => {
      const [ab, ba, bc, ac] = [compareAlarms(a, b), compareAlarms(b, a), compareAlarms(b, c), compareAlarms(a, c)];
      expect(Number.isNaN(ab)).toBe(false);
      expect(Math.sign(ab) + Math.sign(ba)).toBe(0);
      expect(ab === 0).toBe(JSON.stringify(a) === JSON.stringify(b));
      if (ab <= 0 && bc <= 0) expect(ac).toBeLessThanOrEqual(0);
    }),
    { seed: 3, numRuns: 5000 },
  );
});

test("however a list comes, it is sorted the same", () => {
  fc.assert(
    fc.property(fc.array(ordered, { maxLength: 20 }), (alarms) => {
      const sorted = [...alarms].sort(compareAlarms);
      expect([...alarms].reverse().sort(compareAlarms)).toEqual(sorted);
    }),
    { seed: 4 },
  );
});
