import { describe, expect, test } from "bun:test";
import { toBase64, utf8 } from "../../lib/base/bytes.ts";
import { hours, minutes, seconds } from "../../lib/base/units.ts";
import { AGENTS_MOST, INVITES_MOST, POLL_MS_MOST, STORE_FAILED_EXIT_MS } from "../../lib/relay/limits.ts";
import { joinMac } from "../../lib/wire/join-string.ts";
import { ACCEPTED_MAIL, AGENT, aRelay, RelayBench, testAgent } from "../support/a-relay.ts";
import { anEscalation } from "../support/an-escalation.ts";

describe("who may ask", () => {
  test("an agent that has joined, and nobody else", () => {
    const relay = aRelay();
    expect(relay.ask("heartbeat", { body: { open: 1, wall: 1 } })?.status).toBe(200);
    expect(relay.ask("heartbeat", { body: { open: 1, wall: 1 }, by: testAgent(2) })).toMatchObject({ status: 401, body: { field: "gapbell-key" } });
  });

  const CHANGES: readonly { readonly name: string; readonly change: (request: ReturnType<RelayBench["request"]>) => ReturnType<RelayBench["request"]> }[] = [
    { name: "another body", change: (request) => ({ ...request, parts: { ...request.parts, body: utf8('{"open":2,"wall":1}') } }) },
    { name: "another path", change: (request) => ({ ...request, parts: { ...request.parts, path: "/v1/other" } }) },
    { name: "another method", change: (request) => ({ ...request, parts: { ...request.parts, method: "PUT" } }) },
    { name: "another time", change: (request) => ({ ...request, headers: { ...request.headers, "gapbell-time": "1" } }) },
    { name: "another counter", change: (request) => ({ ...request, headers: { ...request.headers, "gapbell-counter": "99999" } }) },
    { name: "another idempotency key", change: (request) => ({ ...request, headers: { ...request.headers, "idempotency-key": "y" } }) },
    { name: "no signature", change: (request) => ({ ...request, headers: { ...request.headers, "gapbell-signature": "" } }) },
    { name: "no headers at all", change: (request) => ({ ...request, headers: {} }) },
  ];
  for (const { name, change } of CHANGES) {
    test(`a request with ${name} than was signed is refused`, () => {
      const relay = aRelay();
      relay.handle({ kind: "requested", request: change(relay.request("heartbeat", { body: { open: 1, wall: 1 } })), ticket: 900 });
      expect(relay.answers.get(900)?.status).toBe(401);
    });
  }

  test("a request is taken once; those that overtake each other are all taken", () => {
    const relay = aRelay();
    const [first, second] = [relay.request("heartbeat", { body: { open: 1, wall: 1 } }), relay.request("heartbeat", { body: { open: 2, wall: 1 } })];
    for (const [ticket, request] of [[900, second], [901, first], [902, first], [903, second]] as const) relay.handle({ kind: "requested", request, ticket });
    expect([900, 901, 902, 903].map((ticket) => relay.answers.get(ticket)?.status)).toEqual([200, 200, 401, 401]);
  });

  test("the refusal of a counter says how far the relay has counted", () => {
    const relay = aRelay();
    relay.ask("heartbeat", { body: { open: 1, wall: 1 }, counter: 5000n });
    expect(relay.ask("heartbeat", { body: { open: 1, wall: 1 }, counter: 12n })?.body).toMatchObject({ field: "gapbell-counter", expected: "above 5000" });
  });
});

