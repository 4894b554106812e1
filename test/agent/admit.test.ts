/** What becomes of a report: new, repeated, continued, refused; and who is looked for. */

import { describe, expect, test } from "bun:test";
import { OPEN_MOST } from "../../lib/agent/book.ts";
import { days, hours, minutes, seconds } from "../../lib/base/units.ts";
import { AgentWorld, settings } from "../support/an-agent.ts";
import { RelayOf } from "../support/an-agents-relay.ts";

test("which labels name an alarm is stored and shown, so that it can be cleared by hand", () => {
  const world = new AgentWorld();
  const report = { condition: "raised", labels: { module: "osd", item: "osd.1", value: "91" }, identity: ["module", "item"], text: "full", severity: "minor" };
  const { occurrences } = world.report(report).body as { occurrences: string[] };
  const [id = ""] = occurrences;
  world.restart();
  const { identity, labels } = world.alarm(id);
  expect(identity).toEqual(["module", "item"]);
  world.report({ condition: "cleared", labels, identity, text: "" });
  expect(world.alarm(id)).toMatchObject({ condition: "cleared" });
});

describe("a clock that somebody sets", () => {
  test("back by a year does not make a new alarm of one that was taken and cleared long ago", () => {
    const world = new AgentWorld();
    const id = world.raise({ severity: "minor" });
    world.ack(id);
    world.clear();
    world.passes(hours(2));
    world.setsClock(-days(365));
    const again = world.raise({ severity: "minor" });
    expect(again).not.toBe(id);
    expect(world.alarm(again)).toMatchObject({ attention: "unacknowledged", phase: "waiting" });
  });

  test.each([["forward", days(3650)], ["back", -days(3650)]])("%s by ten years moves no deadline", (_, byMs) => {
    const world = new AgentWorld({ relay: true });
    const relay = new RelayOf(world, { verdict: { verdict: "accepted" } });
    world.raise({ severity: "minor" });
    world.passes(minutes(2));
    world.setsClock(byMs);
    world.passes(minutes(3) - seconds(1));
    expect(relay.taken).toHaveLength(0);
    world.passes(seconds(3));
    expect(relay.taken).toHaveLength(1);
  });

  test.each([["forward", days(3650)], ["back", -days(3650)]])("%s by ten years while the host was down: the alarm is due at once", (_, byMs) => {
    const world = new AgentWorld({ relay: true });
    const relay = new RelayOf(world, { verdict: { verdict: "accepted" } });
    world.raise({ severity: "minor" });
    world.setsClock(byMs);
    world.restart({ reboot: true });
    world.passes(seconds(3));
    expect(relay.taken).toHaveLength(1);
  });
});

describe("an alarm that comes back", () => {
  test("worse than it was taken belongs to nobody, and says no more who had taken it", () => {
    const world = new AgentWorld();
    const id = world.raise({ severity: "minor" });
    world.ack(id);
    world.raise({ severity: "major" });
    expect(world.alarm(id)).toMatchObject({ attention: "unacknowledged", sending: "pending" });
    expect(world.alarm(id)["acknowledgement"]).toBeUndefined();
  });

  test("within ten minutes, when it was taken, is still taken", () => {
    const world = new AgentWorld();
    const id = world.raise({ severity: "minor" });
    world.ack(id);
    world.clear();
    world.passes(minutes(5));
    world.raise({ severity: "minor" });
    expect(world.alarm(id)).toMatchObject({ condition: "raised", attention: "acknowledged", acknowledgement: { operator: "li" } });
  });
});

test("a measured value in the text is kept up to date, and fills no timeline", () => {
  const world = new AgentWorld();
  const id = world.raise({ severity: "minor", text: "disk is 91 % full" });
  for (let value = 0; value < 100; value += 1) world.raise({ severity: "minor", text: `disk is 91.${value} % full` });
  expect(world.alarm(id)).toMatchObject({ text: "disk is 91.99 % full" });
  expect(world.timeline(id).filter((kind) => kind === "reported")).toHaveLength(1);
  world.raise({ severity: "minor", text: "disk is read-only" });
  expect(world.timeline(id).filter((kind) => kind === "reported")).toHaveLength(2);
});

describe("where nobody is at home", () => {
  test("an alarm that becomes critical leaves at once", () => {
    const world = new AgentWorld({ relay: true });
    const relay = new RelayOf(world, { verdict: { verdict: "accepted" } });
    world.raise({ severity: "minor" });
    world.passes(minutes(1));
    world.raise({ severity: "critical" });
    world.passes(seconds(2));
    expect(relay.taken).toHaveLength(1);
  });

  test("an alarm that other rules make critical leaves at once", () => {
    const world = new AgentWorld({ relay: true });
    const relay = new RelayOf(world, { verdict: { verdict: "accepted" } });
    world.raise({ severity: "minor" });
    world.passes(minutes(1));
    world.reload(settings({ rules: { rules: [{ name: "all", line: 1, match: [], module: "{module}", item: "{item}", severity: "critical", policy: "default" }] } }));
    world.passes(seconds(2));
    expect(relay.taken).toHaveLength(1);
  });

  test("because the only operator locks the screen, a critical alarm leaves after ten seconds", () => {
    const world = new AgentWorld({ relay: true, members: ["li"] });
    const relay = new RelayOf(world, { verdict: { verdict: "accepted" } });
    world.hello("li");
    world.raise({ severity: "critical" });
    world.passes(seconds(15));
    expect(relay.taken).toHaveLength(0);
    world.hello("li", "locked");
    world.passes(seconds(12));
    expect(relay.taken).toHaveLength(1);
  });

  test("but somebody has a listener, a critical alarm waits for him", () => {
    const world = new AgentWorld({ relay: true, members: ["li", "robot"] });
    const relay = new RelayOf(world);
    world.hello("li");
    world.raise({ severity: "critical" });
    world.passes(seconds(30));
    expect(relay.taken).toHaveLength(0);
  });
});

