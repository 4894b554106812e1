/** Joining by approval, at the agent: who waits, for how long, how many, and who comes in. */

import { expect, test } from "bun:test";
import { HOST_EVERY_MS, NEW, PENDING_MOST, PENDING_MS, REVEAL_MS } from "../../lib/agent/approvals.ts";
import { toBase64 } from "../../lib/base/bytes.ts";
import { seconds } from "../../lib/base/units.ts";
import { composeCommit, judgeApproved, padded } from "../../lib/trust/approval.ts";
import { BesiegedAgent, type Said } from "../support/a-besieged-agent.ts";
import { fill, IDENTITIES, Party } from "../support/a-cluster.ts";
import { Newcomer } from "../support/a-newcomer.ts";

const pending = (agent: BesiegedAgent): readonly { readonly code: string; readonly host: string; readonly operator: string; readonly address: string }[] =>
  (agent.ask({ kind: "approvals" }) as { readonly pending: readonly { code: string; host: string; operator: string; address: string }[] }).pending;
const codes = (agent: BesiegedAgent): readonly string[] => pending(agent).map(({ code }) => code);
const refusal = (said: Said | undefined): string | undefined => (said?.message.kind === "pending" ? said.message.body.refused : undefined);

function joins(newcomer: Newcomer, said: Said | undefined): boolean {
  if (said?.message.kind !== "joined" || newcomer.offer === undefined) return false;
  return judgeApproved(said.message.body, { asking: newcomer.asking, offer: newcomer.offer, own: newcomer.identity }).ok;
}

test("a listener that is approved comes in, and has the same answer however often it asks, also after the agent was killed", () => {
  const agent = new BesiegedAgent();
  const newcomer = new Newcomer(1, { operator: "li" });
  newcomer.waits(agent);
  expect(pending(agent)).toMatchObject([{ code: newcomer.code, host: "laptop-1", operator: "li", address: "10.0.1.1" }]);
  expect(agent.ask({ kind: "approved", warrant: newcomer.warrant() })).toMatchObject({ listener: newcomer.identity.id, operator: "li", robot: false });
  expect(agent.listeners().map(({ id }) => id)).toEqual([newcomer.identity.id]);
  const first = newcomer.asks(agent, { revealed: true });
  expect(joins(newcomer, first)).toBe(true);
  agent.start();
  const again = newcomer.asks(agent, { revealed: true });
  expect(again?.message).toEqual(first?.message as never);
});

test("what the operator asks for is only asked: the warrant says who it is, and whether a person", () => {
  const agent = new BesiegedAgent();
  const newcomer = new Newcomer(1, { operator: "chief" });
  newcomer.waits(agent);
  expect(agent.ask({ kind: "approved", warrant: newcomer.warrant({ operator: "zhao", robot: true }) })).toMatchObject({ operator: "zhao", robot: true });
});

test("two that wait at once have two codes, and the warrant of one lets in no other", () => {
  const agent = new BesiegedAgent();
  const [first, second] = [new Newcomer(1), new Newcomer(2)];
  for (const newcomer of [first, second]) newcomer.waits(agent);
  expect(codes(agent)).toEqual([first.code, second.code]);
  agent.ask({ kind: "approved", warrant: second.warrant() });
  expect(codes(agent)).toEqual([first.code]);
  expect([joins(first, first.asks(agent, { revealed: true })), joins(second, second.asks(agent, { revealed: true }))]).toEqual([false, true]);
});

test("an approval is good once", () => {
  const agent = new BesiegedAgent();
  const newcomer = new Newcomer(1);
  newcomer.waits(agent);
  const warrant = newcomer.warrant();
  agent.ask({ kind: "approved", warrant });
  expect(agent.ask({ kind: "approved", warrant })).toMatchObject({ error: expect.stringContaining("does not wait any more") });
});

