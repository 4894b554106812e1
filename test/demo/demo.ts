/**
 * The demonstration: `bun run demo`. Plays by itself in a pipe; on a terminal a key acknowledges.
 * Words: `--programs FOLDER` takes executables that are built already, `--kill-relay` ends the relay before the second story.
 */

import { openAccount } from "./account.ts";
import { watchKeys } from "./keys.ts";
import { acknowledged, escalated, fallenBack, verdict } from "./stories.ts";
import { World } from "./world.ts";

const INTERRUPTED = 130;
const HEARD_WITHIN_MS = 300;

async function main(): Promise<number> {
  const account = openAccount();
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  // Whoever closes the terminal takes away what is written to: that must not keep the programs from being ended.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const keys = watchKeys(() => stop.abort());
  const world = new World(account, stop.signal);
  let good = false;
  try {
    account.print("Gapbell in three stories: three programs, a mail server and a stand-in for\nWeCom, all on this host's loopback. Ctrl-C ends it at any time.");
    await world.setUp(optionOf("--programs"));
    const first = await acknowledged(world, keys);
    if (process.argv.includes("--kill-relay")) world.killRelay();
    const second = await escalated(world);
    const third = await fallenBack(world);
    const { lines, good: all } = await verdict(world, { first, second, third });
    good = all;
    account.heading("How it ended, by \"gapbell-agent show --json\" and by what was received");
    for (const line of lines) account.print(line);
  } catch (thrown) {
    // A Ctrl-C reaches the programs too, and one of them may have ended of it before it was heard here.
    if (!stop.signal.aborted) await Promise.race([Bun.sleep(HEARD_WITHIN_MS), new Promise((resolve) => stop.signal.addEventListener("abort", resolve))]);
    if (!stop.signal.aborted) account.tell("demo", thrown instanceof Error ? thrown.message : String(thrown));
  } finally {
    keys.close();
    await world.close();
  }
  if (!stop.signal.aborted) return good ? 0 : 1;
  account.print("\nInterrupted: all programs have ended, and nothing is left behind");
  return INTERRUPTED;
}

function optionOf(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

process.exit(await main());
