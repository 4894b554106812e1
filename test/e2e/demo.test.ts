/** The demonstration: it must end well, notice when it does not, obey whoever sits before it, and leave nothing behind. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Account } from "../demo/account.ts";
import { World } from "../demo/world.ts";
import { built } from "../support/built.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { freePort } from "../support/free-port.ts";

const ROOT = join(import.meta.dir, "..", "..");
const DEMO = join(ROOT, "test", "demo", "demo.ts");
const COLUMNS = 80;
const CTRL_C = "\u0003";

let folder: TempFolder;
/** Executables that are built once for all but the first test. */
let programs: string;

beforeAll(async () => {
  folder = tempFolder();
  programs = folder.at("programs");
  mkdirSync(programs);
  for (const program of ["agent", "client", "relay"] as const) copyFileSync(await built(program, folder.path), join(programs, `gapbell-${program}`));
}, 60_000);

afterAll(() => folder[Symbol.dispose]());

test.concurrent("the three stories end as they must, by themselves in a pipe, and leave nothing behind", async () => {
  const temporary = aPlace("pipe");
  const { code, out } = await play(temporary);
  expect(out).toMatch(/^acknowledged +li .* successful +1 +none +none +ok$/m);
  expect(out).toMatch(/^escalated +nobody +escalated +successful +1 +1 \(\d+ B\) +1 \(\d+ B\) +ok$/m);
  expect(out).toMatch(/^fallback +nobody +fallback +failed +2 +none +none +ok$/m);
  expect(out).toContain("│ Subject: [CRIT]");
  expect(out).toMatch(/mail\/WeChat sending failed:\s+the jump host's/);
  expect(code).toBe(0);
  expect(tooWide(out)).toEqual([]);
  expect(left(temporary)).toEqual({ files: [], processes: [] });
}, 60_000);

test.concurrent("it fails when its relay is killed half-way, and says which stories", async () => {
  const temporary = aPlace("killed");
  const { code, out } = await play(temporary, "--programs", programs, "--kill-relay");
  expect(out).toMatch(/^acknowledged .* ok$/m);
  expect(out).toMatch(/^escalated .* FAIL$/m);
  expect(code).toBe(1);
  expect(left(temporary)).toEqual({ files: [], processes: [] });
}, 60_000);

test.concurrent("on a terminal it waits for a key, which acknowledges, and no line is wider than the screen", async () => {
  const temporary = aPlace("key");
  const demo = onTerminal(temporary, "--programs", programs);
  await demo.says("Press any key to acknowledge it");
  expect(demo.out()).not.toContain("gapbell-client ack");
  demo.types("x");
  expect(await demo.exited).toBe(0);
  expect(demo.out()).toContain("Acknowledged by li: on my way");
  expect(demo.out()).not.toContain("No key was pressed");
  expect(demo.out()).toMatch(/acknowledged +li .* ok\r?\n/);
  expect(tooWide(demo.out())).toEqual([]);
  expect(left(temporary)).toEqual({ files: [], processes: [] });
}, 60_000);

/** Where somebody may lose patience, and what the screen says then. */
const MOMENTS = [
  { name: "while it builds", says: "Building gapbell-agent", key: false, words: [] },
  { name: "while it sets up", says: "$ gapbell-relay init", key: false, words: ["--programs"] },
  { name: "while the first story waits for a key", says: "Press any key", key: false, words: ["--programs"] },
  { name: "in the second story", says: "Nobody acknowledges it", key: true, words: ["--programs"] },
  { name: "in the third story", says: "The mail server and WeCom go away", key: true, words: ["--programs"] },
] as const;

for (const { name, says, key, words } of MOMENTS) {
  test.concurrent(`Ctrl-C ${name} ends everything and leaves no process, no folder and no port behind`, async () => {
    const temporary = aPlace(name.replaceAll(" ", "-"));
    const demo = onTerminal(temporary, ...words.flatMap((word) => [word, programs]));
    if (key) {
      await demo.says("Press any key");
      demo.types("x");
    }
    await demo.says(says);
    demo.types(CTRL_C);
    expect(await demo.exited).toBe(130);
    expect(demo.out()).toContain("Interrupted: all programs have ended, and nothing is left behind");
    expect(left(temporary)).toEqual({ files: [], processes: [] });
    expect(readdirSync(ROOT).filter((file) => file.endsWith(".bun-build"))).toEqual([]);
    for (const port of portsIn(demo.out())) expect(await isFree(port)).toBe(true);
  }, 60_000);
}

test.concurrent("closing the terminal ends everything as well", async () => {
  const temporary = aPlace("closed");
  const demo = onTerminal(temporary, "--programs", programs);
  await demo.says("Press any key");
  demo.close();
  await demo.exited;
  expect(left(temporary)).toEqual({ files: [], processes: [] });
}, 60_000);

test("a port that another program holds is named", async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  const address = holder.address();
  const api = typeof address === "object" && address !== null ? address.port : 0;
  const world = new World(SILENT, new AbortController().signal);
  const setUp = world.setUp(programs, { udp: await freePort(), broadcast: await freePort(), api, relay: await freePort() });
  expect(setUp).rejects.toThrow(`Cannot listen on 127.0.0.1:${api}: another program holds the port`);
  await setUp.catch(() => {});
  await world.close();
  holder.close();
}, 30_000);

