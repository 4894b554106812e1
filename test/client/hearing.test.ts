import { expect, test } from "bun:test";
import { toBase64 } from "../../lib/base/bytes.ts";
import { minutes, seconds } from "../../lib/base/units.ts";
import { DEAF_MS } from "../../lib/wire/constants.ts";
import { ClientWorld } from "../support/a-client.ts";
import { anItem, aState, bytesOf, ScriptedAgent } from "../support/a-scripted-agent.ts";

test("a listener seeks its agent at once, says hello to its beacon and is green when it is welcomed", () => {
  const world = new ClientWorld();
  expect(world.said("seek").length).toBe(1);
  expect(world.status().green).toBe(true);
  expect(world.status().agents).toMatchObject([{ name: "node1", hearing: "heard", believed: true, address: "10.0.0.1:11115" }]);
});

test("while no agent answers, it is sought again and again, ever more rarely", () => {
  const agent = new ScriptedAgent();
  agent.answers.seek = false;
  const world = new ClientWorld({ agents: [agent] });
  world.passes(seconds(10));
  const soon = world.said("seek").length;
  world.passes(minutes(10));
  const later = world.said("seek").length;
  expect(soon).toBeGreaterThanOrEqual(3);
  expect(later - soon).toBeLessThanOrEqual(25);
  expect(later - soon).toBeGreaterThanOrEqual(14);
  expect(world.status().green).toBe(false);
});

test("HELLO is said every twenty seconds or so, with the latest challenge and a nonce of its own", () => {
  const world = new ClientWorld().settle();
  world.passes(minutes(5), { beacons: true });
  const hellos = world.said("hello");
  expect(hellos.length).toBeGreaterThanOrEqual(13);
  expect(hellos.length).toBeLessThanOrEqual(20);
  expect(new Set(hellos.map(({ nonce }) => nonce)).size).toBe(hellos.length);
  expect(new Set(hellos.map(({ challenge }) => challenge)).size).toBeGreaterThan(10);
  expect(hellos.at(-1)).toMatchObject({ seat: "person", serial: 7, host: "laptop", versions: [1, 1] });
});

test("status tells when a broadcast was last heard: unicasts do not count", () => {
  const world = new ClientWorld().settle();
  expect(world.status().agents).toMatchObject([{ hearing: "heard", broadcastAt: undefined }]);
  world.passes(seconds(7));
  const at = world.now.wall;
  world.hears(world.agent.alarm(anItem()));
  world.passes(seconds(7));
  expect(world.status().agents).toMatchObject([{ broadcastAt: at }]);
});

test("a WELCOME whose nonce is not ours is nothing", () => {
  const agent = new ScriptedAgent();
  agent.answers.hello = false;
  const world = new ClientWorld({ agents: [agent] });
  world.hears(agent.beacon());
  world.hears(agent.seal(agent.welcome(toBase64(bytesOf(77, 8))), { pair: world.identity.id }));
  expect(world.effects.filter(({ kind }) => kind === "adopt")).toEqual([]);
  expect(world.status().agents).toMatchObject([{ hearing: "searching", believed: false }]);
});

test("a WELCOME with another agent's voice is not believed", () => {
  const agent = new ScriptedAgent();
  agent.answers.hello = false;
  const world = new ClientWorld({ agents: [agent] });
  world.hears(agent.beacon());
  const nonce = world.said("hello").at(-1)?.nonce ?? "";
  const other = new ScriptedAgent({ name: "node2", seed: 3 });
  world.hears(agent.seal(agent.welcome(nonce, { voice: other.voiceCertificate }), { pair: world.identity.id }));
  expect(world.status().agents).toMatchObject([{ believed: false }]);
  world.hears(agent.seal(agent.welcome(nonce), { pair: world.identity.id }));
  expect(world.status().agents).toMatchObject([{ believed: true }]);
});

test("three missed beacons: 'not heard' is said once, and the agent is green no more", () => {
  const world = new ClientWorld().settle();
  world.agent.answers.seek = false;
  world.agent.answers.hello = false;
  world.effects = [];
  world.passes(DEAF_MS - seconds(5));
  expect(world.hearingLines()).toEqual([]);
  world.passes(minutes(10));
  expect(world.hearingLines()).toEqual(["Agent node1 is not heard since 12:00 UTC: its alarms do not reach this host"]);
  expect(world.status().green).toBe(false);
  expect(world.said("seek").length).toBeGreaterThan(10);
  expect(world.lines().map((line) => line.kind === "hearing" && line.hearing)).toEqual(["deaf"]);
});

