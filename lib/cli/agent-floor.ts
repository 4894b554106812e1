/** `gapbell-agent floor`: tells the security floor, or unlocks the cluster key once and raises it. */

import type { Command } from "commander";
import { issue } from "../trust/certificate.ts";
import { privateKey } from "../wire/seal.ts";
import { askAgent } from "./agent-ask.ts";
import { addFolders, type FolderOptions, foldersOf } from "./agent-folders.ts";
import { clusterSeed, PASSPHRASE_OPTION } from "./cluster-seed.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";

type Options = FolderOptions & { readonly passphraseFile?: string };

const ROUTE = "/v1/floor";

export function addFloor(program: Command): void {
  const command = addFolders(program.command("floor"))
    .description("the lowest version of the protocol that may be spoken in this cluster; it can be raised, and never lowered")
    .argument("[version]", "raise it to this one: older programs are let in no more")
    .option(...PASSPHRASE_OPTION)
    .action(floor);
  withExample(command, "gapbell-agent floor\ngapbell-agent floor 2");
}

async function floor(wanted: string | undefined, options: Options): Promise<void> {
  const { state } = foldersOf(options);
  const before = floorIn(await askAgent(state, { method: "GET", route: ROUTE }));
  if (wanted === undefined) return print(before, options);
  const version = /^\d{1,4}$/.test(wanted) ? Number(wanted) : 0;
  if (version < 1) throw new ExitFault(EXIT.usage, `The floor is ${JSON.stringify(wanted)}, must be a version from 1 to ${before.highest}`);
  // Nobody is asked for a passphrase for what the agent would refuse.
  if (version > before.highest) throw new ExitFault(EXIT.failed, `This agent speaks versions up to ${before.highest}: a floor of ${version} would shut itself out`, "Install a release that speaks it on every host first");
  if (version < before.floor) throw new ExitFault(EXIT.failed, `The floor is ${before.floor}, and is never lowered`);
  if (version === before.floor) return print(before, options);
  const signer = privateKey("ed", await clusterSeed(state, { passphraseFile: options.passphraseFile, why: "The floor is raised" }));
  print(floorIn(await askAgent(state, { method: "POST", route: ROUTE, body: { floor: issue("floor", { version }, signer) } })), options);
}

function print({ floor, lowest, highest }: ReturnType<typeof floorIn>, { json }: Options): void {
  if (json === true) return printJson({ floor, versions: [lowest, highest] });
  process.stdout.write(`Lowest version that may be spoken: ${floor}. This agent speaks ${lowest === highest ? `version ${lowest}` : `versions ${lowest} to ${highest}`}\n`);
}

function floorIn({ floor, versions }: Readonly<Record<string, unknown>>): { readonly floor: number; readonly lowest: number; readonly highest: number } {
  const [lowest, highest] = Array.isArray(versions) ? versions.map(Number) : [];
  return { floor: Number(floor), lowest: lowest ?? 1, highest: highest ?? 1 };
}