describe("joining", () => {
  const KEY = new Uint8Array(32).fill(9);
  const invite = (relay: RelayBench, id = "i1"): void => {
    relay.handle({ kind: "asked", ticket: 800, question: { kind: "invite", id, macKey: toBase64(KEY), certificate: `certificate of ${id}`, expiresInMs: minutes(10) } });
  };
  const request = { cluster: AGENT.cluster, clusterName: "c1", agent: "a1", ed: toBase64(AGENT.voice.ed), certificate: "certificate of a1" };
  const join = (relay: RelayBench, fields: Partial<typeof request> = {}, key = KEY) =>
    relay.ask("join", { body: { ...request, ...fields, mac: joinMac(request, key) } });

  test("uses up its join string: who may connect changes with it", () => {
    const relay = new RelayBench();
    expect(relay.certificates).toEqual([]);
    invite(relay);
    expect(relay.certificates).toEqual(["certificate of i1"]);
    expect(join(relay)).toEqual({ status: 200, body: { relay: "jump1", version: "0.0.0" } });
    expect(relay.certificates).toEqual(["certificate of a1"]);
    expect(join(relay)?.status).toBe(401);
  });

  test("survives a restart on both sides of it", () => {
    const relay = new RelayBench();
    invite(relay);
    relay.restart();
    expect(relay.certificates).toEqual(["certificate of i1"]);
    expect(join(relay)?.status).toBe(200);
    relay.restart();
    expect(relay.certificates).toEqual(["certificate of a1"]);
    expect(relay.ask("heartbeat", { body: { open: 0, wall: 1 } })?.status).toBe(200);
  });

  test("is refused after the time of the join string, with another key, and with a changed field", () => {
    const late = new RelayBench();
    invite(late);
    late.passes(minutes(10));
    expect(join(late)?.status).toBe(401);
    expect(late.certificates).toEqual([]);
    const relay = new RelayBench();
    invite(relay);
    expect(join(relay, {}, new Uint8Array(32))?.status).toBe(401);
    expect(join(relay, { cluster: "another" })?.status).toBe(401);
    expect(join(relay)?.status).toBe(200);
  });

  test("a second time with the same key replaces the certificate and keeps the numbers", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.comesBack(ACCEPTED_MAIL);
    relay.joins();
    expect(relay.events().map(({ number }) => number)).toEqual([1]);
    expect(relay.certificates).toHaveLength(1);
  });

  test("a join string is good for a minute at least and a week at most", () => {
    const relay = new RelayBench();
    for (const [ticket, expiresInMs] of [[1, 59_999], [2, 604_800_001], [3, 60_000], [4, 604_800_000]] as const) {
      relay.handle({ kind: "asked", ticket, question: { kind: "invite", id: `i${ticket}`, macKey: "", certificate: "", expiresInMs } });
    }
    expect([1, 2, 3, 4].map((ticket) => relay.answers.get(ticket)?.status)).toEqual([400, 400, 200, 200]);
  });

  test("more join strings or agents than the limits are refused", () => {
    const relay = new RelayBench();
    for (let i = 0; i < INVITES_MOST; i += 1) {
      relay.handle({ kind: "asked", ticket: i + 1, question: { kind: "invite", id: `i${i}`, macKey: "", certificate: "", expiresInMs: minutes(1) } });
    }
    invite(relay, "one too many");
    expect(relay.answers.get(800)?.status).toBe(429);
    const full = new RelayBench();
    for (let i = 0; i < AGENTS_MOST; i += 1) expect(full.joins(testAgent(i + 1))?.status).toBe(200);
    expect(full.joins(testAgent(AGENTS_MOST + 1))?.status).toBe(429);
  });
});

describe("what cannot be read", () => {
  const BODIES: readonly { readonly name: string; readonly body: unknown; readonly field: string | undefined }[] = [
    { name: "nothing", body: undefined, field: undefined },
    { name: "a list", body: [], field: "" },
    { name: "an unknown severity", body: { ...anEscalation(), severity: "urgent" }, field: "severity" },
    { name: "a missing recipient", body: { ...anEscalation(), recipients: [] }, field: "recipients" },
    { name: "a recipient without language", body: { ...anEscalation(), recipients: [{ operator: "li", timezone: "UTC" }] }, field: "recipients[0].language" },
    { name: "a text too long", body: { ...anEscalation(), text: "x".repeat(513) }, field: "text" },
    { name: "an expiry beyond a week", body: { ...anEscalation(), expiresInMs: 604_800_001 }, field: "expiresInMs" },
    { name: "another id than the path", body: anEscalation({ id: "e2" }), field: "id" },
  ];
  for (const { name, body, field } of BODIES) {
    test(`${name}: 400, and the answer names the field`, () => {
      const reply = aRelay().ask("submit", { id: "e1", body });
      expect(reply?.status).toBe(400);
      if (field !== undefined) expect(reply?.body).toMatchObject({ field });
    });
  }

  test("a poll after a word", () => {
    expect(aRelay().ask("events", { query: { after: "yesterday" } })).toMatchObject({ status: 400, body: { field: "after" } });
  });
});

