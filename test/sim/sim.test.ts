import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { INVARIANTS } from "./invariants/all.ts";
import { MUTANTS } from "./mutant-list.ts";
import { edited, judge } from "./mutants.ts";
import { replayCommand } from "./options.ts";
import { NO_CUTS, planOf } from "./plan.ts";
import { run } from "./run.ts";
import { shrink } from "./shrink.ts";

/** Runs longer than a test usually may. */
const LONG_MS = 170_000;
/** Fixed seeds of every test: a tenth of them through the real cryptography. */
const SEEDS = Array.from({ length: 20 }, (_, at) => 101 + at);
/** Fresh seeds, where the test command asks for some: GAPBELL_SIM_SEEDS is the first of them. */
const FRESH = 6;

/** Broken, a run names itself, and how to see it again. */
function broken(seed: number, days: number): string | undefined {
  const { failure } = run(planOf(seed, { days }));
  return failure === undefined ? undefined : `${failure.invariant}: ${failure.detail}\n  ${replayCommand({ seed, days, cuts: NO_CUTS })}`;
}

describe("a world of bad nights", () => {
  test("keeps every promise on seeds that always run", () => {
    expect(SEEDS.flatMap((seed) => broken(seed, 0.2) ?? [])).toEqual([]);
  }, LONG_MS);

  const kept = readFileSync(join(import.meta.dir, "seeds.txt"), "utf8").split("\n").filter((line) => /^\d/.test(line));
  for (const line of kept) {
    const [seed = "", days = "", ...found] = line.split(/\s+/);
    test(`keeps every promise on seed ${seed}, which found: ${found.join(" ")}`, () => {
      expect(broken(Number(seed), Number(days))).toBeUndefined();
    }, LONG_MS);
  }

  const fresh = Number(process.env["GAPBELL_SIM_SEEDS"] ?? 0);
  if (fresh > 0) test(`keeps every promise on fresh seeds from ${fresh}`, () => {
    expect(Array.from({ length: FRESH }, (_, at) => fresh + at).flatMap((seed) => broken(seed, 0.2) ?? [])).toEqual([]);
  }, LONG_MS);

  test("is the same world twice, with either cryptography", () => {
    for (const seed of [110, 111]) expect(run(planOf(seed, { days: 0.1 })).hash).toBe(run(planOf(seed, { days: 0.1 })).hash);
  }, LONG_MS);

  test("shrinks what breaks to what matters, and the replay breaks the same", () => {
    const invariant = { name: "test", sentence: "it never storms", watch: (world: { readonly struck: ReadonlyMap<string, number> }, fail: (detail: string) => void) => ({ sweep: () => (world.struck.get("storms") ?? 0) > 0 && fail("it storms") }) };
    const seed = Array.from({ length: 100 }, (_, at) => at + 1).find((one) => planOf(one, { days: 0.3 }).faults.has("storms")) ?? 1;
    const broke = (cuts: typeof NO_CUTS, days: number): boolean => run(planOf(seed, { days, cuts }), { invariants: [invariant] }).failure?.invariant === "test";
    const { cuts, days } = shrink({ days: 1, cuts: NO_CUTS, planOf: (candidate) => planOf(seed, candidate), fails: (candidate) => broke(candidate.cuts, candidate.days), tell: () => {} });
    expect(broke(cuts, days)).toBe(true);
    expect([...planOf(seed, { days, cuts }).faults.keys()]).toEqual(["storms"]);
  }, LONG_MS);
});

describe("a program broken on purpose", () => {
  test("is still the program: each edit matches once", () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(30);
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    for (const mutant of MUTANTS) expect(edited(mutant)).not.toBe("");
  });

  // Two that are caught at once; `bun run sim --mutants` runs all of them.
  for (const name of ["the agent answers and speaks before it commits", "a receipt stops the clock"]) {
    test(`is caught where ${name}`, async () => {
      const mutant = MUTANTS.find((one) => one.name === name);
      expect(mutant).toBeDefined();
      if (mutant !== undefined) expect((await judge(mutant, { seedsMost: 8 })).caughtBy).toBeDefined();
    }, LONG_MS);
  }
});

test("every invariant has a name and a sentence of its own", () => {
  expect(new Set(INVARIANTS.map(({ name }) => name)).size).toBe(INVARIANTS.length);
  expect(new Set(INVARIANTS.map(({ sentence }) => sentence)).size).toBe(INVARIANTS.length);
});
