/** A listener that comes, or comes back, where much is open: one summary and a list, not a ring for each. */

import { describe, expect, test } from "bun:test";
import { minutes, seconds } from "../../lib/base/units.ts";
import { GATHER_MS, SINGLY_MOST } from "../../lib/client/gathering.ts";
import { TYPES } from "../../lib/wire/constants.ts";
import { ClientWorld } from "../support/a-client.ts";
import { type AlarmItem, anId, anItem, ScriptedAgent } from "../support/a-scripted-agent.ts";

const MANY = 500;

/** Three critical ones, and the rest minor. */
function many(count = MANY, set: Partial<AlarmItem> = {}): readonly AlarmItem[] {
  return Array.from({ length: count }, (_, nth) => anItem({ id: anId(nth + 1), item: `osd.${String(nth).padStart(3, "0")}`, severity: nth % 200 === 7 ? "critical" : "minor", ...set }));
}

function opens(agent: ScriptedAgent, items: readonly AlarmItem[]): void {
  for (const item of items) agent.holds(item);
}

/** A listener that starts where these are open. */
function starting(items: readonly AlarmItem[], set: ConstructorParameters<typeof ClientWorld>[0] = {}): ClientWorld {
  const agent = new ScriptedAgent();
  opens(agent, items);
  const world = new ClientWorld({ agents: [agent], ...set });
  world.passes(seconds(10), { beacons: true });
  return world;
}

function summaries(world: ClientWorld) {
  return world.effects.flatMap((effect) => (effect.kind === "summarize" ? [effect.summary] : []));
}

const listed = (world: ClientWorld): readonly string[] => world.shown().flatMap((showing) => (showing.listed === undefined ? [] : [showing.alarm.id]));

