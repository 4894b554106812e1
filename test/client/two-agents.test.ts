/** One listener, two agents of its cluster: one popup, one acknowledgement, and neither agent's end is the end of an alarm. */

import { expect, test } from "bun:test";
import { minutes, seconds } from "../../lib/base/units.ts";
import { ClientWorld } from "../support/a-client.ts";
import { anItem, aState, ScriptedAgent } from "../support/a-scripted-agent.ts";

const ALARM = anItem();
const { id } = ALARM;

/** Both are known and heard. */
function aPair(): { readonly world: ClientWorld; readonly a: ScriptedAgent; readonly b: ScriptedAgent } {
  const [a, b] = [new ScriptedAgent(), new ScriptedAgent({ name: "node2", seed: 3, serial: 2 })];
  const world = new ClientWorld({ agents: [a, b], person: true }).settle();
  world.effects = [];
  return { world, a, b };
}

/** The listener knows a alone, and a tells of b, or what is said instead. */
function aTale({ serial = 2, voice }: { readonly serial?: number; readonly voice?: (own: string) => string } = {}): { readonly world: ClientWorld; readonly a: ScriptedAgent; readonly b: ScriptedAgent } {
  const a = new ScriptedAgent();
  const b = new ScriptedAgent({ name: "node2", seed: 3, serial });
  a.others = [{ voice: voice?.(b.voiceCertificate) ?? b.voiceCertificate, address: { host: "10.0.0.2", port: 11_115 } }];
  return { world: new ClientWorld({ agents: [a], unknown: [b] }), a, b };
}

const names = (world: ClientWorld): readonly unknown[] => world.status().agents.map(({ name }) => name);

test("an agent that another tells of is believed by its certificate, greeted and heard", () => {
  const { world } = aTale();
  world.settle();
  world.passes(seconds(25), { beacons: true });
  expect(world.status()).toMatchObject({ green: true, agents: [{ name: "node1", hearing: "heard" }, { name: "node2", hearing: "heard" }] });
});

test("an agent that was told of is known after a restart without being told again", () => {
  const { world, a } = aTale();
  world.settle();
  world.passes(seconds(25), { beacons: true });
  a.others = undefined;
  world.start();
  expect(names(world)).toEqual(expect.arrayContaining(["node1", "node2"]));
});

test("a voice that another cluster has signed is nobody's", () => {
  const { world } = aTale({ voice: (own) => `${own.slice(0, -8)}AAAAAAAA` });
  world.settle();
  world.passes(seconds(25), { beacons: true });
  expect(names(world)).toEqual(["node1"]);
});

test("a rebuilt agent stands in the place of the lost one of its name", () => {
  const lost = new ScriptedAgent({ name: "node2", seed: 4, serial: 2 });
  const { world, a, b } = aTale({ serial: 3, voice: () => lost.voiceCertificate });
  world.settle();
  expect(world.status().agents.map(({ id: agent }) => agent)).toEqual([a.voice.id, lost.voice.id]);
  a.others = [{ voice: b.voiceCertificate, address: undefined }];
  world.passes(seconds(45), { beacons: true });
  expect(world.status().agents.map(({ id: agent }) => agent)).toEqual([a.voice.id, b.voice.id]);
});

test("an agent that nobody names any more, and that is not heard, is let go", () => {
  const { world, a, b } = aTale();
  world.settle();
  world.passes(seconds(25), { beacons: true });
  world.away.add(b);
  world.passes(minutes(3), { beacons: true });
  expect(names(world)).toEqual(["node1", "node2"]);
  a.others = [];
  world.passes(minutes(1), { beacons: true });
  expect(names(world)).toEqual(["node1"]);
  expect(world.status().green).toBe(true);
});

test("the alarm of both rings once, and each agent gets its receipts", () => {
  const { world, a, b } = aPair();
  world.hears(a.alarm(ALARM));
  world.hears(b.alarm(ALARM));
  world.passes(seconds(2));
  expect(world.rung()).toEqual(["000001 1"]);
  for (const agent of [a, b]) expect(agent.heardOf("receipt").flatMap(({ receipts }) => receipts.map(({ level }) => level)).sort()).toEqual(["receipt", "seen"]);
});

test("a higher ring of either rings once more", () => {
  const { world, a, b } = aPair();
  world.hears(a.alarm(ALARM));
  world.hears(b.alarm(ALARM));
  world.hears(b.alarm(anItem({ ring: 2, why: "re-alert" })));
  world.hears(a.alarm(anItem({ ring: 2, why: "re-alert" })));
  expect(world.rung()).toEqual(["000001 1", "000001 2"]);
});

test("the two agree on nothing to fetch, though each has its own open set", () => {
  const { world, a, b } = aPair();
  world.hears(a.alarm(ALARM));
  world.hears(b.alarm(ALARM, anItem({ id: `000002${"0".repeat(20)}` })));
  world.passes(seconds(10));
  const fetched = world.said("fetch").length;
  world.passes(minutes(5), { beacons: true });
  expect(world.said("fetch").length).toBe(fetched);
});

test("what one agent has seen end stays open while another that is heard calls it open", () => {
  const { world, a, b } = aPair();
  world.hears(a.alarm(ALARM));
  world.hears(b.alarm(ALARM));
  world.hears(a.state(aState({ condition: "cleared", settled: true })));
  expect(world.list()).toHaveLength(1);
  world.hears(b.state(aState({ condition: "cleared", settled: true })));
  expect(world.list()).toEqual([]);
  expect(world.updates().filter(({ gone }) => gone)).toHaveLength(1);
});

