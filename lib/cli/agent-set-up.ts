/** The files of an agent that begins, whole or not at all, and never over others: for `init` and `pair accept`. */

import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "../base/bytes.ts";
import { dice } from "../io/dice.ts";
import { secretSentence, writeSecret } from "../io/secrets.ts";
import { makeFolder } from "../io/state.ts";
import { AGENT_FILES } from "./agent-config.ts";
import type { AgentFolders } from "./agent-folders.ts";
import { EXIT, ExitFault } from "./exit.ts";

/** @param keys texts by name in `keys/`; `files` by name in the configuration's folder */
export function setUp(folders: AgentFolders, { keys, files }: { readonly keys: ReadonlyMap<string, string>; readonly files: ReadonlyMap<string, string> }): void {
  makeFolders(folders);
  writeKeys(folders.state, keys);
  for (const [name, text] of files) write(join(folders.config, name), text);
}

/** Throws an `ExitFault` that names what is there already. */
export function refuseToOverwrite({ state, config }: AgentFolders): void {
  const wanted = [...Object.values(AGENT_FILES).map((name) => join(config, name)), join(state, "keys"), join(state, "agent.db")];
  const there = wanted.filter((path) => existsSync(path));
  if (there.length === 0) return;
  throw new ExitFault(
    EXIT.failed,
    `Refuse to write over ${there.map((path) => `"${path}"`).join(", ")}`,
    "Name another folder by --state, or move these away if the cluster is to begin anew; its listeners must then join again",
  );
}

export function makeFolders({ state, config }: AgentFolders): void {
  for (const folder of [state, config]) {
    const made = makeFolder(folder);
    if (!made.ok) throw new ExitFault(EXIT.failed, `Cannot make the folder "${made.fault.path}": ${made.fault.reason}`);
  }
}

/** All of them or none: the folder gets its name when it is complete. */
function writeKeys(state: string, keys: ReadonlyMap<string, string>): void {
  const draft = join(state, `.keys.${toHex(dice.bytes(6))}`);
  try {
    mkdirSync(draft, { mode: 0o700 });
    for (const [name, text] of keys) write(join(draft, name), text);
    renameSync(draft, join(state, "keys"));
  } catch (thrown) {
    if (thrown instanceof ExitFault) throw thrown;
    throw new ExitFault(EXIT.failed, `Cannot write the keys: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

export function write(path: string, text: string): void {
  const written = writeSecret(path, text);
  if (!written.ok) throw new ExitFault(EXIT.failed, secretSentence(written.fault));
}

/** As the next command is to be told of them. */
export function foldersText({ state, config }: AgentFolders): string {
  return state === config ? `--state ${state}` : `--state ${state} --config ${config}`;
}
