/** Waits that grow. */

import { describe, expect, test } from "bun:test";
import { backoff } from "../../lib/base/backoff.ts";
import { Prng } from "../../lib/base/prng.ts";
import { minutes, seconds } from "../../lib/base/units.ts";

const BOUNDS = { firstMs: seconds(1), mostMs: minutes(1) };

describe("each wait", () => {
  test.each([[0, 1], [1, 2], [2, 4], [5, 32], [6, 60], [20, 60], [10_000, 60]])("after failure %p is %p s, give or take a fifth", (attempt, expected) => {
    const dice = new Prng(attempt);
    const waits = Array.from({ length: 200 }, () => backoff(attempt, BOUNDS, dice));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(expected * 800);
    expect(Math.max(...waits)).toBeLessThanOrEqual(expected * 1200);
    expect(waits.every(Number.isInteger)).toBe(true);
  });
});

test("two that failed together do not come back together", () => {
  const dice = new Prng(1);
  expect(new Set(Array.from({ length: 20 }, () => backoff(3, BOUNDS, dice))).size).toBeGreaterThan(15);
});
