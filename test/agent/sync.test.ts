/** Two agents, one voice: what one of them hears of an alarm the other knows as well. */

import { describe, expect, test } from "bun:test";
import { hours, minutes, seconds } from "../../lib/base/units.ts";
import { toBase64 } from "../../lib/base/bytes.ts";
import { IDENTITIES } from "../support/a-cluster.ts";
import type { BesiegedAgent } from "../support/a-besieged-agent.ts";
import { settings } from "../support/an-agent.ts";
import { TwoAgents } from "../support/two-agents.ts";

const WALL = "2026-01-10T12:00:00Z";

/** What people see of every open alarm. */
function standing(agent: BesiegedAgent): readonly unknown[] {
  return agent.alarms().map(({ id, condition, attention, severity, revision, ring, text, aliases, acknowledgement }) => ({
    id, condition, attention, severity, revision, ring, text, aliases, by: (acknowledgement as { operator?: string } | undefined)?.operator,
  }));
}

function expectOne(pair: TwoAgents): void {
  expect(standing(pair.a.agent)).toEqual(standing(pair.b.agent));
}

const synced = (pair: TwoAgents, by: "a" | "b"): number => pair.said.filter((one) => one.by === by && one.message.kind === "sync").length;

describe("a source that reaches only one", () => {
  test("the other has the alarm within a second, and rings for it", () => {
    const pair = TwoAgents.paired();
    const id = pair.a.agent.raises("critical");
    pair.passes(seconds(1));
    expect(pair.b.agent.alarm(id)).toMatchObject({ condition: "raised", severity: "critical", module: "osd", responsible: ["li"], phase: "waiting", ring: 1 });
    expectOne(pair);
    const rung = pair.said.filter(({ by, message }) => by === "b" && message.kind === "alarm" && message.body.alarms.some((one) => one.id === id));
    expect(rung.length).toBeGreaterThan(0);
  });

  test("the deadline is the same at both: whoever survives escalates in time", () => {
    const pair = TwoAgents.paired();
    const id = pair.a.agent.raises("minor");
    pair.passes(seconds(2));
    const left = (agent: BesiegedAgent): number => Number(agent.alarm(id)["deadline"]) - agent.now.wall;
    expect(Math.abs(left(pair.a.agent) - left(pair.b.agent))).toBeLessThan(500);
    pair.apart = true;
    pair.passes(minutes(5));
    expect(pair.b.agent.alarm(id)).toMatchObject({ phase: "fallback" });
  });

  test("what it says later, worse or in other words, is what both say", () => {
    const pair = TwoAgents.paired();
    const id = pair.a.agent.raises("minor");
    pair.passes(seconds(1));
    pair.a.agent.raises("critical", { text: "disk is lost" });
    pair.passes(seconds(1));
    expect(pair.b.agent.alarm(id)).toMatchObject({ severity: "critical", text: "disk is lost", revision: 2 });
    expectOne(pair);
  });

  test("its clear ends the alarm at both", () => {
    const pair = TwoAgents.paired();
    const id = pair.a.agent.raises("minor");
    pair.passes(seconds(1));
    pair.a.agent.clears();
    pair.passes(seconds(1));
    expect(pair.b.agent.alarm(id)).toMatchObject({ condition: "cleared", phase: "idle" });
  });

  test("a clear that both hear, soon after the raise, ends it at both and rings for nobody", () => {
    const pair = TwoAgents.paired();
    const id = pair.a.agent.raises("minor", { generatedAt: WALL });
    pair.b.agent.raises("minor", { generatedAt: WALL });
    pair.passes(seconds(5));
    pair.a.agent.clears();
    pair.passes(100);
    pair.b.agent.clears();
    pair.passes(seconds(2));
    for (const { agent } of [pair.a, pair.b]) expect(agent.alarm(id)).toMatchObject({ condition: "cleared", ring: 1 });
  });

  test("its repeats keep the alarm from becoming stale at the other; once it is silent, it is stale at both", () => {
    const pair = TwoAgents.paired();
    const id = pair.a.agent.raises("minor", { staleAfter: "90s" });
    for (let minute = 0; minute < 6; minute += 1) {
      pair.passes(minutes(1));
      pair.a.agent.raises("minor", { staleAfter: "90s" });
      expect(pair.b.agent.alarm(id)["condition"]).toBe("raised");
    }
    const saysStale = pair.said.some(({ by, message }) => by === "b" && message.kind === "alarm" && message.body.alarms.some(({ condition }) => condition === "stale"));
    expect(saysStale).toBe(false);
    pair.passes(minutes(2));
    expect([pair.a.agent.alarm(id)["condition"], pair.b.agent.alarm(id)["condition"]]).toEqual(["stale", "stale"]);
  });
});