test("an agent that has died does not keep alive what the other has seen end", () => {
  const { world, a, b } = aPair();
  world.hears(a.alarm(ALARM));
  world.hears(b.alarm(ALARM));
  world.away.add(b);
  world.hears(a.state(aState({ condition: "cleared", settled: true })));
  a.open.clear();
  world.passes(minutes(2), { beacons: true });
  expect(world.list()).toEqual([]);
});

test("what only the agent that has died knew stays open", () => {
  const { world, b } = aPair();
  world.hears(b.alarm(ALARM));
  world.away.add(b);
  world.passes(minutes(5), { beacons: true });
  expect(world.list()).toHaveLength(1);
});

test("an agent that comes back and still calls it open is believed, and rings no second time for the same ring", () => {
  const { world, a, b } = aPair();
  world.hears(a.alarm(ALARM));
  world.hears(b.alarm(ALARM));
  world.away.add(b);
  world.hears(a.state(aState({ condition: "cleared", settled: true })));
  a.open.clear();
  world.passes(minutes(2), { beacons: true });
  world.away.delete(b);
  world.passes(minutes(2), { beacons: true });
  expect(world.list()).toHaveLength(1);
  expect(world.rung()).toEqual(["000001 1"]);
});

test("where the agent whose account it is has died, the other's account counts, and its next ring rings", () => {
  const { world, a, b } = aPair();
  world.hears(a.alarm(anItem({ ring: 5 })));
  world.hears(b.alarm(anItem({ ring: 2 })));
  world.away.add(a);
  world.passes(minutes(2), { beacons: true });
  world.hears(b.alarm(anItem({ ring: 2 })));
  world.hears(b.alarm(anItem({ ring: 3, why: "re-alert" })));
  expect(world.rung()).toEqual(["000001 5", "000001 3"]);
});

test("an acknowledgement goes to both, is confirmed by the first, and is said until the second has answered", () => {
  const { world, a, b } = aPair();
  world.hears(a.alarm(ALARM));
  world.hears(b.alarm(ALARM));
  b.answers.ack = false;
  const ticket = world.ask({ kind: "ack", id, comment: "", robot: false });
  expect(world.replies.get(ticket)).toMatchObject({ status: 200, body: { outcome: "taken" } });
  expect([a.heardOf("ack").length, b.heardOf("ack").length]).toEqual([1, 1]);
  expect(world.status()["acknowledgements"]).toEqual([]);
  b.answers.ack = true;
  world.passes(seconds(5));
  expect([a.heardOf("ack").length, b.heardOf("ack").length]).toEqual([1, 2]);
  expect(world.table("acks")).toEqual([]);
  expect(world.updates().filter(({ gone }) => gone)).toHaveLength(1);
});

test("an acknowledgement that one agent has on its disk waits for no agent that has died", () => {
  const { world, a, b } = aPair();
  world.hears(a.alarm(ALARM));
  world.hears(b.alarm(ALARM));
  world.away.add(b);
  world.ask({ kind: "ack", id, comment: "", robot: false });
  expect(world.table("acks")).toHaveLength(1);
  world.passes(minutes(2), { beacons: true });
  expect(world.table("acks")).toEqual([]);
});

test("a refusal of the one agent is not the last word while the other is away", () => {
  const { world, a, b } = aPair();
  world.hears(a.alarm(ALARM));
  world.hears(b.alarm(ALARM));
  world.away.add(a);
  b.acked = { outcome: "refused", reason: "no such alarm is known here", by: "" };
  const ticket = world.ask({ kind: "ack", id, comment: "", robot: false });
  world.passes(minutes(5), { beacons: true });
  expect(world.replies.get(ticket)).toMatchObject({ status: 202 });
  world.away.delete(a);
  world.passes(minutes(1), { beacons: true });
  expect(world.updates().at(-1)).toEqual({ line: "Acknowledged by you", gone: true });
  expect(world.table("acks")).toEqual([]);
});

test("what one agent says of an acknowledged alarm before it has heard of that brings nothing back", () => {
  const { world, a, b } = aPair();
  world.hears(a.alarm(ALARM));
  world.hears(a.state(aState({ attention: "acknowledged", by: "zhao", settled: true })));
  world.hears(b.alarm(ALARM));
  expect(world.list()[0]).toMatchObject({ attention: "acknowledged", by: "zhao" });
  expect(world.rung()).toEqual(["000001 1"]);
});

test("one of two that is silent is named and said quietly, and both silent ring", () => {
  const { world, a, b } = aPair();
  world.away.add(b);
  world.passes(minutes(2), { beacons: true });
  const quiet = world.effects.flatMap((effect) => (effect.kind === "hearing" ? [effect] : [])).at(-1);
  expect(quiet).toMatchObject({ rings: false, heard: true, line: expect.stringContaining("; node1 rings") });
  expect(world.status().green).toBe(false);
  world.away.add(a);
  world.passes(minutes(2));
  expect(world.effects.flatMap((effect) => (effect.kind === "hearing" ? [effect] : [])).at(-1)).toMatchObject({ rings: true });
});

test("what each agent calls open outlives a restart of the listener", () => {
  const { world, a, b } = aPair();
  world.hears(a.alarm(ALARM));
  world.hears(b.alarm(ALARM));
  world.start();
  world.away.add(b);
  world.settle();
  world.hears(a.state(aState({ condition: "cleared", settled: true })));
  expect(world.list()).toHaveLength(1);
  a.open.clear();
  world.passes(minutes(2), { beacons: true });
  expect(world.list()).toEqual([]);
});
