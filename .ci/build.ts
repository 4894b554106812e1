/** Builds the three executables into dist/: one file each, with version and commit inside. */

import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { version } from "../package.json";

const ROOT = join(import.meta.dir, "..");

/** The version that dist/ is built with is the one that the lockfile pins, whatever runs this script. */
const BUN = join(ROOT, "node_modules", ".bin", "bun");

export const PROGRAMS = ["agent", "client", "relay"] as const;

/** @param signal ends it early. @returns the path of each executable. Rejects with what the bundler said */
export async function build(folder: string = join(ROOT, "dist"), signal?: AbortSignal): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true });
  // All of them have ended before one that failed is told.
  const builds = await Promise.allSettled(PROGRAMS.map(async (program) => {
    const outfile = join(folder, `gapbell-${program}`);
    const building = Bun.spawn({
      cmd: [BUN, join(import.meta.dir, "compile.ts"), program, outfile, version, commit()],
      // What is half done lies beside the outcome, also when somebody interrupts.
      cwd: folder, stdin: "ignore", stdout: "ignore", stderr: "pipe", ...(signal === undefined ? {} : { signal }),
    });
    const said = await new Response(building.stderr).text();
    if ((await building.exited) !== 0) throw new Error(`Cannot build ${program}:\n${said}`);
    return outfile;
  }));
  return builds.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}

/** "" where the tree is not a clone. */
function commit(): string {
  const asked = Bun.spawnSync({ cmd: ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], stdout: "pipe", stderr: "ignore" });
  return asked.exitCode === 0 ? asked.stdout.toString().trim() : "";
}

if (import.meta.main) {
  for (const path of await build()) console.log(`${path.slice(ROOT.length + 1)}  ${(statSync(path).size / 1e6).toFixed(1)} MB`);
}