describe("when as many alarms are open as there is room for", () => {
  const full = (): AgentWorld => {
    const world = new AgentWorld();
    const reports = Array.from({ length: OPEN_MOST }, (_, at) => ({ condition: "raised", labels: { module: "osd", item: `osd.${at}` }, severity: "warning", text: "x" }));
    for (let at = 0; at < OPEN_MOST; at += 10_000) expect(world.report(reports.slice(at, at + 10_000)).status).toBe(200);
    return world;
  };

  test("the source sees it, the LAN is told, and what clears or repeats is taken all the same", () => {
    const world = full();
    const body = [
      { condition: "raised", labels: { module: "osd", item: "osd.0" }, severity: "warning", text: "x" },
      { condition: "raised", labels: { module: "net", item: "new" }, severity: "critical", text: "x" },
      { condition: "cleared", labels: { module: "osd", item: "osd.1" }, text: "" },
      { condition: "raised", labels: { module: "net", item: "new too" }, severity: "critical", text: "x" },
    ];
    expect(world.report([...body.slice(0, 2)])).toMatchObject({ status: 503, body: { stored: [0] } });
    expect(world.own("GapbellFull")).toMatchObject([{ condition: "raised", severity: "critical", responsible: ["chief"] }]);
    expect(world.report(body[2] ?? {})).toMatchObject({ status: 200 });
    const clears = Array.from({ length: 2000 }, (_, at) => ({ condition: "cleared", labels: { module: "osd", item: `osd.${at}` }, text: "" }));
    expect(world.report(clears).status).toBe(200);
    expect(world.own("GapbellFull")).toMatchObject([{ condition: "cleared" }]);
    expect(world.report(body[3] ?? {})).toMatchObject({ status: 200 });
  }, 30_000);
});

describe("what Alertmanager leaves out of its message", () => {
  const message = (truncatedAlerts: number, groupKey = '{}:{alertname="X"}') => ({ version: "4", groupKey, truncatedAlerts, alerts: [] });

  test("rings as an alarm of Gapbell's own, for each group, until that group is whole again", () => {
    const world = new AgentWorld();
    world.report(message(3), "alertmanager-webhook");
    world.report(message(1, "another"), "alertmanager-webhook");
    expect(world.own("GapbellLeftOut")).toHaveLength(2);
    expect(world.own("GapbellLeftOut")[0]).toMatchObject({ condition: "raised", severity: "major", responsible: ["chief"] });
    world.report(message(0), "alertmanager-webhook");
    expect(world.own("GapbellLeftOut").map(({ condition }) => condition).sort()).toEqual(["cleared", "raised"]);
    expect(world.log.filter(({ event }) => event === "alerts left out by the sender").map(({ facts }) => facts["count"])).toEqual([3, 1]);
  });

  test("is no alarm where nothing was ever left out", () => {
    const world = new AgentWorld();
    world.report(message(0), "alertmanager-webhook");
    expect(world.alarms()).toEqual([]);
  });
});

describe("a Prometheus whose clock is slow", () => {
  const slowMs = minutes(10);
  const says = (world: AgentWorld, behindMs: number, alertname = "OSDDown"): void => {
    const at = world.now.wall - behindMs;
    world.report([{ labels: { alertname, module: "osd", severity: "major" }, startsAt: new Date(at - hours(1)).toISOString(), endsAt: new Date(at + minutes(4)).toISOString() }], "alertmanager-api");
    world.passes(minutes(1));
  };

  test("is told as an alarm, in the log and on the timeline, once", () => {
    const world = new AgentWorld();
    says(world, 0);
    const [id] = world.alarms().map((alarm) => String(alarm["id"]));
    for (let time = 0; time < 20; time += 1) says(world, slowMs);
    expect(world.own("GapbellSlowClock")).toMatchObject([{ condition: "raised", severity: "critical" }]);
    expect(world.timeline(id ?? "").filter((kind) => kind === "doubted")).toHaveLength(1);
    expect(world.log.filter(({ event }) => event === "end not believed")).toHaveLength(1);
    says(world, 0);
    expect(world.own("GapbellSlowClock")).toMatchObject([{ condition: "cleared" }]);
  });

  test("is told where its alarms were never heard of otherwise", () => {
    const world = new AgentWorld();
    for (let time = 0; time < 4; time += 1) says(world, slowMs);
    expect(world.own("GapbellSlowClock")).toHaveLength(1);
  });

  test("is not suspected because an end that has passed is repeated", () => {
    const world = new AgentWorld();
    const endsAt = new Date(world.now.wall - 1000).toISOString();
    for (let time = 0; time < 15; time += 1) {
      world.report([{ labels: { alertname: "X" }, startsAt: new Date(world.now.wall - hours(9)).toISOString(), endsAt }], "alertmanager-api");
      world.passes(minutes(1));
    }
    expect(world.alarms()).toEqual([]);
  });
});
