import { expect, test } from "bun:test";
import type { ChannelName } from "../../lib/alarm/policy.ts";
import { hours, minutes, seconds } from "../../lib/base/units.ts";
import type { CarrierReply } from "../../lib/port/carrier.ts";
import { ABILITY_WAIT_MS, CONNECT_EVERY_MS, LEGS_EVERY_MS, LOGIN_EVERY_MS, LOGIN_MOST_MS, LOGIN_SPREAD } from "../../lib/relay/limits.ts";
import {
  ACCEPTED_MAIL, ACCEPTED_WECOM, aRelay, type Call, LEGS, REFUSED_CONNECTION, type RelayBench, someChannels, TOKEN_REPLY, WRONG_SECRET,
} from "../support/a-relay.ts";
import { anEscalation } from "../support/an-escalation.ts";

const GOOD: CarrierReply = { kind: "smtp", code: 250, response: "250 ok" };
const WRONG_PASSWORD: CarrierReply = { kind: "failed", stage: "login", sent: false, code: 535, reason: "535 5.7.8 authentication failed" };
const FORBIDDEN: CarrierReply = { kind: "https", status: 403, headers: {}, body: "" };

const isProbe = (login: boolean) => ({ purpose }: Call): boolean => purpose.kind === "probe" && purpose.login === login;
const isToken = ({ purpose }: Call): boolean => purpose.kind === "token";
const channelOf = (relay: RelayBench, name: ChannelName) => relay.ability()?.channels.find(({ channel }) => channel === name);

/** A relay whose probes the test answers; the first login has been answered by `reply`. */
function watched(name: ChannelName, reply: CarrierReply): RelayBench {
  const relay = aRelay({ channels: someChannels(name), quiet: false });
  relay.handle({ kind: "looked", legs: LEGS });
  relay.comesBack(reply, name === "wecom" ? isToken : isProbe(true));
  return relay;
}

/** When calls of one kind are made, in seconds, while each is answered at once. */
function rhythm(relay: RelayBench, { calls, reply, until }: { readonly calls: (call: Call) => boolean; readonly reply: CarrierReply; readonly until: number }): readonly number[] {
  const moments: number[] = [];
  const began = relay.now.mono;
  while (relay.now.mono - began < until) {
    relay.passes(seconds(1));
    for (const call of [...relay.calls]) {
      if (calls(call)) moments.push((relay.now.mono - began) / 1000);
      relay.comesBack(calls(call) || call.purpose.kind === "token" ? reply : GOOD, (one) => one === call);
    }
  }
  return moments;
}

test("nothing is claimed before it was tried; who asks at once waits for the first probes", () => {
  const relay = aRelay({ channels: someChannels("mail"), quiet: false });
  const ticket = relay.askLater("ability");
  expect(relay.answers.get(ticket)).toBeUndefined();
  relay.handle({ kind: "looked", legs: LEGS });
  relay.comesBack(GOOD, isProbe(true));
  expect(relay.answers.get(ticket)?.body).toMatchObject({ relay: "jump1", legs: LEGS, channels: [{ configured: false }, { configured: false }, { able: true, level: "authenticated" }] });
});

test("an answer never waits longer than the agent would, and says what is known", () => {
  const relay = aRelay({ channels: someChannels("mail"), quiet: false });
  const ticket = relay.askLater("ability", { query: { fresh: "1" } });
  relay.passes(ABILITY_WAIT_MS);
  expect(relay.answers.get(ticket)?.body).toMatchObject({ channels: [{}, {}, { able: false, level: "none", reason: "Not checked yet" }] });
});

test("a channel that is not set up says so", () => {
  expect(channelOf(watched("mail", GOOD), "wecom")).toMatchObject({ configured: false, able: false, reason: "Not set up in relay.yaml" });
});

