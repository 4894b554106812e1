/** Where a command of the agent finds its state and its configuration, and what it does when those are broken. */

import { join, resolve } from "node:path";
import type { Command } from "commander";
import { fail, ok, type Result } from "../base/result.ts";
import { stateFolder } from "../io/state.ts";
import { AGENT_FILES, type AgentConfig, loadAgentConfig } from "./agent-config.ts";
import { configBytes } from "./config-bytes.ts";
import { type ConfigFault, printFaults } from "./config.ts";
import { EXIT, ExitFault } from "./exit.ts";

export type AgentFolders = {
  /** Keys, database and socket; absolute. */
  readonly state: string;
  /** The three YAML files; absolute. */
  readonly config: string;
};

/** The words of `addFolders`, as commander hands them to an action. */
export type FolderOptions = { readonly state?: string; readonly config?: string; readonly json?: boolean };

/** Adds the options that every command has. */
export function addFolders(command: Command): Command {
  return command
    .option("--state <dir>", "state folder (default: $STATE_DIRECTORY, else /var/lib/gapbell-agent or ~/.local/state/gapbell-agent)")
    .option("--config <dir>", "folder of agent.yaml, rules.yaml and roster.yaml (default: the state folder)")
    .option("--json", "print one line of JSON instead of text");
}

export function foldersOf({ state, config }: FolderOptions): AgentFolders {
  const folder = stateFolder("agent", state);
  return { state: folder, config: config === undefined || config === "" ? folder : resolve(config) };
}

/** Reads the three files; each fault names its file with the whole path, so that an editor can open it. */
export function loadFolder({ config }: Pick<AgentFolders, "config">): Result<AgentConfig, readonly ConfigFault[]> {
  const whole = (faults: readonly ConfigFault[]) => faults.map((fault) => ({ ...fault, file: join(config, fault.file) }));
  const read = loadAgentConfig((name) => configBytes(join(config, name)));
  return read.ok ? ok({ ...read.value, warnings: whole(read.value.warnings) }) : fail(whole(read.fault));
}

/** The same for a command that cannot go on without it. Throws an `ExitFault` (78) that lists every mistake. */
export function readAgentConfig(folders: Pick<AgentFolders, "config">): AgentConfig {
  const read = loadFolder(folders);
  if (read.ok) return read.value;
  throw unusable(read.fault, folders);
}

/** How a command ends whose configuration is broken. */
export function unusable(faults: readonly ConfigFault[], { config }: Pick<AgentFolders, "config">): ExitFault {
  return new ExitFault(EXIT.config, `Cannot use the configuration:\n${printFaults(faults)}`, hintFor(config));
}

/** Where nothing has been set up yet, the way to begin is worth more than three missing files. */
function hintFor(folder: string): string {
  const nothing = Object.values(AGENT_FILES).every((name) => configBytes(join(folder, name)) === undefined);
  return nothing ? 'Begin with "gapbell-agent init --cluster NAME --operator NAME --mail ADDRESS", or name the folder by --config or --state' : "";
}
