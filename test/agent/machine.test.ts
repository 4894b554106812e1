/** Stories of one agent, with the LAN and the relay as data. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { minutes, seconds } from "../../lib/base/units.ts";
import { encodeBody } from "../../lib/wire/packet.ts";
import { AgentWorld, anOperator, settings } from "../support/an-agent.ts";
import { RelayOf, UNABLE } from "../support/an-agents-relay.ts";
import { longText } from "../support/any-message.ts";

test("a new alarm is written, then answered, then rung to everybody", () => {
  const world = new AgentWorld();
  const id = world.raise();
  expect(world.timeline(id)).toEqual(["reported", "classified", "responsible", "pushed", "nobody home"]);
  expect(world.rows.has(`alarms ${id}`)).toBe(true);
  const [push] = world.said("alarm");
  expect(push?.to).toEqual({ kind: "everyone" });
  expect(world.alarm(id)).toMatchObject({ module: "osd", item: "osd.12", severity: "critical", responsible: ["li"], sending: "pending", phase: "waiting" });
});

test("a module that nobody answers for belongs to the last resort", () => {
  const world = new AgentWorld();
  const id = world.raise({ module: "power" });
  expect(world.alarm(id)["responsible"]).toEqual(["chief"]);
});

test("an alarm that nobody acknowledges leaves the LAN at its deadline", () => {
  const world = new AgentWorld({ relay: true });
  new RelayOf(world, { verdict: { verdict: "accepted" } });
  const id = world.raise({ severity: "minor" });
  world.passes(minutes(5) - 1000);
  expect(world.asked("submit")).toHaveLength(0);
  world.passes(seconds(5));
  expect(world.asked("submit")).toHaveLength(1);
  expect(world.alarm(id)).toMatchObject({ phase: "escalated", sending: "successful" });
});

test("where nobody responsible is at home, a critical alarm leaves after ten seconds", () => {
  const world = new AgentWorld({ relay: true });
  new RelayOf(world, { verdict: { verdict: "accepted" } });
  world.raise({ severity: "critical" });
  world.passes(seconds(9));
  expect(world.asked("submit")).toHaveLength(0);
  world.passes(seconds(2));
  expect(world.asked("submit")).toHaveLength(1);
});

test("a way out that is broken rings the LAN again with the reason, and is tried all the same", () => {
  const world = new AgentWorld({ relay: true });
  new RelayOf(world, { ability: UNABLE });
  const id = world.raise({ severity: "minor" });
  world.passes(minutes(5) + 1000);
  expect(world.alarm(id)).toMatchObject({ phase: "fallback", sending: "failed", reason: "mail: no route" });
  expect(world.asked("submit").length).toBeGreaterThan(0);
  const last = world.said("alarm").at(-1)?.message;
  expect(last).toMatchObject({ kind: "alarm", body: { alarms: [{ id, why: "fallback", reason: "mail: no route", ring: 2 }] } });
});

test("a relay that does not answer rings the LAN again with the reason", () => {
  const world = new AgentWorld({ relay: true });
  world.relay = () => ({ kind: "silent", reason: "connection refused" });
  const id = world.raise({ severity: "minor" });
  world.passes(minutes(5) + 1000);
  expect(world.alarm(id)).toMatchObject({ phase: "fallback", reason: "connection refused" });
});

test("without any relay the LAN hears that as the reason", () => {
  const world = new AgentWorld();
  const id = world.raise({ severity: "minor" });
  world.passes(minutes(5) + 1000);
  expect(world.alarm(id)).toMatchObject({ phase: "fallback", reason: "no relay has been joined" });
});

test("a refused mail falls back once every delivery has been judged", () => {
  const world = new AgentWorld({ relay: true });
  new RelayOf(world, { verdict: { verdict: "refused", reason: "550 no such user" } });
  const id = world.raise({ severity: "minor" });
  world.passes(minutes(5) + seconds(5));
  expect(world.alarm(id)).toMatchObject({ phase: "fallback", reason: "mail: 550 no such user" });
});

test("an acknowledgement stops the clock and takes back what has not gone", () => {
  const world = new AgentWorld({ relay: true });
  new RelayOf(world, { ability: UNABLE });
  const id = world.raise({ severity: "minor" });
  world.passes(minutes(6));
  expect(world.ask({ kind: "ack", id: id.slice(0, 8), operator: "li", comment: "on it", way: "console" }).body).toMatchObject({ outcome: "taken", by: "li" });
  expect(world.alarm(id)).toMatchObject({ phase: "idle", attention: "acknowledged", sending: "successful" });
  expect(world.asked("withdraw")).toHaveLength(1);
  const submitted = (): number => world.asked("submit").filter(({ escalation }) => escalation.occurrence === id).length;
  const before = submitted();
  world.passes(minutes(60));
  expect(submitted()).toBe(before);
});

test("a second acknowledgement is told who has it", () => {
  const world = new AgentWorld();
  const id = world.raise();
  world.ask({ kind: "ack", id, operator: "li", comment: "", way: "console" });
  expect(world.ask({ kind: "ack", id, operator: "zhao", comment: "", way: "console" }).body).toMatchObject({ outcome: "already", by: "li" });
});

test("a severity that rises brings an acknowledged alarm back", () => {
  const world = new AgentWorld();
  const id = world.raise({ severity: "minor" });
  world.ask({ kind: "ack", id, operator: "li", comment: "", way: "console" });
  world.raise({ severity: "major" });
  expect(world.alarm(id)).toMatchObject({ attention: "unacknowledged", revision: 2, phase: "waiting" });
});

test("a flapping alarm keeps its deadline and escalates", () => {
  const world = new AgentWorld({ relay: true });
  new RelayOf(world, { verdict: { verdict: "accepted" } });
  const id = world.raise({ severity: "minor" });
  for (let minute = 0; minute < 4; minute += 1) {
    world.passes(seconds(30));
    world.clear();
    world.passes(seconds(30));
    expect(world.raise({ severity: "minor" })).toBe(id);
  }
  world.passes(seconds(65));
  expect(world.asked("submit")).toHaveLength(1);
});

test("nobody is left silent: while nobody acknowledges, the ladder goes on and the last step repeats", () => {
  const world = new AgentWorld({ relay: true });
  new RelayOf(world, { verdict: { verdict: "accepted" } });
  world.raise({ severity: "minor" });
  world.passes(minutes(5) + minutes(15) + minutes(31));
  const steps = world.asked("submit").map(({ escalation }) => escalation.step);
  expect(steps).toEqual([0, 1, 2]);
});

test("a critical alarm comes back every minute until somebody takes it", () => {
  const world = new AgentWorld();
  const id = world.raise({ severity: "critical" });
  const before = Number(world.alarm(id)["ring"]);
  world.passes(minutes(3) + 500);
  expect(Number(world.alarm(id)["ring"]) - before).toBeGreaterThanOrEqual(3);
});

test("a disk that fails refuses new reports, rings the LAN and ends the process after ten seconds", () => {
  const world = new AgentWorld();
  world.put({ kind: "storeFailed", reason: "database or disk is full" });
  expect(world.report({ condition: "raised", labels: { module: "osd" }, severity: "minor", text: "x" })).toMatchObject({ status: 503 });
  expect(JSON.stringify(world.said("alarm").at(-1)?.message)).toContain("database or disk is full");
  world.passes(seconds(11));
  expect(world.effects.filter(({ kind }) => kind === "exit")).toEqual([{ kind: "exit", code: 74, reason: "database or disk is full" }]);
});

test("other rules are announced by a beacon at once; settings that change no rule wait for the next one", () => {
  const world = new AgentWorld();
  world.passes(seconds(2));
  const before = world.said("beacon").length;
  world.put({ kind: "reloaded", settings: settings({ lanRate: 10 }) });
  expect(world.said("beacon").length).toBe(before);
  const [rule] = settings().rules.rules;
  world.put({ kind: "reloaded", settings: settings({ rules: { rules: rule === undefined ? [] : [{ ...rule, severity: "minor" }] } }) });
  expect(world.said("beacon").length).toBe(before + 1);
});

test("a stranger that asks before the first beacon does not take it away from the others", () => {
  const world = new AgentWorld();
  const message = { kind: "seek", body: { nonce: "AAAAAAAAAAA", key: "A".repeat(43), pad: "" } } as const;
  world.put({ kind: "heard", from: { host: "10.0.0.9", port: 4000 }, packet: { sender: "0123456789abcdef", epoch: 1n, counter: 1n, freshness: "stranger", sealed: "clear", broadcast: false, message } });
  expect(world.said("beacon").map(({ to }) => to.kind)).toEqual(["stranger"]);
  world.passes(seconds(2));
  expect(world.said("beacon").map(({ to }) => to.kind)).toEqual(["stranger", "everyone"]);
});

test("with a disk that has failed nobody takes an alarm: the listener hears nothing and asks again after the restart", () => {
  const world = new AgentWorld({ members: ["li"] });
  const id = world.raise({ severity: "minor" });
  world.put({ kind: "storeFailed", reason: "database or disk is full" });
  world.acksOnLan("li", id, { revision: 1 });
  expect(world.said("acked")).toEqual([]);
  world.restart();
  world.acksOnLan("li", id, { revision: 1 });
  expect(world.alarm(id)).toMatchObject({ attention: "acknowledged" });
});

const CROWDS: readonly { readonly name: string; readonly names: readonly string[]; readonly to: readonly string[] | "all of them" }[] = [
  { name: "sixteen operators responsible are named", names: Array.from({ length: 16 }, (_, at) => `op${at}`), to: "all of them" },
  { name: "more of them than a packet names are everybody", names: Array.from({ length: 17 }, (_, at) => `op${at}`), to: ["*"] },
  { name: "names that do not fit a datagram are everybody", names: Array.from({ length: 12 }, (_, at) => `${at}`.padEnd(32, "值")), to: ["*"] },
];
test.each(CROWDS)("$name: nobody responsible is left out", ({ names, to }) => {
  const people = [...names.map((name) => anOperator({ name, modules: ["osd"] })), anOperator({ name: "chief" })];
  const roster = { operators: Object.fromEntries(people.map((one) => [one.name, one])), teams: {}, lastResort: ["chief"] };
  const world = new AgentWorld({ settings: settings({ roster }) });
  world.raise({ text: "磁盘已满".repeat(60) });
  const [said] = world.said("alarm");
  expect(said?.message).toMatchObject({ body: { alarms: [{ to: to === "all of them" ? names : to }] } });
  expect(said === undefined ? undefined : encodeBody(said.message, { deflate: false }).ok).toBe(true);
});

test("whatever a source writes, what the agent says of it fits a datagram and its own schemas", () => {
  const world = new AgentWorld();
  fc.assert(
    fc.property(longText(64), longText(128), longText(512), (module, item, text) => {
      const before = world.effects.length;
      const reply = world.report({ condition: "raised", labels: { module: module || "-", item: item || "-", number: String(before) }, severity: "critical", text: text.replace(/[\p{Cc}\s]/gu, "x") || "x" });
      expect(reply.status).toBe(200);
      world.passes(0);
      const said = world.effects.slice(before).flatMap((effect) => (effect.kind === "say" ? [effect] : []));
      expect(said.length).toBeGreaterThan(0);
      for (const { message, deflate } of said) expect(encodeBody(message, { deflate })).toMatchObject({ ok: true });
      world.passes(seconds(1));
    }),
    { seed: 20_261_125, numRuns: 40 },
  );
});
