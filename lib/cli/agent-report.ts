/** `gapbell-agent raise` and `clear`: a report by hand or from a script, over the agent's socket. */

import type { Command } from "commander";
import { SEVERITIES } from "../alarm/severity.ts";
import { nearest } from "../base/nearest.ts";
import { askAgent, record } from "./agent-ask.ts";
import { addFolders, type FolderOptions, foldersOf } from "./agent-folders.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";

type Labels = Readonly<Record<string, string>>;

export function addReport(program: Command): void {
  const raise = addFolders(program.command("raise"))
    .description("raise an alarm; the same labels again update it")
    .requiredOption("--label <name=value>", "a label; all of them say which alarm it is (repeat)", addLabel)
    .requiredOption("--text <line>", "one line for people")
    .option("--detail <text>", "more lines for people")
    .option("--severity <word>", `one of ${WORDS.join(", ")}`)
    .option("--stale-after <duration>", "its source repeats itself, and silence for so long means that it is lost, as in 5m")
    .option("--again", "people must look again, even if they have acknowledged it")
    .action(raiseOne);
  withExample(raise, 'gapbell-agent raise --label alertname=DiskFull --label instance=node-3 --text "/var is full" --severity critical');

  const clear = addFolders(program.command("clear"))
    .description("clear an alarm, named by its id or by the labels it was raised with")
    .argument("[id]", "the first characters of its id")
    .option("--label <name=value>", "a label it was raised with (repeat)", addLabel)
    .option("--text <line>", "why", "")
    .action(clearOne);
  withExample(clear, "gapbell-agent clear --label alertname=DiskFull --label instance=node-3");
}

const WORDS: readonly string[] = [...SEVERITIES, "info"];

function addLabel(text: string, before: Labels = {}): Labels {
  const at = text.indexOf("=");
  if (at < 1) throw new ExitFault(EXIT.usage, `--label is ${JSON.stringify(text)}, must be name=value as in alertname=DiskFull`);
  const name = text.slice(0, at);
  if (Object.hasOwn(before, name)) throw new ExitFault(EXIT.usage, `--label names ${JSON.stringify(name)} twice`);
  return { ...before, [name]: text.slice(at + 1) };
}

type RaiseOptions = FolderOptions & {
  readonly label: Labels;
  readonly text: string;
  readonly detail?: string;
  readonly severity?: string;
  readonly staleAfter?: string;
  readonly again?: boolean;
};

async function raiseOne(options: RaiseOptions): Promise<void> {
  const { label: labels, text, detail, severity, staleAfter, again } = options;
  if (severity !== undefined && !WORDS.includes(severity)) {
    const close = nearest(severity, WORDS);
    const hint = close === undefined ? "" : `Did you mean "${close}"?`;
    throw new ExitFault(EXIT.usage, `--severity is ${JSON.stringify(severity)}, must be one of ${WORDS.join(", ")}`, hint);
  }
  const answer = await hand(options, {
    condition: "raised", labels, text,
    ...(detail === undefined ? {} : { detail }), ...(severity === undefined ? {} : { severity }),
    ...(staleAfter === undefined ? {} : { staleAfter }), ...(again === true ? { again } : {}),
  });
  if (options.json === true) return printJson(answer);
  const short = occurrenceIn(answer)?.slice(0, 6);
  process.stdout.write(short === undefined ? "Taken in.\n" : `Raised ${short}. What happens to it: gapbell-agent show ${short}\n`);
}

async function clearOne(id: string | undefined, options: FolderOptions & { readonly label?: Labels; readonly text: string }): Promise<void> {
  if ((id === undefined) === (options.label === undefined)) {
    throw new ExitFault(EXIT.usage, "Name the alarm either by its id or by --label name=value");
  }
  const wanted = id === undefined ? undefined : await identityOf(id, options);
  const report = wanted ?? { labels: options.label };
  const answer = await hand(options, { condition: "cleared", text: options.text, ...report });
  const cleared = occurrenceIn(answer);
  if (wanted !== undefined && cleared !== wanted.id) {
    const short = wanted.id.slice(0, 6);
    throw new ExitFault(EXIT.failed, `Cannot clear ${short}: its labels alone do not say which alarm it is; its source must clear it`);
  }
  if (cleared === undefined) throw new ExitFault(EXIT.failed, "No alarm has these labels; nothing was cleared");
  if (options.json === true) return printJson(answer);
  process.stdout.write(`Cleared ${cleared.slice(0, 6)}.\n`);
}

/** The labels that a report must bring so that the agent finds the same alarm. */
async function identityOf(id: string, options: FolderOptions) {
  const alarm = await askAgent(foldersOf(options).state, { method: "GET", route: `/v1/alarms/${encodeURIComponent(id)}` });
  const { labels, identity } = alarm;
  return { id: String(alarm["id"]), labels: record(labels), ...(Array.isArray(identity) ? { identity: identity.map(String) } : {}) };
}

function hand(options: FolderOptions, { id: _, ...report }: Readonly<Record<string, unknown>>) {
  return askAgent(foldersOf(options).state, { method: "POST", route: "/v1/reports", body: report });
}

function occurrenceIn({ occurrences }: Readonly<Record<string, unknown>>): string | undefined {
  const first: unknown = Array.isArray(occurrences) ? occurrences[0] : undefined;
  return typeof first === "string" ? first : undefined;
}
