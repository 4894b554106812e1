import { expect, test } from "bun:test";
import { AFTER_MS, EXPECTED, measureMisses } from "./misses.ts";

/** Runs longer than a test usually may. */
const LONG_MS = 60_000;
/** Times the share that is expected, and so many more by chance. */
const FACTOR = 2;
const BY_CHANCE = 2;

for (const { name, loss, after } of EXPECTED) {
  test(`A10: with ${name} of datagrams lost no more listeners miss an alarm after 1, 3 and 30 s than was calculated`, () => {
    const measured = measureMisses({ loss, severity: "minor", alarms: 100, seed: 1 });
    expect(measured.trials).toBe(400);
    for (const [at] of AFTER_MS.entries()) expect((measured.after[at] ?? 1) * measured.trials).toBeLessThanOrEqual(FACTOR * (after[at] ?? 0) * measured.trials + BY_CHANCE);
  }, LONG_MS);
}

test("two runs of the same seed miss the same", () => {
  const once = (): unknown => measureMisses({ loss: { kind: "each", share: 0.5 }, severity: "critical", alarms: 10, seed: 2 });
  expect(once()).toEqual(once());
});
