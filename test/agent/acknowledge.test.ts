/** Whose acknowledgement counts, and what it changes. */

import { describe, expect, test } from "bun:test";
import { minutes, seconds } from "../../lib/base/units.ts";
import { AgentWorld, aPolicy, settings } from "../support/an-agent.ts";
import { RelayOf } from "../support/an-agents-relay.ts";

describe("an acknowledgement on a listener", () => {
  test("of an older revision counts where only the text has changed", () => {
    const world = new AgentWorld({ members: ["li"] });
    const id = world.raise({ severity: "minor" });
    world.raise({ severity: "minor", again: true, text: "look again" });
    world.acksOnLan("li", id, { revision: 1 });
    expect(world.alarm(id)).toMatchObject({ attention: "acknowledged", revision: 2 });
    expect(world.said("acked").at(-1)?.message.body).toMatchObject({ outcome: "taken", by: "li" });
  });

  test("of an older revision does not count where severity has risen since", () => {
    const world = new AgentWorld({ members: ["li"] });
    const id = world.raise({ severity: "minor" });
    world.raise({ severity: "critical" });
    world.acksOnLan("li", id, { revision: 1 });
    expect(world.alarm(id)).toMatchObject({ attention: "unacknowledged" });
    expect(world.said("acked").at(-1)?.message.body).toMatchObject({ outcome: "recorded" });
  });

  test("of an older revision that somebody has taken does not count again: its copies may be late, or a recording", () => {
    const world = new AgentWorld({ members: ["li"] });
    const id = world.raise({ severity: "minor" });
    world.acksOnLan("li", id, { revision: 1 });
    world.raise({ severity: "minor", again: true, text: "look again" });
    world.acksOnLan("li", id, { revision: 1 });
    expect(world.alarm(id)).toMatchObject({ attention: "unacknowledged", revision: 2 });
    expect(world.said("acked").at(-1)?.message.body).toMatchObject({ outcome: "recorded" });
    world.acksOnLan("li", id, { revision: 2 });
    expect(world.alarm(id)).toMatchObject({ attention: "acknowledged" });
  });

  test("by a script is recorded, and the clock runs on", () => {
    const world = new AgentWorld({ members: ["robot-li"] });
    const id = world.raise({ severity: "minor" });
    world.acksOnLan("robot-li", id);
    expect(world.alarm(id)).toMatchObject({ attention: "unacknowledged", phase: "waiting", sending: "pending" });
  });

  test("by a script stops the clock where the policy says so; no person has been reached by that", () => {
    const world = new AgentWorld({ members: ["robot-li"], settings: settings(aPolicy({ robotAck: true })) });
    const id = world.raise({ severity: "minor" });
    world.acksOnLan("robot-li", id);
    expect(world.alarm(id)).toMatchObject({ attention: "acknowledged", phase: "idle", sending: "pending" });
  });

  test("by somebody who was not told counts, and says so", () => {
    const world = new AgentWorld({ members: ["zhao"] });
    const id = world.raise({ severity: "minor" });
    world.acksOnLan("zhao", id);
    expect(world.alarm(id)).toMatchObject({ attention: "acknowledged", acknowledgement: { operator: "zhao", told: false } });
  });
});

describe("where only those responsible may take an alarm", () => {
  const strict = settings(aPolicy({ ack: "responsible" }));

  test("another's acknowledgement is written down, and the clock runs on", () => {
    const world = new AgentWorld({ settings: strict });
    const id = world.raise({ severity: "minor" });
    expect(world.ack(id, "zhao")).toMatchObject({ outcome: "recorded" });
    expect(world.timeline(id)).toContain("acknowledged");
    expect(world.alarm(id)).toMatchObject({ attention: "unacknowledged" });
  });

  test("whom the ladder has told may take it too: nobody else may be left", () => {
    const world = new AgentWorld({ settings: strict, relay: true });
    new RelayOf(world, { verdict: { verdict: "accepted" } });
    const id = world.raise({ severity: "minor" });
    world.passes(minutes(20) + seconds(5));
    expect(world.ack(id, "chief")).toMatchObject({ outcome: "taken", by: "chief" });
  });
});

test("nobody takes an alarm in a name that only the language knows", () => {
  const world = new AgentWorld();
  const id = world.raise();
  expect(world.ask({ kind: "ack", id, operator: "constructor", comment: "", way: "console" })).toMatchObject({ status: 400, body: { field: "operator" } });
});

test("who takes a cleared alarm is told that it is over", () => {
  const world = new AgentWorld();
  const id = world.raise();
  world.clear();
  expect(world.ack(id)).toMatchObject({ outcome: "already", reason: "it has been cleared" });
});
