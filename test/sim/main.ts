/** `bun run sim`: many seeds, one seed with its transcript, the least that still breaks, or programs broken on purpose. */

import { runMutants } from "./mutants.ts";
import { type Options, optionsOf, replayCommand, USAGE } from "./options.ts";
import { type Cuts, planOf } from "./plan.ts";
import { type Outcome, run } from "./run.ts";
import { shrink } from "./shrink.ts";
import { addOutcome, addTally, emptyTally, type Failed, type Tally, tallyText } from "./tally.ts";

/** A worker tells of its work so often. */
const TELL_EVERY_MS = 1000;
/** After so many broken runs it is time to read one. */
const FAILURES_MOST = 5;
/** Seeds that a process is given at a time: it runs at a third of its speed until the compiler knows what is hot. */
const SLICE_MOST = 200;

async function main(args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (typeof options === "string" || args.includes("--help")) {
    console.log(typeof options === "string" && !args.includes("--help") ? `${options}\n\n${USAGE}` : USAGE);
    return args.includes("--help") ? 0 : 64;
  }
  if (options.mutants) return runMutants({ only: options.only, jobs: options.jobs, tell: (line) => console.log(line) });
  if (options.seed !== undefined) return replay(options, options.seed);
  if (options.worker) return work(options, (tally) => console.log(JSON.stringify(tally)));
  const begun = performance.now();
  const progress = progressBar(options.seeds, begun);
  const alone = options.jobs === 1 && options.minutes === undefined;
  const tally = alone ? emptyTally() : await shared(options, progress);
  if (alone) work(options, (part) => {
    addTally(tally, part);
    progress(tally);
  });
  progress(undefined);
  console.log(tallyText(tally, { wallMs: performance.now() - begun, jobs: options.jobs }));
  for (const failed of tally.failures.slice(0, FAILURES_MOST)) console.log(`\n${failureText(failed)}`);
  for (const { seed, days, invariant, detail } of tally.failures.slice(FAILURES_MOST)) console.log(`\nBROKEN by seed ${seed}, ${days} days: ${invariant}: ${detail}`);
  return tally.failures.length > 0 ? 1 : 0;
}

/** Runs its seeds and tells from time to time what they came to since. */
function work({ from, seeds, minutes, days, cuts, stop }: Options, tell: (part: Tally) => void): number {
  let part = emptyTally();
  let toldAt = performance.now();
  let failures = 0;
  const end = endOf(minutes);
  for (let seed = from; seed < from + seeds && failures < (stop ? 1 : FAILURES_MOST) && performance.now() < end; seed += 1) {
    const before = process.cpuUsage();
    const outcome = run(planOf(seed, { days, cuts }));
    const { user, system } = process.cpuUsage(before);
    addOutcome(part, outcome, (user + system) / 1000);
    if (outcome.failure !== undefined) failures += 1;
    if (performance.now() - toldAt < TELL_EVERY_MS && outcome.failure === undefined) continue;
    tell(part);
    part = emptyTally();
    toldAt = performance.now();
  }
  tell(part);
  return failures > 0 ? 1 : 0;
}

function endOf(minutes: number | undefined): number {
  return minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + minutes * 60_000;
}

/** The seeds in slices, shorter ones towards the end, by as many processes as wanted. */
async function shared({ from, seeds, minutes, days, jobs, cuts }: Options, progress: (tally: Tally) => void): Promise<Tally> {
  const tally = emptyTally();
  const end = endOf(minutes);
  const goesOn = (): boolean => (minutes === undefined ? tally.failures.length < FAILURES_MOST : performance.now() < end);
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < from + seeds && goesOn()) {
      const count = Math.min(SLICE_MOST, Math.ceil((from + seeds - next) / (2 * jobs)));
      const clock = minutes === undefined ? [] : ["--minutes", String((end - performance.now()) / 60_000)];
      const args = ["--worker", "--from", String(next), "--seeds", String(count), "--days", String(days), ...clock, ...(cuts.without.length > 0 ? ["--without", cuts.without.join(",")] : [])];
      next += count;
      for await (const part of partsOf(args)) {
        addTally(tally, part);
        progress(tally);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return tally;
}

async function* partsOf(args: readonly string[]): AsyncGenerator<Tally> {
  // A compiled build is its own program; from source Bun runs this file.
  const program = import.meta.path.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, import.meta.path];
  const child = Bun.spawn({ cmd: [...program, ...args], stdout: "pipe", stderr: "inherit" });
  let rest = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as Tally;
  }
  const code = await child.exited;
  if (code > 1) throw new Error(`A worker ended with ${code}`);
}