describe("after a start", () => {
  test("five hundred open alarms are one summary that names the worst five, then the list in order", () => {
    const world = starting(many());
    expect(summaries(world)).toMatchObject([{ open: MANY, worstCount: 3, fresh: MANY }]);
    expect(summaries(world)[0]?.worst.map(({ severity }) => severity)).toEqual(["critical", "critical", "critical", "minor", "minor"]);
    expect(world.rung()).toEqual([]);
    expect(listed(world).length).toBe(MANY);
    expect(listed(world).slice(0, 3)).toEqual([anId(8), anId(208), anId(408)]);
    const kinds = world.effects.map(({ kind }) => kind).filter((kind) => kind === "summarize" || kind === "show");
    expect(kinds[0]).toBe("summarize");
  });

  test("as few as five ring one by one", () => {
    const world = starting(many(SINGLY_MOST));
    expect(summaries(world)).toEqual([]);
    expect(world.rung().length).toBe(SINGLY_MOST);
    expect(listed(world)).toEqual([]);
  });

  test("one more than five is a summary", () => {
    expect(summaries(starting(many(SINGLY_MOST + 1))).length).toBe(1);
  });

  test("an alarm that comes afterwards rings for itself, and copies of the summed ones ring nobody", () => {
    const world = starting(many());
    world.hears(world.agent.alarm(anItem({ id: anId(9999) })));
    world.hears(world.agent.alarm(...many(2)));
    world.passes(minutes(2), { beacons: true });
    expect(world.rung()).toEqual(["009999 1"]);
    expect(summaries(world).length).toBe(1);
  });

  test("the next ring of a summed alarm rings", () => {
    const world = starting(many());
    world.hears(world.agent.alarm(anItem({ id: anId(1), ring: 2 })));
    expect(world.rung()).toEqual(["000001 2"]);
  });

  test("what was rung in an earlier life is summed again, because the desk is empty, and what is new is counted", () => {
    const world = starting(many());
    opens(world.agent, many(3, { id: anId(800) }).map((item, nth) => ({ ...item, id: anId(800 + nth) })));
    world.start();
    world.passes(seconds(10), { beacons: true });
    expect(summaries(world)).toMatchObject([{ open: MANY + 3, fresh: 3 }]);
    expect(world.rung()).toEqual([]);
  });

  test("alarms that others answer for, and that somebody has, are listed and not counted", () => {
    const agent = new ScriptedAgent();
    opens(agent, many(400, { to: ["zhao"] }));
    for (let nth = 400; nth < 410; nth += 1) agent.holds(anItem({ id: anId(nth + 1), quiet: true }), { attention: "acknowledged", by: "wu", phase: "idle", sending: "successful", settled: true });
    agent.holds(anItem({ id: anId(900) }));
    const world = new ClientWorld({ agents: [agent] });
    world.passes(seconds(10), { beacons: true });
    expect(summaries(world)).toEqual([]);
    expect(world.rung()).toEqual(["000900 1"]);
    expect(listed(world).length).toBe(410);
    expect(world.updates()).toEqual([]);
  });

  test("how each stands is told with it, not line by line", () => {
    const agent = new ScriptedAgent();
    for (const item of many(20)) agent.holds(item, { phase: "escalated", sending: "successful" });
    const world = new ClientWorld({ agents: [agent] });
    world.passes(seconds(10), { beacons: true });
    expect(world.updates()).toEqual([]);
    expect(new Set(world.shown().map((showing) => showing.listed))).toEqual(new Set(["Told outside by mail or WeChat; nobody has acknowledged it yet"]));
  });

  test("without an agent what was open is told after three seconds all the same", () => {
    const world = starting(many());
    world.lost = { toAgent: true, toClient: true };
    world.start();
    world.passes(GATHER_MS - 1);
    expect(summaries(world)).toEqual([]);
    world.passes(2);
    expect(summaries(world)).toMatchObject([{ open: MANY, fresh: 0 }]);
  });

  test("what had been gathered and not told when the process ended rings after the next start", () => {
    const world = new ClientWorld().settle();
    world.lost = { toAgent: true, toClient: false };
    world.start();
    world.hears(world.agent.alarm(anItem()));
    expect(world.rung()).toEqual([]);
    world.start();
    world.passes(seconds(10));
    expect(world.rung()).toEqual(["000001 1"]);
  });

  test("what is over before it is told is not told", () => {
    const agent = new ScriptedAgent();
    opens(agent, many(10));
    const world = new ClientWorld({ agents: [agent] });
    world.hears(agent.state({ id: anId(3), revision: 1, ring: 1, condition: "cleared", attention: "unacknowledged", sending: "pending", phase: "idle", settled: true, at: 0 }));
    agent.open.delete(anId(3));
    world.passes(seconds(10), { beacons: true });
    expect(summaries(world)).toMatchObject([{ open: 9 }]);
    expect(world.shown().map(({ alarm }) => alarm.id)).not.toContain(anId(3));
    expect(world.updates()).toEqual([]);
  });

  test("a beacon that comes while the alarms still come in delays nothing", () => {
    const agent = new ScriptedAgent();
    const world = new ClientWorld({ agents: [agent] });
    opens(agent, many());
    const hears = world.hears.bind(world);
    let alarms = 0;
    world.hears = (datagram, from) => {
      // No later one comes that would put it right.
      if (datagram[3] !== TYPES.beacon || alarms === 0) hears(datagram, from);
      if (datagram[3] === TYPES.alarm && (alarms += 1) === 100) hears(agent.beacon());
    };
    world.start();
    world.passes(500);
    expect(alarms).toBeGreaterThanOrEqual(MANY);
    expect(summaries(world)).toMatchObject([{ open: MANY }]);
  });

  test("a script hears each for itself", () => {
    const world = starting(many(), { robot: true });
    expect(summaries(world)).toEqual([]);
    expect(world.rung().length).toBe(MANY);
  });
});

