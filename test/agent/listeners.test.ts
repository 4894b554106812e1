/** Who is there, who is waited for, and who only seems to be. */

import { describe, expect, test } from "bun:test";
import { minutes, seconds } from "../../lib/base/units.ts";
import { AgentWorld } from "../support/an-agent.ts";
import { RelayOf } from "../support/an-agents-relay.ts";

function aWorldWith(...members: readonly string[]) {
  const world = new AgentWorld({ relay: true, members });
  const relay = new RelayOf(world, { verdict: { verdict: "accepted" } });
  for (const operator of members) world.hello(operator);
  return { world, relay };
}

/** Whether a critical alarm waits for somebody on the LAN. */
function waits({ world, relay }: ReturnType<typeof aWorldWith>): boolean {
  const before = relay.taken.length;
  world.raise({ severity: "critical" });
  world.passes(seconds(15));
  return relay.taken.length === before;
}

describe("after a restart of the agent", () => {
  test("whoever was there counts as there for a minute", () => {
    const there = aWorldWith("li");
    there.world.restart();
    expect(waits(there)).toBe(true);
  });

  test("and has gone if nothing is heard of him by then", () => {
    const there = aWorldWith("li");
    there.world.restart();
    there.world.passes(seconds(61));
    expect(waits(there)).toBe(false);
  });

  test("whoever had said that he goes has gone", () => {
    const there = aWorldWith("li");
    there.world.hears("li", { kind: "bye", body: { why: "closed" } });
    there.world.restart();
    expect(waits(there)).toBe(false);
  });

  test("whoever had fallen silent while others were heard has gone", () => {
    const there = aWorldWith("li", "zhao");
    for (let minute = 0; minute < 10; minute += 1) {
      there.world.passes(minutes(1));
      there.world.hello("zhao");
    }
    there.world.restart();
    expect(waits(there)).toBe(false);
  });
});

test.each(["locked", "none"] as const)("a listener whose seat is %s is nobody at home", (seat) => {
  const there = aWorldWith("li");
  there.world.hello("li", seat);
  expect(waits(there)).toBe(false);
});

test("a script is nobody at home, whatever seat it claims", () => {
  const world = new AgentWorld({ relay: true, members: ["robot-li"] });
  const relay = new RelayOf(world, { verdict: { verdict: "accepted" } });
  world.hello("robot-li", "person");
  expect(waits({ world, relay })).toBe(false);
});

test("the timeline says of each operator responsible how he could be reached, also of one who could not", () => {
  const { world } = aWorldWith("li");
  const id = world.raise({ severity: "minor" });
  const [entry] = world.entries.filter(({ occurrence, body }) => occurrence === id && body.kind === "responsible");
  expect(entry?.body).toMatchObject({ operators: [{ operator: "li", host: "laptop-li", home: true }] });
  const other = world.raise({ severity: "minor", module: "net" });
  expect(world.entries.find(({ occurrence, body }) => occurrence === other && body.kind === "responsible")?.body).toMatchObject({ operators: [{ operator: "zhao", home: false }] });
});