describe("whoever takes it", () => {
  test("at one agent has taken it at both, at once", () => {
    const pair = TwoAgents.paired();
    const id = pair.a.agent.raises("critical");
    pair.passes(seconds(1));
    pair.b.agent.takes(id);
    pair.passes(400);
    expect(pair.a.agent.alarm(id)).toMatchObject({ attention: "acknowledged", acknowledgement: { operator: "li" }, phase: "idle" });
    expectOne(pair);
  });

  test("of two at once both agents name the same", () => {
    const pair = TwoAgents.paired();
    const id = pair.a.agent.raises("critical");
    pair.passes(seconds(1));
    pair.apart = true;
    pair.a.agent.takes(id, "li");
    pair.b.agent.takes(id, "zhao");
    pair.passes(minutes(3));
    pair.apart = false;
    pair.passes(seconds(30));
    expectOne(pair);
  });
});

describe("while they do not hear each other", () => {
  test("each goes on alone, and when they do again both are equal within seconds", () => {
    const pair = TwoAgents.paired();
    const ids = Array.from({ length: 12 }, (_, at) => pair.a.agent.raises("minor", { item: `osd.${at}` }));
    pair.passes(seconds(2));
    expectOne(pair);
    pair.apart = true;
    pair.passes(minutes(2));
    pair.a.agent.takes(ids[0] ?? "");
    pair.b.agent.clears("osd.1");
    pair.a.agent.raises("critical", { item: "osd.2" });
    pair.b.agent.raises("minor", { item: "osd.90", text: "of b alone" });
    pair.passes(minutes(1));
    expect(standing(pair.a.agent)).not.toEqual(standing(pair.b.agent));
    pair.apart = false;
    pair.passes(seconds(25));
    expectOne(pair);
    expect(pair.a.agent.alarms()).toHaveLength(12);
    expect(pair.a.agent.alarm(ids[1] ?? "")["condition"]).toBe("cleared");
  });

  test("nothing is said to one that is away", () => {
    const pair = TwoAgents.paired();
    pair.apart = true;
    pair.passes(minutes(2));
    const before = synced(pair, "a");
    pair.a.agent.raises("critical");
    pair.passes(minutes(5));
    expect(synced(pair, "a")).toBe(before);
  });

  test("a raise here after a clear there is not ended by that clear", () => {
    const pair = TwoAgents.paired();
    const id = pair.a.agent.raises("minor", { generatedAt: WALL });
    pair.passes(seconds(1));
    pair.apart = true;
    pair.passes(minutes(2));
    pair.a.agent.clears();
    pair.passes(minutes(1));
    pair.b.agent.raises("minor", { generatedAt: WALL });
    // What only the memory knew is gone.
    pair.b.agent.start();
    pair.apart = false;
    pair.passes(seconds(25));
    expect([pair.a.agent.alarm(id)["condition"], pair.b.agent.alarm(id)["condition"]]).toEqual(["raised", "raised"]);
    expectOne(pair);
  });

  test("nor is one that was reported in the moment before the clear came over", () => {
    const pair = TwoAgents.paired();
    const id = pair.a.agent.raises("minor", { generatedAt: WALL });
    pair.passes(seconds(1));
    pair.apart = true;
    pair.a.agent.clears();
    pair.passes(seconds(3));
    pair.b.agent.raises("minor", { generatedAt: WALL });
    pair.apart = false;
    pair.passes(seconds(10));
    expect([pair.a.agent.alarm(id)["condition"], pair.b.agent.alarm(id)["condition"]]).toEqual(["raised", "raised"]);
  });
});

