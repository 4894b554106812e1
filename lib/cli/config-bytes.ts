/** The bytes of a configuration file, or why there are none, in words that say what to change. */

import { readFileSync } from "node:fs";
import { EXIT, ExitFault } from "./exit.ts";

/** @returns undefined where there is no such file. Throws an `ExitFault` (78) where there is one that cannot be read */
export function configBytes(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
    if (code === "ENOENT") return undefined;
    const reason = REASONS[code] ?? (thrown instanceof Error ? thrown.message : String(thrown));
    throw new ExitFault(EXIT.config, `Cannot read "${path}": ${reason}`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: "it is a folder, must be a file",
  ENOTDIR: "what should be its folder is a file; name the folder by --config or --state",
  EACCES: "this user may not, and must be allowed to read it",
};
