/** Where a program keeps what must outlive it. */

import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fail, ok, type Result } from "../base/result.ts";
import type { Role } from "./schema.ts";

/**
 * The state folder: `option` (--state), else the one that systemd gives, else the place that the FHS names for root and
 * XDG for anybody else. Makes nothing.
 *
 * @returns an absolute path
 */
export function stateFolder(
  role: Role,
  option: string | undefined,
  { env = process.env, root = process.geteuid?.() === 0 }: { readonly env?: NodeJS.ProcessEnv; readonly root?: boolean } = {},
): string {
  // systemd separates several by colons; the first is ours.
  const given = filled(option) ?? filled(env["STATE_DIRECTORY"]?.split(":")[0]);
  if (given !== undefined) return resolve(given);
  if (root) return `/var/lib/gapbell-${role}`;
  const home = filled(env["HOME"]) ?? homedir();
  return join(filled(env["XDG_STATE_HOME"]) ?? join(home, ".local", "state"), `gapbell-${role}`);
}

/** Makes the folder where it is missing, for its owner only. */
export function makeFolder(path: string): Result<void, { readonly kind: "unwritable"; readonly path: string; readonly reason: string }> {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return ok(undefined);
  } catch (thrown) {
    return fail({ kind: "unwritable", path, reason: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}

function filled(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}
