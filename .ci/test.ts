/** The whole test: checks, the three executables, every test. Ends with `N passed, N failed`. */

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";
import { check } from "./check.ts";

const ROOT = join(import.meta.dir, "..");
/** What tests need from Debian, by the program that they look for. */
const DEBIAN: Readonly<Record<string, string>> = { strace: "strace", ip: "iproute2", nft: "nftables", git: "git", prometheus: "prometheus", amtool: "prometheus-alertmanager" };

/** Where Debian asks whether a package may start its service (invoke-rc.d). */
const POLICY = "/usr/sbin/policy-rc.d";

const mayInstall = process.env["CI"] === "true" || process.argv.includes("--install");

/** Installs what is missing; starts no service. */
function install(): void {
  const missing = Object.entries(DEBIAN).filter(([program]) => Bun.which(program) === null).map(([, name]) => name);
  if (missing.length === 0) return;
  // Packages must not start what they install: the tests start their own.
  if (!existsSync(POLICY)) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...words: string[]): number => Bun.spawnSync({ cmd: ["apt-get", "-q", ...words], env, stdout: "ignore", stderr: "inherit" }).exitCode;
  if (apt("update") !== 0 || apt("install", "-y", "--no-install-recommends", ...missing) !== 0) console.log(`Cannot install ${missing.join(" ")}`);
}

/** Counts out of the last lines of `bun test`. */
function counted(output: string, word: "pass" | "fail" | "skip"): number {
  return Number(new RegExp(`^\\s*(\\d+) ${word}$`, "m").exec(output)?.[1] ?? 0);
}

async function runTests(): Promise<{ readonly passed: number; readonly failed: number }> {
  const ran = Bun.spawn({ cmd: [process.execPath, "test", "--timeout", "60000"], cwd: ROOT, stdout: "pipe", stderr: "pipe", env: { ...process.env, NO_COLOR: "1" } });
  const output = (await Promise.all([new Response(ran.stdout).text(), new Response(ran.stderr).text()])).join("\n");
  const lines = output.split("\n").filter((line) => !line.startsWith("(pass)") && line.trim() !== "");
  console.log(lines.join("\n"));
  const skipped = counted(output, "skip");
  const exit = await ran.exited;
  const failed = counted(output, "fail") + (process.env["CI"] === "true" ? skipped : 0);
  // A run that broke off before it could count has failed as well.
  return { passed: counted(output, "pass"), failed: failed === 0 && exit !== 0 ? 1 : failed };
}

if (mayInstall) install();
const broken = check();
try {
  await build();
} catch (thrown) {
  console.log(String(thrown));
}
const { passed, failed } = await runTests();
const checks = 3;
console.log(`${passed + checks - broken.length} passed, ${failed + broken.length} failed`);
process.exit(failed + broken.length > 0 ? 1 : 0);
