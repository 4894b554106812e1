import { describe, expect, test } from "bun:test";
import { hours, minutes, seconds } from "../../lib/base/units.ts";
import { CLOSED_KEPT_MS, ESCALATIONS_OPEN_MOST, IN_FLIGHT_MOST, RETRY_MS } from "../../lib/relay/limits.ts";
import { ACCEPTED_MAIL, ACCEPTED_WECOM, AGENT, aRelay, LOST_ANSWER, REFUSED_CONNECTION, type RelayBench, someChannels, testAgent, TOKEN_REPLY, WRONG_SECRET } from "../support/a-relay.ts";
import { anEscalation, aRecipient } from "../support/an-escalation.ts";

const zhao = aRecipient({ operator: "zhao", mail: "zhao@example.com", wecom: "zhao" });
const NO_SUCH_USER = { kind: "smtp", code: 550, response: "550 5.1.1 no such user", command: "rcpt" } as const;

function idsOf(relay: RelayBench): readonly string[] {
  return relay.deliveries.flatMap(({ purpose }) => (purpose.kind === "delivery" ? [purpose.id] : []));
}

describe("which deliveries there are", () => {
  test("one for each operator and channel that is set up, asked for and has an address", () => {
    const relay = aRelay({ channels: someChannels("mail", "wecom") });
    const wang = aRecipient({ operator: "wang", mail: "wang@example.com", wecom: undefined });
    const reply = relay.submits(anEscalation({ recipients: [aRecipient(), wang] }));
    expect(reply).toEqual({ status: 202, body: { id: "e1", stored: true, deliveries: 3 } });
    expect(idsOf(relay)).toEqual(["e1/wecom/li", "e1/mail/li", "e1/mail/wang"]);
  });

  test("a robot's group gets one message, and a verdict for everyone in it", () => {
    const relay = aRelay({ channels: someChannels("wecom-robot") });
    const reply = relay.submits(anEscalation({ recipients: [aRecipient(), zhao] }));
    expect(reply?.body).toMatchObject({ deliveries: 2 });
    expect(relay.deliveries).toHaveLength(1);
    relay.comesBack(ACCEPTED_WECOM);
    expect(relay.events().map(({ operator, verdict }) => `${operator} ${verdict}`)).toEqual(["li accepted", "zhao accepted"]);
  });

  test("an operator named twice is told once", () => {
    const relay = aRelay();
    expect(relay.submits(anEscalation({ recipients: [aRecipient(), aRecipient()] }))?.body).toMatchObject({ deliveries: 1 });
    expect(relay.deliveries).toHaveLength(1);
  });

  test("where no channel reaches anybody, none is promised", () => {
    const relay = aRelay({ channels: someChannels("wecom") });
    expect(relay.submits(anEscalation({ via: ["mail"] }))?.body).toMatchObject({ deliveries: 0 });
    expect(relay.events()).toEqual([]);
  });

  test("an address that relay.yaml does not allow is refused at once and never written to", () => {
    const relay = aRelay({ recipients: { mail: ["*@example.org", "boss@example.com"], wecom: undefined } });
    relay.submits(anEscalation());
    expect(relay.deliveries).toEqual([]);
    expect(relay.verdicts()).toEqual(["mail refused !"]);
    expect(relay.events()[0]?.reason).toContain("recipients");
  });

  test("a step that is told anew goes out under its own name, even while the first is not closed", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.comesBack(ACCEPTED_MAIL);
    expect(relay.submits(anEscalation({ id: "e2", attempt: 2 }))?.body).toMatchObject({ id: "e2", deliveries: 1 });
    relay.restart();
    expect(relay.submits(anEscalation({ id: "e3", attempt: 2 }))?.body).toMatchObject({ id: "e2" });
    expect(relay.submits(anEscalation({ id: "e4" }))?.body).toMatchObject({ id: "e1" });
  });

  test("an alarm that is worse goes first", () => {
    const relay = aRelay();
    for (let i = 0; i < IN_FLIGHT_MOST; i += 1) relay.submits(anEscalation({ id: `first${i}`, step: i }));
    relay.submits(anEscalation({ id: "warning", occurrence: "A", severity: "warning" }));
    relay.submits(anEscalation({ id: "critical", occurrence: "B", severity: "critical" }));
    expect(relay.deliveries).toHaveLength(IN_FLIGHT_MOST);
    relay.comesBack(ACCEPTED_MAIL);
    expect(idsOf(relay).at(-1)).toBe("critical/mail/li");
  });
});

