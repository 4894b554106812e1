/** Agents whose clocks differ name the same alarm differently until they have told each other: it rings once, and is taken once. */

import { describe, expect, test } from "bun:test";
import { seconds } from "../../lib/base/units.ts";
import { toBase64 } from "../../lib/base/bytes.ts";
import { ClientWorld } from "../support/a-client.ts";
import { anItem, aState, bytesOf, ScriptedAgent } from "../support/a-scripted-agent.ts";

const [AT_A, AT_B, LATER] = [1, 2, 3].map((number) => `00000${number}${"0".repeat(20)}`) as [string, string, string];
const key = toBase64(bytesOf(9, 8));
const [nonceA, nonceB] = [toBase64(bytesOf(1, 8)), toBase64(bytesOf(2, 8))];

/** a has just rung. */
function rungByA(): { readonly world: ClientWorld; readonly a: ScriptedAgent; readonly b: ScriptedAgent } {
  const [a, b] = [new ScriptedAgent(), new ScriptedAgent({ name: "node2", seed: 3, serial: 2 })];
  const world = new ClientWorld({ agents: [a, b], person: true }).settle();
  world.effects = [];
  for (const { answers } of [a, b]) answers.ack = false;
  world.hears(a.alarm(anItem({ id: AT_A, nonce: nonceA, key })));
  return { world, a, b };
}

describe("an alarm that two agents have named, each for itself", () => {
  test("rings once, also before either knows of the other's name", () => {
    const { world, b } = rungByA();
    world.passes(seconds(2));
    world.hears(b.alarm(anItem({ id: AT_B, key })));
    expect(world.rung()).toEqual(["000001 1"]);
    expect(world.shown().at(-1)).toMatchObject({ alarm: { id: AT_B }, rings: false });
    world.hears(b.alarm(anItem({ id: AT_B, ring: 2, why: "re-alert", key })));
    expect(world.rung()).toEqual(["000001 1", "000002 2"]);
  });

  test("gives each agent its receipt", () => {
    const { world, b } = rungByA();
    world.hears(b.alarm(anItem({ id: AT_B, key })));
    world.passes(seconds(2));
    expect(world.receipts()).toEqual(expect.arrayContaining(["000001 1 receipt", "000002 1 receipt"]));
  });

  test("is taken by one acknowledgement, under both names, with the proof of each", () => {
    const { world, b } = rungByA();
    world.hears(b.alarm(anItem({ id: AT_B, nonce: nonceB, key })));
    world.ask({ kind: "ack", id: "000001", comment: "on my way", robot: false });
    world.passes(seconds(1));
    expect(world.said("ack")).toEqual(expect.arrayContaining([
      expect.objectContaining({ id: AT_A, nonce: nonceA, comment: "on my way" }), expect.objectContaining({ id: AT_B, nonce: nonceB, comment: "on my way" }),
    ]));
  });

  test("taken under both names and then known to be one waits for one answer", () => {
    const { world, a, b } = rungByA();
    world.hears(b.alarm(anItem({ id: AT_B, nonce: nonceB, key })));
    world.ask({ kind: "ack", id: "000001", comment: "", robot: false });
    world.hears(b.state(aState({ id: AT_B, now: AT_A })));
    for (const agent of [a, b]) world.hears(agent.seal({ kind: "acked", body: { id: AT_A, revision: 1, outcome: "taken", reason: "", by: "li" } }, { pair: world.identity.id }));
    const before = world.said("ack").length;
    world.passes(seconds(120));
    expect(world.said("ack").length).toBe(before);
    expect(world.status()["acknowledgements"]).toEqual([]);
  });
});

describe("an alarm with the key of another that rings all the same:", () => {
  test("one that comes half a minute later", () => {
    const { world, b } = rungByA();
    world.passes(seconds(31));
    world.hears(b.alarm(anItem({ id: AT_B, key })));
    expect(world.rung()).toEqual(["000001 1", "000002 1"]);
  });

  test("one after the first was taken", () => {
    const { world, a, b } = rungByA();
    world.hears(a.state(aState({ id: AT_A, attention: "acknowledged", by: "zhao", way: "listener" })));
    world.hears(b.alarm(anItem({ id: AT_B, key })));
    expect(world.rung()).toEqual(["000001 1", "000002 1"]);
  });

  test("one after the first was over", () => {
    const { world, a, b } = rungByA();
    world.hears(a.state(aState({ id: AT_A, condition: "cleared" })));
    world.hears(b.alarm(anItem({ id: AT_B, key })));
    expect(world.rung()).toEqual(["000001 1", "000002 1"]);
  });

  test("one of an agent that had called the first open as well: it has begun anew there", () => {
    const { world, b } = rungByA();
    world.hears(b.alarm(anItem({ id: AT_A })));
    world.hears(b.alarm(anItem({ id: LATER, key })));
    expect(world.rung()).toEqual(["000001 1", "000003 1"]);
  });
});
