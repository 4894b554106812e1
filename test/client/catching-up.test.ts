import { describe, expect, test } from "bun:test";
import { Prng } from "../../lib/base/prng.ts";
import { minutes, seconds } from "../../lib/base/units.ts";
import { canonicalRules, type Rules, rulesDigest } from "../../lib/classify/rule.ts";
import { TYPES } from "../../lib/wire/constants.ts";
import { ClientWorld } from "../support/a-client.ts";
import { anId, anItem, aState, RULES } from "../support/a-scripted-agent.ts";

const OTHER_RULES: Rules = {
  rules: [
    { name: "osd", line: 3, match: [{ label: "module", operator: "=", value: "osd" }], module: "storage", item: "{item}", severity: "major", policy: "default" },
    { name: "default", line: 9, match: [], module: "{module}", item: "{item}", severity: "source", policy: "default" },
  ],
};

test("after a start the open alarms and the rules are fetched", () => {
  const world = new ClientWorld();
  world.agent.holds(anItem());
  world.start();
  world.settle();
  expect(world.said("fetch").map(({ what }) => what).sort()).toContain("open");
  expect(world.rung()).toEqual(["000001 1"]);
  expect(world.status()["rules"]).toBe(rulesDigest(canonicalRules(RULES)));
});

test("a hundred open alarms are all there after one lost datagram in three", () => {
  const world = new ClientWorld().settle();
  for (let number = 1; number <= 100; number += 1) world.agent.holds(anItem({ id: anId(number) }));
  let count = 0;
  const hears = world.hears.bind(world);
  world.hears = (datagram, from) => {
    count += 1;
    if (count % 3 !== 0) hears(datagram, from);
  };
  world.passes(minutes(4), { beacons: true });
  expect(world.list().length).toBe(100);
  expect(new Set(world.rung()).size).toBe(100);
  expect(world.rung().length).toBe(100);
});

test("a lost alarm is noticed by the beacon and fetched", () => {
  const world = new ClientWorld().settle();
  world.agent.holds(anItem());
  const fetches = world.said("fetch").length;
  world.hears(world.agent.beacon());
  expect(world.said("fetch").length).toBe(fetches);
  world.passes(seconds(7));
  expect(world.said("fetch").length).toBe(fetches + 1);
  expect(world.rung()).toEqual(["000001 1"]);
});

test("an alarm that arrives while the difference is waited for costs no fetch", () => {
  const world = new ClientWorld().settle();
  world.passes(seconds(10));
  const fetches = world.said("fetch").length;
  const alarm = world.agent.alarm(anItem());
  world.hears(world.agent.beacon());
  world.hears(alarm);
  world.passes(seconds(10));
  expect(world.said("fetch").length).toBe(fetches);
});

test("equal sets are not fetched, beacon after beacon", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem()));
  world.passes(seconds(10));
  const fetches = world.said("fetch").length;
  world.passes(minutes(10), { beacons: true });
  expect(world.said("fetch").length).toBe(fetches);
});

test("a clear that was missed is noticed, and what the list does not name is over", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem({ id: anId(1) }), anItem({ id: anId(2) })));
  world.agent.open.delete(anId(1));
  world.hears(world.agent.beacon());
  world.passes(seconds(7));
  expect(world.list().map(({ short }) => short)).toEqual(["000002"]);
  expect(world.updates()).toEqual([{ line: "Not open any more", gone: true }]);
  expect(world.lines().at(-1)).toMatchObject({ kind: "settled", occurrence: anId(1) });
});

test("an acknowledgement that was missed is noticed, though nothing else has changed", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem()));
  world.passes(seconds(2));
  world.agent.holds(anItem({ quiet: true }), { attention: "acknowledged", by: "zhao" });
  world.hears(world.agent.beacon());
  world.passes(seconds(5));
  expect(world.list()).toMatchObject([{ attention: "acknowledged", by: "zhao" }]);
});

test("an alarm said after the list was made is not taken away by it", () => {
  const world = new ClientWorld().settle();
  world.agent.answers.fetch = false;
  world.agent.holds(anItem({ id: anId(1) }));
  world.hears(world.agent.beacon());
  world.passes(seconds(7));
  const { agent, identity } = world;
  agent.answers.fetch = true;
  agent.open.clear();
  const list = agent.receive(sealedFetch(world), { host: "10.0.0.20", port: 40000 });
  world.hears(agent.alarm(anItem({ id: anId(9) })));
  for (const { datagram } of list) world.hears(datagram);
  expect(world.list().map(({ short }) => short)).toEqual(["000009"]);
  expect(identity.id.length).toBe(16);
});