test("once the agent is heard again, that is said once", () => {
  const world = new ClientWorld().settle();
  world.agent.answers.seek = false;
  world.agent.answers.hello = false;
  world.passes(minutes(5));
  world.effects = [];
  world.agent.answers.hello = true;
  world.hears(world.agent.beacon());
  world.passes(minutes(5), { beacons: true });
  expect(world.hearingLines()).toEqual([""]);
  expect(world.status().green).toBe(true);
});

test("an agent that is never heard after the start is said to be deaf as well", () => {
  const agent = new ScriptedAgent();
  agent.answers.seek = false;
  const world = new ClientWorld({ agents: [agent] });
  world.passes(minutes(2));
  expect(world.hearingLines()).toEqual(["Agent node1 is not heard: its alarms do not reach this host"]);
});

test("beacons without an answer to us are not green", () => {
  const world = new ClientWorld().settle();
  world.agent.answers.hello = false;
  world.effects = [];
  world.passes(minutes(3), { beacons: true });
  expect(world.hearingLines()).toEqual(["Agent node1 is heard but does not answer: alarms may arrive, acknowledgements may not"]);
  expect(world.status().green).toBe(false);
});

test("an agent that is heard from the start and never answers is called so within seconds, not after the wait for its first beacon", () => {
  const agent = new ScriptedAgent();
  agent.answers.hello = false;
  const world = new ClientWorld({ agents: [agent] });
  world.passes(seconds(12), { beacons: true });
  expect(world.hearingLines()).toEqual(["Agent node1 is heard but does not answer: alarms may arrive, acknowledgements may not"]);
});

test("a laptop that slept does not call its agent silent before it had a chance", () => {
  const world = new ClientWorld().settle();
  world.effects = [];
  world.sleeps(minutes(60));
  expect(world.said("seek").length).toBe(1);
  world.passes(seconds(2));
  world.hears(world.agent.beacon());
  world.passes(seconds(2));
  expect(world.hearingLines()).toEqual([]);
  expect(world.status().green).toBe(true);
});

test("after sleep an agent that stays silent is called so soon", () => {
  const world = new ClientWorld().settle();
  world.agent.answers.seek = false;
  world.agent.answers.hello = false;
  world.effects = [];
  world.sleeps(minutes(60));
  world.passes(seconds(15));
  expect(world.hearingLines().length).toBe(1);
});

test("with two agents of which one falls silent, the other is still heard and the line names the silent one", () => {
  const two = [new ScriptedAgent(), new ScriptedAgent({ name: "node2", seed: 3 })];
  const world = new ClientWorld({ agents: two }).settle();
  const [, second] = two;
  if (second === undefined) throw new Error("two agents");
  expect(world.status().green).toBe(true);
  second.answers.seek = false;
  second.answers.hello = false;
  world.effects = [];
  for (let at = 0; at < 6; at += 1) {
    world.passes(seconds(20));
    world.hears(world.agent.beacon());
  }
  expect(world.hearingLines().length).toBe(1);
  expect(world.hearingLines()[0]).toContain("Agent node2 is not heard");
  expect(world.status().agents.map(({ hearing }) => hearing)).toEqual(["heard", "deaf"]);
});

test("an alarm of an epoch that is not proven is shown with its mark and gets no receipt before the WELCOME", () => {
  const world = new ClientWorld().settle();
  world.agent.answers.hello = false;
  world.agent.restart(50n);
  world.effects = [];
  world.hears(world.agent.alarm(anItem()));
  world.passes(seconds(2));
  expect(world.rung()).toEqual(["000001 1"]);
  expect(world.shown().map(({ unverified }) => unverified)).toEqual([true]);
  expect(world.receipts()).toEqual([]);
  expect(world.status().alarms["unverified"]).toBe(1);

  // What the catching-up would repeat is kept back: the proof alone is enough.
  world.agent.answers.hello = true;
  world.agent.answers.fetch = false;
  world.hears(world.agent.beacon());
  world.passes(seconds(3));
  expect(world.shown().map(({ unverified }) => unverified)).toEqual([true, false]);
  expect(world.rung()).toEqual(["000001 1"]);
  expect(world.receipts()).toEqual(["000001 1 receipt"]);
});

test("what was seen before the proof is told as seen only after it", () => {
  const world = new ClientWorld({ person: true }).settle();
  world.agent.answers.hello = false;
  world.agent.restart(50n);
  world.hears(world.agent.alarm(anItem()));
  world.passes(seconds(2));
  expect(world.receipts()).toEqual([]);
  world.agent.answers.hello = true;
  world.agent.answers.fetch = false;
  world.hears(world.agent.beacon());
  world.passes(seconds(3));
  expect([...world.receipts()].sort()).toEqual(["000001 1 receipt", "000001 1 seen"]);
});

