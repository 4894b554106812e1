/** What is given to the relay, what becomes of it, and every way in which it could have ended in silence. */

import { describe, expect, test } from "bun:test";
import { days, hours, minutes, seconds } from "../../lib/base/units.ts";
import type { LinkAnswer } from "../../lib/port/relay-link.ts";
import { AgentWorld, anOperator, aPolicy, settings } from "../support/an-agent.ts";
import { RelayOf, type Told, UNABLE } from "../support/an-agents-relay.ts";

const ACCEPTED: Told = { verdict: "accepted" };
const RELAY = { host: "10.0.0.9", port: 2, certificate: "other" };

function anEscalatedAlarm(verdict: Told | undefined, set: ConstructorParameters<typeof AgentWorld>[0] = {}) {
  const world = new AgentWorld({ relay: true, ...set });
  const relay = new RelayOf(world, { verdict });
  const id = world.raise({ severity: "minor" });
  world.passes(minutes(5) + seconds(2));
  return { world, relay, id };
}

describe("an alarm that comes back within ten minutes of its end", () => {
  test("is told anew under an id of its own, where nobody had been told yet", () => {
    const { world, relay, id } = anEscalatedAlarm(undefined);
    world.clear();
    world.passes(minutes(1));
    expect(world.raise({ severity: "minor" })).toBe(id);
    world.passes(seconds(5));
    expect(relay.taken.map(({ step, attempt }) => [step, attempt])).toEqual([[0, undefined], [0, 2]]);
    expect(new Set(relay.taken.map((one) => one.id)).size).toBe(2);
  });

  test("is told to those as well who were told that it was over", () => {
    const { world, relay } = anEscalatedAlarm(ACCEPTED);
    world.clear();
    world.passes(minutes(1));
    world.raise({ severity: "minor" });
    world.passes(minutes(5) + seconds(5));
    expect(relay.taken.map(({ step, recipients }) => [step, recipients.map(({ operator }) => operator)])).toEqual([[0, ["li"]], [1, ["chief", "li"]]]);
    world.passes(minutes(31));
    expect(relay.taken.at(-1)?.recipients.map(({ operator }) => operator)).toEqual(["chief"]);
  });

  test("is not taken for told because a late verdict speaks of the time before", () => {
    const { world, relay, id } = anEscalatedAlarm(undefined);
    const [first] = relay.taken;
    world.clear();
    world.raise({ severity: "minor" });
    if (first !== undefined) relay.tells(first, ACCEPTED);
    expect(world.alarm(id)).not.toMatchObject({ phase: "escalated" });
  });

  test("writes no more than one that stands, however it flaps", () => {
    const { world, relay } = anEscalatedAlarm(ACCEPTED);
    for (let minute = 0; minute < 60; minute += 1) {
      world.clear();
      world.passes(seconds(30));
      world.raise({ severity: "minor" });
      world.passes(seconds(30));
    }
    expect(relay.taken.length).toBeLessThanOrEqual(5);
  });
});

test("an alarm whose severity goes up and down writes no more than one that stands", () => {
  const world = new AgentWorld({ relay: true });
  const relay = new RelayOf(world, { verdict: ACCEPTED });
  for (let minute = 0; minute < 60; minute += 1) {
    world.raise({ severity: minute % 2 === 0 ? "minor" : "critical" });
    world.passes(minutes(1));
  }
  expect(relay.taken.length).toBeLessThanOrEqual(6);
});

test("the same step of the same revision is the same escalation, however often it is given", () => {
  const world = new AgentWorld({ relay: true, settings: settings(aPolicy({ steps: [{ to: "responsible", via: ["mail"], afterMs: 0 }] })) });
  const relay = new RelayOf(world, { ability: UNABLE });
  const id = world.raise({ severity: "minor" });
  world.passes(minutes(60));
  expect(world.asked("submit").length).toBeGreaterThan(4);
  expect(relay.taken.filter(({ occurrence }) => occurrence === id)).toHaveLength(1);
});

