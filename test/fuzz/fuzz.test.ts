/** A bounded share of fuzzing in every test; `bun test/fuzz/run.ts` goes on for longer, and keeps what it finds in the corpus. */

import { expect, test } from "bun:test";
import { Prng } from "../../lib/base/prng.ts";
import { aSettledCluster } from "../support/a-cluster.ts";
import { another } from "./mutate.ts";
import { corpusOf, TARGETS } from "./targets.ts";

/** Of each target; `GAPBELL_FUZZ_INPUTS` for more. */
const INPUTS = Number(process.env["GAPBELL_FUZZ_INPUTS"] ?? 150);
const SEED = 20_261_125;

test.each(TARGETS.map(({ name }) => name))("%s: what is well formed, the corpus, and changed inputs of a fixed seed are taken or refused in words", (name) => {
  const target = TARGETS.find((one) => one.name === name);
  if (target === undefined) throw new Error("a target");
  const others = [...target.seeds, ...corpusOf(name)];
  for (const input of corpusOf(name)) target.holds(input);
  const dice = new Prng(SEED);
  for (let number = 0; number < INPUTS; number += 1) {
    const input = (target.changes ?? another)(others[number % others.length] ?? new Uint8Array(), { dice, others });
    try {
      target.holds(input);
    } catch (thrown) {
      throw new Error(`${name} input ${number} of seed ${SEED}, base64 ${Buffer.from(input).toString("base64")}: ${String(thrown)}`);
    }
  }
  expect(others.length).toBeGreaterThan(0);
}, 30_000);

test("a hundred thousand senders that nobody knows leave nothing behind in an opener", () => {
  const { listener, agent } = aSettledCluster();
  const alarm = agent.seal({ kind: "bye", body: { why: "" } }, "group");
  const dice = new Prng(SEED);
  const flood = (count: number): void => {
    for (let number = 0; number < count; number += 1) {
      const forged = alarm.slice();
      // Half of them in the agent's name, with an epoch of their own each.
      new DataView(forged.buffer).setUint32(number % 2 === 0 ? 8 : 16, dice.uint32());
      listener.opener.open(forged, `10.${dice.uint32() & 255}.${dice.uint32() & 255}.1`, number);
    }
  };
  flood(50_000);
  Bun.gc(true);
  const before = process.memoryUsage().heapUsed;
  flood(50_000);
  Bun.gc(true);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(8 * 1024 * 1024);
}, 30_000);
