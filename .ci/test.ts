/** The whole test: checks, the three executables, every test. Ends with `N passed, N failed`. */

import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";
import { python } from "../test/support/python.ts";
import { check } from "./check.ts";

const ROOT = join(import.meta.dir, "..");
/** What tests need from Debian, by the program that they look for. */
const DEBIAN: Readonly<Record<string, string>> = {
  strace: "strace", ip: "iproute2", git: "git", prometheus: "prometheus", amtool: "prometheus-alertmanager",
  nft: "nftables", "/usr/sbin/sshd": "openssh-server", "ssh-keygen": "openssh-client", postfix: "postfix", faketime: "faketime", script: "bsdutils",
};

/** Where Debian asks whether a package may start its service (invoke-rc.d). */
const POLICY = "/usr/sbin/policy-rc.d";

const mayInstall = process.env["CI"] === "true" || process.argv.includes("--install");

/** Installs what is missing; starts no service. */
function install(): void {
  const missing = Object.entries(DEBIAN).filter(([program]) => Bun.which(program) === null).map(([, name]) => name);
  // No program tells of a module of Python; the package brings Python along.
  if (python === undefined) missing.push("python3-cryptography");
  if (missing.length === 0) return;
  // Packages must not start what they install: the tests start their own.
  const isOurs = !existsSync(POLICY);
  if (isOurs) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...words: string[]): number => Bun.spawnSync({ cmd: ["apt-get", "-q", ...words], env, stdout: "ignore", stderr: "inherit" }).exitCode;
  if (apt("update") !== 0 || apt("install", "-y", "--no-install-recommends", ...missing) !== 0) console.log(`Cannot install ${missing.join(" ")}`);
  if (isOurs) rmSync(POLICY);
}

/** Counts out of the last lines of `bun test`. */
function counted(output: string, word: "pass" | "fail" | "skip" | "todo"): number {
  return Number(new RegExp(`^\\s*(\\d+) ${word}$`, "m").exec(output)?.[1] ?? 0);
}

/** Prints what is said as it is said, so that a minute of tests is no minute of silence; what passed is only counted. */
async function printed(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let output = "";
  let rest = "";
  for await (const chunk of stream) {
    const text = decoder.decode(chunk, { stream: true });
    output += text;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (!line.startsWith("(pass)") && line.trim() !== "") console.log(line);
  }
  if (rest.trim() !== "") console.log(rest);
  return output;
}

/** Where nobody waits for the result the simulator adds worlds that it has never seen, and says which. */
function freshSeeds(): Readonly<Record<string, string>> {
  if (process.env["CI"] !== "true" || process.env["GAPBELL_SIM_SEEDS"] !== undefined) return {};
  const first = String(Math.floor(Date.now() / 1000));
  console.log(`Fresh seeds of the simulator from ${first}`);
  return { GAPBELL_SIM_SEEDS: first };
}

async function runTests(): Promise<{ readonly passed: number; readonly failed: number }> {
  const ran = Bun.spawn({ cmd: [process.execPath, "test", "--timeout", "60000"], cwd: ROOT, stdout: "pipe", stderr: "pipe", env: { ...process.env, ...freshSeeds(), NO_COLOR: "1" } });
  const output = (await Promise.all([printed(ran.stdout), printed(ran.stderr)])).join("\n");
  const left = counted(output, "skip") + counted(output, "todo");
  const exit = await ran.exited;
  if (left > 0) console.log(process.env["CI"] === "true" ? `${left} skipped, which counts as failed where CI=true` : `${left} skipped: -- --install fetches what they need from Debian`);
  const failed = counted(output, "fail") + (process.env["CI"] === "true" ? left : 0);
  // A run that broke off before it could count has failed as well.
  return { passed: counted(output, "pass"), failed: failed === 0 && exit !== 0 ? 1 : failed };
}

if (mayInstall) install();
console.log("Types, lint, dead files");
const broken = check();
console.log("Building the three executables, then every test");
try {
  await build();
} catch (thrown) {
  console.log(String(thrown));
}
const { passed, failed } = await runTests();
const checks = 3;
console.log(`${passed + checks - broken.length} passed, ${failed + broken.length} failed`);
process.exit(failed + broken.length > 0 ? 1 : 0);