test("what reached nobody before its time was over is given anew: a weekend without Internet ends with a mail", () => {
  const world = new AgentWorld({ relay: true });
  const relay = new RelayOf(world, { ability: UNABLE });
  const id = world.raise({ severity: "minor" });
  world.passes(days(2));
  for (const one of [...relay.taken]) relay.tells(one, { verdict: "unreachable", reason: "its time ended" });
  relay.ability = { ...UNABLE, channels: UNABLE.channels.map((channel) => ({ ...channel, able: true })) };
  relay.verdict = ACCEPTED;
  world.passes(minutes(45));
  expect(world.alarm(id)).toMatchObject({ phase: "escalated", sending: "successful" });
});

test("an address that is refused is not written to at every retry", () => {
  const { world, relay } = anEscalatedAlarm({ verdict: "refused", reason: "550 no such user" });
  world.passes(hours(5));
  expect(relay.taken.length).toBeLessThanOrEqual(2 + 10);
});

describe("a relay that refuses an escalation", () => {
  const rows: readonly [string, LinkAnswer][] = [
    ["because its disk is full", { kind: "refused", status: 503, reason: "The relay cannot write to its disk" }],
    ["because it does not know us any more", { kind: "refused", status: 401, reason: "This key has not joined the relay" }],
    ["because it holds too many", { kind: "refused", status: 429, reason: "The relay takes no more" }],
    ["by not answering", { kind: "silent", reason: "No answer" }],
  ];
  test.each(rows)("%s: the LAN rings with the reason, and it is tried until it is taken", (_, otherwise) => {
    const world = new AgentWorld({ relay: true });
    const relay = new RelayOf(world, { verdict: ACCEPTED });
    const id = world.raise({ severity: "minor" });
    relay.otherwise = otherwise;
    world.passes(minutes(6));
    expect(world.alarm(id)).toMatchObject({ phase: "fallback", sending: "failed", reason: otherwise.kind === "events" ? "" : "reason" in otherwise ? otherwise.reason : "" });
    relay.otherwise = undefined;
    world.passes(minutes(11));
    expect(world.alarm(id)).toMatchObject({ phase: "escalated", sending: "successful" });
  });

  test.each(rows)("%s: what it still has to be told is told later", (_, otherwise) => {
    const { world, relay, id } = anEscalatedAlarm(ACCEPTED);
    relay.otherwise = otherwise;
    world.ack(id);
    world.passes(minutes(3));
    const before = world.asked("withdraw").length + world.asked("notice").length;
    relay.otherwise = undefined;
    world.passes(minutes(2));
    expect(world.asked("withdraw").length + world.asked("notice").length).toBeGreaterThan(before);
    const asked = world.asked("notice").length;
    world.passes(hours(1));
    expect(world.asked("notice").length).toBe(asked);
    expect((world.rows.get([...world.rows.keys()].find((key) => key.startsWith("escalations ")) ?? "") as { owed: unknown[] }).owed).toEqual([]);
  });
});

test("a verdict that never comes rings the LAN, and the ladder goes on", () => {
  const { world, relay, id } = anEscalatedAlarm(undefined);
  world.passes(seconds(61));
  expect(world.alarm(id)).toMatchObject({ phase: "fallback" });
  world.passes(minutes(20));
  expect(relay.taken.map(({ step }) => step)).toEqual([0, 1]);
});

test("a bounce after the acceptance rings the LAN again", () => {
  const { world, relay, id } = anEscalatedAlarm(ACCEPTED);
  const [first] = relay.taken;
  if (first !== undefined) relay.tells(first, { verdict: "refused", reason: "550 mailbox unavailable" });
  expect(world.alarm(id)).toMatchObject({ phase: "fallback", sending: "failed", reason: "mail: 550 mailbox unavailable" });
});

