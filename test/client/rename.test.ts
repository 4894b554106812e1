/** Two agents had named one alarm, each for itself: it is one alarm, and rings once. */

import { describe, expect, test } from "bun:test";
import { minutes, seconds } from "../../lib/base/units.ts";
import { ClientWorld } from "../support/a-client.ts";
import { anItem, aState, ScriptedAgent } from "../support/a-scripted-agent.ts";

const FIRST = `000001${"0".repeat(20)}`;
const SECOND = `000002${"0".repeat(20)}`;
const THIRD = `000003${"0".repeat(20)}`;

/** The listener knows the alarm by the second name, and hears that it is the first. */
function aRenamed({ both = false } = {}): { readonly world: ClientWorld; readonly a: ScriptedAgent; readonly b: ScriptedAgent } {
  const [a, b] = [new ScriptedAgent(), new ScriptedAgent({ name: "node2", seed: 3, serial: 2 })];
  const world = new ClientWorld({ agents: [a, b], person: true }).settle();
  world.effects = [];
  if (both) world.hears(a.alarm(anItem({ id: FIRST })));
  world.hears(b.alarm(anItem({ id: SECOND, ring: 2 })));
  world.passes(seconds(1));
  b.open.delete(SECOND);
  b.open.set(FIRST, { item: anItem({ id: FIRST, ring: 2 }), state: aState({ id: FIRST, ring: 2 }) });
  for (const { answers } of [a, b]) answers.ack = false;
  world.hears(b.state(aState({ id: SECOND, now: FIRST, ring: 2 })));
  return { world, a, b };
}

describe("an alarm that has another name", () => {
  test("does not ring again under it, up to the ring that was heard", () => {
    const { world, a, b } = aRenamed();
    world.hears(b.alarm(anItem({ id: FIRST, ring: 2 })));
    world.hears(a.alarm(anItem({ id: FIRST, ring: 2 })));
    world.passes(seconds(5));
    expect(world.rung()).toEqual(["000002 2"]);
    expect(world.list().map(({ id }) => id)).toEqual([FIRST]);
    world.hears(a.alarm(anItem({ id: FIRST, ring: 3, why: "re-alert" })));
    expect(world.rung()).toEqual(["000002 2", "000001 3"]);
  });

  test("keeps its popup, which is told its new name", () => {
    const { world } = aRenamed();
    expect(world.shown().at(-1)).toMatchObject({ was: SECOND, rings: false, alarm: { id: FIRST } });
  });

  test("known by both names is one popup from then on", () => {
    const { world } = aRenamed({ both: true });
    expect(world.list().map(({ id }) => id)).toEqual([FIRST]);
    expect(world.updates().at(-1)).toEqual({ line: "The same alarm as 000001", gone: true });
  });

  test("is one alarm after a restart as well", () => {
    const { world } = aRenamed({ both: true });
    world.start();
    expect(world.list().map(({ id, rung }) => [id, rung])).toEqual([[FIRST, 2]]);
  });

  test("gives its receipt under the name that the agent uses now", () => {
    const { world, b } = aRenamed();
    world.hears(b.alarm(anItem({ id: FIRST, ring: 2 })));
    world.passes(seconds(2));
    expect(world.receipts()).toContain("000001 2 receipt");
  });

  test("is taken by the name under which it rang, also where it has been given two others since", () => {
    const { world, a, b } = aRenamed();
    world.hears(b.alarm(anItem({ id: FIRST, ring: 2 })));
    world.hears(a.state(aState({ id: FIRST, now: THIRD, ring: 2 })));
    world.ask({ kind: "ack", id: "000002", comment: "", robot: false });
    expect(world.said("ack").at(-1)).toMatchObject({ id: THIRD });
    expect(world.list()).toMatchObject([{ id: THIRD, aliases: [SECOND, FIRST] }]);
  });

  test("is taken by the name under which it rang after a restart as well", () => {
    const { world } = aRenamed();
    world.start();
    world.ask({ kind: "ack", id: SECOND, comment: "", robot: false });
    expect(world.said("ack").at(-1)).toMatchObject({ id: FIRST });
  });

  test("is taken by a name that only others were shown", () => {
    const { world, b } = aRenamed();
    world.hears(b.state(aState({ id: THIRD, now: FIRST, ring: 2 })));
    world.ask({ kind: "ack", id: "000003", comment: "", robot: false });
    expect(world.said("ack").at(-1)).toMatchObject({ id: FIRST });
  });

  test("does not ring where its earlier name was said before and comes late", () => {
    const [a, b] = [new ScriptedAgent(), new ScriptedAgent({ name: "node2", seed: 3, serial: 2 })];
    const world = new ClientWorld({ agents: [a, b], person: true }).settle();
    world.effects = [];
    world.hears(b.alarm(anItem({ id: SECOND })));
    const late = b.alarm(anItem({ id: SECOND }));
    world.hears(b.state(aState({ id: SECOND, now: FIRST })));
    world.hears(late);
    expect(world.rung()).toEqual(["000002 1"]);
    expect(world.list().map(({ id }) => id)).toEqual([FIRST]);
  });

  test("is fetched by nobody once both agents name it so", () => {
    const { world, a, b } = aRenamed();
    world.hears(b.alarm(anItem({ id: FIRST, ring: 2 })));
    world.hears(a.alarm(anItem({ id: FIRST, ring: 2 })));
    world.passes(seconds(20), { beacons: true });
    const before = world.said("fetch").length;
    world.passes(minutes(3), { beacons: true });
    expect(world.said("fetch").length).toBe(before);
  });
});

test("an acknowledgement that was on its way goes on under the new name, with the proof of what was shown", () => {
  const { world, b } = aRenamed();
  const nonce = anItem().nonce;
  world.put({ kind: "taken", id: SECOND, comment: "" });
  world.passes(seconds(1));
  expect(world.said("ack").at(-1)).toMatchObject({ id: FIRST, nonce });
  world.hears(b.seal({ kind: "acked", body: { id: SECOND, revision: 1, outcome: "taken", reason: "", by: "li" } }, { pair: world.identity.id }));
  expect(world.list()).toMatchObject([{ id: FIRST, attention: "acknowledged" }]);
});
