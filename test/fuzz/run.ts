/**
 * Fuzzing by hand: `bun test/fuzz/run.ts [--seconds 600 | --inputs 100000000] [--target NAME] [--seed N]`. What fails is kept in the
 * corpus. `--inputs` counts those of each target, and says every minute how far it has come.
 */

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Prng } from "../../lib/base/prng.ts";
import { another } from "./mutate.ts";
import { corpusOf, TARGETS } from "./targets.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" }, inputs: { type: "string" }, target: { type: "string" }, seed: { type: "string", default: String(Date.now() >>> 0) } } });
const chosen = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
if (chosen.length === 0) throw new Error(`No target "${values.target}", expected one of ${TARGETS.map(({ name }) => name).join(", ")}`);
const inputsMost = Number(values.inputs ?? Number.POSITIVE_INFINITY);
const each = values.inputs === undefined ? (Number(values.seconds) * 1000) / chosen.length : Number.POSITIVE_INFINITY;
const SAID_EVERY_MS = 60_000;
let failed = 0;

for (const { name, seeds, holds, changes = another } of chosen) {
  const others = [...seeds, ...corpusOf(name)];
  const dice = new Prng(Number(values.seed));
  const start = performance.now();
  let said = start;
  const found = new Set<string>();
  let slowest = 0;
  let inputs = 0;
  for (let begun = start; begun < start + each && inputs < inputsMost; inputs += 1) {
    const input = changes(others[inputs % others.length] ?? new Uint8Array(), { dice, others });
    begun = performance.now();
    try {
      holds(input);
    } catch (thrown) {
      const reason = String(thrown).slice(0, 120);
      if (!found.has(reason)) {
        found.add(reason);
        const folder = join(import.meta.dir, "corpus", name);
        mkdirSync(folder, { recursive: true });
        const file = join(folder, createHash("sha256").update(input).digest("hex").slice(0, 16));
        writeFileSync(file, input);
        console.log(`${name}: ${reason} (kept as ${file})`);
      }
    }
    slowest = Math.max(slowest, performance.now() - begun);
    if (values.inputs !== undefined && begun > said + SAID_EVERY_MS) {
      said = begun;
      console.log(`${name}: ${inputs} of ${inputsMost} inputs after ${((begun - start) / 1000).toFixed(0)} s, ${found.size} found`);
    }
  }
  failed += found.size;
  console.log(`${name.padEnd(22)} ${String(inputs).padStart(9)} inputs in ${((performance.now() - start) / 1000).toFixed(0)} s, slowest ${slowest.toFixed(1)} ms, ${found.size} found, seed ${values.seed}`);
}
process.exit(failed > 0 ? 1 : 0);
