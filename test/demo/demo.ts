/** The demonstration: `bun run demo`. Plays by itself in a pipe; on a terminal a key acknowledges. */

import { acknowledged, type Ending, escalated, fallenBack } from "./stories.ts";
import { openWorld } from "./world.ts";

const began = performance.now();
const say = (line: string): void => console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${line}`);

/** A key on the terminal; at once where nobody sits there. */
function press(): Promise<void> {
  if (!process.stdin.isTTY) return Promise.resolve();
  say("  press Enter to acknowledge");
  return new Promise((resolve) => process.stdin.once("data", () => resolve()));
}

function print(endings: readonly Ending[]): void {
  console.log("\nstory          must end                     ended");
  for (const { story, wanted, found, good } of endings) console.log(`${story.padEnd(14)} ${wanted.padEnd(28)} ${good ? "ok  " : "FAIL"} ${found}`);
}

async function main(): Promise<number> {
  const world = await openWorld(say);
  process.on("SIGINT", () => void world.close().then(() => process.exit(130)));
  process.on("SIGTERM", () => void world.close().then(() => process.exit(143)));
  const endings: Ending[] = [];
  try {
    endings.push(await acknowledged(world, say, press));
    if (process.argv.includes("--kill-relay")) world.killRelay();
    endings.push(await escalated(world, say));
    endings.push(await fallenBack(world, say));
  } catch (thrown) {
    say(thrown instanceof Error ? thrown.message : String(thrown));
  }
  await world.close();
  print(endings);
  return endings.length === 3 && endings.every(({ good }) => good) ? 0 : 1;
}

process.exit(await main());
