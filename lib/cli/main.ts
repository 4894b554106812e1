/** What the three programs have in common: version, help, how an error is printed and with which number they end. */

import { Command, CommanderError } from "commander";
import { jsonLine } from "../base/json-line.ts";
import { onSignals } from "../io/signals.ts";
import { EXIT, EXIT_HELP, ExitFault } from "./exit.ts";
import { buildLine } from "./version.ts";

/**
 * A program with `--version`, help that fits a terminal, and no exits of its own. Subcommands made by
 * `program.command(…)` inherit all of it.
 *
 * @param example whole lines as they are typed, printed under the help
 */
export function newProgram({
  name,
  about,
  example,
}: {
  readonly name: string;
  readonly about: string;
  readonly example: string;
}): Command {
  const program = new Command(name)
    .description(about)
    .version(buildLine(name), "-V, --version", "print version and commit")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .exitOverride();
  return withExample(program, example);
}

/** Adds the line that shows a command at work to the end of its help, and what the numbers mean with which it ends. */
export function withExample(command: Command, example: string): Command {
  const lines = example.split("\n").map((line) => `  ${line}`);
  const words = command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`;
  return command
    .showHelpAfterError(`(${words} --help prints ${command.parent === null ? "the commands" : "its arguments and an example"})`)
    .addHelpText("after", `\nExample:\n${lines.join("\n")}\n\n${EXIT_HELP}`);
}

/** The argument that names an alarm. An empty one, as an unset variable of a script leaves it, names none. */
export function addId(command: Command): Command {
  return command.argument("<id>", "the first characters of its id", (text: string) => {
    if (text === "") throw new ExitFault(EXIT.usage, 'The id is empty, must be the first characters of one that "list" prints');
    return text;
  });
}

/**
 * Runs one command and says how it ended. Never rejects.
 * An `ExitFault` is printed as its message and hint; anything else that is thrown is our own mistake and ends with 70.
 *
 * @param words the arguments without the program's name
 * What an error quotes may come from a source or from a file: nothing of it can move a terminal's cursor.
 *
 * @param print where errors go, one line a call; standard error unless told otherwise
 */
export async function runProgram(
  program: Command,
  words: readonly string[] = process.argv.slice(2),
  print: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<number> {
  const say = (text: string): void => print(text.replace(/[^\P{Cc}\n]|[\p{Zl}\p{Zp}]/gu, " "));
  try {
    await program.parseAsync([...words], { from: "user" });
    return Number(process.exitCode ?? EXIT.done);
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (thrown instanceof ExitFault) {
      say(`${program.name()}: ${thrown.message}`);
      if (thrown.hint !== "") say(thrown.hint);
      return thrown.code;
    }
    say(`${program.name()}: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
    return EXIT.software;
  }
}

/**
 * Aborts on SIGTERM and SIGINT; the same again ends the process at once. SIGHUP calls `reload`, or aborts as well where
 * the program has nothing to read again.
 */
export function stopSignal(reload?: () => void): AbortSignal {
  const stop = new AbortController();
  onSignals({
    stop: (name) => stop.abort(name),
    stopNow: () => process.exit(EXIT.temporary),
    reload: reload ?? (() => stop.abort("SIGHUP")),
  });
  return stop.signal;
}

/**
 * Ends the process once everything printed has been taken over: a pipe takes 64 KiB at a time, and `process.exit` alone
 * would cut ten thousand alarms off in the middle of a line. A reader that has gone, as `head` does, is no reason to stay.
 */
export async function leave(code: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => {
    stream.once("error", () => resolve());
    stream.end(() => resolve());
  })));
  process.exit(code);
}

/** One JSON value on a line of its own, for `--json`. */
export function printJson(value: unknown): void {
  process.stdout.write(`${jsonLine(value)}\n`);
}
