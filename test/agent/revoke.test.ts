/** A listener is revoked: from that turn on nothing that it has is good for anything. */

import { describe, expect, test } from "bun:test";
import { toBase64 } from "../../lib/base/bytes.ts";
import { minutes, seconds } from "../../lib/base/units.ts";
import { composeJoin } from "../../lib/trust/enrolment.ts";
import { identityFrom } from "../../lib/trust/keys.ts";
import type { Body } from "../../lib/wire/message.ts";
import { BesiegedAgent, type Said } from "../support/a-besieged-agent.ts";
import { fill, IDENTITIES, Party } from "../support/a-cluster.ts";

const LI_AT = { host: "10.0.0.20", port: 40_000 };
const LOST_AT = { host: "10.0.0.66", port: 6666 };
const ELSEWHERE = { host: "10.9.9.9", port: 9999 };

/** li has two listeners; one of them is stolen. An alarm for li is open, and both have given their receipt. */
function aTheft() {
  const agent = new BesiegedAgent();
  const li = agent.enrols(IDENTITIES.listener, { number: 1, at: LI_AT });
  const lost = agent.enrols(IDENTITIES.other, { number: 2, at: LOST_AT });
  const id = agent.raises("critical");
  for (const [party, at] of [[li, LI_AT], [lost, LOST_AT]] as const) {
    agent.hears(party.seal({ kind: "receipt", body: { receipts: [{ id, revision: 1, ring: 1, level: "receipt" }] } }, agent.voice), at);
  }
  return { agent, li, lost, id };
}

const of = <Kind extends Said["message"]["kind"]>(said: readonly Said[], kind: Kind): readonly Said[] => said.filter(({ message }) => message.kind === kind);

describe("at once", () => {
  test("it is no member any more, and when that was is told", () => {
    const { agent } = aTheft();
    expect(agent.revokes(IDENTITIES.other)).toMatchObject({ status: 200, body: { revoked: [{ id: IDENTITIES.other.id, operator: "li" }], already: [] } });
    expect(agent.listeners()).toMatchObject([{ id: IDENTITIES.listener.id, state: "present" }, { id: IDENTITIES.other.id, state: "revoked", revokedAt: agent.now.wall }]);
  });

  test("what it says is dropped and counted as that of a revoked one", () => {
    const { agent, lost } = aTheft();
    agent.revokes(IDENTITIES.other);
    expect(agent.hears(lost.seal({ kind: "fetch", body: { what: "open" } }, agent.voice), LOST_AT)).toEqual([]);
    expect(agent.hears(lost.seal({ kind: "bye", body: { why: "x" } }, "group"), LOST_AT)).toEqual([]);
    expect(agent.drops()).toEqual({ revoked: 2 });
  });

  test("what it had heard of, it has not given its receipt for", () => {
    const { agent, id } = aTheft();
    expect(Object.keys((agent.row("pushes", id) as { readonly held: object }).held)).toEqual([IDENTITIES.listener.id, IDENTITIES.other.id]);
    agent.revokes(IDENTITIES.other);
    expect(Object.keys((agent.row("pushes", id) as { readonly held: object }).held)).toEqual([IDENTITIES.listener.id]);
    for (const table of ["presence", "windows"]) expect(agent.row(table, IDENTITIES.other.id)).toBeUndefined();
  });

  test("a new group key is used, which the others are told before the next word to all", () => {
    const { agent, li } = aTheft();
    agent.revokes(IDENTITIES.other);
    const said = [...agent.lastSaid, ...agent.passes(seconds(70))];
    const rekeys = of(said, "rekey");
    expect(rekeys.map(({ to }) => to)).toEqual(Array.from(rekeys, () => LI_AT));
    expect(said.findIndex(({ message }) => message.kind === "rekey")).toBeLessThan(said.findIndex(({ message, to }) => to === "everyone" && message.kind === "alarm"));
    expect(of(said, "beacon").every(({ message }) => message.kind === "beacon" && message.body.kid === 17)).toBe(true);
    for (const { datagram } of of(said, "alarm")) expect(li.opener.open(datagram, "10.0.0.1", 0).ok ? "" : "closed").toBe("closed");
  });

  test("nobody is home where it was the only listener of those responsible", () => {
    const agent = new BesiegedAgent();
    agent.enrols(IDENTITIES.other, { number: 2, at: LOST_AT });
    const id = agent.raises("critical");
    agent.passes(seconds(30));
    expect(agent.alarm(id)).toMatchObject({ phase: "waiting" });
    agent.revokes(IDENTITIES.other);
    agent.passes(seconds(11));
    expect(agent.alarm(id)).toMatchObject({ attention: "unacknowledged", phase: "fallback" });
  });
});