test("an alarm lost behind a complete list is asked for again without waiting for a beacon", () => {
  const world = new ClientWorld().settle();
  world.agent.holds(anItem());
  const hears = world.hears.bind(world);
  let lost = 0;
  world.hears(world.agent.beacon());
  world.hears = (datagram, from) => {
    // The list comes through, the alarm behind it does not.
    if (datagram[3] === TYPES.alarm && lost === 0) lost += 1;
    else hears(datagram, from);
  };
  world.passes(seconds(15));
  expect(lost).toBe(1);
  expect(world.rung()).toEqual(["000001 1"]);
});

test("of a thousand open alarms what is lost is asked for by name, and all are there within a minute though a fifth of everything is lost", () => {
  const world = new ClientWorld();
  for (let number = 1; number <= 1000; number += 1) world.agent.holds(anItem({ id: anId(number) }));
  const dice = new Prng(5);
  const hears = world.hears.bind(world);
  world.hears = (datagram, from) => {
    if (dice.fraction() >= 0.2) hears(datagram, from);
  };
  world.start();
  world.passes(minutes(1), { beacons: true });
  expect(world.list().length).toBe(1000);
  expect(world.status().alarms["open"]).toBe(1000);
  const asked = world.said("fetch");
  expect(asked.some(({ what, ids }) => what === "alarm" && ids !== undefined)).toBe(true);
  expect(asked.filter(({ what }) => what === "open").length).toBeLessThanOrEqual(6);
  const before = world.said("fetch").length;
  world.passes(minutes(5), { beacons: true });
  expect(world.said("fetch").length).toBe(before);
});

test("what a list names and is over before it comes is asked for no more after the next beacon", () => {
  const world = new ClientWorld().settle();
  world.agent.holds(anItem());
  world.agent.answers.fetch = false;
  world.hears(world.agent.beacon());
  world.passes(seconds(7));
  const effect = sealedFetch(world);
  world.agent.answers.fetch = true;
  const list = world.agent.receive(effect, { host: "10.0.0.20", port: 40000 });
  world.agent.open.clear();
  for (const { datagram } of list) if (datagram[3] === TYPES.data) world.hears(datagram);
  world.passes(minutes(1), { beacons: true });
  const before = world.said("fetch").length;
  world.passes(minutes(10), { beacons: true });
  expect(world.said("fetch").length).toBe(before);
  expect(world.list()).toEqual([]);
});

test("however often a beacon differs, the list is asked for at most every five seconds", () => {
  const world = new ClientWorld().settle();
  const before = world.said("fetch").length;
  for (let second = 0; second < 60; second += 1) {
    world.hears(world.agent.beacon({ open: "AAAAAAAAAAA" }));
    world.passes(seconds(1));
  }
  expect(world.said("fetch").length - before).toBeLessThanOrEqual(13);
  expect(world.said("fetch").length - before).toBeGreaterThanOrEqual(8);
});

test("questions that nobody answers are asked again, ever more rarely", () => {
  const world = new ClientWorld();
  world.agent.answers.fetch = false;
  world.start();
  world.settle();
  world.passes(minutes(5), { beacons: true });
  const opens = world.said("fetch").filter(({ what }) => what === "open").length;
  expect(opens).toBeGreaterThan(8);
  expect(opens).toBeLessThan(25);
});

test("rules that change are fetched, and both sides come to the same module, item and severity", () => {
  const world = new ClientWorld().settle();
  world.agent.rules = OTHER_RULES;
  world.hears(world.agent.beacon());
  world.passes(seconds(2));
  expect(world.status()["rules"]).toBe(rulesDigest(canonicalRules(OTHER_RULES)));
  world.hears(world.agent.alarm(anItem({ module: "storage", severity: "major" })));
  expect(world.list()).toMatchObject([{ module: "storage", item: "osd.12", severity: "major", rules: "same" }]);
});

const CHECKS = [
  { name: "the same", item: anItem(), check: "same", differing: 0 },
  { name: "another module", item: anItem({ module: "net" }), check: "differs", differing: 1 },
  { name: "another severity", item: anItem({ severity: "minor" }), check: "differs", differing: 1 },
  { name: "labels that did not fit", item: anItem({ module: "net", cut: true }), check: "unchecked", differing: 0 },
] as const;

for (const { name, item, check, differing } of CHECKS) {
  test(`the agent's result is shown and ours compared with it: ${name}`, () => {
    const world = new ClientWorld().settle();
    world.hears(world.agent.alarm(item));
    expect(world.list()).toMatchObject([{ module: item.module, severity: item.severity, rules: check }]);
    expect(world.status().alarms["differing"]).toBe(differing);
  });
}

