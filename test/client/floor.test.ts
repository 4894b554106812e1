/** The security floor at the listener: kept for good, and told in a plain sentence where it stands between two releases. */

import { expect, test } from "bun:test";
import { minutes, seconds } from "../../lib/base/units.ts";
import { issue } from "../../lib/trust/certificate.ts";
import { privateKey } from "../../lib/wire/seal.ts";
import { ClientWorld } from "../support/a-client.ts";
import { anItem, bytesOf } from "../support/a-scripted-agent.ts";

const CLUSTER = privateKey("ed", bytesOf(1));

/** A listener and an agent that speak versions 1 and 2; the agent hands out a floor of 2, signed by `by`. */
function raised(by = CLUSTER): ClientWorld {
  const world = new ClientWorld();
  world.versions = [1, 2];
  world.agent.versions = [1, 2];
  world.agent.floor = issue("floor", { version: 2 }, by);
  world.start();
  return world.settle();
}

/** The agent starts again as a release that speaks these. */
function agentSpeaks(world: ClientWorld, versions: [number, number]): void {
  world.agent.versions = versions;
  world.agent.restart(9n);
  world.hears(world.agent.beacon());
  world.passes(minutes(2), { beacons: true });
}

test("an agent that is taken back to an older release rings on: what both speak is settled at each HELLO", () => {
  const world = new ClientWorld();
  world.versions = [1, 2];
  world.agent.versions = [1, 2];
  world.start();
  world.settle();
  agentSpeaks(world, [1, 1]);
  expect(world.status()).toMatchObject({ green: true });
  world.hears(world.agent.alarm(anItem()));
  expect(world.receipts().length + world.rung().length).toBeGreaterThan(0);
  expect(world.rung()).toEqual(["000001 1"]);
});

test("below the floor it is not believed: people read why, and what to do; its alarms are shown as not verified", () => {
  const world = raised();
  expect(world.status()).toMatchObject({ green: true });
  agentSpeaks(world, [1, 1]);
  expect(world.status()).toMatchObject({ green: false, agents: [{ hearing: "outdated" }] });
  expect(world.hearingLines().at(-1)).toContain("install the same release on both");
  world.hears(world.agent.alarm(anItem()));
  expect(world.shown().at(-1)).toMatchObject({ unverified: true, rings: true });
  expect(world.receipts()).toEqual([]);
});

test("a restart keeps the floor, whatever the agent hands out then", () => {
  const world = raised();
  world.agent.floor = undefined;
  world.start();
  agentSpeaks(world, [1, 1]);
  expect(world.status()).toMatchObject({ agents: [{ hearing: "outdated" }] });
});

test("a floor that the cluster key has not signed is none", () => {
  const world = raised(privateKey("ed", bytesOf(77)));
  agentSpeaks(world, [1, 1]);
  expect(world.status()).toMatchObject({ green: true });
});

test("a listener that is too old for the agent says so, and not only that it is not answered", () => {
  const world = new ClientWorld();
  world.agent.answers.hello = false;
  world.agent.versions = [2, 3];
  world.start();
  world.settle();
  world.passes(seconds(30), { beacons: true });
  expect(world.status()).toMatchObject({ agents: [{ hearing: "outdated" }] });
});
