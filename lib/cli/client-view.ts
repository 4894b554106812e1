/** The commands that ask the running listener: list, ack, status. */

import type { Command } from "commander";
import { ROBOT_ENVIRONMENT } from "../io/runner.ts";
import { COMMENT_CHARACTERS_MOST } from "../port/client-door.ts";
import { record } from "./agent-ask.ts";
import { askClient } from "./client-ask.ts";
import { addState, folderOf, readClientConfig, type StateOptions } from "./client-folders.ts";
import { inboxLines, type Looks, outcomeLines, statusLines } from "./client-print.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { addId, printJson, withExample } from "./main.ts";
import { coloured, readerOf } from "./terminal.ts";

type Answer = Readonly<Record<string, unknown>>;

export function addClientView(program: Command): void {
  const list = addState(program.command("list"))
    .description("list the open alarms, the most urgent first")
    .option("--all", "those that ended within the last day as well")
    .action(async (options: StateOptions & { readonly all?: boolean }) => {
      print(options, await get(options, options.all === true ? "/v1/alarms?all=1" : "/v1/alarms"), inboxLines);
    });
  withExample(list, "gapbell-client list --all");

  const ack = addId(addState(program.command("ack")))
    .description("take an alarm: it rings no more, and everybody sees that you have it")
    .option("--comment <text>", "what is being done about it", "")
    .action(ackAlarm);
  withExample(ack, 'gapbell-client ack 7QK2M9 --comment "replacing the disk"');

  const status = addState(program.command("status"))
    .description("tell whether the agent is heard, what is open, and what was dropped")
    .action(async (options: StateOptions) => print(options, await get(options, "/v1/status"), statusLines));
  withExample(status, "gapbell-client status --json");
}

/** How it ends: 0 where the alarm is taken, by whomever; 75 where the agent has not answered yet; 1 where it does not count. */
async function ackAlarm(id: string, options: StateOptions & { readonly comment: string }): Promise<void> {
  const { comment } = options;
  if (comment.length > COMMENT_CHARACTERS_MOST) throw new ExitFault(EXIT.usage, `The comment has ${comment.length} characters, must have at most ${COMMENT_CHARACTERS_MOST}`);
  const robot = (process.env[ROBOT_ENVIRONMENT] ?? "") !== "";
  const reply = await askClient(place(options), { method: "POST", route: `/v1/alarms/${encodeURIComponent(id)}/ack`, body: { comment, robot } });
  const answer = record(reply.body);
  print(options, answer, outcomeLines);
  const outcome = answer["outcome"];
  process.exitCode = outcome === "taken" || outcome === "already" ? EXIT.done : outcome === "pending" ? EXIT.temporary : EXIT.failed;
}

async function get(options: StateOptions, route: string): Promise<Answer> {
  return record((await askClient(place(options), { method: "GET", route })).body);
}

function place(options: StateOptions): { readonly state: string; readonly option: string | undefined } {
  return { state: folderOf(options), option: options.state };
}

function print(options: StateOptions, answer: Answer, lines: (answer: Answer, looks: Looks) => readonly string[]): void {
  if (options.json === true) return printJson(answer);
  process.stdout.write(`${lines(answer, looksOf(options)).join("\n")}\n`);
}

/** How this person reads: client.yaml has the last word on the language. */
export function looksOf(options: StateOptions): Looks {
  const reader = readerOf();
  return { ...reader, language: readClientConfig(folderOf(options)).language ?? reader.language, colour: coloured() };
}
