/**
 * Takes a lab down once whoever built it has let go of our standard input, by closing it or by dying: processes first,
 * then namespaces, then folders. A process of its own, in a session of its own, so that nothing that ends a test ends it.
 */

import { rmSync } from "node:fs";

const [folder = "", ...namespaces] = process.argv.slice(2);

/** What is killed may start something else before it dies. */
const ROUNDS_MOST = 50;
const BETWEEN_MS = 10;

function run(...words: readonly string[]): string {
  return Bun.spawnSync([...words], { stdout: "pipe", stderr: "ignore" }).stdout.toString();
}

/** @returns whether nobody is left */
function kill(namespace: string): boolean {
  const pids = run("ip", "netns", "pids", namespace).split("\n").filter((line) => line !== "").map(Number);
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  return pids.length === 0;
}

for await (const _ of Bun.stdin.stream());
for (let round = 0; round < ROUNDS_MOST; round += 1) {
  if (namespaces.map(kill).every((empty) => empty)) break;
  await Bun.sleep(BETWEEN_MS);
}
for (const namespace of namespaces) {
  run("ip", "netns", "del", namespace);
  rmSync(`/etc/netns/${namespace}`, { recursive: true, force: true });
}
rmSync(folder, { recursive: true, force: true });