describe("whoever comes back", () => {
  const absences: readonly [name: string, isAway: (world: ClientWorld, meanwhile: () => void) => void][] = [
    ["after a sleep", (world, meanwhile) => {
      meanwhile();
      world.sleeps(minutes(60));
    }],
    ["after the agent was silent", (world, meanwhile) => {
      world.lost = { toAgent: true, toClient: true };
      world.passes(minutes(5));
      meanwhile();
      world.lost = { toAgent: false, toClient: false };
    }],
    ["after the agent has started again", (world, meanwhile) => {
      world.agent.restart(50n);
      meanwhile();
    }],
  ];
  for (const [name, isAway] of absences) {
    test(`is told of many at once ${name}, and of few one by one`, () => {
      for (const [count, summed] of [[MANY, 1], [3, 0]] as const) {
        const world = new ClientWorld().settle();
        world.hears(world.agent.alarm(anItem({ id: anId(9000) })));
        isAway(world, () => opens(world.agent, many(count)));
        world.hears(world.agent.beacon());
        world.passes(seconds(10), { beacons: true });
        expect(summaries(world).map(({ open, fresh }) => ({ open, fresh }))).toEqual(summed === 1 ? [{ open: count + 1, fresh: count }] : []);
        expect(world.rung().length).toBe(summed === 1 ? 1 : 1 + count);
        expect(world.list().length).toBe(count + 1);
      }
    });

    test(`hears nothing again of what has rung, ${name}`, () => {
      const world = starting(many());
      const before = world.effects.length;
      isAway(world, () => {});
      world.hears(world.agent.beacon());
      world.passes(seconds(10), { beacons: true });
      expect(world.effects.slice(before).filter(({ kind }) => kind === "summarize" || kind === "show")).toEqual([]);
    });
  }
});

test("seen is said of what the summary names and the list shows, and of nothing that is only counted", () => {
  const world = starting(many(), { person: true });
  const seen = world.receipts().filter((receipt) => receipt.endsWith("seen")).map((receipt) => receipt.slice(0, 6));
  expect(seen.sort()).toEqual(["000001", "000002", "000008", "000208", "000408"]);
  // The list has room for one more, later.
  world.put({ kind: "shown", id: anId(3), ring: 1, seen: true });
  world.passes(seconds(2));
  expect(world.receipts()).toContain("000003 1 seen");
  expect(new Set(world.receipts().filter((receipt) => receipt.endsWith("receipt"))).size + seen.length).toBeGreaterThanOrEqual(MANY);
});

test("scripts get one line for the summary, and each alarm marked", () => {
  const world = starting(many());
  const lines = world.lines().filter(({ kind }) => kind === "summary" || kind === "alarm");
  expect(lines[0]).toMatchObject({
    v: 1, kind: "summary", open: MANY, fresh: MANY, severities: { critical: 3, major: 0, indeterminate: 0, minor: MANY - 3, warning: 0 },
    worst: [anId(8), anId(208), anId(408), anId(1), anId(2)], rings: true, cluster: "c1",
  });
  expect(lines.slice(1).every((line) => line.kind === "alarm" && line.listed && !line.rings)).toBe(true);
  expect(lines.length).toBe(MANY + 1);
});

test("where a fifth of everything is lost, all are told and none twice, in few summaries", () => {
  const agent = new ScriptedAgent();
  opens(agent, many());
  const world = new ClientWorld({ agents: [agent] });
  const hears = world.hears.bind(world);
  let count = 0;
  world.hears = (datagram, from) => {
    count += 1;
    if (count % 5 !== 0) hears(datagram, from);
  };
  world.start();
  world.passes(minutes(2), { beacons: true });
  expect(world.list().length).toBe(MANY);
  expect(world.rung().length).toBeLessThanOrEqual(SINGLY_MOST);
  expect(summaries(world).length).toBeLessThanOrEqual(4);
  expect(new Set([...listed(world), ...world.rung().map((ring) => anId(Number(ring.slice(0, 6))))]).size).toBe(MANY);
});