describe("a relay that is joined while escalations are open", () => {
  test("is given what has reached nobody, and not what has", () => {
    const { world, relay } = anEscalatedAlarm(ACCEPTED);
    relay.verdict = undefined;
    const open = world.raise({ severity: "minor", item: "osd.13" });
    world.passes(minutes(5) + seconds(2));
    relay.forgets();
    const before = world.asked("submit").length;
    world.ask({ kind: "joinedRelay", relay: RELAY });
    expect(world.asked("submit").slice(before).map(({ escalation }) => escalation.occurrence)).toEqual([open]);
  });

  test("is heard, although it counts its events from the first", () => {
    const { world, relay } = anEscalatedAlarm(ACCEPTED);
    for (let other = 0; other < 5; other += 1) world.raise({ severity: "minor", item: `osd.${other}` });
    world.passes(minutes(6));
    relay.forgets();
    world.ask({ kind: "joinedRelay", relay: RELAY });
    const id = world.raise({ severity: "minor", item: "osd.99" });
    world.passes(minutes(5) + seconds(2));
    expect(world.alarm(id)).toMatchObject({ phase: "escalated" });
  });

  test("is polled once at a time: of two polls each would send the other away", () => {
    const { world } = anEscalatedAlarm(ACCEPTED);
    world.passes(seconds(1));
    const open = (): number => world.asked("events").length;
    const before = open();
    world.ask({ kind: "joinedRelay", relay: RELAY });
    world.passes(seconds(30));
    expect(open()).toBe(before);
    world.put({ kind: "linked", request: { kind: "events", after: 1 }, answer: { kind: "silent", reason: "closed" } });
    world.passes(seconds(30));
    expect(open()).toBe(before + 1);
  });
});

describe("who is told outside", () => {
  test("where those responsible have no address outside, the last resort is told at once", () => {
    const people = [anOperator({ name: "li", modules: ["osd"], mail: undefined }), anOperator({ name: "chief" })];
    const { relay } = anEscalatedAlarm(ACCEPTED, { settings: settings({ people }) });
    expect(relay.taken[0]?.recipients.map(({ operator }) => operator)).toEqual(["li", "chief"]);
  });

  test("where they have none that the rung uses, as well", () => {
    const steps = [{ to: "responsible", via: ["wecom"], afterMs: 0 }] as const;
    const people = [anOperator({ name: "li", modules: ["osd"] }), anOperator({ name: "chief", wecom: "chief" })];
    const world = new AgentWorld({ relay: true, settings: settings({ people, ...aPolicy({ steps }) }) });
    const relay = new RelayOf(world);
    world.raise({ severity: "minor" });
    world.passes(minutes(6));
    expect(relay.taken[0]?.recipients.map(({ operator }) => operator)).toEqual(["li", "chief"]);
  });

  test("where the roster has lost everybody responsible, the alarm belongs to the last resort", () => {
    const world = new AgentWorld({ relay: true });
    const relay = new RelayOf(world, { verdict: ACCEPTED });
    const id = world.raise({ severity: "minor" });
    world.reload(settings({ people: [anOperator({ name: "chief" })] }));
    expect(world.alarm(id)).toMatchObject({ responsible: ["chief"] });
    world.passes(minutes(6));
    expect(relay.taken[0]?.recipients.map(({ operator }) => operator)).toEqual(["chief"]);
  });
});

test("a ladder that a reload has shortened goes on with its last step", () => {
  const { world, relay } = anEscalatedAlarm(ACCEPTED);
  world.passes(minutes(16));
  world.reload(settings(aPolicy({ steps: [{ to: "responsible", via: ["mail"], afterMs: 0 }] })));
  world.passes(hours(3));
  expect(relay.taken.length).toBeGreaterThanOrEqual(5);
  expect(relay.taken.at(-1)?.recipients.map(({ operator }) => operator)).toEqual(["li"]);
});

test("the last step repeats every half hour four times and then hourly, for as long as nobody takes it", () => {
  const { world, relay } = anEscalatedAlarm(ACCEPTED);
  world.passes(days(2));
  const steps = relay.taken.map(({ step }) => step);
  expect(steps).toEqual(steps.map((_, at) => at));
  expect(steps.length).toBeGreaterThanOrEqual(2 + 4 + 44);
  expect(steps.length).toBeLessThanOrEqual(2 + 4 + 47);
});