const SILENT: Account = { heading: () => {}, tell: () => {}, quote: () => {}, print: () => {} };

/** A folder for temporary files that is one demonstration's own. */
function aPlace(name: string): string {
  mkdirSync(folder.at(name));
  return folder.at(name);
}

async function play(temporary: string, ...words: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  const ran = Bun.spawn([process.execPath, DEMO, ...words], { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...process.env, TMPDIR: temporary } });
  const [out, err, code] = await Promise.all([new Response(ran.stdout).text(), new Response(ran.stderr).text(), ran.exited]);
  return { code, out: out + err };
}

/** As a person starts it: with a terminal of its own, which makes a signal of Ctrl-C. */
function onTerminal(temporary: string, ...words: readonly string[]) {
  let printed = "";
  const waiting = new Set<() => void>();
  const decoder = new TextDecoder();
  const child = Bun.spawn([process.execPath, DEMO, ...words], {
    cwd: ROOT, env: { ...process.env, TMPDIR: temporary, TERM: "xterm", NO_COLOR: "1" },
    terminal: {
      cols: COLUMNS, rows: 40,
      data: (_, bytes) => {
        printed += decoder.decode(bytes, { stream: true });
        for (const look of waiting) look();
      },
    },
  });
  return {
    exited: child.exited, out: () => printed,
    close: () => child.terminal?.close(),
    types: (text: string) => void child.terminal?.write(text),
    says: (text: string) => new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!printed.includes(text)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
      void child.exited.then((code) => reject(new Error(`The demonstration ended with ${code} before it said "${text}":\n${printed}`)));
    }),
  };
}

function tooWide(out: string): readonly string[] {
  return out.split(/\r?\n/).filter((line) => Bun.stringWidth(line) > COLUMNS);
}

/** What still lies in the folder for temporary files, and who still runs with it. */
function left(temporary: string): { readonly files: readonly string[]; readonly processes: readonly string[] } {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`TMPDIR=${temporary}\0`) ? [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")] : [];
    } catch {
      // It has ended meanwhile, or belongs to somebody else.
      return [];
    }
  });
  return { files: readdirSync(temporary), processes };
}

/** TCP ports that the demonstration says that it uses. */
function portsIn(out: string): readonly number[] {
  return [...out.replace(/\s+/g, " ").matchAll(/(?:HTTP|relay on|SMTP|WeCom) (\d+)/g)].map(([, port]) => Number(port));
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
