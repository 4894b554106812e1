/** A4 on the executables: alarms come through a flood of forged datagrams, are taken in it, and every drop has its reason. `bun bench/flood.ts` is the long form. */

import { beforeAll, expect, test } from "bun:test";
import { type UnderFlood, underFlood } from "../support/under-flood.ts";

const SECONDS = 4;
/** Wide, because other tests run on the same cores. */
const SHOWN_WITHIN_MS = 10_000;

let flood: UnderFlood;

beforeAll(async () => {
  flood = await underFlood({ rate: 20_000, seconds: SECONDS });
  const most = Math.max(...flood.floodMs).toFixed(0);
  console.log(`${flood.sentPerSecond.toFixed(0)} datagrams a second: at most ${most} ms to the screen, agent ${flood.agent.cores.toFixed(2)} cores, listener ${flood.listener.cores.toFixed(2)}`);
}, 120_000);

test("A4: every alarm that is raised in a flood of forged datagrams is shown and taken while it goes on", () => {
  expect(flood.floodMs.length).toBeGreaterThan(0);
  expect(flood.acked).toEqual(flood.floodMs.map(() => "Taken: you have it"));
  expect(Math.max(...flood.floodMs)).toBeLessThan(SHOWN_WITHIN_MS);
});

test("A4: agent and listener go on hearing each other in it", () => {
  expect([flood.presence, flood.hearing]).toEqual(["present", "heard"]);
});

test("A4: both count what they dropped, by reason", () => {
  expect(Object.keys(flood.agentDrops).sort()).toEqual(expect.arrayContaining(["foreign", "seal", "too many", "unknown key"]));
  expect(Object.keys(flood.listenerDrops).sort()).toEqual(expect.arrayContaining(["foreign", "seal", "signature", "too many", "unknown key"]));
});