describe("the same escalation again", () => {
  test("same id and body: same answer, nothing sent twice", () => {
    const relay = aRelay();
    const first = relay.submits(anEscalation());
    expect(relay.submits(anEscalation())).toEqual(first);
    relay.comesBack(ACCEPTED_MAIL);
    expect(relay.submits(anEscalation())).toEqual(first);
    expect(relay.carried.filter(({ purpose }) => purpose.kind === "delivery")).toHaveLength(1);
    expect(relay.verdicts()).toEqual(["mail accepted !"]);
  });

  test("same id, other body: 422", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    expect(relay.submits(anEscalation({ text: "something else" }))).toMatchObject({ status: 422, body: { field: "id" } });
  });

  test("same id after everything has ended and been forgotten but the id", () => {
    const relay = aRelay();
    const first = relay.submits(anEscalation());
    relay.comesBack(NO_SUCH_USER);
    expect(relay.submits(anEscalation())).toEqual(first);
    expect(relay.submits(anEscalation({ text: "other" }))?.status).toBe(422);
    expect(relay.deliveries).toEqual([]);
  });

  test("another id for an open occurrence, revision and step is answered with the first's", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    expect(relay.submits(anEscalation({ id: "e2" }))?.body).toEqual({ id: "e1", stored: true, deliveries: 1 });
    expect(relay.submits(anEscalation({ id: "e3", step: 1 }))?.body).toMatchObject({ id: "e3" });
    expect(relay.deliveries).toHaveLength(2);
  });

  test("a second agent of the cluster may word it differently, and hears how it stands", () => {
    const relay = aRelay();
    const second = testAgent(2);
    relay.joins(second);
    relay.submits(anEscalation());
    relay.comesBack(ACCEPTED_MAIL);
    expect(relay.submits(anEscalation({ text: "the same in other words" }), second)).toMatchObject({ status: 202 });
    expect(relay.verdicts(second)).toEqual(["mail accepted !"]);
    expect(relay.carried.filter(({ purpose }) => purpose.kind === "delivery")).toHaveLength(1);
  });

  test("another cluster's id is refused, for every request", () => {
    const relay = aRelay();
    const stranger = testAgent(3, "cluster-2");
    relay.joins(stranger);
    relay.submits(anEscalation());
    expect(relay.submits(anEscalation(), stranger)?.status).toBe(422);
    expect(relay.withdraws("e1", stranger)?.status).toBe(422);
    expect(relay.deliveries).toHaveLength(1);
  });

  test("too many open escalations are refused with 429", () => {
    const relay = aRelay({ channels: someChannels("wecom") });
    const recipients = [aRecipient({ wecom: "li" })];
    // Held open by hand: what counts is the number on disk.
    for (let i = 0; i < ESCALATIONS_OPEN_MOST; i += 1) {
      const body = anEscalation({ id: `e${i}`, step: i, recipients });
      relay.commit([{
        kind: "put", table: "escalations", id: body.id,
        row: {
          id: body.id, cluster: AGENT.cluster, agents: [AGENT.voice.id], digest: "x", occurrence: body.occurrence, revision: 1, step: i,
          deliveries: 1, body, expires: { boot: "boot-1", mono: relay.now.mono + hours(1), wall: relay.now.wall },
        },
      }]);
    }
    relay.restart();
    expect(relay.submits(anEscalation({ id: "one too many", step: 99_999 }))?.status).toBe(429);
  });
});

