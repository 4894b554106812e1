/** The rules of the house, held by the compiler's eyes: who may import whom, and what the core never touches. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { expect, test } from "bun:test";

const LIB = join(import.meta.dir, "..", "lib");
const CORE = ["base", "alarm", "classify", "wire", "trust", "intake", "duty", "channel"];
/** Beside the core, and as pure. */
const PURE = [...CORE, "doctor"];

/** Room, and the rooms it may import besides itself. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  base: [],
  alarm: ["base"],
  classify: ["alarm", "base"],
  intake: ["alarm", "base"],
  duty: ["alarm", "base"],
  wire: ["alarm", "base"],
  channel: ["wire", "port", "alarm", "base"],
  trust: ["wire", "base"],
  doctor: ["alarm", "base"],
  port: CORE,
  agent: [...CORE, "port"],
  client: ["base", "alarm", "classify", "wire", "trust", "port"],
  relay: ["base", "alarm", "classify", "wire", "trust", "duty", "channel", "port"],
  io: ["port", "channel", "wire", "trust", "doctor", "alarm", "base", "cli"],
  cli: ["io", "classify", "duty", "channel", "trust", "wire", "port", "doctor", "alarm", "base", "relay", "client"],
};

const FILES = readdirSync(LIB, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

function imports(file: string): readonly string[] {
  return [...readFileSync(join(LIB, file), "utf8").matchAll(/^(?:import|export)[^;]*? from "([^"]+)"/gms)].map(([, from = ""]) => from);
}

function roomOf(file: string): string {
  return file.split("/")[0] ?? "";
}

test("no room imports another that its place in the house forbids", () => {
  const wrong = FILES.flatMap((file) =>
    imports(file).filter((from) => from.startsWith(".")).flatMap((from) => {
      const to = roomOf(relative(LIB, normalize(join(LIB, dirname(file), from))));
      return to === roomOf(file) || to === ".." || MAY[roomOf(file)]?.includes(to) ? [] : [`${file} → ${from}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test("the core knows no file, no socket and no package but schemas, linear expressions, and cryptography in three places", () => {
  const allowed = (file: string, from: string): boolean =>
    from === "zod" ||
    (from === "re2js" && file === "classify/matcher.ts") ||
    (from === "node:crypto" && (/^(base\/digest|wire\/|trust\/)/.test(file))) ||
    (from === "node:zlib" && /^wire\//.test(file));
  const wrong = FILES.filter((file) => PURE.includes(roomOf(file))).flatMap((file) =>
    imports(file).filter((from) => !from.startsWith(".") && !allowed(file, from)).map((from) => `${file} → ${from}`));
  expect(wrong).toEqual([]);
});

test("the core and the machines read no clock and throw no dice", () => {
  const pure = [...PURE, "agent", "client", "relay"];
  const wrong = FILES.filter((file) => pure.includes(roomOf(file)))
    .filter((file) => /Date\.now\(|performance\.now\(|Math\.random\(|setTimeout\(|\bprocess\.(env|exit|on|std|uptime|pid)|\bBun\./.test(readFileSync(join(LIB, file), "utf8")));
  expect(wrong).toEqual([]);
});

test("every file says first what it is for", () => {
  expect(FILES.filter((file) => !readFileSync(join(LIB, file), "utf8").startsWith("/**"))).toEqual([]);
});

test("every file that the architecture names is there", () => {
  const page = readFileSync(join(LIB, "..", "docs", "architecture.md"), "utf8");
  const named = [...page.matchAll(/`(lib\/[a-z/-]+\.ts)`/g)].map(([, path = ""]) => path);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !FILES.includes(path.slice(4)))).toEqual([]);
});

test("every attack that the security page lists has its tests there, and every test of an attack is listed", () => {
  const root = join(LIB, "..");
  const page = readFileSync(join(root, "docs", "security.md"), "utf8");
  const listed = [...page.matchAll(/^\| (A\d+) \|.*$/gm)].flatMap(([row, attack = ""]) => [...row.matchAll(/`(test\/[^`]+)`/g)].map(([, file = ""]) => `${attack} ${file}`));
  const tests = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".test.ts")).map((name) => `test/${name}`);
  const made = tests.flatMap((file) => [...new Set([...readFileSync(join(root, file), "utf8").matchAll(/["`](A\d+): /g)].map(([, attack = ""]) => `${attack} ${file}`))]);
  const first = (one: string): number => Number(/\d+/.exec(one)?.[0]);
  const sorted = (all: readonly string[]): readonly string[] => [...all].sort((a, b) => first(a) - first(b) || (a < b ? -1 : 1));
  expect(sorted(listed)).toEqual(sorted(made));
  expect([...new Set(listed.map(first))].sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, at) => at + 1));
});
