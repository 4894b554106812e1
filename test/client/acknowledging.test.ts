import { expect, test } from "bun:test";
import { minutes, seconds } from "../../lib/base/units.ts";
import { ACKS_MOST } from "../../lib/client/acks.ts";
import { ClientWorld } from "../support/a-client.ts";
import { anId, anItem, aState } from "../support/a-scripted-agent.ts";

const ACK = { kind: "ack", id: "000001", comment: "on my way", robot: false } as const;

/** A world in which one alarm has rung. */
function ringing(set: ConstructorParameters<typeof ClientWorld>[0] = {}): ClientWorld {
  const world = new ClientWorld(set).settle();
  world.hears(world.agent.alarm(anItem()));
  world.passes(seconds(1));
  world.effects = [];
  return world;
}

test("an acknowledgement names what was shown, and the agent's word answers whoever asked", () => {
  const world = ringing();
  const ticket = world.ask(ACK);
  expect(world.agent.heardOf("ack")).toEqual([{ id: anId(1), revision: 1, nonce: anItem().nonce, comment: "on my way", robot: false }]);
  expect(world.replies.get(ticket)).toEqual({ status: 200, body: { id: anId(1), outcome: "taken", reason: "", by: "li" } });
  expect(world.updates()).toEqual([{ line: "Acknowledged by you", gone: true }]);
  expect(world.table("acks")).toEqual([]);
});

const OUTCOMES = [
  { name: "somebody had it", acked: { outcome: "already", reason: "", by: "zhao" }, line: "Already acknowledged by zhao", gone: true },
  { name: "it was cleared", acked: { outcome: "already", reason: "it has been cleared", by: "" }, line: "Already acknowledged (it has been cleared)", gone: false },
  { name: "it is recorded only", acked: { outcome: "recorded", reason: "the policy wants a responsible operator", by: "" }, line: "Recorded only: the policy wants a responsible operator", gone: false },
  { name: "it is refused", acked: { outcome: "refused", reason: "no such alarm is known here", by: "" }, line: "Acknowledgement refused: no such alarm is known here", gone: false },
] as const;

for (const { name, acked, line, gone } of OUTCOMES) {
  test(`what became of an acknowledgement is told: ${name}`, () => {
    const world = ringing();
    world.agent.acked = acked;
    const ticket = world.ask(ACK);
    expect(world.replies.get(ticket)).toMatchObject({ status: 200, body: acked });
    expect(world.updates()).toEqual([{ line, gone }]);
  });
}

test("an acknowledgement is on disk before it is said", () => {
  const world = ringing();
  world.agent.answers.ack = false;
  world.ask(ACK);
  expect(world.table("acks")).toMatchObject([{ id: anId(1), row: { comment: "on my way" } }]);
});

test("without an answer it is said again, later to everybody, and the one who asked hears so after ten seconds", () => {
  const world = ringing();
  world.agent.answers.ack = false;
  const ticket = world.ask(ACK);
  world.passes(seconds(9));
  expect(world.replies.get(ticket)).toBeUndefined();
  world.passes(seconds(2));
  expect(world.replies.get(ticket)).toMatchObject({ status: 202, body: { outcome: "pending" } });
  const tries = world.effects.filter((effect) => effect.kind === "say" && effect.message.kind === "ack" && effect.to.kind === "agent").length;
  const broadcast = world.effects.filter((effect) => effect.kind === "say" && effect.message.kind === "ack" && effect.to.kind === "agents").length;
  expect({ tries, broadcast }).toEqual({ tries: 5, broadcast: 2 });
  expect(world.updates()).toEqual([{ line: "Acknowledgement not yet confirmed", gone: false }]);
  world.passes(minutes(10), { beacons: true });
  const later = world.agent.heardOf("ack").length;
  expect(later).toBeGreaterThan(20);
  expect(later).toBeLessThan(70);
});

test("the confirmation ends the repeats", () => {
  const world = ringing();
  world.lost.toClient = true;
  world.ask(ACK);
  world.passes(seconds(2));
  world.lost.toClient = false;
  world.passes(seconds(5));
  const said = world.said("ack").length;
  world.passes(minutes(5), { beacons: true });
  expect(world.said("ack").length).toBe(said);
  expect(world.table("acks")).toEqual([]);
});

test("an acknowledgement that was not confirmed survives a restart", () => {
  const world = ringing();
  world.lost.toAgent = true;
  world.ask(ACK);
  world.start();
  expect(world.agent.heardOf("ack")).toEqual([]);
  world.lost.toAgent = false;
  world.settle();
  expect(world.agent.heardOf("ack")).toMatchObject([{ id: anId(1), comment: "on my way" }]);
  expect(world.table("acks")).toEqual([]);
});

