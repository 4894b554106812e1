import { expect, test } from "bun:test";
import { stateLine } from "../../lib/alarm/wording.ts";
import { seconds } from "../../lib/base/units.ts";
import { TO_EVERYBODY } from "../../lib/wire/constants.ts";
import { ClientWorld } from "../support/a-client.ts";
import { anId, anItem, aState } from "../support/a-scripted-agent.ts";

test("an alarm for this operator rings once and gets its receipt", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem()));
  world.passes(seconds(1));
  expect(world.rung()).toEqual(["000001 1"]);
  expect(world.receipts()).toEqual(["000001 1 receipt"]);
});

test("an alarm of somebody else is listed, does not ring and gets no receipt", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem({ to: ["zhao"] })));
  world.passes(seconds(1));
  expect(world.rung()).toEqual([]);
  expect(world.shown().map(({ rings }) => rings)).toEqual([false]);
  expect(world.receipts()).toEqual([]);
  expect(world.list().map(({ short, mine }) => ({ short, mine }))).toEqual([{ short: "000001", mine: false }]);
});

test("an alarm for two operators rings both", () => {
  const item = anItem({ to: ["li", "zhao"] });
  for (const operator of ["li", "zhao"]) {
    const world = new ClientWorld({ operator }).settle();
    world.hears(world.agent.alarm(item));
    expect(world.rung()).toEqual(["000001 1"]);
  }
});

test("a copy of an alarm does not ring again, but its receipt is given again, at most once a second", () => {
  const world = new ClientWorld().settle();
  for (let copy = 0; copy < 5; copy += 1) {
    world.hears(world.agent.alarm(anItem()));
    world.passes(200);
  }
  expect(world.rung()).toEqual(["000001 1"]);
  expect(world.receipts()).toEqual(["000001 1 receipt"]);
  world.passes(seconds(2));
  world.hears(world.agent.alarm(anItem()));
  world.passes(200);
  expect(world.receipts()).toEqual(["000001 1 receipt", "000001 1 receipt"]);
});

test("a higher ring comes back before the person", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem()));
  world.hears(world.agent.alarm(anItem({ ring: 2, why: "re-alert" })));
  expect(world.rung()).toEqual(["000001 1", "000001 2"]);
});

test("a lower ring that arrives late changes nothing", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem({ ring: 2, text: "new" })));
  world.hears(world.agent.alarm(anItem({ ring: 1, text: "old" })));
  expect(world.rung()).toEqual(["000001 2"]);
  expect(world.list().map(({ text }) => text)).toEqual(["new"]);
});

test("a changed text is shown in place and does not ring", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem()));
  world.hears(world.agent.alarm(anItem({ text: "disk is fuller" })));
  expect(world.rung()).toEqual(["000001 1"]);
  expect(world.shown().map(({ alarm }) => alarm.text)).toEqual(["disk is full", "disk is fuller"]);
});

test("an alarm that somebody has taken already is listed only", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem({ quiet: true })));
  expect(world.rung()).toEqual([]);
  expect(world.list().map(({ attention }) => attention)).toEqual(["acknowledged"]);
});

test("an alarm that becomes this operator's later rings then", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem({ to: ["zhao"] })));
  world.hears(world.agent.alarm(anItem({ to: ["li"] })));
  expect(world.rung()).toEqual(["000001 1"]);
});

test("what was put before a person is told as seen", () => {
  const world = new ClientWorld({ person: true }).settle();
  world.hears(world.agent.alarm(anItem()));
  world.passes(seconds(1));
  expect([...world.receipts()].sort()).toEqual(["000001 1 receipt", "000001 1 seen"]);
  expect(world.list().map(({ seen }) => seen)).toEqual([1]);
});

test("an alarm of somebody else is not told as seen, whoever looked at it", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem({ to: ["zhao"] })));
  world.put({ kind: "shown", id: anId(1), ring: 1, seen: true });
  world.passes(seconds(1));
  expect(world.receipts()).toEqual([]);
});

test("a failed way out rings with its reason", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem()));
  world.hears(world.agent.alarm(anItem({ ring: 2, why: "fallback", reason: "the mail server does not answer" })));
  expect(world.rung()).toEqual(["000001 1", "000001 2"]);
  expect(world.shown().at(-1)?.alarm.reason).toBe("the mail server does not answer");
});

