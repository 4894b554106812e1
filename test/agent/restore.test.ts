/** What a start makes of what an earlier life has stored, whatever lies there. */

import { describe, expect, test } from "bun:test";
import { days, hours, minutes, seconds } from "../../lib/base/units.ts";
import { AgentWorld, aPolicy, settings } from "../support/an-agent.ts";
import { RelayOf } from "../support/an-agents-relay.ts";

const TABLES = ["alarms", "pushes", "members", "presence", "invites", "escalations", "notes"] as const;

/** An agent that has written something into every table. */
function aFullLife(): { readonly world: AgentWorld; readonly id: string } {
  const world = new AgentWorld({ relay: true, members: ["li"] });
  new RelayOf(world, { verdict: { verdict: "accepted" } });
  world.hello("li");
  const id = world.raise({ severity: "minor" });
  world.report({ condition: "raised", labels: { module: "net" }, severity: "info", text: "a word" });
  world.rows.set("invites AAAA", { warrant: "AAAA", joinKey: "AAAA" });
  world.passes(minutes(6));
  const other = world.raise({ severity: "minor", item: "osd.13" });
  world.ack(other);
  return { world, id };
}

test("everything that the agent writes fits when it is read back", () => {
  const { world } = aFullLife();
  for (const table of TABLES) expect([table, [...world.rows.keys()].some((key) => key.startsWith(`${table} `))]).toEqual([table, true]);
  const before = world.alarms();
  world.restart();
  expect(world.own("GapbellStoredRows")).toEqual([]);
  expect(world.alarms().map(({ id }) => id)).toEqual(before.map(({ id }) => id));
});

describe("a row that does not fit is put aside and told, and everything else goes on", () => {
  const broken: readonly [string, (row: Record<string, unknown>) => unknown][] = [
    ["is nothing", () => null], ["is a word", () => "x"], ["is not JSON any more", () => ({ unreadable: '{"alarm":' })],
    ["lacks everything", () => ({})], ["has another form", (row) => Object.fromEntries(Object.keys(row).map((name) => [name, { other: true }]))],
  ];
  for (const table of TABLES) {
    test.each(broken)(`${table}: one that %s`, (_, breakRow) => {
      const { world, id } = aFullLife();
      const key = [...world.rows.keys()].find((one) => one.startsWith(`${table} `)) ?? "";
      world.rows.set(key, breakRow(world.rows.get(key) as Record<string, unknown>));
      const kept = world.rows.get(key);
      world.restart();
      expect(world.own("GapbellStoredRows")).toMatchObject([{ condition: "raised", severity: "critical", responsible: ["chief"] }]);
      expect(world.rows.get(`quarantine ${key.replace(" ", "/")}`)).toEqual(kept);
      expect(world.alarms().length).toBeGreaterThanOrEqual(2);
      world.passes(hours(3));
      world.restart();
      expect(world.own("GapbellStoredRows")).toHaveLength(1);
      expect(id).toHaveLength(26);
    });
  }

  test.each([
    ["wants a person and has no moment", { due: undefined }], ["is idle and wants a person", { phase: "idle" }],
    ["waits for another moment than its deadline", { phase: "waiting", due: 1, ackDue: 2 }], ["has a phase of a later version", { phase: "parked" }],
    ["has a severity that is none", { severity: "urgent" }],
  ])("an alarm whose life %s, because an assertion would stop every later start", (_, set) => {
    const { world, id } = aFullLife();
    const row = world.rows.get(`alarms ${id}`) as { alarm: { life: object } };
    row.alarm.life = { ...row.alarm.life, ...set };
    world.restart();
    expect(world.own("GapbellStoredRows")[0]?.["text"]).toContain(`alarms/${id} ("osd" "osd.12" "disk is full")`);
    world.passes(hours(1));
  });
});

test("an alarm of which it is not known any more what was said rings again", () => {
  const { world, id } = aFullLife();
  world.rows.delete(`pushes ${id}`);
  world.restart();
  const before = world.said("alarm").length;
  world.passes(seconds(1));
  expect(JSON.stringify(world.said("alarm").slice(before))).toContain(id);
});

