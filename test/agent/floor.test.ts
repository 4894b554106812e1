/** The security floor at the agent: who speaks less is let in no more, and a release can be taken back as far as that. */

import { describe, expect, test } from "bun:test";
import { seconds } from "../../lib/base/units.ts";
import { issue } from "../../lib/trust/certificate.ts";
import type { Versions } from "../../lib/wire/versions.ts";
import { BesiegedAgent, CLUSTER } from "../support/a-besieged-agent.ts";
import { IDENTITIES } from "../support/a-cluster.ts";
import { TwoAgents } from "../support/two-agents.ts";

const LI_AT = { host: "10.0.0.20", port: 40_000 };
const floorOf = (version: number, by = CLUSTER): string => issue("floor", { version }, by.signer);
const raise = (agent: BesiegedAgent, certificate: string): unknown => agent.ask({ kind: "floorRaised", certificate });

/** An agent of a release that speaks these versions, with li's listener. */
function anAgentOf(versions: Versions) {
  const agent = new BesiegedAgent();
  const li = agent.enrols(IDENTITIES.listener, { at: LI_AT });
  agent.versions = versions;
  agent.start();
  const greeted = (theirs: Versions): readonly string[] => agent.hears(agent.hello(li, { versions: theirs }), LI_AT).map(({ message }) => message.kind);
  return { agent, greeted };
}

test("without a floor every version that both speak is let in", () => {
  const { greeted } = anAgentOf([1, 2]);
  expect(greeted([1, 1])).toEqual(["welcome"]);
  expect(greeted([1, 2])).toEqual(["welcome"]);
});

test("below the floor nobody is welcomed, and it is counted; the beacon says why", () => {
  const { agent, greeted } = anAgentOf([1, 2]);
  expect(raise(agent, floorOf(2))).toMatchObject({ floor: 2, versions: [1, 2] });
  expect(greeted([1, 1])).toEqual([]);
  expect(agent.refused()).toEqual({ "no version in common": 1 });
  expect(greeted([1, 2])).toEqual(["welcome"]);
  expect(agent.passes(seconds(25)).flatMap(({ message }) => (message.kind === "beacon" ? [message.body.versions] : []))[0]).toEqual([2, 2]);
});

test("whoever is welcomed is handed the floor, as the cluster key has signed it", () => {
  const { agent } = anAgentOf([1, 2]);
  raise(agent, floorOf(2));
  agent.start();
  const li = agent.enrols(IDENTITIES.other, { number: 2, at: LI_AT });
  const said = agent.hears(agent.hello(li, { versions: [1, 2] }), LI_AT);
  expect(said.find(({ message }) => message.kind === "welcome")?.message.body).toMatchObject({ floor: floorOf(2) });
});

describe("it is never lowered", () => {
  test("not by a lower one that was signed before", () => {
    const { agent } = anAgentOf([1, 3]);
    raise(agent, floorOf(3));
    expect(raise(agent, floorOf(2))).toMatchObject({ error: "The floor is 3 already, and only rises" });
    expect(agent.ask({ kind: "floor" })).toMatchObject({ floor: 3 });
  });

  test("not by a restart", () => {
    const { agent, greeted } = anAgentOf([1, 2]);
    raise(agent, floorOf(2));
    agent.start();
    expect(greeted([1, 1])).toEqual([]);
  });
});

test("nobody but the cluster key raises it", () => {
  const { agent, greeted } = anAgentOf([1, 2]);
  expect(raise(agent, floorOf(2, IDENTITIES.listener))).toMatchObject({ field: "floor" });
  expect(greeted([1, 1])).toEqual(["welcome"]);
});

test("an agent is not made to shut itself out", () => {
  const { agent } = anAgentOf([1, 2]);
  expect(raise(agent, floorOf(3))).toMatchObject({ error: expect.stringContaining("would shut itself out") });
  expect(agent.ask({ kind: "floor" })).toMatchObject({ floor: 1 });
});

test("a release that is taken back, as far as the floor, welcomes who has come from above; below it welcomes nobody", () => {
  const { agent, greeted } = anAgentOf([1, 3]);
  raise(agent, floorOf(2));
  expect(greeted([2, 3])).toEqual(["welcome"]);
  agent.versions = [1, 2];
  agent.start();
  expect(greeted([2, 3])).toEqual(["welcome"]);
  agent.versions = [1, 1];
  agent.start();
  expect(greeted([1, 3])).toEqual([]);
});

test("one agent hands it on to the other, which keeps it; an agent below it is not heard", () => {
  const pair = new TwoAgents();
  pair.pair();
  const { a, b } = pair;
  for (const { agent } of [a, b]) {
    agent.versions = [1, 2];
    agent.start();
  }
  pair.passes(25_000);
  raise(a.agent, floorOf(2));
  pair.passes(60_000);
  expect(b.agent.ask({ kind: "floor" })).toMatchObject({ floor: 2 });
  expect(pair.present(a)).toEqual(["node2"]);
  b.agent.versions = [1, 1];
  b.agent.start();
  pair.passes(120_000);
  expect(pair.present(a)).toEqual([]);
});
