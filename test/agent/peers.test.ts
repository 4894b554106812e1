/** Two agents get to know each other: who is present, where it is, and what each lets the other say. */

import { expect, test } from "bun:test";
import { identityFrom } from "../../lib/trust/keys.ts";
import type { Body, Message } from "../../lib/wire/message.ts";
import { BesiegedAgent } from "../support/a-besieged-agent.ts";
import { fill, IDENTITIES, Party } from "../support/a-cluster.ts";
import { TwoAgents } from "../support/two-agents.ts";

test("two agents that have been paired hear each other within seconds", () => {
  const pair = new TwoAgents();
  pair.pair();
  pair.passes(25_000);
  expect([pair.present(pair.a), pair.present(pair.b)]).toEqual([["node2"], ["node1"]]);
  expect(pair.peers(pair.a)).toMatchObject([{ address: "10.0.0.2:11115" }]);
});

test("agents that nobody has paired say nothing to each other", () => {
  const pair = new TwoAgents();
  pair.passes(60_000);
  expect(pair.said.filter(({ to }) => to === "agents")).toEqual([]);
  expect(pair.peers(pair.a)).toEqual([]);
});

test("an agent that is heard and does not hear is not present", () => {
  const pair = new TwoAgents();
  pair.pair();
  pair.passes(25_000);
  pair.cut = { toA: false, toB: true };
  pair.passes(120_000);
  expect([pair.present(pair.a), pair.present(pair.b)]).toEqual([[], []]);
  pair.cut = { toA: false, toB: false };
  pair.passes(25_000);
  expect([pair.present(pair.a), pair.present(pair.b)]).toEqual([["node2"], ["node1"]]);
});

test("an agent that starts again is heard again at once, and its earlier life is not", () => {
  const pair = new TwoAgents();
  pair.pair();
  pair.passes(25_000);
  const recorded = pair.said.filter(({ by, message }) => by === "b" && message.kind === "hello");
  pair.b.agent.start();
  pair.passes(3000);
  expect(pair.present(pair.b)).toEqual(["node1"]);
  const [hello] = recorded;
  expect(hello).toBeDefined();
  pair.cut = { toA: true, toB: true };
  pair.passes(120_000);
  if (hello !== undefined) pair.a.agent.hears(hello.datagram, pair.b.at);
  expect(pair.present(pair.a)).toEqual([]);
});

test("an agent that has moved is found where it is now", () => {
  const pair = new TwoAgents();
  pair.pair();
  pair.passes(25_000);
  pair.b.at = { host: "10.0.0.77", port: 11_115 };
  pair.passes(60_000);
  expect(pair.peers(pair.a)).toMatchObject([{ address: "10.0.0.77:11115", present: true }]);
});

test("what an agent knows of the other outlives a restart", () => {
  const pair = new TwoAgents();
  pair.pair();
  pair.passes(25_000);
  pair.a.agent.start();
  expect(pair.peers(pair.a)).toMatchObject([{ name: "node2", address: "10.0.0.2:11115", present: false }]);
});

test("a listener cannot say what only agents say to each other, nor an agent what only listeners say", () => {
  const pair = new TwoAgents();
  pair.pair();
  const b = pair.b.agent.party;
  const receipt: Message = { kind: "receipt", body: { receipts: [{ id: "0".repeat(26), revision: 1, ring: 1, level: "receipt" }] } };
  pair.a.agent.hears(b.seal(receipt, pair.a.agent.voice), pair.b.at);
  const listener = new Party({ identity: IDENTITIES.listener, peers: [pair.a.agent.voice], side: "client" });
  pair.a.agent.party.ring.addPeer(IDENTITIES.listener);
  const welcome: Message = { kind: "welcome", body: { nonce: "AAAA", epoch: "1", counter: "1", kid: 1, voice: "AAAA", rules: "", wall: 0 } };
  pair.a.agent.hears(listener.seal(welcome, pair.a.agent.voice), { host: "10.0.0.9", port: 9 });
  expect(pair.a.agent.drops()).toMatchObject({ "wrong direction": 2 });
});

test("a voice that the cluster key has not signed is refused", () => {
  const pair = new TwoAgents();
  const stranger = new TwoAgents().b.agent;
  expect(pair.a.agent.ask({ kind: "paired", voice: `${stranger.voiceCertificate.slice(0, -4)}AAAA` })).toMatchObject({ field: "voice" });
  expect(pair.a.agent.ask({ kind: "paired", voice: pair.a.agent.voiceCertificate })).toMatchObject({ error: "The certificate is this agent's own" });
});

