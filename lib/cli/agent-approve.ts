/** `gapbell-agent approve`: lists who asks to join, and lets in the one whose code was read on its own screen. */

import type { Command } from "commander";
import { minutes } from "../base/units.ts";
import { approvalId, codeOf, hashOf, parseCode } from "../trust/approval.ts";
import { issue } from "../trust/certificate.ts";
import { inviteName } from "../trust/invite.ts";
import { privateKey } from "../wire/seal.ts";
import { askAgent, records } from "./agent-ask.ts";
import { addFolders, type FolderOptions, foldersOf, readAgentConfig } from "./agent-folders.ts";
import { refuseStranger } from "./agent-invite.ts";
import { clusterSeed, PASSPHRASE_OPTION } from "./cluster-seed.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";
import { momentText } from "../alarm/moment.ts";
import { plain, table } from "./table.ts";
import { readerOf } from "./terminal.ts";

const ROUTE = "/v1/approvals";
/** The warrant is used at once. */
const TTL_MS = minutes(1);

type Options = FolderOptions & { readonly operator?: string; readonly robot?: boolean; readonly passphraseFile?: string };
type Waiting = Readonly<Record<string, unknown>>;

export function addApprove(program: Command): void {
  const command = addFolders(program.command("approve"))
    .description("let in the listener that shows this code (gapbell-client join --approve); without a code list who asks")
    .argument("[code]", "the eight characters that it shows; compare them with its own screen")
    .option("--operator <name>", "whose listener it is; must be in the roster")
    .option("--robot", "for a script: what it acknowledges does not count as a person")
    .option(...PASSPHRASE_OPTION)
    .action(approve);
  withExample(command, "gapbell-agent approve\ngapbell-agent approve K7QM-3X9D --operator li");
}

async function approve(code: string | undefined, options: Options): Promise<void> {
  const folders = foldersOf(options);
  if (code === undefined) return list(records((await askAgent(folders.state, { method: "GET", route: ROUTE }))["pending"]), options);
  const { operator, robot = false } = options;
  const typed = parseCode(code);
  if (!typed.ok) throw new ExitFault(EXIT.usage, `The code is ${JSON.stringify(code)}: ${typed.fault}`);
  if (operator === undefined) throw new ExitFault(EXIT.usage, "--operator is missing, must be the name of the operator whose listener it is");
  refuseStranger(operator, readAgentConfig(folders));
  const waiting = records((await askAgent(folders.state, { method: "GET", route: ROUTE }))["pending"]).find((one) => codeOf(text(one["transcript"])) === typed.value);
  if (waiting === undefined) {
    throw new ExitFault(EXIT.failed, `Nobody who asks to join has the code ${typed.value}`, "It is mistyped, was approved before or is older than 10 minutes; or somebody stands between listener and agent");
  }
  process.stderr.write(`${plain(text(waiting["host"]))} at ${text(waiting["address"])} asks to join\n`);
  const signer = privateKey("ed", await clusterSeed(folders.state, { passphraseFile: options.passphraseFile, why: "Listeners ask (join --approve --agent ADDRESS) and are approved" }));
  const warrant = issue("warrant", {
    id: inviteName(approvalId(text(waiting["commit"]))), operator, robot, hash: hashOf(text(waiting["transcript"])), expires: Date.now() + TTL_MS,
  }, signer);
  const answer = await askAgent(folders.state, { method: "POST", route: ROUTE, body: { warrant } });
  if (options.json === true) return printJson(answer);
  process.stdout.write(`Approved: ${plain(text(answer["host"]))} listens for ${robot ? "a robot of " : ""}${operator}\n`);
}

function list(waiting: readonly Waiting[], { json }: Options): void {
  if (json === true) return printJson({ pending: waiting.map(({ code, host, address, since, operator }) => ({ code, host, address, since, operator })) });
  if (waiting.length === 0) return void process.stdout.write("Nobody asks to join. On the listener's host: gapbell-client join --approve\n");
  const { timezone } = readerOf();
  const rows = waiting.map((one) => [text(one["code"]), plain(text(one["host"])), text(one["address"]), momentText(Number(one["since"]), timezone), plain(text(one["operator"]))]);
  process.stdout.write(`${table(["CODE", "HOST", "ADDRESS", "SINCE", "ASKS FOR"], rows).join("\n")}\nCompare the code with the listener's own screen, then: gapbell-agent approve CODE --operator NAME\n`);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
