/** Builds the three executables into dist/: one file each, with version and commit inside. */

import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { version } from "../package.json";

const ROOT = join(import.meta.dir, "..");

/** The version that dist/ is built with is the one that the lockfile pins, whatever runs this script. */
const BUN = join(ROOT, "node_modules", ".bin", "bun");

export const PROGRAMS = ["agent", "client", "relay"] as const;

/** @returns the path of each executable */
export function build(folder: string = join(ROOT, "dist")): readonly string[] {
  mkdirSync(folder, { recursive: true });
  return PROGRAMS.map((program) => {
    const outfile = join(folder, `gapbell-${program}`);
    const built = Bun.spawnSync({
      cmd: [
        BUN, "build", "--compile", "--format=esm", "--minify", "--bytecode",
        // Otherwise a bunfig.toml in the folder where an executable is started has code of its own run in it (measured, 1.4.5).
        "--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig",
        `--define=GAPBELL_VERSION=${JSON.stringify(version)}`, `--define=GAPBELL_COMMIT=${JSON.stringify(commit())}`,
        join(ROOT, `${program}.ts`), "--outfile", outfile,
      ],
      cwd: ROOT, stdout: "pipe", stderr: "pipe",
    });
    if (built.exitCode !== 0) throw new Error(`Cannot build ${program}:\n${built.stderr.toString()}`);
    return outfile;
  });
}

/** "" where the tree is not a clone. */
function commit(): string {
  const asked = Bun.spawnSync({ cmd: ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], stdout: "pipe", stderr: "ignore" });
  return asked.exitCode === 0 ? asked.stdout.toString().trim() : "";
}

if (import.meta.main) {
  for (const path of build()) console.log(`${path.slice(ROOT.length + 1)}  ${(statSync(path).size / 1e6).toFixed(1)} MB`);
}