describe("for good", () => {
  function joins(agent: BesiegedAgent, number: number): Body<"joined"> {
    const party = new Party({ identity: IDENTITIES.other, peers: [], side: "client" });
    const [said] = agent.hears(party.seal({ kind: "join", body: composeJoin({ invite: agent.invites({ number }), own: IDENTITIES.other, nonce: fill(number, 16), host: "x" }) }, "clear"), ELSEWHERE);
    if (said?.message.kind !== "joined") throw new Error("no answer");
    return said.message.body;
  }

  test.each([2, 3])("its key comes in by no invite, used or new (%d)", (number) => {
    const { agent } = aTheft();
    agent.revokes(IDENTITIES.other);
    const answer = joins(agent, number);
    expect(answer.refused).toContain("revoked");
    expect(answer).not.toHaveProperty("group");
    expect(agent.refused()).toEqual({ "join: revoked": 1 });
  });

  test("after a restart as well", () => {
    const { agent, lost } = aTheft();
    agent.revokes(IDENTITIES.other);
    agent.start();
    agent.hears(lost.seal({ kind: "fetch", body: { what: "open" } }, agent.voice), LOST_AT);
    expect(agent.drops()).toEqual({ revoked: 1 });
    expect(joins(agent, 2).refused).toContain("revoked");
    expect(agent.listeners().map(({ state }) => state)).toEqual(["present", "revoked"]);
    expect(agent.passes(seconds(3)).flatMap(({ message }) => (message.kind === "beacon" ? [message.body.kid] : []))).toEqual([17]);
  });

  test("after a restart on a disk that takes nothing as well: what is said to all, and what it says", () => {
    const { agent, lost } = aTheft();
    agent.revokes(IDENTITIES.other);
    const id = agent.raises("critical", { item: "osd.13" });
    agent.start({ diskBreaks: true });
    const said = [...agent.put({ kind: "storeFailed", reason: "disk I/O error" }), ...agent.passes(seconds(30))];
    const alarms = of(said, "alarm").filter(({ to }) => to === "everyone");
    expect(JSON.stringify(alarms)).toContain(id);
    for (const { datagram } of alarms) expect(lost.opener.open(datagram, "10.0.0.1", 0).ok ? "" : "closed").toBe("closed");
    agent.hears(lost.seal({ kind: "fetch", body: { what: "open" } }, agent.voice), LOST_AT);
    expect(agent.drops()).toEqual({ revoked: 1 });
  });

  test("its serial is given to nobody else", () => {
    const { agent } = aTheft();
    agent.revokes(IDENTITIES.other);
    agent.enrols(IDENTITIES.stranger, { number: 5, at: ELSEWHERE });
    expect(agent.listeners().map(({ serial }) => serial).sort()).toEqual([1, 2, 3]);
  });
});

describe("what changes nothing", () => {
  const unchanged = (agent: BesiegedAgent): void => {
    expect(agent.listeners().map(({ state }) => state)).toEqual(["present", "present"]);
    expect(of(agent.lastSaid, "rekey")).toEqual([]);
    expect(agent.passes(seconds(25)).flatMap(({ message }) => (message.kind === "beacon" ? [message.body.kid] : []))[0]).toBe(1);
  };

  test("a revocation that another key has signed", () => {
    const { agent } = aTheft();
    expect(agent.revokes(IDENTITIES.other, IDENTITIES.other)).toMatchObject({ status: 400, body: { field: "revocations[0]" } });
    unchanged(agent);
  });

  test("a revocation of somebody who has never joined", () => {
    const { agent } = aTheft();
    expect(agent.revokes(identityFrom({ ed: fill(200), x: fill(201) }))).toMatchObject({ status: 404 });
    unchanged(agent);
  });

  test("the same revocation again: it is answered that it was so already, and since when", () => {
    const { agent } = aTheft();
    agent.revokes(IDENTITIES.other);
    agent.passes(minutes(1));
    expect(agent.revokes(IDENTITIES.other)).toMatchObject({ status: 200, body: { revoked: [], already: [{ id: IDENTITIES.other.id, revokedAt: agent.now.wall - minutes(1) }] } });
    expect(agent.passes(seconds(25)).flatMap(({ message }) => (message.kind === "beacon" ? [message.body.kid] : []))[0]).toBe(17);
  });
});

describe("whoever is no member, and asks who is there", () => {
  function asks(agent: BesiegedAgent, identity = IDENTITIES.other): Body<"beacon"> {
    const party = new Party({ identity, peers: [], side: "client", epoch: 9n });
    const seek = { kind: "seek", body: { nonce: toBase64(fill(9, 8)), key: toBase64(identity.ed), pad: ".".repeat(760) } } as const;
    const datagram = party.seal(seek, "clear");
    const [said] = agent.hears(datagram, ELSEWHERE);
    if (said?.message.kind !== "beacon") throw new Error("no beacon");
    expect(said.datagram.length).toBeLessThanOrEqual(datagram.length);
    return said.message.body;
  }

  test("is told so, with the nonce of the question; a member is not", () => {
    const { agent } = aTheft();
    expect(asks(agent)).not.toHaveProperty("unknown");
    agent.revokes(IDENTITIES.other);
    expect(asks(agent)).toMatchObject({ unknown: toBase64(fill(9, 8)) });
    expect(asks(agent, IDENTITIES.listener)).not.toHaveProperty("unknown");
  });

  test("an agent that has lost its database says so to everybody who had joined", () => {
    expect(asks(new BesiegedAgent(), IDENTITIES.listener)).toMatchObject({ unknown: toBase64(fill(9, 8)) });
  });
});
