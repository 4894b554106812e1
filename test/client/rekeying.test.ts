/** The listener's group keys: what the agent gives it, what it keeps over a restart, and what it is told where nobody knows it. */

import { describe, expect, test } from "bun:test";
import { toBase64 } from "../../lib/base/bytes.ts";
import { minutes, seconds } from "../../lib/base/units.ts";
import { groupMark } from "../../lib/trust/group-keys.ts";
import { ClientWorld } from "../support/a-client.ts";
import { anId, anItem, bytesOf } from "../support/a-scripted-agent.ts";

const NEXT = { kid: 2, key: bytesOf(5) };
const LATER = { kid: 3, key: bytesOf(6) };

const pair = ({ identity }: ClientWorld) => ({ pair: identity.id });
const given = (world: ClientWorld, key = NEXT): void => world.hears(world.agent.seal(world.agent.rekey(key), pair(world)));

test("a new key opens what is sealed with it, and the agent hears that it is here", () => {
  const world = new ClientWorld().settle();
  given(world);
  expect(world.said("rekeyed")).toEqual([{ kid: 2 }]);
  world.agent.changes(NEXT);
  world.hears(world.agent.alarm(anItem()));
  expect(world.rung()).toEqual(["000001 1"]);
});

test("it is on disk before the agent hears so; a disk that fails says nothing", () => {
  const world = new ClientWorld().settle();
  world.diskFails = true;
  given(world);
  expect(world.rows.get("meta group")).toBeUndefined();
});

test("the same key again is only confirmed again", () => {
  const world = new ClientWorld().settle();
  given(world);
  const row = world.rows.get("meta group");
  given(world);
  expect(world.said("rekeyed")).toHaveLength(2);
  expect(world.rows.get("meta group")).toBe(row);
});

test("what was sealed with the key before is still read", () => {
  const world = new ClientWorld().settle();
  given(world);
  world.hears(world.agent.alarm(anItem()));
  expect(world.rung()).toEqual(["000001 1"]);
});

test("a restart keeps it", () => {
  const world = new ClientWorld().settle();
  given(world);
  world.agent.changes(NEXT);
  world.start();
  world.settle();
  world.hears(world.agent.alarm(anItem()));
  expect(world.rung()).toEqual(["000001 1"]);
  expect(world.said("rekeyed")).toEqual([]);
});

test("its HELLO says which key it has under the number of the agent's beacon, and that it has none", () => {
  const world = new ClientWorld().settle();
  expect(world.said("hello").at(-1)?.group).toBe(groupMark(bytesOf(4)));
  world.agent.answers.hello = false;
  world.agent.changes(NEXT);
  world.hears(world.agent.beacon());
  world.passes(seconds(2));
  expect(world.said("hello").at(-1)?.group).toBe("");
});

test("A8: a listener that was away during two rotations recovers by its HELLO, at once", () => {
  const world = new ClientWorld().settle();
  world.sleeps(minutes(90));
  world.agent.changes(NEXT);
  world.agent.changes(LATER);
  world.agent.holds(anItem());
  world.effects = [];
  world.hears(world.agent.alarm(anItem()));
  expect(world.rung()).toEqual([]);
  expect(world.drops()).toEqual({ "unknown key": 1 });
  world.hears(world.agent.beacon());
  world.passes(seconds(3));
  expect(world.said("rekeyed").at(-1)).toEqual({ kid: 3 });
  expect(world.rung()).toEqual(["000001 1"]);
  world.hears(world.agent.alarm(anItem({ id: anId(2) })));
  expect(world.rung()).toEqual(["000001 1", "000002 1"]);
  expect(world.status().green).toBe(true);
});

test("an agent that counts again from an older number is believed: the key that came last is the present one", () => {
  const world = new ClientWorld().settle();
  given(world, LATER);
  given(world);
  world.agent.changes({ kid: 3, key: bytesOf(7) });
  world.hears(world.agent.beacon());
  world.passes(seconds(25));
  world.hears(world.agent.alarm(anItem()));
  expect(world.rung()).toEqual(["000001 1"]);
});

describe("nobody else gives it a key", () => {
  test("what is not sealed for the pair counts for nothing", () => {
    const world = new ClientWorld().settle();
    world.hears(world.agent.seal(world.agent.rekey(NEXT), "group"));
    expect(world.said("rekeyed")).toEqual([]);
    expect(world.status()).toMatchObject({ refused: { "not sealed for the pair": 1 } });
  });

  test("nor what could be a recording", () => {
    const world = new ClientWorld().settle();
    world.agent.answers.hello = false;
    world.start();
    given(world);
    expect(world.said("rekeyed")).toEqual([]);
    expect(world.status()).toMatchObject({ refused: { "not proven to be of now": 1 } });
  });
});

test("keys of the time before it joined anew are left behind", () => {
  const world = new ClientWorld().settle();
  given(world);
  world.rows.set("meta group", { ...(world.rows.get("meta group") as object), joined: groupMark(bytesOf(9)) });
  world.start();
  world.settle();
  expect(world.said("hello").at(-1)?.group).toBe(groupMark(bytesOf(4)));
});

describe("an agent that does not know it", () => {
  /** The agent has revoked this listener, or lost its database: it is silent to it, and says so to whoever asks. */
  function disowned(): ClientWorld {
    const world = new ClientWorld().settle();
    world.agent.knows = false;
    world.effects = [];
    return world;
  }

  test("is told to its people within half a minute, and rings", () => {
    const world = disowned();
    world.passes(seconds(30), { beacons: true });
    expect(world.status()).toMatchObject({ green: false, agents: [{ hearing: "unknown" }] });
    expect(world.hearingLines().at(-1)).toContain("gapbell-client join --anew");
    expect(world.effects.filter(({ kind }) => kind === "hearing")).toMatchObject([{ rings: true }]);
  });

  test("is asked in vain as long as it is heard, and green again once it welcomes us", () => {
    const world = disowned();
    world.passes(minutes(5), { beacons: true });
    expect(world.status()).toMatchObject({ agents: [{ hearing: "unknown" }] });
    world.agent.knows = true;
    world.passes(minutes(1), { beacons: true });
    expect(world.status()).toMatchObject({ green: true, agents: [{ hearing: "heard" }] });
  });

  test("is deaf where it is silent altogether", () => {
    const world = disowned();
    world.passes(seconds(30), { beacons: true });
    world.lost = { toAgent: true, toClient: true };
    world.passes(minutes(3));
    expect(world.status()).toMatchObject({ agents: [{ hearing: "deaf" }] });
  });

  test("is not believed by a recording of what it once answered", () => {
    const world = new ClientWorld().settle();
    world.hears(world.agent.beacon({ unknown: toBase64(bytesOf(1, 8)) }));
    world.passes(seconds(5));
    expect(world.status()).toMatchObject({ green: true });
  });
});