test("connections are tried every minute, logins every five minutes give or take a fifth", () => {
  const relay = watched("mail", GOOD);
  const connects = rhythm(relay, { calls: isProbe(false), reply: GOOD, until: minutes(10) });
  expect(connects).toEqual(Array.from({ length: 10 }, (_, i) => ((i + 1) * CONNECT_EVERY_MS) / 1000));
  const other = watched("mail", GOOD);
  const logins = [0, ...rhythm(other, { calls: isProbe(true), reply: GOOD, until: hours(3) })];
  const gaps = logins.slice(1).map((at, i) => (at - (logins[i] ?? 0)) * 1000);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(LOGIN_EVERY_MS * (1 - LOGIN_SPREAD) - 1000);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(LOGIN_EVERY_MS * (1 + LOGIN_SPREAD) + 1000);
  expect(new Set(gaps).size).toBeGreaterThan(5);
});

test("after a refused login the wait doubles up to half an hour, and the reason is told", () => {
  const relay = watched("mail", WRONG_PASSWORD);
  expect(channelOf(relay, "mail")).toMatchObject({ able: false, level: "connected" });
  expect(channelOf(relay, "mail")?.reason).not.toBe("");
  const logins = [0, ...rhythm(relay, { calls: isProbe(true), reply: WRONG_PASSWORD, until: hours(3) })];
  const gaps = logins.slice(1).map((at, i) => at - (logins[i] ?? 0));
  expect(gaps[0]).toBeGreaterThan((2 * LOGIN_EVERY_MS * (1 - LOGIN_SPREAD)) / 1000 - 2);
  for (const gap of gaps.slice(2)) {
    expect(gap).toBeGreaterThanOrEqual((LOGIN_MOST_MS * (1 - LOGIN_SPREAD)) / 1000 - 1);
    expect(gap).toBeLessThanOrEqual((LOGIN_MOST_MS * (1 + LOGIN_SPREAD)) / 1000 + 1);
  }
});

test("a connection that works does not make a refused login whole", () => {
  const relay = watched("mail", WRONG_PASSWORD);
  relay.passes(CONNECT_EVERY_MS);
  relay.comesBack(GOOD, isProbe(false));
  expect(channelOf(relay, "mail")).toMatchObject({ able: false, level: "connected" });
  expect(channelOf(relay, "mail")?.reason).toContain("Login failed");
});

test("a connection that is refused makes the channel unable, and one that works makes it able again", () => {
  const relay = watched("mail", GOOD);
  relay.passes(CONNECT_EVERY_MS);
  relay.comesBack(REFUSED_CONNECTION, isProbe(false));
  expect(channelOf(relay, "mail")).toMatchObject({ able: false, level: "none" });
  relay.passes(CONNECT_EVERY_MS);
  relay.comesBack(GOOD, isProbe(false));
  expect(channelOf(relay, "mail")).toMatchObject({ able: true, level: "authenticated", reason: "" });
});

test("whoever wants it fresh gets new probes, unless they are a few seconds old", () => {
  const relay = watched("mail", GOOD);
  const before = relay.carried.length;
  relay.ability(true);
  expect(relay.carried).toHaveLength(before);
  relay.passes(seconds(10));
  const ticket = relay.askLater("ability", { query: { fresh: "1" } });
  expect(relay.answers.get(ticket)).toBeUndefined();
  relay.comesBack(REFUSED_CONNECTION, isProbe(true));
  relay.handle({ kind: "looked", legs: LEGS });
  expect(relay.answers.get(ticket)?.body).toMatchObject({ channels: [{}, {}, { able: false, level: "none" }] });
});

test("a refused login is not forced by whoever wants it fresh: it would get us banned", () => {
  const relay = watched("mail", WRONG_PASSWORD);
  for (let i = 0; i < 5; i += 1) {
    relay.passes(seconds(10));
    relay.askLater("ability", { query: { fresh: "1" } });
    relay.handle({ kind: "looked", legs: LEGS });
    relay.comesBack(GOOD, isProbe(false));
  }
  expect(relay.carried.filter(isProbe(true))).toHaveLength(1);
});