test("an agent that comes back has the acknowledgement at once, not at its next repeat", () => {
  const world = ringing();
  world.agent.answers = { ...world.agent.answers, seek: false, hello: false, ack: false };
  world.ask(ACK);
  world.passes(minutes(10));
  const before = world.agent.heardOf("ack").length;
  world.agent.answers = { ...world.agent.answers, hello: true, ack: true };
  world.agent.restart(50n);
  world.hears(world.agent.beacon());
  world.passes(seconds(2));
  // Once to the agent, once to everybody: after so many tries it may have moved.
  expect(world.agent.heardOf("ack").length).toBe(before + 2);
  expect(world.table("acks")).toEqual([]);
});

test("the same acknowledgement asked twice is said once, and both who asked are answered", () => {
  const world = ringing();
  world.agent.answers.ack = false;
  const tickets = [world.ask(ACK), world.ask(ACK)];
  expect(world.said("ack").length).toBe(1);
  world.agent.answers.ack = true;
  world.passes(seconds(1));
  expect(tickets.map((ticket) => world.replies.get(ticket)?.status)).toEqual([200, 200]);
});

test("a key on the terminal acknowledges like the command", () => {
  const world = ringing();
  world.put({ kind: "taken", id: anId(1), comment: "" });
  expect(world.agent.heardOf("ack")).toMatchObject([{ id: anId(1), robot: false }]);
});

const ROBOTS = [
  { name: "a robot's identity", set: { robot: true }, asked: false },
  { name: "a script that an alarm has started", set: {}, asked: true },
] as const;

for (const { name, set, asked } of ROBOTS) {
  test(`an acknowledgement says that no person gave it: ${name}`, () => {
    const world = ringing(set);
    world.ask({ ...ACK, robot: asked });
    expect(world.agent.heardOf("ack")).toMatchObject([{ robot: true }]);
  });
}

test("a robot's seat is a robot's", () => {
  expect(new ClientWorld({ robot: true }).settle().said("hello").at(-1)?.seat).toBe("robot");
});

test("an alarm that is over is not acknowledged any more", () => {
  const world = ringing();
  world.hears(world.agent.state(aState({ condition: "cleared", settled: true })));
  const ticket = world.ask(ACK);
  expect(world.replies.get(ticket)).toMatchObject({ status: 200, body: { outcome: "already", reason: "it has been cleared" } });
  expect(world.said("ack")).toEqual([]);
});

test("an answer to an earlier revision confirms nothing", () => {
  const world = ringing();
  world.agent.answers.ack = false;
  world.ask(ACK);
  world.hears(world.agent.seal({ kind: "acked", body: { id: anId(1), revision: 9, outcome: "taken", reason: "", by: "li" } }, { pair: world.identity.id }));
  expect(world.table("acks").length).toBe(1);
});

test("an answer that everybody could have sealed confirms nothing", () => {
  const world = ringing();
  world.agent.answers.ack = false;
  world.ask(ACK);
  world.hears(world.agent.seal({ kind: "acked", body: { id: anId(1), revision: 1, outcome: "taken", reason: "", by: "li" } }, "group"));
  expect(world.table("acks").length).toBe(1);
});

test("an acknowledgement of another listener moves nothing here: only the agent's word does", () => {
  const world = ringing();
  world.hears(world.agent.state(aState({ phase: "escalated", sending: "successful" })));
  expect(world.list()).toMatchObject([{ attention: "unacknowledged" }]);
});

test("more unconfirmed acknowledgements than the limit are refused", () => {
  const world = ringing();
  world.agent.answers.ack = false;
  for (let number = 1; number <= ACKS_MOST; number += 1) {
    world.agent.open.clear();
    world.hears(world.agent.alarm(anItem({ id: anId(number), ring: 2 })));
    world.put({ kind: "taken", id: anId(number), comment: "" });
  }
  world.hears(world.agent.alarm(anItem({ id: anId(ACKS_MOST + 1) })));
  const ticket = world.ask({ ...ACK, id: anId(ACKS_MOST + 1) });
  expect(world.replies.get(ticket)?.status).toBe(503);
});

test("when the disk fails, alarms still ring, nothing is promised, and the process ends soon", () => {
  const world = ringing();
  world.diskFails = true;
  world.hears(world.agent.alarm(anItem({ id: anId(2) })));
  world.passes(seconds(2));
  world.hears(world.agent.alarm(anItem({ id: anId(3) })));
  world.passes(seconds(2));
  expect(world.rung()).toEqual(["000002 1", "000003 1"]);
  expect(world.receipts().filter((one) => one.startsWith("000003"))).toEqual([]);
  expect(world.replies.get(world.ask(ACK))).toMatchObject({ status: 503 });
  expect(world.hearingLines().at(-1)).toContain("cannot write to its disk (disk is full)");
  world.passes(seconds(10));
  expect(world.effects.filter(({ kind }) => kind === "exit")).toContainEqual({ kind: "exit", code: 74, reason: "disk is full" });
});
