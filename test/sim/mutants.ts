/** Breaks the program on purpose, one line at a time, in a copy of the tree, and sees which invariant catches it: a simulator must be able to fail. */

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MUTANTS, type Mutant } from "./mutant-list.ts";
import type { Tally } from "./tally.ts";

const ROOT = join(import.meta.dir, "..", "..");
/** A mutant that lives through so many seeds is not caught. */
const SEEDS_MOST = 40;
/** Seeds of one call: most mutants are caught by the first few. */
const SLICE = 4;
const DAYS = 0.5;
/** A slice takes seconds; a program that never comes back is caught as well. */
const SLICE_MS_MOST = 120_000;

export type Verdict = { readonly mutant: Mutant; readonly caughtBy: string | undefined; readonly seeds: number };

/** @returns the exit code: 1 where one lives */
export async function runMutants({ only, jobs, tell }: { readonly only: string | undefined; readonly jobs: number; readonly tell: (line: string) => void }): Promise<number> {
  const wanted = MUTANTS.filter(({ name }) => only === undefined || name.includes(only));
  const verdicts: Verdict[] = [];
  const queue = [...wanted];
  const worker = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const verdict = await judge(mutant);
      verdicts.push(verdict);
      tell(verdictText(verdict));
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  const lived = verdicts.filter(({ caughtBy }) => caughtBy === undefined);
  tell(`${verdicts.length - lived.length} of ${verdicts.length} mutants caught`);
  return lived.length > 0 ? 1 : 0;
}

/** Runs seeds in a tree in which this one line is wrong, until an invariant breaks. */
export async function judge(mutant: Mutant, { seedsMost = SEEDS_MOST }: { readonly seedsMost?: number } = {}): Promise<Verdict> {
  const tree = mutatedTree(mutant);
  try {
    for (let from = 1; from <= seedsMost; from += SLICE) {
      const failure = await firstFailure(tree, from);
      if (failure !== undefined) return { mutant, caughtBy: failure.invariant, seeds: failure.seed };
    }
    return { mutant, caughtBy: undefined, seeds: seedsMost };
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** The text with the one edit. Throws where it does not match exactly once: the mutant is out of date. */
export function edited({ name, file, old, to }: Mutant): string {
  const text = readFileSync(join(ROOT, file), "utf8");
  const parts = text.split(old);
  if (parts.length !== 2) throw new Error(`Mutant "${name}" matches ${parts.length - 1} times in ${file}, must match once: ${old}`);
  return parts.join(to);
}

function mutatedTree(mutant: Mutant): string {
  const text = edited(mutant);
  const tree = mkdtempSync(join(tmpdir(), "gapbell-mutant-"));
  for (const part of ["lib", "test/sim", "test/support", "test/golden", "package.json", "tsconfig.json"]) cpSync(join(ROOT, part), join(tree, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
  writeFileSync(join(tree, mutant.file), text);
  return tree;
}

async function firstFailure(tree: string, from: number): Promise<{ readonly invariant: string; readonly seed: number } | undefined> {
  const child = Bun.spawn({
    cmd: [process.execPath, join(tree, "test/sim/main.ts"), "--worker", "--stop", "--from", String(from), "--seeds", String(SLICE), "--days", String(DAYS)],
    cwd: tree, stdout: "pipe", stderr: "pipe", timeout: SLICE_MS_MOST, killSignal: "SIGKILL",
  });
  const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  if (child.signalCode !== null) return { invariant: `L2 (it never comes back within ${SLICE_MS_MOST / 1000} s)`, seed: from };
  // A program that does not run is no mutant: nothing would be learnt from it.
  if (code > 1 || out === "") throw new Error(`The mutant in ${tree} does not run:\n${err.slice(0, 1000)}`);
  const failures = out.trim().split("\n").flatMap((line) => (JSON.parse(line) as Tally).failures);
  return failures[0];
}

function verdictText({ mutant, caughtBy, seeds }: Verdict): string {
  return `${caughtBy === undefined ? "LIVES " : "caught"}  ${mutant.name.padEnd(52)} ${caughtBy === undefined ? `after ${seeds} seeds` : `by ${caughtBy}, seed ${seeds}`}`;
}