describe("two names of one alarm, whose source gives no time", () => {
  test("the earlier one wins at both, and the other stays good for finding and for taking it", () => {
    const pair = TwoAgents.paired();
    pair.apart = true;
    const first = pair.a.agent.raises("critical");
    pair.passes(seconds(1));
    const second = pair.b.agent.raises("critical");
    expect(first).not.toBe(second);
    pair.apart = false;
    pair.passes(seconds(10));
    expectOne(pair);
    expect(pair.b.agent.alarms()).toMatchObject([{ id: first, aliases: [second] }]);
    pair.b.agent.takes(second);
    pair.passes(seconds(1));
    expect(pair.a.agent.alarms()).toMatchObject([{ id: first, attention: "acknowledged" }]);
    expect(pair.b.agent.rows("alarms")).toHaveLength(1);
  });

  test("those who know it by the other name are told so before it is said under the new one", () => {
    const pair = TwoAgents.paired();
    pair.apart = true;
    const first = pair.a.agent.raises("critical");
    pair.passes(seconds(1));
    const second = pair.b.agent.raises("critical");
    pair.passes(seconds(1));
    pair.apart = false;
    pair.passes(seconds(10));
    const said = pair.said.filter(({ by }) => by === "b").map(({ message }) => message);
    const renamed = said.findIndex((message) => message.kind === "state" && message.body.states.some(({ id, now }) => id === second && now === first));
    const under = said.findIndex((message) => message.kind === "alarm" && message.body.alarms.some(({ id }) => id === first));
    expect(renamed).toBeGreaterThanOrEqual(0);
    expect(under === -1 || under > renamed).toBe(true);
  });
});

describe("starting again", () => {
  test("an agent that was away is told everything that it has missed", () => {
    const pair = TwoAgents.paired();
    pair.apart = true;
    const ids = Array.from({ length: 40 }, (_, at) => pair.a.agent.raises("minor", { item: `osd.${at}` }));
    pair.passes(minutes(2));
    pair.a.agent.takes(ids[0] ?? "");
    pair.b.agent.start();
    pair.apart = false;
    pair.passes(seconds(30));
    expectOne(pair);
    expect(pair.b.agent.alarms()).toHaveLength(40);
  });

  test("what was confirmed to an earlier life says nothing of the present one", () => {
    const pair = TwoAgents.paired();
    pair.apart = true;
    const id = pair.a.agent.raises("minor");
    pair.passes(100);
    const { sender, packet } = { sender: pair.b.agent.voice.id, packet: { epoch: 1n, counter: 99n, freshness: "fresh", sealed: "pair", broadcast: false } as const };
    const confirm = (epoch: string): void => {
      const numbers = Array.from({ length: 30 }, (_, at) => at);
      pair.a.agent.put({ kind: "heard", from: pair.b.at, packet: { ...packet, sender, message: { kind: "synced", body: { epoch, numbers } } } });
    };
    confirm("77");
    pair.apart = false;
    pair.passes(seconds(10));
    expect(pair.b.agent.alarm(id)["condition"]).toBe("raised");
  });
});

describe("clocks that are an hour apart", () => {
  test("change no deadline, no order and no end", () => {
    const pair = TwoAgents.paired();
    pair.b.agent.setsClock(hours(1));
    const id = pair.a.agent.raises("minor", { generatedAt: WALL });
    pair.passes(seconds(2));
    const left = (agent: BesiegedAgent): number => Number(agent.alarm(id)["deadline"]) - agent.now.wall;
    expect(Math.abs(left(pair.a.agent) - left(pair.b.agent))).toBeLessThan(500);
    pair.b.agent.takes(id);
    pair.passes(seconds(1));
    expectOne(pair);
    pair.a.agent.clears();
    pair.passes(seconds(1));
    expect(Number(pair.b.agent.alarm(id)["clearedAt"]) - pair.b.agent.now.wall).toBeGreaterThan(-seconds(3));
  });
});