test("a warrant that the cluster key has not signed, or that is for another transcript, lets nobody in", () => {
  const agent = new BesiegedAgent();
  const newcomer = new Newcomer(1);
  newcomer.waits(agent);
  expect(agent.ask({ kind: "approved", warrant: newcomer.warrant({ hash: toBase64(fill(9)) }) })).toHaveProperty("error");
  expect(agent.ask({ kind: "approved", warrant: newcomer.warrant({ signer: IDENTITIES.other }) })).toMatchObject({ field: "warrant" });
  expect([agent.listeners(), codes(agent)]).toEqual([[], [newcomer.code]]);
});

test("a listener that waits is told nothing of an alarm", () => {
  const agent = new BesiegedAgent();
  const newcomer = new Newcomer(1);
  newcomer.waits(agent);
  agent.raises("critical");
  const said = [...agent.passes(seconds(30)), ...[newcomer.asks(agent, { revealed: true })].filter((one) => one !== undefined)];
  expect(said.some(({ message }) => message.kind === "alarm")).toBe(true);
  for (const { message, datagram } of said) {
    const opened = new Party({ identity: newcomer.identity, peers: [], side: "client" }).opener.open(datagram, "10.0.0.1", 0);
    expect(opened.ok).toBe(["beacon", "pending"].includes(message.kind));
  }
});

test("after a restart the agent says that it does not know the request", () => {
  const agent = new BesiegedAgent();
  const newcomer = new Newcomer(1);
  newcomer.waits(agent);
  agent.start();
  expect(codes(agent)).toEqual([]);
  expect(refusal(newcomer.asks(agent, { revealed: true }))).toContain("restarted");
  expect(agent.refused()).toEqual({ "approval: unknown": 1 });
});

test("who waits is forgotten after ten minutes, who never reveals after half a one", () => {
  const agent = new BesiegedAgent();
  const [silent, newcomer] = [new Newcomer(1), new Newcomer(2)];
  silent.asks(agent, { revealed: false });
  newcomer.waits(agent);
  agent.passes(REVEAL_MS);
  expect(refusal(silent.asks(agent, { revealed: true }))).toContain("knows no such request");
  agent.passes(PENDING_MS - REVEAL_MS - 1);
  expect(codes(agent)).toEqual([newcomer.code]);
  agent.passes(1);
  expect(codes(agent)).toEqual([]);
  expect(agent.ask({ kind: "approved", warrant: newcomer.warrant() })).toHaveProperty("error");
});

test("a host has one new request every ten seconds; who repeats its own is no new one", () => {
  const agent = new BesiegedAgent();
  const [first, second] = [new Newcomer(1), new Newcomer(2, { from: "10.0.1.1" })];
  for (let time = 0; time < 3; time += 1) expect(refusal(first.asks(agent, { revealed: false }))).toBeUndefined();
  expect(refusal(second.asks(agent, { revealed: false }))).toContain("a moment ago");
  agent.passes(HOST_EVERY_MS);
  expect(refusal(second.asks(agent, { revealed: false }))).toBeUndefined();
});

test("no more than thirty-two wait, and of all hosts together they come slowly", () => {
  const agent = new BesiegedAgent();
  for (let number = 1; number <= PENDING_MOST; number += 1) new Newcomer(number).waits(agent);
  expect(refusal(new Newcomer(40).asks(agent, { revealed: false }))).toContain("Too many");
  agent.passes(PENDING_MS);
  const taken = Array.from({ length: 60 }, (_, at) => refusal(new Newcomer(at + 1).asks(agent, { revealed: false }))).filter((why) => why === undefined);
  expect(taken).toHaveLength(PENDING_MOST);
  agent.passes(REVEAL_MS);
  const later = Array.from({ length: 60 }, (_, at) => refusal(new Newcomer(at + 1).asks(agent, { revealed: false }))).filter((why) => why === undefined);
  expect(later).toHaveLength((NEW.perSecond * REVEAL_MS) / 1000);
});

test("a listener that asks anew has another code, and the old one is dead", () => {
  const agent = new BesiegedAgent();
  const first = new Newcomer(1);
  first.waits(agent);
  const again = new Newcomer(1, { nonce: toBase64(fill(77, 16)) });
  agent.passes(HOST_EVERY_MS);
  again.waits(agent);
  expect(again.code).not.toBe(first.code);
  expect(codes(agent)).toEqual([again.code]);
});

