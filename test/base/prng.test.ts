/** Dice that fall the same from the same seed. */

import { expect, test } from "bun:test";
import { Prng } from "../../lib/base/prng.ts";

const row = (seed: number, count = 1000): readonly number[] => {
  const dice = new Prng(seed);
  return Array.from({ length: count }, () => dice.uint32());
};

test("the same seed gives the same row", () => {
  expect(row(42)).toEqual(row(42));
});

test("neighbouring seeds have nothing in common", () => {
  const [first, second] = [new Set(row(1)), row(2)];
  expect(second.filter((number) => first.has(number)).length).toBeLessThan(3);
});

test("the row of a seed is pinned: a kept seed must tell the same story in ten years", () => {
  expect(row(1, 4)).toEqual(PINNED);
});

test("a fraction is at least 0, below 1, and falls everywhere alike", () => {
  const dice = new Prng(7);
  const tenths = new Array<number>(10).fill(0);
  for (let thrown = 0; thrown < 10_000; thrown += 1) {
    const fraction = dice.fraction();
    expect(fraction >= 0 && fraction < 1).toBe(true);
    tenths[Math.floor(fraction * 10)] = (tenths[Math.floor(fraction * 10)] ?? 0) + 1;
  }
  expect(tenths.every((count) => count > 850 && count < 1150)).toBe(true);
});

test("around a middle stays within its share", () => {
  const dice = new Prng(9);
  const thrown = Array.from({ length: 1000 }, () => dice.around(100, 0.2));
  expect(Math.min(...thrown)).toBeGreaterThanOrEqual(80);
  expect(Math.max(...thrown)).toBeLessThanOrEqual(120);
  expect(dice.around(100, 0)).toBe(100);
});

const PINNED = [792534090, 3215351813, 160231488, 1151041103];
