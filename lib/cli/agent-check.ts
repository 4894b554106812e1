/** `gapbell-agent check`: every mistake of the configuration with its place, and what deserves a second look. */

import type { Command } from "commander";
import { addFolders, type FolderOptions, foldersOf, loadFolder, unusable } from "./agent-folders.ts";
import { readAgentKeys } from "./agent-keys.ts";
import { listenOf } from "./agent-listen.ts";
import { printFault } from "./config.ts";
import { printJson, withExample } from "./main.ts";

export function addCheck(program: Command): void {
  const command = addFolders(program.command("check"))
    .description("read the configuration, keys and tokens as the agent would, and print every mistake")
    .action(check);
  withExample(command, "gapbell-agent check --config /etc/gapbell");
}

function check(options: FolderOptions): void {
  const folders = foldersOf(options);
  const config = loadFolder(folders);
  if (!config.ok) {
    if (options.json === true) printJson({ ok: false, faults: config.fault });
    throw unusable(config.fault, folders);
  }
  // Keys and tokens as well: an agent that cannot start must not pass.
  readAgentKeys(folders.state);
  listenOf(config.value, folders.config);
  const { warnings, settings } = config.value;
  const operators = Object.keys(settings.roster.operators).length;
  const rules = settings.rules.rules.length;
  if (options.json === true) return printJson({ ok: true, warnings, operators, rules });
  for (const warning of warnings) process.stderr.write(`warning: ${printFault(warning)}\n`);
  process.stdout.write(`The configuration in "${folders.config}" is good. Operators: ${operators}, rules: ${rules}, warnings: ${warnings.length}.\n`);
}