describe("a rung that comes in days", () => {
  const steps = [{ to: "responsible", via: ["mail"], afterMs: 0 }, { to: "last_resort", via: ["mail"], afterMs: days(3) }] as const;
  test.each([["of the process", false], ["of the host", true]])("is not taken at once after a restart %s", (_, reboot) => {
    const world = new AgentWorld({ relay: true, settings: settings({ ...aPolicy({ steps }), unheardMs: days(90) }) });
    const relay = new RelayOf(world, { verdict: { verdict: "accepted" } });
    world.raise({ severity: "minor" });
    world.passes(minutes(6));
    world.restart({ reboot, downMs: minutes(1) });
    world.passes(days(2));
    expect(relay.taken).toHaveLength(1);
    world.passes(days(1) + minutes(10));
    expect(relay.taken).toHaveLength(2);
  });
});

test("a reboot does not put the ladder off: what was due before it is due now", () => {
  const world = new AgentWorld({ relay: true });
  const relay = new RelayOf(world, { verdict: { verdict: "refused", reason: "550" } });
  world.raise({ severity: "minor" });
  world.passes(minutes(18));
  world.restart({ reboot: true, downMs: minutes(2) });
  world.passes(minutes(12));
  expect(relay.taken.map(({ step }) => step)).toEqual([0, 1]);
});

describe("after a reboot with a wall clock that went back", () => {
  test.each([["to the acknowledgement", minutes(1)], ["to the next try of a broken way out", minutes(7)]])("the wait %s ends now: it was never that long", (_, passedMs) => {
    const world = new AgentWorld({ relay: true });
    const relay = new RelayOf(world, { verdict: { verdict: "accepted" } });
    relay.otherwise = { kind: "silent", reason: "no answer" };
    world.raise({ severity: "minor" });
    world.passes(passedMs);
    relay.otherwise = undefined;
    world.restart({ reboot: true, downMs: -hours(20) });
    world.passes(seconds(1));
    expect(relay.taken.map(({ step }) => step)).toEqual([0]);
  });

  test("the ladder goes on from the deadline, of which it is known that it had passed", () => {
    const world = new AgentWorld({ relay: true });
    const relay = new RelayOf(world, { verdict: { verdict: "refused", reason: "550" } });
    world.raise({ severity: "minor" });
    world.passes(minutes(18));
    world.restart({ reboot: true, downMs: -hours(30) });
    world.passes(minutes(14));
    expect(relay.taken.map(({ step }) => step)).toContain(1);
  });
});

describe("what is forgotten", () => {
  test("is forgotten with its timeline, seven days after its end, however often the agent was started", () => {
    const world = new AgentWorld();
    const id = world.raise({ severity: "minor" });
    world.clear();
    for (let day = 0; day < 6; day += 1) {
      world.passes(days(1));
      world.restart();
    }
    expect(world.timeline(id)).toContain("cleared");
    world.passes(days(1) + 1000);
    expect(world.timeline(id)).toEqual([]);
    expect(world.rows.has(`alarms ${id}`)).toBe(false);
  });

  test("is the oldest of a thousand words of information; a repeated one is one", () => {
    const world = new AgentWorld();
    const word = (item: number) => ({ condition: "raised", labels: { module: "net", item: `${item}` }, severity: "info", text: "a word" });
    for (let time = 0; time < 3; time += 1) world.report(word(1000));
    expect(world.entries).toEqual([]);
    world.passes(1000);
    world.report(Array.from({ length: 1000 }, (_, at) => word(at)));
    world.restart();
    const { notes } = world.ask({ kind: "list", all: true }).body as { notes: { labels: { item: string } }[] };
    expect(notes).toHaveLength(1000);
    expect(notes[0]).toMatchObject({ labels: { item: "999" }, count: 1 });
    expect(notes.some(({ labels }) => labels.item === "1000")).toBe(false);
  });
});