const LAPTOP_AT = { host: "10.0.0.20", port: 40_000 };

test("an agent gives serials that no other agent gives", () => {
  const pair = new TwoAgents();
  pair.b.agent.enrols(identityFrom({ ed: fill(40), x: fill(140) }), { at: LAPTOP_AT });
  pair.b.agent.enrols(identityFrom({ ed: fill(41), x: fill(141) }), { at: LAPTOP_AT, number: 2 });
  expect(pair.b.agent.rows("members").map((row) => (row as { readonly serial: number }).serial).sort()).toEqual([1_000_001, 1_000_002]);
});

test("a listener that the grant names is taken in at the first start by its certificates, and welcomed", () => {
  const pair = new TwoAgents();
  const laptop = pair.a.agent.enrols(identityFrom({ ed: fill(40), x: fill(140) }), { at: LAPTOP_AT });
  const granted = pair.a.agent.ask({ kind: "paired", voice: pair.b.agent.voiceCertificate }) as { readonly members: readonly object[]; readonly invites: readonly object[] };
  pair.b.agent.keeps("peers", pair.a.agent.voice.id, { voice: pair.a.agent.voiceCertificate });
  pair.b.agent.keeps("meta", "granted", { members: granted.members, invites: granted.invites });
  pair.b.agent.start();
  expect(pair.b.agent.rows("members")).toMatchObject([{ id: laptop.identity.id, operator: "li", serial: 1 }]);
  expect(pair.b.agent.rows("invites")).toMatchObject([{ usedBy: expect.any(String) }]);
  laptop.ring.addPeer(pair.b.agent.voice);
  const hello = laptop.seal({ kind: "hello", body: helloBody(pair.b.agent.challenge()) }, pair.b.agent.voice);
  expect(pair.b.agent.hears(hello, LAPTOP_AT).map(({ message }) => message.kind)).toContain("welcome");
});

test("a listener whose certificate no agent of the cluster has signed is not taken in", () => {
  const pair = new TwoAgents();
  pair.a.agent.enrols(identityFrom({ ed: fill(40), x: fill(140) }), { at: LAPTOP_AT });
  const { members } = pair.a.agent.ask({ kind: "paired", voice: pair.b.agent.voiceCertificate }) as { readonly members: readonly object[] };
  // b has not been told of a, whose signature it is.
  pair.b.agent.keeps("meta", "granted", { members, invites: [] });
  pair.b.agent.start();
  expect(pair.b.agent.rows("members")).toEqual([]);
});

test("a rebuilt agent takes the place of the lost one of its name, whose voice is believed no more", () => {
  const pair = new TwoAgents();
  const rebuilt = new BesiegedAgent({ number: 3, agentName: "node2" });
  pair.pair();
  pair.passes(25_000);
  pair.a.agent.ask({ kind: "paired", voice: rebuilt.voiceCertificate });
  expect(pair.peers(pair.a).map(({ name, present }) => ({ name, present }))).toEqual([{ name: "node2", present: false }]);
  pair.passes(60_000);
  expect(pair.a.agent.drops()["revoked"]).toBeGreaterThan(0);
});

test("an agent that is gone for good is forgotten once it is not heard", () => {
  const pair = new TwoAgents();
  pair.pair();
  pair.passes(25_000);
  expect(pair.a.agent.ask({ kind: "unpaired", agent: "node2" })).toMatchObject({ error: 'Agent "node2" is heard now: stop it first' });
  expect(pair.a.agent.ask({ kind: "unpaired", agent: "node9" })).toMatchObject({ expected: "node2" });
  pair.cut = { toA: true, toB: true };
  pair.passes(120_000);
  expect(pair.a.agent.ask({ kind: "unpaired", agent: "node2" })).toEqual({ agent: "node2" });
  pair.a.agent.start();
  expect(pair.a.agent.ask({ kind: "peers" })).toEqual({ serial: 2, peers: [] });
});

function helloBody(challenge: string): Body<"hello"> {
  return { nonce: "AAAA", challenge, versions: [1, 1], serial: 1, host: "laptop", seat: "person", heard: { epoch: "0", counter: "0" }, open: "", rules: "", build: "test" };
}