test("the state of an epoch that is not proven changes nothing", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem()));
  world.agent.answers.hello = false;
  world.agent.restart(50n);
  world.hears(world.agent.state(aState({ condition: "cleared", settled: true })));
  expect(world.list().map(({ open }) => open)).toEqual([true]);
});

test("an agent that restarts is believed again within its first beacon", () => {
  const world = new ClientWorld().settle();
  world.agent.restart(50n);
  world.hears(world.agent.beacon());
  world.passes(seconds(2));
  expect(world.status().agents).toMatchObject([{ epoch: "50", hearing: "heard" }]);
  expect(world.status().green).toBe(true);
});

test("an agent that lost its clock and its state is believed again within its first beacon", () => {
  const world = new ClientWorld({ agents: [new ScriptedAgent({ epoch: 1000n })] }).settle();
  world.agent.restart(3n);
  world.passes(seconds(10));
  world.hears(world.agent.beacon());
  world.passes(seconds(2));
  expect(world.status().agents).toMatchObject([{ epoch: "3", hearing: "heard" }]);
  world.hears(world.agent.alarm(anItem()));
  expect(world.shown().map(({ unverified }) => unverified)).toEqual([false]);
});

test("an old beacon replayed again and again costs one HELLO in five seconds and moves nothing", () => {
  const world = new ClientWorld().settle();
  const recorded = world.agent.beacon();
  world.agent.restart(50n);
  world.settle();
  const before = world.said("hello").length;
  for (let copy = 0; copy < 100; copy += 1) {
    world.hears(recorded, { host: "10.6.6.6", port: 11115 });
    world.passes(100);
  }
  expect(world.said("hello").length - before).toBeLessThanOrEqual(4);
  expect(world.status().agents).toMatchObject([{ epoch: "50", hearing: "heard", address: "10.0.0.1:11115" }]);
});

test("a recorded alarm of an earlier life never pops up again", () => {
  const world = new ClientWorld().settle();
  const recorded = world.agent.alarm(anItem());
  world.agent.open.clear();
  world.agent.restart(50n);
  world.settle();
  world.hears(recorded);
  expect(world.rung()).toEqual([]);
});

test("a recorded alarm of an earlier life does not pop up in a listener that has just started", () => {
  const world = new ClientWorld().settle();
  const recorded = world.agent.alarm(anItem());
  world.agent.open.clear();
  world.agent.restart(50n);
  world.settle();
  world.agent.answers.seek = false;
  world.start();
  world.hears(recorded);
  expect(world.rung()).toEqual([]);
});

test("what was said in an epoch that another one has overtaken goes with the list", () => {
  const world = new ClientWorld().settle();
  world.agent.answers.hello = false;
  world.agent.restart(50n);
  world.hears(world.agent.alarm(anItem()));
  world.agent.answers.hello = true;
  world.agent.open.clear();
  world.agent.restart(90n);
  world.settle();
  expect(world.list()).toEqual([]);
  expect(world.updates()).toEqual([{ line: "Not open any more", gone: true }]);
});

test("a beacon of another cluster is nobody's", () => {
  const agent = new ScriptedAgent();
  agent.answers.seek = false;
  const world = new ClientWorld({ agents: [agent] });
  world.hears(agent.beacon({ cluster: toBase64(bytesOf(99, 16)) }));
  world.passes(seconds(3));
  expect(world.said("hello")).toEqual([]);
});

test("a recorded beacon of a newer epoch, said from elsewhere, leads nobody astray", () => {
  const world = new ClientWorld().settle();
  const { agent } = world;
  agent.restart(90n);
  const recorded = agent.beacon();
  agent.restart(50n);
  agent.answers.hello = false;
  world.hears(recorded, { host: "10.6.6.6", port: 11115 });
  world.passes(seconds(3));
  expect(world.status().agents).toMatchObject([{ address: "10.0.0.1:11115", hearing: "heard" }]);
});

test("an agent that has moved and started again is found at its first beacon", () => {
  const world = new ClientWorld().settle();
  world.agent.restart(50n);
  world.agentAt = { host: "10.0.0.99", port: 11115 };
  world.hears(world.agent.beacon());
  world.passes(seconds(2));
  expect(world.status().agents).toMatchObject([{ address: "10.0.0.99:11115", epoch: "50", hearing: "heard" }]);
  expect(world.table("agents")).toMatchObject([{ row: { address: { host: "10.0.0.99" } } }]);
});

test("at a clean stop the agent is told", () => {
  const world = new ClientWorld().settle();
  world.put({ kind: "stopping", why: "terminated" });
  expect(world.agent.heardOf("bye")).toEqual([{ why: "terminated" }]);
  expect(world.effects.at(-1)).toEqual({ kind: "exit", code: 0, reason: "terminated" });
});