function progressBar(seeds: number, begun: number): (tally: Tally | undefined) => void {
  if (process.stderr.isTTY !== true) return () => {};
  return (tally) => {
    if (tally === undefined) return void process.stderr.write("\r\x1b[K");
    const { runs, virtualMs, alarms, steps, failures } = tally;
    const seconds = (performance.now() - begun) / 1000;
    process.stderr.write(`\r\x1b[K${runs}${seeds === Number.MAX_SAFE_INTEGER ? "" : ` of ${seeds}`} seeds, ${(virtualMs / 31_557_600_000).toFixed(2)} virtual years, ${alarms} alarms, ${Math.round(steps / seconds / 1000)}k steps/s${failures.length > 0 ? `, ${failures.length} BROKEN` : ""}`);
  };
}

/** One seed again, with the end of its transcript; and the least of it that still breaks. */
function replay({ days, cuts, lines, shrink: wanted }: Options, seed: number): number {
  const outcome = run(planOf(seed, { days, cuts }), { lines });
  const { failure } = outcome;
  console.log(planText(outcome));
  if (failure === undefined) {
    if (lines !== 50) console.log(outcome.lines.join("\n"));
    console.log(`${outcome.hash}: nothing broke in ${outcome.steps} steps`);
    return 0;
  }
  console.log(`${outcome.lines.join("\n")}\n\n${outcome.hash}: step ${failure.step}, ${failure.at}\n${failure.invariant}: ${failure.sentence}\n  ${failure.detail}\n  ${replayCommand({ seed, days, cuts })}`);
  if (wanted) {
    const least = shrink({
      days, cuts, planOf: (candidate) => planOf(seed, candidate), fails: (candidate) => run(planOf(seed, candidate)).failure?.invariant === failure.invariant,
      tell: (line) => console.log(`still breaks ${line}`),
    });
    console.log(`after ${least.runs} runs: ${replayCommand({ seed, ...least })}`);
  }
  return 1;
}

function planText({ plan }: Outcome): string {
  const faults = [...plan.faults].map(([name, strength]) => `${name} ${strength}`).join(", ");
  return `seed ${plan.seed}, ${plan.days} days, ${plan.listeners} listeners, ${plan.resources} resources, ${plan.subnets} subnets, ${plan.lanRate} datagrams/s, ${plan.realSeal ? "real" : "cheap"} seal\n${faults || "no faults"}\n`;
}

/** What to read of a failure: the run itself is told by its replay. */
function failureText({ seed, days, invariant, detail }: Failed): string {
  const cuts: Cuts = { without: [], resources: undefined, listeners: undefined };
  const { lines, failure } = run(planOf(seed, { days }), { lines: 50 });
  return `${lines.join("\n")}\n\nBROKEN by seed ${seed} at commit ${commit()}\n${invariant}: ${failure?.sentence ?? ""}\n  ${detail}\n  ${replayCommand({ seed, days, cuts })}`;
}

function commit(): string {
  const asked = Bun.spawnSync({ cmd: ["git", "rev-parse", "--short", "HEAD"], stdout: "pipe", stderr: "ignore" });
  return asked.exitCode === 0 ? asked.stdout.toString().trim() : "unknown";
}

process.exit(await main(process.argv.slice(2)));
