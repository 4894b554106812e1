/** Types, lint and dead files: everything that can be said of the code without running it. */

import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");

type Check = { readonly name: string; readonly command: readonly string[] };

const bin = (name: string): string => join(ROOT, "node_modules", ".bin", name);

const CHECKS: readonly Check[] = [
  { name: "types", command: [bin("tsc"), "-p", "."] },
  { name: "lint", command: [bin("biome"), "lint", "--error-on-warnings", "."] },
  { name: "dead files and dependencies", command: [bin("knip"), "--no-progress"] },
];

/** @returns the names of those that failed, after printing what they say */
export function check(): readonly string[] {
  return CHECKS.flatMap(({ name, command }) => {
    const ran = Bun.spawnSync({ cmd: ["node", ...command], cwd: ROOT, stdout: "pipe", stderr: "pipe" });
    console.log(`${ran.exitCode === 0 ? "ok  " : "FAIL"} ${name}`);
    if (ran.exitCode === 0) return [];
    console.log(ran.stdout.toString() + ran.stderr.toString());
    return [name];
  });
}

if (import.meta.main) process.exit(check().length > 0 ? 1 : 0);
