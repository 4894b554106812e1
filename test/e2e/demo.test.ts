/** The demonstration on the compiled executables: it must end well, and must notice when it does not. */

import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";

const DEMO = join(import.meta.dir, "..", "demo", "demo.ts");

async function play(...words: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  const ran = Bun.spawn({ cmd: [process.execPath, DEMO, ...words], stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, code] = await Promise.all([new Response(ran.stdout).text(), ran.exited]);
  return { code, out };
}

test("the three stories of the demonstration end as they must, and leave nothing behind", async () => {
  const { code, out } = await play();
  expect(out).toMatch(/acknowledged .* ok .*\nescalated .* ok .*\nfallback .* ok /);
  expect(code).toBe(0);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith("gapbell-demo-"))).toEqual([]);
}, 60_000);

test("the demonstration fails when its relay is killed half-way", async () => {
  const { code } = await play("--kill-relay");
  expect(code).toBe(1);
}, 90_000);
