/** What the command line of the simulator says. */

import { type Cuts, FAULT_NAMES, type FaultName, NO_CUTS } from "./plan.ts";

export type Options = {
  readonly from: number;
  readonly seeds: number;
  /** Real time after which no further seed begins; broken runs do not end it sooner. */
  readonly minutes: number | undefined;
  readonly days: number;
  readonly jobs: number;
  /** One seed, replayed with its transcript. */
  readonly seed: number | undefined;
  readonly cuts: Cuts;
  readonly shrink: boolean;
  readonly mutants: boolean;
  /** Part of a mutant's name. */
  readonly only: string | undefined;
  /** Lines of the transcript that a replay prints. */
  readonly lines: number;
  /** Started by another one: results go to standard output as JSON. */
  readonly worker: boolean;
  /** The first broken run is enough. */
  readonly stop: boolean;
};

export const USAGE = `bun run sim [options]

  --seeds N     run N seeds (20)
  --minutes M   as many seeds as begin within M minutes of real time
  --from SEED   the first of them (1)
  --days D      how long things go wrong in each, in virtual days (1)
  --jobs J      processes at the same time (1)

  --seed SEED   replay one seed and print the end of its transcript
    --lines N        how many lines (50)
    --without A,B    leave faults out
    --resources N    fewer things that can break
    --listeners N    fewer listeners
    --shrink         find the least that still breaks

  --mutants     break the program on purpose, once for each mutant, and see which invariant catches it
    --only TEXT      those whose name contains the text

Faults: ${FAULT_NAMES.join(", ")}
`;

/** @returns a sentence where the line cannot be read */
export function optionsOf(args: readonly string[]): Options | string {
  const values = new Map<string, string>();
  for (let at = 0; at < args.length; at += 1) {
    const name = args[at] ?? "";
    const takesValue = VALUED.includes(name);
    if (!takesValue && !FLAGS.includes(name)) return `Unknown option "${name}"`;
    const value = takesValue ? args[(at += 1)] : "";
    if (value === undefined) return `Option "${name}" needs a value`;
    values.set(name, value);
  }
  const without = (values.get("--without") ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  const strange = without.find((name) => !isFault(name));
  if (strange !== undefined) return `Unknown fault "${strange}"`;
  const numbers = ["--from", "--seeds", "--minutes", "--days", "--jobs", "--seed", "--resources", "--listeners", "--lines"];
  const wrong = numbers.find((name) => values.has(name) && !(Number(values.get(name)) >= 0));
  if (wrong !== undefined) return `Option "${wrong}" is "${values.get(wrong)}", must be a number`;
  const number = (name: string): number | undefined => (values.has(name) ? Number(values.get(name)) : undefined);
  return {
    from: number("--from") ?? 1, seeds: number("--seeds") ?? (values.has("--minutes") ? Number.MAX_SAFE_INTEGER : 20), minutes: number("--minutes"), days: number("--days") ?? 1, jobs: Math.max(1, number("--jobs") ?? 1),
    seed: number("--seed"), lines: number("--lines") ?? 50,
    cuts: { ...NO_CUTS, without: without.filter(isFault), resources: number("--resources"), listeners: number("--listeners") },
    shrink: values.has("--shrink"), mutants: values.has("--mutants"), only: values.get("--only"), worker: values.has("--worker"), stop: values.has("--stop"),
  };
}

/** The command that replays a run exactly. */
export function replayCommand({ seed, days, cuts }: { readonly seed: number; readonly days: number; readonly cuts: Cuts }): string {
  const { without, resources, listeners } = cuts;
  return [
    `bun run sim --seed ${seed} --days ${days}`,
    ...(without.length > 0 ? [`--without "${without.join(",")}"`] : []),
    ...(resources === undefined ? [] : [`--resources ${resources}`]), ...(listeners === undefined ? [] : [`--listeners ${listeners}`]),
  ].join(" ");
}

const VALUED = ["--from", "--seeds", "--minutes", "--days", "--jobs", "--seed", "--without", "--resources", "--listeners", "--lines", "--only"];
const FLAGS = ["--shrink", "--mutants", "--worker", "--stop"];

function isFault(name: string): name is FaultName {
  return (FAULT_NAMES as readonly string[]).includes(name);
}