test("with other rules than the agent's everything is shown and nothing compared", () => {
  const world = new ClientWorld().settle();
  world.agent.answers.fetch = false;
  world.agent.rules = OTHER_RULES;
  world.hears(world.agent.beacon());
  world.hears(world.agent.alarm(anItem({ module: "storage" })));
  expect(world.rung()).toEqual(["000001 1"]);
  expect(world.list()).toMatchObject([{ rules: "unchecked" }]);
});

test("a listener that starts again lists what is open and rings nothing a second time", () => {
  const world = new ClientWorld({ person: true }).settle();
  world.hears(world.agent.alarm(anItem()));
  world.passes(seconds(1));
  world.start();
  expect(world.shown().map(({ rings, alarm }) => ({ rings, id: alarm.id }))).toEqual([{ rings: false, id: anId(1) }]);
  world.settle();
  world.hears(world.agent.alarm(anItem()));
  world.passes(seconds(1));
  expect(world.rung()).toEqual([]);
  // It has the alarm all the same, and says so again.
  expect([...new Set(world.receipts())].sort()).toEqual(["000001 1 receipt", "000001 1 seen"]);
});

test("after a start, what was said in the same epoch before is not believed as new", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem()));
  const recorded = world.agent.state(aState({ condition: "cleared", settled: true }));
  world.start();
  expect(world.status().agents).toMatchObject([{ epoch: "1", believed: true }]);
  world.hears(recorded);
  expect(world.list().length).toBe(1);
});

test("what is over stays listed for a day, what is open for ever", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem({ id: anId(1) }), anItem({ id: anId(2) })));
  world.agent.open.delete(anId(1));
  world.hears(world.agent.state(aState({ condition: "cleared", settled: true })));
  expect(world.list().length).toBe(1);
  expect(world.list(true).length).toBe(2);
  world.sleeps(minutes(60 * 23));
  expect(world.list(true).length).toBe(2);
  world.sleeps(minutes(61));
  expect(world.list(true).map(({ short }) => short)).toEqual(["000002"]);
  world.sleeps(minutes(60 * 48));
  expect(world.list(true).map(({ short }) => short)).toEqual(["000002"]);
  expect(world.table("inbox").length).toBe(1);
});

test("an alarm that returns within its occurrence is open again", () => {
  const world = new ClientWorld().settle();
  world.hears(world.agent.alarm(anItem()));
  world.hears(world.agent.state(aState({ condition: "cleared", settled: true })));
  world.hears(world.agent.alarm(anItem({ ring: 2 })));
  expect(world.rung()).toEqual(["000001 1", "000001 2"]);
  expect(world.list().length).toBe(1);
});

/** A FETCH as this listener would seal it, made without its machine. */
function sealedFetch(world: ClientWorld): Uint8Array {
  const effect = world.effects.findLast((one) => one.kind === "say" && one.message.kind === "fetch");
  if (effect?.kind !== "say") throw new Error("the listener has asked");
  return world.seal(effect);
}

describe("an agent restored from an older file has forgotten rings", () => {
  const restored = (world: ClientWorld): void => {
    world.agent.restart(50n);
    world.hears(world.agent.beacon());
    world.passes(seconds(15), { beacons: true });
  };

  test("what it holds open is open here too, though it was over at a later ring, and rings", () => {
    const world = new ClientWorld().settle();
    world.hears(world.agent.alarm(anItem({ ring: 9 })));
    world.hears(world.agent.state(aState({ ring: 9, condition: "cleared", settled: true })));
    world.agent.holds(anItem({ ring: 4 }));
    restored(world);
    expect(world.list().map(({ id }) => id)).toEqual([anId(1)]);
    expect(world.rung()).toEqual(["000001 9", "000001 4"]);
  });

  test("what is still open does not ring for what has rung, and rings for the next", () => {
    const world = new ClientWorld().settle();
    world.hears(world.agent.alarm(anItem({ ring: 9 })));
    world.agent.holds(anItem({ ring: 4 }));
    restored(world);
    const fetches = world.said("fetch").length;
    world.passes(minutes(1), { beacons: true });
    expect(world.said("fetch").length).toBe(fetches);
    expect(world.rung()).toEqual(["000001 9"]);
    world.hears(world.agent.alarm(anItem({ ring: 5 })));
    expect(world.rung()).toEqual(["000001 9", "000001 5"]);
  });
});
