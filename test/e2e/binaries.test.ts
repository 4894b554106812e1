/** The three executables by themselves: what they contain, and that they need nothing but a kernel. */

import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json";
import { NO_ADD_ONS, type Program } from "../../.ci/compile.ts";
import { built } from "../support/built.ts";
import { tempFolder } from "../support/temp-folder.ts";

const ROOT = join(import.meta.dir, "..", "..");
const PROGRAMS: readonly Program[] = ["agent", "client", "relay"];

/** Packages that a program has no business with: what it does not contain cannot be exploited in it. */
const NEVER: Readonly<Record<Program, readonly string[]>> = {
  agent: ["nodemailer", "imapflow"],
  client: ["hono", "nodemailer", "ssh2", "imapflow"],
  relay: ["ssh2"],
};
/** Development tools reach no executable. */
const TOOLS = ["fast-check", "knip", "typescript", "@biomejs/biome", "smtp-server"];

for (const program of PROGRAMS) {
  test(`gapbell-${program} contains the packages of its job and no other`, async () => {
    const made = await Bun.build({ entrypoints: [join(ROOT, `${program}.ts`)], target: "bun", format: "esm", metafile: true, plugins: [NO_ADD_ONS] });
    const inputs = Object.keys(made.metafile?.inputs ?? {});
    const packages = new Set(inputs.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
    expect([...NEVER[program], ...TOOLS].filter((name) => packages.has(name))).toEqual([]);
    expect(inputs.filter((path) => /(^|\/)(test|bench|\.ci)\//.test(path) && !path.includes("node_modules"))).toEqual([]);
    // What each must contain, so that an empty list of inputs cannot pass.
    expect([...packages]).toContain("commander");
    expect([...packages]).toContain("zod");
  });
}

for (const program of PROGRAMS) {
  test(`gapbell-${program} takes no code and no environment from the folder it is started in`, async () => {
    using folder = tempFolder();
    writeFileSync(folder.at(".env"), "STATE_DIRECTORY=/nonexistent/from-dot-env\n");
    writeFileSync(folder.at("bunfig.toml"), 'preload = ["./stranger.ts"]\n');
    writeFileSync(folder.at("stranger.ts"), 'console.log("a stranger speaks");\n');
    for (const name of ["cpu-features", "nan", "ssh2", "hono"]) {
      mkdirSync(folder.at(`node_modules/${name}`), { recursive: true });
      writeFileSync(folder.at(`node_modules/${name}/index.js`), 'console.log("a stranger speaks");\n');
    }
    const command = program === "client" ? "list" : "check";
    const ran = Bun.spawnSync([await built(program, folder.path), command], { cwd: folder.path, env: { PATH: "/usr/bin:/bin", HOME: folder.path, LC_ALL: "C" } });
    const said = ran.stdout.toString() + ran.stderr.toString();
    expect(said).toContain(`gapbell-${program}: `);
    expect(said).not.toContain("stranger");
    expect(said).not.toContain("from-dot-env");
  });
}

const COMMANDS: Readonly<Record<Program, readonly string[]>> = {
  agent: ["run", "check", "init", "invite", "join-relay", "raise", "clear", "list", "show", "listeners", "coverage", "relay", "ack", "ssh-key", "approve", "revoke", "floor", "pair", "doctor"],
  client: ["run", "join", "find", "listen", "list", "ack", "status"],
  relay: ["init", "invite", "run", "probe", "check", "stdio"],
};

for (const program of PROGRAMS) {
  test(`each command of gapbell-${program} takes --json, and its help shows it at work`, async () => {
    using folder = tempFolder();
    const binary = await built(program, folder.path);
    const help = (...words: readonly string[]): string => Bun.spawnSync([binary, ...words, "--help"]).stdout.toString();
    const listed = (...words: string[]): readonly string[] => [...help(...words).matchAll(/^ {2}([a-z][a-z-]*)( |$)/gm)].flatMap(([line, word = ""]) => (line.startsWith(`  gapbell-`) || word === "help" ? [] : [word]));
    expect(COMMANDS[program].filter((word) => !listed().includes(word))).toEqual([]);
    // Pairing is three commands under one word.
    const commands = listed().flatMap((word) => (word === "pair" ? listed(word).map((step) => [word, step]) : [[word]]));
    for (const words of commands) {
      const word = words.join(" ");
      const said = help(...words);
      // What stdio prints is the relay's own bytes.
      if (word !== "stdio") expect(said).toContain("--json");
      expect(said).toMatch(new RegExp(`Example:\\n.*gapbell-${program} ${word}`));
      expect(said.split("\n").filter((line) => line.length > 80 && !line.includes("gapbell-"))).toEqual([]);
    }
  });

  test(`gapbell-${program} ends with 64 where it is not understood`, async () => {
    using folder = tempFolder();
    const binary = await built(program, folder.path);
    for (const words of [["lsit"], ["--nonsense"], ["run", "--nonsense"], ["run", "too", "many"], [COMMANDS[program][1] ?? "", "--state"]]) {
      const ran = Bun.spawnSync([binary, ...words]);
      expect({ words, code: ran.exitCode, out: ran.stdout.toString() }).toEqual({ words, code: 64, out: "" });
      expect(ran.stderr.toString()).not.toMatch(/ at .*\.[jt]s:\d+/);
    }
  });
}

/** How this host makes a network and a file system of one's own: root simply may, others where user namespaces are allowed. */
const UNSHARE = [["unshare", "--net", "--mount"], ["unshare", "--user", "--map-root-user", "--net", "--mount"]]
  .find((words) => Bun.which("unshare") !== null && Bun.which("ip") !== null && Bun.spawnSync([...words, "mount", "-t", "tmpfs", "none", "/mnt"], { stderr: "ignore" }).exitCode === 0);
const mayUnshare = UNSHARE !== undefined || process.env["CI"] === "true";

describe.skipIf(!mayUnshare)(`alone: no network, no sources, an empty folder${UNSHARE === undefined ? " (skipped: needs unshare, ip, and root or user namespaces)" : ""}`, () => {
  for (const program of PROGRAMS) {
    test(`gapbell-${program} tells version and help`, async () => {
      using folder = tempFolder();
      const binary = await copyOf(program, folder.path);
      expect(inTheDark(binary, ["--version"], folder.at("empty"))).toMatchObject({ code: 0, err: "", out: expect.stringContaining(`gapbell-${program} ${version}`) });
      expect(inTheDark(binary, ["--help"], folder.at("empty"))).toMatchObject({ code: 0, err: "", out: expect.stringContaining("Example:\n") });
      expect(readdirSync(folder.at("empty"))).toEqual([]);
    });
  }

  test("an agent is set up, runs, takes an alarm and lists it", async () => {
    using folder = tempFolder();
    const binary = await copyOf("agent", folder.path);
    writeFileSync(folder.at("passphrase"), "correct horse battery staple", { mode: 0o600 });
    const ended = shellInTheDark(`
      set -e
      agent() { "${binary}" "$@" --state "${folder.at("state")}"; }
      agent init --cluster c1 --operator li --mail li@example.org --passphrase-file "${folder.at("passphrase")}" >/dev/null
      agent check
      "${binary}" run --state "${folder.at("state")}" 2>"${folder.at("log")}" &
      until agent list >/dev/null 2>&1; do kill -0 $!; done
      agent raise --label alertname=DiskFull --text "osd.12 is full" --severity critical
      agent list
      kill $!
      wait $!`, folder.at("empty"));
    expect(ended).toMatchObject({ code: 0, err: "" });
    expect(ended.out).toContain("is good");
    expect(ended.out).toMatch(/critical\s+general\s+DiskFull/);
    expect(readdirSync(folder.at("empty"))).toEqual([]);
  }, 20_000);

  test("a listener finds nobody and says so; a relay is set up, runs and says that no channel is set up", async () => {
    using folder = tempFolder();
    const client = await copyOf("client", folder.path);
    expect(inTheDark(client, ["find", "--state", folder.at("client"), "--seconds", "0.2"], folder.at("empty"))).toMatchObject({
      code: 69, out: "", err: expect.stringContaining("No agent is heard here"),
    });
    const relay = await copyOf("relay", folder.path);
    const ended = shellInTheDark(`
      set -e
      relay() { "${relay}" "$@" --state "${folder.at("relay")}"; }
      relay init >/dev/null
      relay check
      "${relay}" run --state "${folder.at("relay")}" 2>"${folder.at("log")}" &
      until relay probe --json >"${folder.at("ability")}" 2>/dev/null || [ -s "${folder.at("ability")}" ]; do kill -0 $!; done
      cat "${folder.at("ability")}"
      kill $!
      wait $!`, folder.at("empty"));
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.out).toContain('"channels"');
  }, 20_000);
});

/** A copy of the executable beside an empty folder. */
async function copyOf(program: Program, folder: string): Promise<string> {
  mkdirSync(join(folder, "empty"), { recursive: true });
  const copy = join(folder, `gapbell-${program}-copy`);
  copyFileSync(await built(program, folder), copy);
  return copy;
}

type Ended = { readonly code: number; readonly out: string; readonly err: string };

function inTheDark(binary: string, words: readonly string[], cwd: string): Ended {
  return shellInTheDark(`exec "${binary}" ${words.map((word) => `"${word}"`).join(" ")}`, cwd);
}

/** Own network with nothing but loopback, the sources hidden under an empty file system, nothing in the environment. */
function shellInTheDark(script: string, cwd: string): Ended {
  const dark = `mount -t tmpfs none "${ROOT}" && ip link set lo up && cd "${cwd}"\n${script}`;
  const ran = Bun.spawnSync([...(UNSHARE ?? ["unshare", "--net", "--mount"]), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent", "sh", "-c", dark], {
    cwd: "/", stdin: "ignore", stdout: "pipe", stderr: "pipe",
  });
  return { code: ran.exitCode, out: ran.stdout.toString(), err: ran.stderr.toString() };
}
