/** Two agents get to know each other: who is present, where it is, and what each lets the other say. */

import { expect, test } from "bun:test";
import { identityFrom } from "../../lib/trust/keys.ts";
import type { Message } from "../../lib/wire/message.ts";
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

test("a listener that has joined at one agent is taken in by the other, under a serial that the other never gives", () => {
  const pair = new TwoAgents();
  pair.pair();
  const at = { host: "10.0.0.20", port: 40_000 };
  pair.b.agent.enrols(identityFrom({ ed: fill(40), x: fill(140) }), { at });
  const { members } = pair.b.agent.ask({ kind: "paired", voice: pair.a.agent.voiceCertificate }) as { readonly members: readonly object[] };
  expect(members).toHaveLength(1);
  expect(pair.b.agent.rows("members")).toMatchObject([{ serial: 1_000_001 }]);
});