test("the same commitment after ten minutes is another request, with another nonce", () => {
  const agent = new BesiegedAgent();
  const newcomer = new Newcomer(1);
  newcomer.waits(agent);
  const before = newcomer.code;
  agent.passes(PENDING_MS);
  newcomer.waits(agent);
  expect(newcomer.code).not.toBe(before);
});

test("what is revealed must have been committed to, with the sender's own key", () => {
  const agent = new BesiegedAgent();
  const newcomer = new Newcomer(1);
  newcomer.asks(agent, { revealed: false });
  const { commit } = composeCommit(newcomer.asking, { revealed: false });
  for (const change of [{ host: "elsewhere" }, { operator: "chief" }, { nonce: toBase64(fill(78, 16)) }]) {
    const body = padded({ ...composeCommit({ ...newcomer.asking, ...change }, { revealed: true }), commit });
    expect(refusal(agent.hears(newcomer.party.seal({ kind: "commit", body }, "clear"), newcomer.at)[0])).toContain("not what was committed to");
  }
  const unsound = new Newcomer(2, { x: toBase64(fill(0)) });
  unsound.asks(agent, { revealed: false });
  expect(refusal(unsound.asks(agent, { revealed: true }))).toContain("give no secret");
  expect(codes(agent)).toEqual([]);
});

test("a listener whose membership was lost is let in anew with its keys", () => {
  const agent = new BesiegedAgent();
  agent.enrols(IDENTITIES.listener, { at: { host: "10.0.0.20", port: 40_000 } });
  const newcomer = new Newcomer(3, { identity: IDENTITIES.listener });
  newcomer.party.sealer = new Party({ identity: IDENTITIES.listener, peers: [], side: "client", epoch: 9n }).sealer;
  newcomer.waits(agent);
  agent.ask({ kind: "approved", warrant: newcomer.warrant({ operator: "zhao" }) });
  expect(joins(newcomer, newcomer.asks(agent, { revealed: true }))).toBe(true);
  expect(agent.listeners()).toMatchObject([{ id: IDENTITIES.listener.id, operator: "zhao" }]);
});

test("a key that was revoked comes in by no approval, asked for before or after", () => {
  const agent = new BesiegedAgent();
  agent.enrols(IDENTITIES.listener, { at: { host: "10.0.0.20", port: 40_000 } });
  const newcomer = new Newcomer(3, { identity: IDENTITIES.listener });
  newcomer.party.sealer = new Party({ identity: IDENTITIES.listener, peers: [], side: "client", epoch: 9n }).sealer;
  newcomer.waits(agent);
  agent.revokes(IDENTITIES.listener);
  agent.ask({ kind: "approved", warrant: newcomer.warrant() });
  expect(agent.listeners().map(({ state }) => state)).toEqual(["revoked"]);
  expect(refusal(newcomer.asks(agent, { revealed: true }))).toContain("revoked");
  expect(refusal(newcomer.asks(agent, { revealed: false }))).toContain("revoked");
});

test("a member cannot ask in the name of another's keys", () => {
  const agent = new BesiegedAgent();
  const mallory = agent.enrols(IDENTITIES.other, { at: { host: "10.0.0.66", port: 6666 } });
  const { asking, at } = new Newcomer(1);
  const says = (revealed: boolean): Said | undefined => agent.hears(mallory.seal({ kind: "commit", body: composeCommit(asking, { revealed }) }, "clear"), at)[0];
  says(false);
  expect(refusal(says(true))).toContain("not what was committed to");
  expect(codes(agent)).toEqual([]);
});

test("once nothing can be stored, nobody is told that he was let in", () => {
  const agent = new BesiegedAgent();
  const newcomer = new Newcomer(1);
  newcomer.waits(agent);
  agent.ask({ kind: "approved", warrant: newcomer.warrant() });
  agent.put({ kind: "storeFailed", reason: "input/output error" });
  expect(newcomer.asks(agent, { revealed: true })).toBeUndefined();
});
