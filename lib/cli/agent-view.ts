/** The commands that ask the running agent how things stand, and the one that takes an alarm: list, show, listeners, coverage, relay, ack. */

import type { Command } from "commander";
import { askAgent } from "./agent-ask.ts";
import { addFolders, type FolderOptions, foldersOf } from "./agent-folders.ts";
import { coverageLines } from "./coverage-print.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { addId, printJson, withExample } from "./main.ts";
import { alarmLines, listenerLines, type Looks, relayLines, showLines } from "./print.ts";
import { coloured, readerOf } from "./terminal.ts";

type Answer = Readonly<Record<string, unknown>>;

export function addView(program: Command): void {
  const list = addFolders(program.command("list"))
    .description("list the open alarms, the most urgent first")
    .option("--all", "the cleared ones of the last days as well")
    .action(async (options: FolderOptions & { readonly all?: boolean }) => {
      print(options, await get(options, options.all === true ? "/v1/alarms?all=1" : "/v1/alarms"), alarmLines);
    });
  withExample(list, "gapbell-agent list --all");

  const show = addId(addFolders(program.command("show")))
    .description("show one alarm and everything that happened to it")
    .action(async (id: string, options: FolderOptions) => {
      print(options, await get(options, `/v1/alarms/${encodeURIComponent(id)}`), showLines);
    });
  withExample(show, "gapbell-agent show 7QK2M9");

  const listeners = addFolders(program.command("listeners"))
    .description("list who has joined, and who is heard now")
    .action(async (options: FolderOptions) => print(options, await get(options, "/v1/listeners"), listenerLines));
  withExample(listeners, "gapbell-agent listeners");

  const coverage = addFolders(program.command("coverage"))
    .description("tell for each module who would hear its alarms, and what is missing; ends with 1 where something is")
    .action(async (options: FolderOptions) => {
      const answer = await get(options, "/v1/coverage");
      print(options, answer, coverageLines);
      process.exitCode = answer["covered"] === true ? EXIT.done : EXIT.failed;
    });
  withExample(coverage, "gapbell-agent coverage || echo somebody is missing");

  const relay = addFolders(program.command("relay"))
    .description("tell how the relay stands: both legs of the jump host, and each channel")
    .option("--fresh", "let the relay check everything now")
    .action(async (options: FolderOptions & { readonly fresh?: boolean }) => {
      print(options, await get(options, options.fresh === true ? "/v1/relay?fresh=1" : "/v1/relay"), relayLines);
    });
  withExample(relay, "gapbell-agent relay --fresh");

  const ack = addId(addFolders(program.command("ack")))
    .description("acknowledge an alarm in an operator's name, at the agent's console")
    .requiredOption("--as <operator>", "who takes it")
    .option("--comment <text>", "what is being done about it", "")
    .action(ackOne);
  withExample(ack, 'gapbell-agent ack 7QK2M9 --as li --comment "replacing the disk"');
}

async function ackOne(id: string, options: FolderOptions & { readonly as: string; readonly comment: string }): Promise<void> {
  const body = { operator: options.as, comment: options.comment };
  const answer = await askAgent(foldersOf(options).state, { method: "POST", route: `/v1/alarms/${encodeURIComponent(id)}/ack`, body });
  if (answer["outcome"] === "refused") throw new ExitFault(EXIT.failed, outcomeLine(answer));
  print(options, answer, (taken) => [outcomeLine(taken)]);
}

const OUTCOMES: Readonly<Record<string, string>> = {
  taken: "Acknowledged", already: "Somebody had acknowledged it already", recorded: "Recorded; the clock runs on", refused: "Refused",
};

function outcomeLine({ outcome, reason, by }: Answer): string {
  const who = typeof by === "string" && by !== "" ? ` (${by})` : "";
  const why = typeof reason === "string" && reason !== "" ? `: ${reason}` : "";
  return `${OUTCOMES[String(outcome)] ?? String(outcome)}${who}${why}`;
}

function get(options: FolderOptions, route: string): Promise<Answer> {
  return askAgent(foldersOf(options).state, { method: "GET", route });
}

function print({ json }: FolderOptions, answer: Answer, lines: (answer: Answer, looks: Looks) => readonly string[]): void {
  if (json === true) return printJson(answer);
  const looks = { ...readerOf(), colour: coloured(), now: Date.now() };
  process.stdout.write(`${lines(answer, looks).join("\n")}\n`);
}