test("many receipts travel in few datagrams, none lost", () => {
  const world = new ClientWorld().settle();
  const items = Array.from({ length: 60 }, (_, at) => anItem({ id: anId(at + 1) }));
  for (let at = 0; at < items.length; at += 2) world.hears(world.agent.alarm(...items.slice(at, at + 2)));
  world.passes(seconds(1));
  expect(world.receipts().length).toBe(60);
  expect(world.said("receipt").length).toBeLessThan(10);
  expect(world.agent.heardOf("receipt").flatMap(({ receipts }) => receipts).length).toBe(60);
});

test("a receipt waits at most as long as the beacon allows", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem()));
  world.passes(100);
  expect(world.receipts()).toEqual(["000001 1 receipt"]);
});

const STATES = [
  { name: "taken by zhao", state: aState({ attention: "acknowledged", by: "zhao", way: "listener", settled: true }), line: "Acknowledged by zhao", gone: true, kind: "settled" },
  { name: "taken by one who was not told", state: aState({ attention: "acknowledged", by: "wang", stranger: true, settled: true }), line: "Acknowledged by wang; wang was not among those told", gone: true, kind: "settled" },
  { name: "cleared", state: aState({ condition: "cleared", settled: true }), line: "Cleared before anyone acknowledged it", gone: true, kind: "settled" },
  { name: "told outside", state: aState({ phase: "escalated", sending: "successful" }), line: "Told outside by mail or WeChat; nobody has acknowledged it yet", gone: false, kind: "state" },
  { name: "source lost", state: aState({ condition: "stale" }), line: stateLine(aState({ condition: "stale" }), "en"), gone: false, kind: "state" },
] as const;

for (const { name, state, line, gone, kind } of STATES) {
  test(`a popup follows the agent's word: ${name}`, () => {
    const world = new ClientWorld().settle();
    world.hears(world.agent.alarm(anItem()));
    world.hears(world.agent.state(state));
    expect(world.updates()).toEqual([{ line, gone }]);
    expect(world.lines().map((told) => told.kind)).toEqual(["hearing", "alarm", kind]);
  });
}

test("a state that the agent said before its last word changes nothing", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem()));
  const early = world.agent.state(aState({ phase: "escalated" }));
  world.hears(world.agent.state(aState({ attention: "acknowledged", by: "zhao", settled: true })));
  world.hears(early);
  expect(world.updates().map(({ line }) => line)).toEqual(["Acknowledged by zhao"]);
  expect(world.list().map(({ attention }) => attention)).toEqual(["acknowledged"]);
});

test("a copy of the alarm from before the acknowledgement does not bring the popup back", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem()));
  const late = world.agent.alarm(anItem());
  world.hears(world.agent.state(aState({ attention: "acknowledged", by: "zhao", settled: true })));
  world.hears(late);
  expect(world.rung()).toEqual(["000001 1"]);
  expect(world.list().map(({ attention }) => attention)).toEqual(["acknowledged"]);
});

test("a severity that rises after the acknowledgement rings again", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem({ severity: "minor" })));
  world.hears(world.agent.state(aState({ attention: "acknowledged", by: "zhao", settled: true })));
  world.hears(world.agent.alarm(anItem({ revision: 2, ring: 2, why: "changed" })));
  expect(world.rung()).toEqual(["000001 1", "000001 2"]);
  expect(world.list().map(({ attention, by }) => ({ attention, by }))).toEqual([{ attention: "unacknowledged", by: undefined }]);
});

test("a state of an alarm that is not known here makes the list be fetched", () => {
  const world = new ClientWorld().settle();
  world.agent.holds(anItem());
  world.hears(world.agent.state(aState()));
  world.passes(seconds(6));
  expect(world.rung()).toEqual(["000001 1"]);
});

test("an alarm of ten thousand is found by what makes it different", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem({ id: anId(12) }), anItem({ id: anId(13) })));
  const body = (id: string): unknown => world.replies.get(world.ask({ kind: "ack", id, comment: "", robot: false }));
  expect(body("0000")).toMatchObject({ status: 409, body: { error: '2 alarms begin with "0000": give more characters' } });
  expect(body("FFF")).toMatchObject({ status: 404, body: { error: 'No alarm begins with "FFF"' } });
  expect(body("")).toMatchObject({ status: 404 });
  expect(body("000012")).toMatchObject({ status: 200, body: { outcome: "taken" } });
});

test("an alarm whose responsible are more than a packet names rings at every listener, and each gives its receipt", () => {
  const world = new ClientWorld({ operator: "somebody" }).settle();
  world.hears(world.agent.alarm(anItem({ to: [TO_EVERYBODY] })));
  world.passes(2000);
  expect(world.rung()).toEqual(["000001 1"]);
  expect(world.receipts()).toEqual(["000001 1 receipt"]);
});