describe("trying again", () => {
  test("after 1, 5, 15, 60 and 300 s, then every 300 s, but never sooner than the channel allows", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    const waits: number[] = [];
    for (let i = 0; i < RETRY_MS.length + 2; i += 1) {
      relay.comesBack(REFUSED_CONNECTION);
      const before = relay.now.mono;
      for (let passed = 0; relay.deliveries.length === 0 && passed < 3600; passed += 1) relay.passes(seconds(1));
      waits.push((relay.now.mono - before) / 1000);
    }
    expect(waits).toEqual([5, 5, 15, 60, 300, 300, 300]);
  });

  test("the agent hears of the first failure, and again only when the verdict changes", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.comesBack(REFUSED_CONNECTION);
    relay.passes(seconds(5));
    relay.comesBack(REFUSED_CONNECTION);
    expect(relay.verdicts()).toEqual(["mail unreachable"]);
    relay.passes(seconds(5));
    relay.comesBack(ACCEPTED_MAIL);
    expect(relay.verdicts()).toEqual(["mail unreachable", "mail accepted !"]);
    expect(relay.events().map(({ number }) => number)).toEqual([1, 2]);
  });

  test("a person whom the provider does not know is not tried again", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.comesBack(NO_SUCH_USER);
    relay.passes(hours(2));
    expect(relay.verdicts()).toEqual(["mail refused !"]);
    expect(relay.deliveries).toEqual([]);
  });

  test("until the escalation expires, which closes it with the last verdict", () => {
    const relay = aRelay();
    relay.submits(anEscalation({ expiresInMs: minutes(1) }));
    for (const wait of [5, 5, 15, 60]) {
      relay.comesBack(REFUSED_CONNECTION);
      relay.passes(seconds(wait));
    }
    expect(relay.verdicts()).toEqual(["mail unreachable", "mail unreachable !"]);
    relay.passes(hours(1));
    expect(relay.deliveries).toEqual([]);
  });

  test("a call that was never made before the time ran out is unreachable", () => {
    const relay = aRelay();
    for (let i = 0; i < IN_FLIGHT_MOST; i += 1) relay.submits(anEscalation({ id: `first${i}`, step: i }));
    relay.submits(anEscalation({ id: "late", occurrence: "B", expiresInMs: 1000 }));
    relay.passes(seconds(2));
    expect(relay.events()).toMatchObject([{ escalation: "late", verdict: "unreachable", closing: true }]);
  });

  test("a message refused as it is goes once more in its shortest form", () => {
    const relay = aRelay({ channels: someChannels("wecom") });
    relay.submits(anEscalation());
    relay.comesBack({ kind: "https", status: 200, headers: {}, body: '{"errcode":85002,"errmsg":"forbidden words"}' });
    expect(relay.deliveries).toHaveLength(1);
    expect(relay.events()).toEqual([]);
    relay.comesBack(ACCEPTED_WECOM);
    expect(relay.verdicts()).toEqual(["wecom accepted !"]);
  });
});

