/** Two agents, one voice: whichever of them is killed, cut off, or wrong about the time, nothing is lost, and people are told once. */

import { describe, expect, test } from "bun:test";
import { missingForLab } from "./lab.ts";
import { clocksApart, killed, type Measured, oneHears, partitioned, takenApart } from "./pair-stories.ts";

const missing = missingForLab(["faketime"]);

/** What lies between two tries of an agent that is not answered, and the time of a busy machine. */
const EQUAL_MS = 45_000;
const SOON_MS = 15_000;

describe.skipIf(missing !== "")(`two agents${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent("a source reaches only one of them: the other knows of it, and the laptop rings once", async () => {
    for (const measured of await oneHears()) within(measured, { known: SOON_MS }, { told: 0 });
  }, 120_000);

  test.concurrent.each(["a", "b"] as const)("%s is killed with an alarm that nobody has taken: the other tells it outside, once; who comes back catches up", async (which) => {
    within(await killed(which), { mailed: SOON_MS, equal: EQUAL_MS }, { told: 1 });
  }, 120_000);

  test.concurrent.each(["before", "during"] as const)("an alarm raised %s a partition, in which both have a way out, is told outside once; after it both know the same", async (when) => {
    within(await partitioned(when), { mailed: SOON_MS, equal: EQUAL_MS }, { told: 1 });
  }, 120_000);

  test.concurrent("an alarm that is taken before a laptop that hears only one of them is taken at both after the partition, and drops from the other laptop", async () => {
    within(await takenApart(), { taken: EQUAL_MS, dropped: EQUAL_MS, equal: EQUAL_MS }, { told: 0 });
  }, 120_000);

  test.concurrent("an alarm that each has named by its own clock during a partition rings once, is told outside at most twice, and is one after it", async () => {
    const measured = await partitioned("during, without a time");
    within(measured, { mailed: SOON_MS, equal: EQUAL_MS }, { told: Math.min(measured.told, 2) });
  }, 120_000);

  test.concurrent.each([["+1h", "both"], ["-1h", "both"], ["-1h", "a"]] as const)("with clocks %s apart and a source that reaches %s, the alarm rings once, and is taken by the name that rang", async (clock, reaches) => {
    within(await clocksApart(clock, reaches), { taken: SOON_MS, equal: SOON_MS }, { told: 0 });
  }, 120_000);
});

/** Whoever was told was told so often, and it rang once. */
function within({ told, rings, ms }: Measured, bounds: Readonly<Record<string, number>>, { told: times }: { readonly told: number }): void {
  expect({ told, rings }).toEqual({ told: times, rings: 1 });
  const late = Object.entries(bounds).filter(([what, bound]) => (ms[what] ?? Number.POSITIVE_INFINITY) > bound);
  expect(late.map(([what, bound]) => `${what} after ${ms[what]} ms, must be ${bound}`)).toEqual([]);
}
