/** What the agent knows of every alarm, and what falls due for it. */

import { describe, expect, test } from "bun:test";
import { minutes, seconds } from "../../lib/base/units.ts";
import { AgentWorld } from "../support/an-agent.ts";

describe("a source that repeats itself", () => {
  const says = (world: AgentWorld): string => {
    const { body } = world.report({ condition: "raised", labels: { module: "osd", item: "x" }, severity: "minor", text: "x", staleAfter: "2m" });
    return String((body as { occurrences: string[] }).occurrences[0]);
  };

  test("and falls silent leaves its alarm raised, marked, with the deadline that stands", () => {
    const world = new AgentWorld();
    const id = says(world);
    const { deadline } = world.alarm(id);
    world.passes(minutes(2) + seconds(1));
    expect(world.alarm(id)).toMatchObject({ condition: "stale", phase: "waiting", deadline });
    world.passes(minutes(3));
    expect(world.alarm(id)).toMatchObject({ condition: "stale", phase: "fallback" });
    says(world);
    expect(world.alarm(id)).toMatchObject({ condition: "raised" });
  });

  test("is not lost while it is heard, also over a restart", () => {
    const world = new AgentWorld();
    const id = says(world);
    for (let time = 0; time < 6; time += 1) {
      world.passes(minutes(1));
      world.restart();
      expect(says(world)).toBe(id);
    }
    expect(world.timeline(id)).not.toContain("stale");
  });
});

describe("an alarm is found", () => {
  test("by the first characters of its id, in either case", () => {
    const world = new AgentWorld();
    const id = world.raise();
    expect(world.ask({ kind: "ack", id: id.slice(0, 6).toLowerCase(), operator: "li", comment: "", way: "console" })).toMatchObject({ status: 200 });
  });

  test("only where they name one alone", () => {
    const world = new AgentWorld();
    const ids = Array.from({ length: 40 }, (_, at) => world.raise({ item: `osd.${at}` }));
    const twice = ids.map((id) => id.slice(0, 1)).find((first, at, all) => all.indexOf(first) !== at) ?? "";
    expect(world.ask({ kind: "show", id: twice })).toMatchObject({ status: 409, body: { field: "id" } });
    expect(world.ask({ kind: "show", id: "" })).toMatchObject({ status: 404 });
    expect(world.ask({ kind: "show", id: "UUUU" })).toMatchObject({ status: 404 });
  });
});