describe("the alarm about a broken way out", () => {
  test("is over when the way is whole again, also after a restart in between", () => {
    const world = new AgentWorld({ relay: true });
    const relay = new RelayOf(world, { ability: UNABLE });
    world.passes(minutes(4));
    expect(world.own("GapbellWayOut")).toMatchObject([{ condition: "raised", responsible: ["chief"] }]);
    world.restart();
    relay.ability = { ...UNABLE, channels: UNABLE.channels.map((channel) => ({ ...channel, able: true })) };
    world.passes(minutes(3));
    expect(world.own("GapbellWayOut")).toMatchObject([{ condition: "cleared" }]);
  });
});

describe("after a restart of the agent", () => {
  const phases: readonly [string, Told | undefined, number, string][] = [
    ["waiting", ACCEPTED, minutes(4), "escalated"], ["escalating", undefined, minutes(5) + seconds(2), "escalating"],
    ["escalated", ACCEPTED, minutes(6), "escalated"], ["fallback", undefined, minutes(6) + seconds(30), "fallback"],
  ];
  for (const reboot of [false, true]) {
    test.each(phases)(`${reboot ? "and its host " : ""}while %s, the alarm goes on`, (phase, verdict, at, later) => {
      const world = new AgentWorld({ relay: true });
      const relay = new RelayOf(world, { verdict });
      const id = world.raise({ severity: "minor" });
      world.passes(at);
      expect(world.alarm(id)).toMatchObject({ phase });
      world.restart({ reboot, downMs: seconds(20) });
      world.passes(minutes(2));
      expect(world.alarm(id)).toMatchObject({ phase: later });
      world.passes(minutes(60));
      expect(relay.taken.length).toBeGreaterThanOrEqual(2);
    });
  }

  test("while probing, the question is asked again", () => {
    const world = new AgentWorld({ relay: true });
    const id = world.raise({ severity: "minor" });
    world.passes(minutes(5) + seconds(1));
    expect(world.alarm(id)).toMatchObject({ phase: "probing" });
    const relay = new RelayOf(world, { verdict: ACCEPTED });
    world.restart();
    expect(world.alarm(id)).toMatchObject({ phase: "escalated" });
    expect(relay.taken).toHaveLength(1);
  });
});

describe("silence is a reason like any other, and the LAN hears it", () => {
  test("where the relay does not answer the question", () => {
    const world = new AgentWorld({ relay: true });
    const id = world.raise({ severity: "minor" });
    world.passes(minutes(5) + seconds(11));
    expect(world.alarm(id)).toMatchObject({ phase: "fallback", reason: "the relay did not answer within 10 s: the relay has not answered yet" });
  });

  test("where verdicts do not come, beside those that came", () => {
    const { world, relay, id } = anEscalatedAlarm(undefined);
    const [given] = relay.taken;
    if (given !== undefined) world.put({ kind: "linked", request: { kind: "submit", escalation: given }, answer: { kind: "stored", deliveries: 2 } });
    if (given !== undefined) relay.tells(given, { verdict: "refused", reason: "550 no such user" });
    world.passes(seconds(61));
    expect(world.alarm(id)).toMatchObject({ phase: "fallback", reason: "mail: 550 no such user; the relay could not say within 60 s that anything was sent" });
  });
});

test("who asks for a fresh look at the relay is answered with what it says now", () => {
  const world = new AgentWorld({ relay: true });
  const relay = new RelayOf(world);
  relay.ability = UNABLE;
  expect(world.ask({ kind: "relay", fresh: false }).body).toMatchObject({ ability: { channels: [{ able: true }] } });
  expect(world.ask({ kind: "relay", fresh: true }).body).toMatchObject({ ability: { channels: [{ able: false }] } });
  relay.otherwise = { kind: "silent", reason: "connection refused" };
  expect(world.ask({ kind: "relay", fresh: true }).body).toMatchObject({ reason: "connection refused" });
  expect(new AgentWorld().ask({ kind: "relay", fresh: true }).body).toMatchObject({ reason: "no relay has been joined" });
});