test("a Prometheus whose ends have passed for the one agent whose clock is ahead is heard by the other, and rings once more at most", () => {
  const pair = TwoAgents.paired();
  pair.b.agent.setsClock(hours(1));
  const since = pair.a.agent.now.wall;
  const rings: unknown[] = [];
  for (let minute = 0; minute < 4; minute += 1) {
    for (const { agent } of [pair.a, pair.b]) agent.fires({ at: pair.a.agent.now.wall, since });
    pair.passes(minutes(1));
    const [alarm] = pair.a.agent.alarms().filter(({ source }) => source !== "gapbell");
    expect(alarm).toMatchObject({ condition: "raised" });
    rings.push(alarm?.["ring"]);
    expect(pair.b.agent.alarms().filter(({ id }) => id === alarm?.["id"])).toMatchObject([{ condition: "raised", ring: alarm?.["ring"] }]);
  }
  expect(new Set(rings).size).toBeLessThanOrEqual(2);
});

describe("an end of which only its moment tells", () => {
  const both = (pair: TwoAgents): readonly BesiegedAgent[] => [pair.a.agent, pair.b.agent];
  const conditions = (pair: TwoAgents): readonly unknown[] => both(pair).map((agent) => agent.alarms(true).find(({ source }) => source !== "gapbell")?.["condition"]);
  /** Both have heard of it for two minutes; this is when it began, and when it ends. */
  const fired = (pair: TwoAgents): { readonly since: number; readonly ended: number } => {
    const since = pair.a.agent.now.wall;
    for (let minute = 0; minute < 2; minute += 1) {
      for (const agent of both(pair)) agent.fires({ at: pair.a.agent.now.wall, since });
      pair.passes(minutes(1));
    }
    return { since, ended: pair.a.agent.now.wall };
  };

  test("is one once both have heard it, and nobody is rung for what lies between", () => {
    const pair = TwoAgents.paired();
    const { since, ended } = fired(pair);
    const rings = pair.a.agent.alarms()[0]?.["ring"];
    pair.passes(10);
    pair.a.agent.fires({ at: ended - minutes(4), since });
    pair.passes(seconds(1));
    expect(conditions(pair)).toEqual(["raised", "raised"]);
    pair.b.agent.fires({ at: ended - minutes(4), since });
    pair.passes(seconds(1));
    expect(conditions(pair)).toEqual(["cleared", "cleared"]);
    for (let minute = 0; minute < 3; minute += 1) {
      for (const agent of both(pair)) agent.fires({ at: ended - minutes(4), since });
      pair.passes(minutes(1));
    }
    expect(conditions(pair)).toEqual(["cleared", "cleared"]);
    expect(pair.b.agent.alarms(true)[0]?.["ring"]).toBe(rings);
  });

  test("is one within two minutes where it reaches one of them alone", () => {
    const pair = TwoAgents.paired();
    const { since, ended } = fired(pair);
    for (let minute = 0; minute < 2; minute += 1) {
      pair.a.agent.fires({ at: ended - minutes(4), since });
      pair.passes(minutes(1));
    }
    expect(conditions(pair)).toEqual(["cleared", "cleared"]);
  });

  test("is one at once where the other is not heard, and where it is gone before it could say so, when the source has fallen silent", () => {
    const alone = TwoAgents.paired();
    const first = fired(alone);
    alone.apart = true;
    alone.passes(minutes(2));
    alone.a.agent.fires({ at: first.ended - minutes(4), since: first.since });
    expect(alone.a.agent.alarms()).toEqual([]);
    const left = TwoAgents.paired();
    const { since, ended } = fired(left);
    left.apart = true;
    left.a.agent.fires({ at: ended - minutes(4), since });
    left.passes(minutes(6));
    expect(left.a.agent.alarms().filter(({ source }) => source !== "gapbell")).toEqual([]);
  });
});

test("what both have heard of the same source is told once each, and then there is silence", () => {
  const pair = TwoAgents.paired();
  pair.a.agent.raises("minor", { generatedAt: WALL });
  pair.b.agent.raises("minor", { generatedAt: WALL });
  pair.passes(seconds(10));
  const before = synced(pair, "a") + synced(pair, "b");
  expect(before).toBeLessThanOrEqual(4);
  pair.passes(minutes(2));
  expect(synced(pair, "a") + synced(pair, "b")).toBe(before);
});

