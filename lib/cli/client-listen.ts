/** The command for scripts: a tap on the running listener, as lines or as programs that each alarm starts. It acknowledges nothing and gives no receipt. */

import { join } from "node:path";
import type { Command } from "commander";
import { tapLocal } from "../io/local.ts";
import { openLog } from "../io/log.ts";
import { openRunner, type Runner } from "../io/runner.ts";
import { record } from "./agent-ask.ts";
import { notRunning } from "./client-ask.ts";
import { addState, CLIENT_FILES, folderOf, type StateOptions } from "./client-folders.ts";
import { tapText } from "./client-print.ts";
import { looksOf } from "./client-view.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { stopSignal, withExample } from "./main.ts";

type ListenOptions = StateOptions & { readonly exec?: string; readonly all?: boolean };

export function addListen(program: Command): void {
  const listen = addState(program.command("listen"))
    .description("follow the running listener: one line for each thing that happens, or one program started for each alarm")
    .option("--exec <command>", "start this for each alarm that rings, and once for a summary of many; it gets the line as JSON on its standard input, nothing goes through a shell")
    .option("--all", "with --exec: also for what does not ring, changes of state and of hearing")
    .argument("[arguments...]", "after --: arguments of the command")
    .action(follow);
  withExample(listen, "gapbell-client listen --json\ngapbell-client listen --exec ./lamp.sh -- --colour red");
}

async function follow(args: readonly string[], options: ListenOptions): Promise<void> {
  const { exec, all = false, json = false } = options;
  if (exec === undefined && args.length > 0) throw new ExitFault(EXIT.usage, "Arguments belong to a command: give it by --exec");
  const log = openLog({ level: "info" });
  const runner = exec === undefined ? undefined : openRunner({ argv: [exec, ...args], log });
  const gone = new AbortController();
  // Nobody reads any more: who follows on would lose every line, and nobody would start it again.
  process.stdout.once("error", () => gone.abort());
  const stop = AbortSignal.any([stopSignal(), gone.signal]);
  const looks = looksOf(options);
  const socket = join(folderOf(options), CLIENT_FILES.socket);
  const tapped = await tapLocal(socket, "/v1/lines", (line) => {
    if (runner !== undefined) start(runner, line, all);
    else process.stdout.write(`${json ? line : tapText(parse(line), looks)}\n`);
  }, stop);
  if (!tapped.ok) throw notRunning(tapped.fault, { state: folderOf(options), option: options.state });
  if (stop.aborted) runner?.stop();
  await runner?.idle();
  log.flush();
  if (!stop.aborted) throw new ExitFault(EXIT.temporary, "The listener has stopped");
}

function start(runner: Runner, line: string, all: boolean): void {
  const said = parse(line);
  if (all || said["rings"] === true) runner.run(line, String(said["occurrence"] ?? "").slice(0, 6) || String(said["kind"] ?? ""));
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    return record(JSON.parse(line));
  } catch {
    return {};
  }
}