describe("polls", () => {
  test("an agent that has heard of more than this relay remembers gets everything under higher numbers", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.comesBack(ACCEPTED_MAIL);
    expect(relay.events(500)).toMatchObject([{ number: 501, verdict: "accepted" }]);
    relay.restart();
    expect(relay.events(500)).toMatchObject([{ number: 501, verdict: "accepted" }]);
    relay.submits(anEscalation({ id: "e2", occurrence: "2".repeat(26) }));
    relay.comesBack(ACCEPTED_MAIL);
    expect(relay.events(501)).toMatchObject([{ number: 502, escalation: "e2" }]);
  });

  test("wait until there is something to hear", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    const ticket = relay.askLater("events", { query: { after: "0", wait: "25" } });
    relay.passes(seconds(10));
    expect(relay.answers.get(ticket)).toBeUndefined();
    relay.comesBack(ACCEPTED_MAIL);
    expect(relay.answers.get(ticket)?.body).toMatchObject({ events: [{ number: 1, verdict: "accepted", closing: true }] });
  });

  test("or until their time has passed, at most 25 s", () => {
    const relay = aRelay();
    const ticket = relay.askLater("events", { query: { after: "0", wait: "9999" } });
    relay.passes(POLL_MS_MOST - 1);
    expect(relay.answers.get(ticket)).toBeUndefined();
    relay.passes(1);
    expect(relay.answers.get(ticket)).toEqual({ status: 200, body: { events: [] } });
  });

  test("a second one of the same agent ends the first", () => {
    const relay = aRelay();
    const first = relay.askLater("events", { query: { after: "0", wait: "25" } });
    const second = relay.askLater("events", { query: { after: "0", wait: "25" } });
    expect(relay.answers.get(first)?.body).toEqual({ events: [] });
    expect(relay.answers.get(second)).toBeUndefined();
  });

  test("an agent hears only of its own escalations", () => {
    const relay = aRelay();
    const other = testAgent(2);
    relay.joins(other);
    relay.submits(anEscalation());
    relay.comesBack(ACCEPTED_MAIL);
    expect(relay.events(0, other)).toEqual([]);
  });
});

describe("a disk that fails", () => {
  test("nothing is promised any more, and the process ends", () => {
    const relay = aRelay();
    relay.handle({ kind: "storeFailed", reason: "database or disk is full" });
    expect(relay.submits(anEscalation())).toMatchObject({ status: 503 });
    expect(JSON.stringify(relay.submits(anEscalation())?.body)).toContain("disk is full");
    relay.passes(STORE_FAILED_EXIT_MS - 1);
    expect(relay.exits).toEqual([]);
    relay.now = { ...relay.now, mono: relay.now.mono + 1 };
    relay.handle({ kind: "tick" });
    expect(relay.exits).toMatchObject([{ code: 75 }]);
  });
});

test("a command that only invites sends nothing of what it finds waiting", () => {
  const relay = aRelay();
  relay.submits(anEscalation());
  const before = relay.carried.length;
  const silent = new RelayBench({ start: false, disk: relay.disk });
  silent.handle({ kind: "asked", ticket: 1, question: { kind: "invite", id: "i9", macKey: "", certificate: "c", expiresInMs: hours(1) } });
  expect(silent.answers.get(1)?.status).toBe(200);
  expect(silent.carried).toEqual([]);
  expect(relay.carried).toHaveLength(before);
});