describe("tokens", () => {
  test("one is fetched for all who wait", () => {
    const relay = aRelay({ channels: someChannels("wecom"), quiet: false });
    relay.comesBack(TOKEN_REPLY, ({ purpose }) => purpose.kind === "token");
    relay.passes(hours(3));
    const before = relay.carried.length;
    relay.submits(anEscalation({ recipients: [aRecipient(), zhao] }));
    relay.submits(anEscalation({ id: "e2", step: 1 }));
    const tokens = relay.calls.filter(({ purpose }) => purpose.kind === "token");
    expect(tokens.length).toBeLessThanOrEqual(1);
    expect(relay.deliveries).toEqual([]);
    relay.comesBack(TOKEN_REPLY, ({ purpose }) => purpose.kind === "token");
    expect(relay.deliveries).toHaveLength(3);
    expect(relay.carried.length).toBeGreaterThan(before);
  });

  test("a stale one is fetched anew and the message repeated once", () => {
    const relay = aRelay({ channels: someChannels("wecom") });
    const stale = { kind: "https", status: 200, headers: {}, body: '{"errcode":42001,"errmsg":"access_token expired"}' } as const;
    relay.submits(anEscalation());
    relay.comesBack(stale);
    expect(relay.carried.filter(({ purpose }) => purpose.kind === "token")).toHaveLength(2);
    expect(relay.events()).toEqual([]);
    relay.comesBack(stale);
    expect(relay.verdicts()).toEqual(["wecom refused"]);
  });

  test("where none is given everyone who waits is told why, and it is tried again later", () => {
    const relay = aRelay({ channels: someChannels("wecom"), quiet: false });
    relay.comesBack(WRONG_SECRET, ({ purpose }) => purpose.kind === "token");
    relay.submits(anEscalation({ recipients: [aRecipient(), zhao] }));
    expect(relay.verdicts()).toEqual(["wecom refused", "wecom refused"]);
    relay.passes(minutes(11));
    relay.comesBack(TOKEN_REPLY, ({ purpose }) => purpose.kind === "token");
    expect(relay.deliveries).toHaveLength(2);
  });
});

describe("withdrawn", () => {
  test("what has not gone does not go", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.comesBack(REFUSED_CONNECTION);
    expect(relay.withdraws("e1")).toEqual({ status: 200, body: { id: "e1" } });
    relay.passes(hours(1));
    expect(relay.deliveries).toEqual([]);
    expect(relay.verdicts()).toEqual(["mail unreachable", "mail unreachable !"]);
  });

  test("what is under way ends by itself and is not repeated", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.withdraws("e1");
    relay.comesBack(REFUSED_CONNECTION);
    relay.passes(hours(1));
    expect(relay.deliveries).toEqual([]);
    expect(relay.verdicts()).toEqual(["mail unreachable !"]);
  });

  test("twice, or for an id that was never heard of, is the same as once", () => {
    const relay = aRelay();
    expect(relay.withdraws("e9")?.status).toBe(200);
    expect(relay.withdraws("e9")?.status).toBe(200);
  });

  test("before the submission that it overtook: nothing is sent", () => {
    const relay = aRelay();
    const early = relay.request("submit", { id: "e1", body: anEscalation() });
    relay.withdraws("e1");
    relay.handle({ kind: "requested", request: early, ticket: 900 });
    expect(relay.answers.get(900)?.status).toBe(202);
    expect(relay.deliveries).toEqual([]);
  });

  test("by one agent before the other of the cluster has submitted: it goes, rather twice than not at all", () => {
    const relay = aRelay();
    const second = testAgent(2);
    relay.joins(second);
    relay.withdraws("e1");
    relay.submits(anEscalation(), second);
    expect(relay.deliveries).toHaveLength(1);
  });

  test("and submitted again later, because the alarm is back: it goes", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.comesBack(REFUSED_CONNECTION);
    relay.withdraws("e1");
    expect(relay.submits(anEscalation())?.status).toBe(202);
    expect(relay.deliveries).toHaveLength(1);
    relay.comesBack(ACCEPTED_MAIL);
    expect(relay.verdicts().at(-1)).toBe("mail accepted !");
  });

  test("and submitted again while a call is under way: its answer counts once and nobody is called twice", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.notices("e1");
    relay.submits(anEscalation());
    expect(relay.deliveries).toHaveLength(1);
    relay.comesBack(ACCEPTED_MAIL);
    relay.passes(hours(1));
    expect(relay.deliveries).toEqual([]);
    expect(relay.verdicts()).toEqual(["mail accepted !"]);
  });

  test("the answer to a call of an earlier life is not taken for that of the present one", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    const [old] = relay.deliveries;
    relay.restart();
    relay.passes(seconds(1));
    if (old !== undefined) relay.handle({ kind: "carried", purpose: { ...old.purpose, call: 99 } as typeof old.purpose, reply: ACCEPTED_MAIL });
    expect(relay.verdicts()).toEqual(["mail unsure"]);
  });

  test("and submitted again: whoever was told already is not told twice, and the agent hears so", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.comesBack(ACCEPTED_MAIL);
    relay.withdraws("e1");
    relay.submits(anEscalation());
    expect(relay.deliveries).toEqual([]);
    expect(relay.verdicts()).toEqual(["mail accepted !", "mail accepted !"]);
  });
});

