/** What the LAN is told, and when again. */

import { describe, expect, test } from "bun:test";
import { minutes, seconds } from "../../lib/base/units.ts";
import { AgentWorld, anOperator, listenerOf, settings } from "../support/an-agent.ts";

function rings(world: AgentWorld, id: string): readonly number[] {
  const all = world.said("alarm").flatMap(({ message }) => (message.kind === "alarm" ? message.body.alarms.filter((one) => one.id === id).map(({ ring }) => ring) : []));
  return [...new Set(all)];
}

function saidTo(world: AgentWorld, operator: string, from: number): number {
  return world.said("alarm").slice(from).filter(({ to }) => to.kind === "listener" && to.peer === listenerOf(operator)).length;
}

describe("a listener that is there", () => {
  test("is told again and again until it gives its receipt, and then no more", () => {
    const world = new AgentWorld({ members: ["li"] });
    world.hello("li");
    const id = world.raise({ severity: "minor" });
    world.passes(seconds(40));
    expect(saidTo(world, "li", 0)).toBeGreaterThan(3);
    const ring = Number(world.alarm(id)["ring"]);
    world.hears("li", { kind: "receipt", body: { receipts: [{ id, revision: 1, ring, level: "receipt" }] } });
    const from = world.said("alarm").length;
    world.passes(seconds(19));
    expect(saidTo(world, "li", from)).toBe(0);
  });

  test("does not stop the clock by its receipt, nor by showing it", () => {
    const world = new AgentWorld({ members: ["li"] });
    world.hello("li");
    const id = world.raise({ severity: "minor" });
    for (const level of ["receipt", "seen"] as const) world.hears("li", { kind: "receipt", body: { receipts: [{ id, revision: 1, ring: 1, level }] } });
    world.passes(minutes(6));
    expect(world.alarm(id)).toMatchObject({ phase: "fallback" });
  });
});

describe("what waits for the LAN's rate when receipts come", () => {
  const crowd = ["ana", "bo", "chen", "dai", "eva", "fu", "gao", "hu"];

  /** An alarm that the whole crowd, present, and one who is away answer for; after so long the crowd gives its receipts. */
  function received({ severity, lanRate, afterMs }: { readonly severity: string; readonly lanRate: number; readonly afterMs: number }): { readonly world: AgentWorld; readonly from: number } {
    const members = [...crowd, "late"];
    const people = [...members.map((name) => anOperator({ name, modules: ["osd"] })), anOperator({ name: "chief" })];
    const world = new AgentWorld({ members, settings: settings({ people, lanRate }) });
    for (const name of crowd) world.hello(name);
    const id = world.raise({ severity });
    world.passes(afterMs);
    for (const name of crowd) world.hears(name, { kind: "receipt", body: { receipts: [{ id, revision: 1, ring: 1, level: "receipt" }] } });
    return { world, from: world.said("alarm").length };
  }

  test("is not sent any more to those who have given theirs", () => {
    const { world, from } = received({ severity: "critical", lanRate: 1, afterMs: 0 });
    world.passes(seconds(20));
    for (const name of crowd) expect(saidTo(world, name, from)).toBe(0);
  });

  test("leaves the schedule as it was: who comes later is told", () => {
    const { world, from } = received({ severity: "minor", lanRate: 2, afterMs: 900 });
    world.passes(seconds(2));
    world.hello("late");
    world.passes(seconds(38));
    expect(saidTo(world, "late", from)).toBeGreaterThan(0);
  });
});

test("an alarm that other rules make critical alerts people every minute from then on", () => {
  const world = new AgentWorld({ members: ["li"] });
  world.hello("li");
  const id = world.raise({ severity: "minor" });
  world.reload(settings({ rules: { rules: [{ name: "all", line: 1, match: [], module: "{module}", item: "{item}", severity: "critical", policy: "default" }] } }));
  const before = rings(world, id).length;
  for (let third = 0; third < 12; third += 1) {
    world.passes(seconds(20));
    world.hello("li");
  }
  expect(world.alarm(id)).toMatchObject({ phase: "waiting" });
  expect(rings(world, id).length - before).toBeGreaterThanOrEqual(3);
});

test("what somebody has taken alerts nobody again, and everybody hears who has it", () => {
  const world = new AgentWorld();
  const id = world.raise({ severity: "critical" });
  world.ack(id);
  const before = rings(world, id).length;
  world.passes(minutes(10));
  expect(rings(world, id).length).toBe(before);
  expect(JSON.stringify(world.said("state").at(-1)?.message)).toContain('"by":"li"');
});

test("the worst alarms leave first, however late they came", () => {
  const world = new AgentWorld({ settings: settings({ lanRate: 10 }) });
  const report = (severity: string, at: number) => ({ condition: "raised", labels: { module: "osd", item: `osd.${severity}.${at}` }, severity, text: "x" });
  world.report([...Array.from({ length: 500 }, (_, at) => report("warning", at)), report("critical", 0)]);
  const [first] = world.said("alarm");
  expect(first?.message.kind === "alarm" && first.message.body.alarms[0]?.severity).toBe("critical");
});
