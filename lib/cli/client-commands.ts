/** The commands of gapbell-client: what each is called, what it takes, what it prints. */

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { askLocal, localSentence, tapLocal } from "../io/local.ts";
import { makeFolder, stateFolder } from "../io/state.ts";
import { readClientConfig } from "./client-config.ts";
import { joinCluster } from "./client-join.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { newProgram, printJson, stopSignal } from "./main.ts";

export const CLIENT_SOCKET = "client.sock";

export type RunOptions = { readonly state: string; readonly seat: "person" | "none" | undefined; readonly desktop: boolean };

type Words = { readonly state?: string; readonly json?: boolean; readonly seat?: string; readonly desktop?: boolean; readonly comment?: string; readonly file?: string; readonly all?: boolean };

/** @param run keeps the listener running until it is told to end; resolves with the exit code */
export function clientProgram({ run }: { readonly run: (options: RunOptions) => Promise<number> }): Command {
  const program = newProgram({
    name: "gapbell-client", about: "Rings the alarms of a cluster on this computer.",
    example: "gapbell-client join li.gapbell\ngapbell-client run",
  });
  const command = (name: string, about: string): Command =>
    program.command(name).description(about).option("--state <dir>", "state folder (default: $STATE_DIRECTORY, else /var/lib/gapbell-client or ~/.local/state/gapbell-client)").option("--json", "print JSON");

  command("join [file]", "join a cluster by the line or file that gapbell-agent invite made; without a file it is read from standard input")
    .option("--file <file>", "the same as the argument")
    .action(async (argument: string | undefined, words: Words) => {
      const file = argument ?? words.file;
      const state = folderOf(words);
      const { clusterName, warrant } = await joinCluster(state, await inviteText(file), readClientConfig(state));
      if (words.json === true) printJson({ cluster: clusterName, operator: warrant.operator, robot: warrant.robot });
      else console.log(`Joined cluster "${clusterName}" as ${warrant.operator}. Next: gapbell-client run`);
    });
  command("run", "listen, show and sound alarms until Ctrl-C")
    .option("--seat <who>", "person: somebody sits before this; none: nobody does (default: person on a terminal)")
    .option("--no-desktop", "no desktop notifications")
    .action(async (words: Words) => {
      if (words.seat !== undefined && words.seat !== "person" && words.seat !== "none") throw new ExitFault(EXIT.usage, `--seat is "${words.seat}", must be person or none`);
      process.exitCode = await run({ state: folderOf(words), seat: words.seat, desktop: words.desktop !== false });
    });
  command("list", "list the alarms that this listener knows").option("--all", "also those that are over").action(async (words: Words) => {
    const body = await ask(words, { method: "GET", route: `/v1/alarms${words.all === true ? "?all=1" : ""}` });
    if (words.json === true) return printJson(body);
    for (const alarm of listIn(body, "alarms")) console.log(lineOf(alarm));
  });
  command("ack <id>", "take an alarm; the first characters of its id are enough").option("--comment <text>", "one line for the others", "").action(async (id: string, words: Words) => {
    const body = await ask(words, { method: "POST", route: `/v1/alarms/${encodeURIComponent(id)}/ack`, body: { comment: words.comment ?? "" } });
    if (words.json === true) printJson(body);
    else console.log(`${String(body["outcome"])}${body["by"] === "" || body["by"] === undefined ? "" : ` by ${String(body["by"])}`}${body["reason"] ? `: ${String(body["reason"])}` : ""}`);
    if (body["outcome"] === "refused") process.exitCode = EXIT.failed;
  });
  command("status", "tell which agents are heard, and what was dropped").action(async (words: Words) => {
    const body = await ask(words, { method: "GET", route: "/v1/status" });
    if (words.json === true) printJson(body);
    else console.log(JSON.stringify(body, undefined, 2));
  });
  command("listen", "print a line of JSON for everything that happens").action(async (words: Words) => {
    const path = join(folderOf(words), CLIENT_SOCKET);
    const tapped = await tapLocal(path, "/v1/tap", (line) => console.log(line), stopSignal());
    if (!tapped.ok) throw new ExitFault(EXIT.unavailable, localSentence(tapped.fault, "gapbell-client"));
  });
  return program;
}

function folderOf({ state }: Words): string {
  const folder = stateFolder("client", state === undefined ? undefined : resolve(state));
  const made = makeFolder(folder);
  if (!made.ok) throw new ExitFault(EXIT.config, `Cannot use "${folder}": ${made.fault.reason}`);
  return folder;
}

async function inviteText(file: string | undefined): Promise<string> {
  if (file === undefined) return Bun.stdin.text();
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new ExitFault(EXIT.usage, `Cannot read "${file}"`, "An invite is a file, or is read from standard input; never an argument, which others could see");
  }
}

async function ask(words: Words, question: Parameters<typeof askLocal>[1]): Promise<Readonly<Record<string, unknown>>> {
  const asked = await askLocal(join(folderOf(words), CLIENT_SOCKET), question);
  if (!asked.ok) throw new ExitFault(EXIT.unavailable, localSentence(asked.fault, "gapbell-client"));
  const body = asked.value.body as Readonly<Record<string, unknown>>;
  if (asked.value.status >= 200 && asked.value.status < 300) return body;
  throw new ExitFault(asked.value.status >= 500 ? EXIT.temporary : EXIT.failed, String(body["error"] ?? `The listener answers ${asked.value.status}`));
}

function listIn(body: Readonly<Record<string, unknown>>, name: string): readonly Readonly<Record<string, unknown>>[] {
  const list = body[name];
  return Array.isArray(list) ? list : [];
}

function lineOf(alarm: Readonly<Record<string, unknown>>): string {
  const id = String(alarm["occurrence"] ?? alarm["id"]).slice(0, 6);
  const by = alarm["by"] ? ` (${String(alarm["by"])})` : "";
  return `${id}  ${String(alarm["severity"]).padEnd(13)} ${String(alarm["module"])}/${String(alarm["item"])}  ${String(alarm["attention"])}${by}  ${String(alarm["text"])}`;
}