describe("notices", () => {
  test("everyone told is told once how it ended", () => {
    const relay = aRelay();
    relay.submits(anEscalation({ recipients: [aRecipient(), zhao] }));
    relay.comesBack(ACCEPTED_MAIL);
    relay.comesBack(REFUSED_CONNECTION);
    expect(relay.notices("e1")).toEqual({ status: 202, body: { id: "e1", told: 1 } });
    expect(relay.notices("e1", { kind: "cleared", by: "" })).toEqual({ status: 202, body: { id: "e1", told: 0 } });
    expect(relay.deliveries).toHaveLength(1);
    expect(JSON.stringify(relay.deliveries[0]?.request)).toContain("li@example.com");
    relay.comesBack(ACCEPTED_MAIL);
    relay.passes(hours(1));
    expect(relay.deliveries).toEqual([]);
    expect(relay.verdicts()).toEqual(["mail accepted !", "mail unreachable", "mail unreachable !"]);
  });

  test("whoever may have been told is told as well, also when that comes out later", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.notices("e1");
    expect(relay.deliveries).toHaveLength(1);
    relay.comesBack(LOST_ANSWER);
    expect(idsOf(relay)).toEqual(["e1/mail/li/notice"]);
  });

  test("one that cannot go is tried again, also past the end of the escalation", () => {
    const relay = aRelay();
    relay.submits(anEscalation({ expiresInMs: minutes(10) }));
    relay.comesBack(ACCEPTED_MAIL);
    relay.passes(minutes(9));
    relay.notices("e1");
    relay.comesBack(REFUSED_CONNECTION);
    relay.passes(minutes(5));
    expect(relay.deliveries).toHaveLength(1);
  });

  test("for an id that was never heard of nobody is told", () => {
    expect(aRelay().notices("e9")).toEqual({ status: 202, body: { id: "e9", told: 0 } });
  });
});

describe("addresses", () => {
  const onDisk = (relay: RelayBench): boolean => JSON.stringify(relay.rows("escalations")).includes("li@example.com");

  test("stay until everyone told has heard the end, and not longer", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.comesBack(ACCEPTED_MAIL);
    expect(onDisk(relay)).toBe(true);
    relay.notices("e1");
    relay.comesBack(ACCEPTED_MAIL);
    expect(onDisk(relay)).toBe(false);
    expect(relay.rows("deliveries")).toEqual([]);
    expect(relay.rows("escalations")).toHaveLength(1);
  });

  test("go when the escalation expires though nobody ever said how it ended", () => {
    const relay = aRelay();
    relay.submits(anEscalation({ expiresInMs: hours(1) }));
    relay.comesBack(ACCEPTED_MAIL);
    relay.passes(hours(1));
    expect(onDisk(relay)).toBe(false);
  });

  test("the id is kept for seven days more", () => {
    const relay = aRelay();
    relay.submits(anEscalation());
    relay.comesBack(NO_SUCH_USER);
    relay.passes(CLOSED_KEPT_MS - 1);
    expect(relay.rows("escalations")).toHaveLength(1);
    relay.passes(1);
    expect(relay.rows("escalations")).toEqual([]);
  });
});
