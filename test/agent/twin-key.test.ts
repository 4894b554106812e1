/** Where another agent may name the same alarm differently, ALARM says by what listeners know that it is the same. */

import { expect, test } from "bun:test";
import { seconds } from "../../lib/base/units.ts";
import type { BesiegedAgent } from "../support/a-besieged-agent.ts";
import { TwoAgents } from "../support/two-agents.ts";

/** The keys that its ALARMs of the next second carry. */
function keysOf(agent: BesiegedAgent): readonly (string | undefined)[] {
  const said = [...agent.lastSaid, ...agent.passes(seconds(1))];
  return said.flatMap(({ message }) => (message.kind === "alarm" ? message.body.alarms.map(({ key }) => key) : []));
}

test("two agents that each name an alarm by their own clock say the same key", () => {
  const { a, b } = TwoAgents.paired();
  b.agent.setsClock(3_600_000);
  const [one, other] = [a.agent, b.agent].map((agent) => {
    agent.raises("critical");
    return keysOf(agent)[0];
  });
  expect(one).toMatch(/^[\w-]{11}$/);
  expect(other).toBe(one);
});

test("an alarm that its source has dated carries none: both give it one name", () => {
  const { a } = TwoAgents.paired();
  a.agent.raises("critical", { generatedAt: "2026-01-10T11:00:00Z" });
  expect(new Set(keysOf(a.agent))).toEqual(new Set([undefined]));
});

test("the only agent of a cluster says none", () => {
  const { a } = new TwoAgents();
  a.agent.raises("critical");
  expect(new Set(keysOf(a.agent))).toEqual(new Set([undefined]));
});