test("a WeCom token is fetched when it has expired, not every five minutes", () => {
  const relay = watched("wecom", TOKEN_REPLY);
  expect(channelOf(relay, "wecom")).toMatchObject({ able: true, level: "authenticated" });
  const tokens = rhythm(relay, { calls: isToken, reply: TOKEN_REPLY, until: hours(4) });
  expect(tokens.length).toBeLessThanOrEqual(2);
  expect(tokens.length).toBeGreaterThan(0);
});

test("a wrong WeCom secret is told before anybody needs the channel", () => {
  const relay = watched("wecom", WRONG_SECRET);
  expect(channelOf(relay, "wecom")).toMatchObject({ able: false, level: "connected" });
});

test("a robot is reachable, never authenticated; a real message shows that it works", () => {
  const relay = watched("wecom-robot", FORBIDDEN);
  expect(channelOf(relay, "wecom-robot")).toMatchObject({ able: true, level: "connected" });
  relay.submits(anEscalation());
  relay.comesBack(ACCEPTED_WECOM);
  expect(channelOf(relay, "wecom-robot")).toMatchObject({ able: true, level: "sent", lastSentAt: relay.now.wall });
});

test("a robot that was thrown out of its group stays unable until a message has gone", () => {
  const relay = watched("wecom-robot", FORBIDDEN);
  relay.submits(anEscalation());
  relay.comesBack({ kind: "https", status: 200, headers: {}, body: '{"errcode":93000,"errmsg":"invalid webhook url"}' });
  expect(channelOf(relay, "wecom-robot")).toMatchObject({ able: false, level: "connected" });
  relay.passes(CONNECT_EVERY_MS);
  relay.comesBack(FORBIDDEN, isProbe(false));
  expect(channelOf(relay, "wecom-robot")).toMatchObject({ able: false });
});

test("a message that fails for everybody is known at once, and the next login makes it whole", () => {
  const relay = watched("mail", GOOD);
  relay.submits(anEscalation());
  relay.comesBack(WRONG_PASSWORD);
  expect(channelOf(relay, "mail")).toMatchObject({ able: false });
  rhythm(relay, { calls: isProbe(true), reply: GOOD, until: minutes(7) });
  expect(channelOf(relay, "mail")).toMatchObject({ able: true });
});

test("a message that fails for everybody stays known though the server can be reached", () => {
  const relay = watched("mail", GOOD);
  relay.submits(anEscalation());
  relay.comesBack(WRONG_PASSWORD);
  const login = relay.calls.length;
  relay.passes(CONNECT_EVERY_MS);
  relay.comesBack(GOOD, isProbe(false));
  expect(relay.calls.length).toBe(login);
  expect(channelOf(relay, "mail")).toMatchObject({ able: false, level: "connected" });
});

test("a robot that was thrown out stays unable though a fresh look finds its server", () => {
  const relay = watched("wecom-robot", FORBIDDEN);
  relay.submits(anEscalation());
  relay.comesBack({ kind: "https", status: 200, headers: {}, body: '{"errcode":93000,"errmsg":"invalid webhook url"}' });
  relay.passes(seconds(10));
  const ticket = relay.askLater("ability", { query: { fresh: "1" } });
  relay.comesBack(FORBIDDEN, isProbe(true));
  relay.handle({ kind: "looked", legs: LEGS });
  expect(relay.answers.get(ticket)?.body).toMatchObject({ channels: [{}, { channel: "wecom-robot", able: false }, {}] });
});

test("a person whom the provider does not know says nothing about the channel", () => {
  const relay = watched("mail", GOOD);
  relay.submits(anEscalation());
  relay.comesBack({ kind: "smtp", code: 550, response: "550 no such user", command: "rcpt" });
  expect(channelOf(relay, "mail")).toMatchObject({ able: true, level: "authenticated" });
  relay.submits(anEscalation({ id: "e2", step: 1 }));
  relay.comesBack(ACCEPTED_MAIL);
  expect(channelOf(relay, "mail")).toMatchObject({ level: "sent" });
});

test("both legs are looked at every minute", () => {
  const relay = aRelay();
  const before = relay.looks;
  relay.passes(10 * LEGS_EVERY_MS);
  expect(relay.looks - before).toBe(10);
});