describe("who may speak", () => {
  const AT = { host: "10.0.0.30", port: 40_000 };

  test("a listener that joined at one agent is a member at the other, and its invite is used up there as well", () => {
    const pair = TwoAgents.paired();
    pair.a.agent.enrols(IDENTITIES.listener, { at: AT });
    pair.passes(seconds(2));
    expect(pair.b.agent.listeners().map(({ id }) => id)).toEqual([IDENTITIES.listener.id]);
    expect(pair.b.agent.rows("invites")).toMatchObject([{ usedBy: toBase64(IDENTITIES.listener.ed) }]);
  });

  test("one that joined while the other was away is told to it later, whatever its host is called", () => {
    const pair = TwoAgents.paired();
    pair.apart = true;
    pair.a.agent.enrols(IDENTITIES.listener, { at: AT, host: "机".repeat(64) });
    pair.passes(minutes(2));
    pair.apart = false;
    pair.passes(seconds(30));
    expect(pair.b.agent.listeners()).toMatchObject([{ id: IDENTITIES.listener.id, host: "机".repeat(16) }]);
  });

  test("an invite made at one is known to the other", () => {
    const pair = TwoAgents.paired();
    pair.a.agent.invites({ operator: "zhao" });
    pair.passes(seconds(2));
    expect(pair.b.agent.rows("invites")).toHaveLength(1);
  });
});

describe("the pair itself", () => {
  const own = (agent: BesiegedAgent): readonly unknown[] => agent.alarms().filter(({ labels }) => (labels as Record<string, string>)["alertname"] === "GapbellPeer");

  test("an agent that is not heard for five minutes is an alarm at the other, until it is heard again", () => {
    const pair = TwoAgents.paired();
    pair.apart = true;
    pair.passes(minutes(5) - seconds(30));
    expect(own(pair.a.agent)).toEqual([]);
    pair.passes(minutes(1));
    expect(own(pair.a.agent)).toMatchObject([{ severity: "major", responsible: ["chief"], text: "The agent node2 has not been heard for 5 minutes: this one rings alone" }]);
    pair.apart = false;
    pair.passes(seconds(40));
    expect([own(pair.a.agent), own(pair.b.agent)]).toEqual([[], []]);
  });

  test("one that never came after it was paired is one as well", () => {
    const pair = new TwoAgents();
    pair.pair();
    pair.apart = true;
    pair.passes(minutes(6));
    expect(own(pair.a.agent)).toHaveLength(1);
  });

  test("other rules are one alarm, which both show, until they are the same", () => {
    const pair = TwoAgents.paired();
    const { rules } = settings();
    pair.b.agent.put({ kind: "reloaded", settings: settings({ rules: { rules: [...rules.rules, { ...rules.rules[0], name: "more", line: 2 } as (typeof rules.rules)[number]] } }) });
    pair.passes(minutes(9));
    expect(own(pair.a.agent)).toEqual([]);
    pair.passes(minutes(3));
    expect(own(pair.a.agent)).toMatchObject([{ severity: "warning", text: "The agent node2 has other rules for 10 minutes: give all agents the same rules.yaml" }]);
    expect(own(pair.b.agent)).toMatchObject([{ severity: "warning" }]);
    pair.b.agent.put({ kind: "reloaded", settings: settings() });
    pair.passes(minutes(1));
    expect([own(pair.a.agent), own(pair.b.agent)]).toEqual([[], []]);
  });

  test("the rate of the LAN is shared by as many as are heard", () => {
    const saidIn = (pair: TwoAgents): number => {
      pair.a.agent.put({ kind: "reloaded", settings: settings({ lanRate: 10 }) });
      pair.passes(seconds(5));
      const before = pair.said.length;
      for (let at = 0; at < 100; at += 1) pair.a.agent.raises("major", { item: `osd.${at}` });
      pair.passes(seconds(10));
      return pair.said.slice(before).filter(({ by, message }) => by === "a" && ["alarm", "state"].includes(message.kind)).length;
    };
    // Ten seconds and what may go at once.
    expect(saidIn(TwoAgents.paired())).toBeLessThanOrEqual(5 * 12 + 1);
    expect(saidIn(new TwoAgents())).toBeGreaterThan(5 * 12 + 1);
  });
});
