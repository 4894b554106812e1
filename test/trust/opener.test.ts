/** What is let in, what is dropped and for which reason: each reason has its count. */

import { deflateRawSync } from "node:zlib";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { concat, toBase64, utf8 } from "../../lib/base/bytes.ts";
import { FLAG_DEFLATED, KID_PAIRWISE, SUITE_CLEAR } from "../../lib/wire/constants.ts";
import type { Message, MessageKind } from "../../lib/wire/message.ts";
import { type Drop, IN_CLEAR, type Opened } from "../../lib/trust/opener.ts";
import { aCluster, aSettledCluster, type Cluster, fill, IDENTITIES, Party } from "../support/a-cluster.ts";
import { ANY_BODY, anyMessageOf, MESSAGE_KINDS } from "../support/any-message.ts";
import { anItem } from "../support/a-scripted-agent.ts";

const SEED = 20_261_125;
const AT = "10.0.0.9";
const ALARM: Message = { kind: "alarm", body: { alarms: [anItem()] } };
const RECEIPT: Message = { kind: "receipt", body: { receipts: [{ id: anItem().id, revision: 1, ring: 1, level: "receipt" }] } };
const BODY = utf8(JSON.stringify(ALARM.body));
const FROM_ANOTHER_AGENT: readonly string[] = ["sync", "synced"];
const FROM_AGENT: readonly MessageKind[] = ["beacon", "welcome", "alarm", "state", "acked", "data", "joined", "pending", "bye", "rekey"];
const SEEK: Message = { kind: "seek", body: fc.sample(ANY_BODY.seek, { seed: 1, numRuns: 1 })[0] ?? { nonce: "", key: "", pad: "" } };
const STRANGERS_SEEK: Message = { kind: "seek", body: { ...(SEEK.kind === "seek" ? SEEK.body : { nonce: "", pad: "" }), key: toBase64(IDENTITIES.stranger.ed) } };
const deep = `{"alarms":[],"more":${'{"a":'.repeat(4)}1${"}".repeat(4)}}`;

/** Every reason, with a datagram that a listener drops for it. */
const DROPS: readonly { readonly name: string; readonly drop: Drop; readonly make: (cluster: Cluster) => Uint8Array; readonly times?: number }[] = [
  { name: "a few bytes", drop: "too short", make: () => new Uint8Array(97) },
  { name: "1,201 bytes", drop: "too long", make: ({ agent }) => concat(agent.seal(ALARM, "group"), new Uint8Array(1200)).subarray(0, 1201) },
  { name: "another program's datagram", drop: "foreign", make: () => fill(1, 100) },
  { name: "version 0", drop: "older version", make: ({ agent }) => agent.seal(ALARM, "group").with(2, 0) },
  { name: "version 2", drop: "newer version", make: ({ agent }) => agent.seal(ALARM, "group").with(2, 2) },
  { name: "a type of later", drop: "unknown type", make: ({ agent }) => agent.seal(ALARM, "group").with(3, 200) },
  { name: "suite 0", drop: "unknown suite", make: ({ agent }) => agent.seal(ALARM, "group").with(5, 0) },
  { name: "its own broadcast", drop: "own echo", make: ({ listener }) => listener.seal(RECEIPT, "group") },
  { name: "what only a listener says", drop: "wrong direction", make: ({ other }) => other.seal(RECEIPT, "group") },
  { name: "an alarm of another listener", drop: "unknown sender", make: ({ other }) => other.seal(ALARM, "group") },
  { name: "an alarm of a stranger", drop: "unknown sender", make: () => new Party({ identity: IDENTITIES.stranger, peers: [], side: "agent" }).seal(ALARM, "group") },
  { name: "an alarm of one that was revoked", drop: "revoked", make: ({ agent, listener }) => {
    listener.ring.expel(IDENTITIES.agent.id);
    return agent.seal(ALARM, "group");
  } },
  { name: "an alarm under a group key that it has not", drop: "unknown key", make: ({ agent }) => agent.forge(BODY, { kid: 9 }) },
  { name: "an alarm with no key at all", drop: "unknown key", make: ({ agent }) => agent.forge(BODY, { kid: 0 }) },
  { name: "an alarm in clear", drop: "seal", make: ({ agent }) => agent.forge(BODY, { suite: SUITE_CLEAR }) },
  { name: "an alarm with one byte wrong", drop: "seal", make: ({ agent }) => agent.seal(ALARM, "group").with(50, 0) },
  { name: "an alarm with bytes behind it", drop: "seal", make: ({ agent }) => concat(agent.seal(ALARM, "group"), new Uint8Array(1)) },
  { name: "an alarm for another listener alone", drop: "seal", make: ({ agent }) => agent.seal(ALARM, IDENTITIES.other) },
  { name: "a listener's alarm in the agent's name", drop: "signature", make: ({ other }) => other.forge(BODY, { sender: IDENTITIES.agent.id }) },
  { name: "a beacon in the agent's name", drop: "signature", make: ({ other }) => other.forge(utf8(JSON.stringify(beaconOf(IDENTITIES.agent.ed))), { kind: "beacon", suite: SUITE_CLEAR, sender: IDENTITIES.agent.id }) },
  { name: "a beacon whose key is not its sender's", drop: "unknown sender", make: () => strangersBeacon(IDENTITIES.other.ed) },
  { name: "a body that is no JSON", drop: "not JSON", make: ({ agent }) => agent.forge(utf8("{")) },
  { name: "a body of depth five", drop: "too deep", make: ({ agent }) => agent.forge(utf8(deep)) },
  { name: "a body of another form", drop: "wrong form", make: ({ agent }) => agent.forge(utf8("{}")) },
  { name: "a body that does not inflate", drop: "does not inflate", make: ({ agent }) => agent.forge(BODY, { flags: FLAG_DEFLATED }) },
  { name: "a body that grows too far", drop: "does not inflate", make: ({ agent }) => agent.forge(new Uint8Array(deflateRawSync(new Uint8Array(20_000))), { flags: FLAG_DEFLATED }) },
  { name: "the same alarm again", drop: "replay", make: ({ agent, listener }) => heardBefore(listener, agent.seal(ALARM, "group")) },
  { name: "an alarm of an earlier life", drop: "replay", make: ({ agent, listener }) => {
    listener.opener.adopt(IDENTITIES.agent.id, { epoch: 2n, counter: 0n });
    return agent.seal(ALARM, "group");
  } },
  { name: "the eleventh SEEK of a host in a moment", drop: "too many", make: () => new Party({ identity: IDENTITIES.stranger, peers: [], side: "client" }).seal(STRANGERS_SEEK, "clear"), times: 11 },
];

function beaconOf(key: Uint8Array): object {
  const [some] = fc.sample(ANY_BODY.beacon, { seed: 3, numRuns: 1 });
  return { ...some, key: toBase64(key) };
}

function strangersBeacon(key: Uint8Array): Uint8Array {
  return new Party({ identity: IDENTITIES.stranger, peers: [], side: "agent" }).forge(utf8(JSON.stringify(beaconOf(key))), { kind: "beacon", suite: SUITE_CLEAR });
}

function heardBefore({ opener }: Party, datagram: Uint8Array): Uint8Array {
  opener.open(datagram, AT, 0);
  return datagram;
}

test.each(DROPS)("$name is dropped: $drop", ({ drop, make, times = 1 }) => {
  const cluster = aSettledCluster();
  const hears = drop === "too many" ? cluster.agent : cluster.listener;
  let last: unknown;
  for (let time = 0; time < times; time += 1) last = hears.opener.open(make(cluster), AT, 0);
  expect(last).toEqual({ ok: false, fault: drop });
  expect(hears.opener.drops()).toEqual({ [drop]: 1 });
});

test("no reason is missing in the table above", () => {
  // Compiles only while every reason is named.
  const all: Readonly<Record<Drop, true>> = {
    "too short": true, "too long": true, foreign: true, "older version": true, "newer version": true, "unknown type": true, "unknown suite": true,
    "not JSON": true, "too deep": true, "wrong form": true, "does not inflate": true, "unknown sender": true, revoked: true, "unknown key": true, "too many": true,
    replay: true, seal: true, signature: true, "wrong direction": true, "own echo": true,
  };
  expect([...new Set(DROPS.map(({ drop }) => drop))].sort()).toEqual(Object.keys(all).sort() as Drop[]);
});

/** Who says it, to whom, and sealed how: the table of the page. */
function said(cluster: Cluster, message: Message): { readonly datagram: Uint8Array; readonly to: Party; readonly from: Party } {
  const clear = IN_CLEAR.includes(message.kind);
  const [from, to] = FROM_AGENT.includes(message.kind) ? [cluster.agent, cluster.listener] : FROM_ANOTHER_AGENT.includes(message.kind) ? [cluster.second, cluster.agent] : [cluster.listener, cluster.agent];
  const group = message.kind === "alarm" || message.kind === "state";
  return { from, to, datagram: from.seal(message, clear ? "clear" : group ? "group" : to.identity, { deflate: true }) };
}

test.each(MESSAGE_KINDS)("%s is opened as it was sealed, once", (kind) => {
  fc.assert(
    fc.property(anyMessageOf(kind), (message) => {
      const cluster = aSettledCluster();
      const { datagram, to, from } = said(cluster, message);
      const opened = to.opener.open(datagram, AT, 0);
      expect(opened).toMatchObject({ ok: true, value: { sender: from.identity.id, epoch: 1n, counter: 1n, freshness: "fresh" } });
      expect(opened.ok ? opened.value.message : undefined).toEqual(message);
      expect(to.opener.open(datagram, AT, 0)).toEqual({ ok: false, fault: "replay" });
    }),
    { seed: SEED, numRuns: 25 },
  );
});

test("any flipped, cut or foreign byte changes nothing: the genuine one is still opened afterwards", () => {
  const hostile = fc.oneof(
    fc.record({ how: fc.constant("flip" as const), at: fc.nat({ max: 1199 }), bit: fc.integer({ min: 0, max: 7 }) }),
    fc.record({ how: fc.constant("cut" as const), at: fc.nat({ max: 1199 }) }),
    fc.record({ how: fc.constant("append" as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
    fc.record({ how: fc.constant("foreign" as const), bytes: fc.uint8Array({ maxLength: 1300, size: "max" }) }),
    fc.record({ how: fc.constant("graft" as const), at: fc.nat({ max: 1199 }), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
  );
  const cluster = aSettledCluster();
  let at = 0;
  fc.assert(
    fc.property(fc.constantFrom(...MESSAGE_KINDS).chain(anyMessageOf), hostile, (message, attack) => {
      // So slowly that no rate is exceeded.
      at += 60_000;
      const { datagram, to } = said(cluster, message);
      const changed = attacked(datagram, attack);
      if (!Buffer.from(changed).equals(Buffer.from(datagram))) expect(to.opener.open(changed, AT, at).ok).toBe(false);
      const opened = to.opener.open(datagram, AT, at);
      expect(opened.ok ? opened.value.message : opened.fault).toEqual(message);
    }),
    { seed: SEED, numRuns: 400 },
  );
});

function attacked(datagram: Uint8Array, attack: { readonly how: "flip" | "cut" | "append" | "foreign" | "graft"; readonly at?: number; readonly bit?: number; readonly bytes?: Uint8Array }): Uint8Array {
  const { how, bit = 0, bytes = new Uint8Array() } = attack;
  const at = (attack.at ?? 0) % datagram.length;
  switch (how) {
    case "flip":
      return datagram.with(at, (datagram[at] ?? 0) ^ (1 << bit));
    case "cut":
      return datagram.subarray(0, at);
    case "append":
      return concat(datagram, bytes);
    case "foreign":
      return bytes;
    case "graft":
      return concat(datagram.subarray(0, at), bytes, datagram.subarray(at + bytes.length)).subarray(0, datagram.length);
  }
}

test("a datagram at an offset in a larger buffer is opened all the same", () => {
  const { agent, listener } = aSettledCluster();
  const larger = concat(fill(9, 13), agent.seal(ALARM, "group"), fill(9, 13));
  expect(listener.opener.open(larger.subarray(13, larger.length - 13), AT, 0).ok).toBe(true);
});

test("what nobody has adopted yet is newer, and however often it comes nothing is taken as seen", () => {
  const { agent, listener } = aCluster();
  const alarm = agent.seal(ALARM, "group");
  const freshness = (): Opened["freshness"] | Drop => {
    const opened = listener.opener.open(alarm, AT, 0);
    return opened.ok ? opened.value.freshness : opened.fault;
  };
  expect([freshness(), freshness()]).toEqual(["newer", "newer"]);
  listener.opener.adopt(IDENTITIES.agent.id, { epoch: 1n, counter: 0n });
  expect([freshness(), freshness()]).toEqual(["fresh", "replay"]);
  expect(listener.opener.seen(IDENTITIES.agent.id)).toEqual({ epoch: 1n, counter: 1n });
  expect(listener.opener.seen(IDENTITIES.other.id)).toBeUndefined();
});

const OLDER: readonly { readonly kind: MessageKind; readonly comes: boolean }[] = MESSAGE_KINDS
  .filter((kind) => !["seek", "join", "joined"].includes(kind))
  .map((kind) => ({ kind, comes: ["hello", "welcome", "ack", "beacon"].includes(kind) }));
test.each(OLDER)("of an earlier life, $kind comes through: $comes", ({ kind, comes }) => {
  const cluster = aSettledCluster();
  const [message] = fc.sample(anyMessageOf(kind), { seed: 4, numRuns: 1 });
  if (message === undefined) throw new Error("a sample");
  const { datagram, to, from } = said(cluster, message);
  to.opener.adopt(from.identity.id, { epoch: 7n, counter: 3n });
  expect(to.opener.open(datagram, AT, 0)).toMatchObject(comes ? { ok: true, value: { freshness: "older" } } : { ok: false, fault: "replay" });
});

test("strangers are heard in clear only where they prove the key that they name", () => {
  const stranger = new Party({ identity: IDENTITIES.stranger, peers: [], side: "client" });
  const { agent, listener } = aSettledCluster();
  expect(agent.opener.open(stranger.seal(STRANGERS_SEEK, "clear"), AT, 0)).toMatchObject({ ok: true, value: { freshness: "stranger", sealed: "clear" } });
  expect(listener.opener.open(strangersBeacon(IDENTITIES.stranger.ed), AT, 0)).toMatchObject({ ok: true, value: { freshness: "stranger" } });
});

test("who has no key cannot use up what a member is granted, however much it sends in the member's name", () => {
  const { agent, listener } = aSettledCluster();
  const garbage = listener.seal(RECEIPT, agent.identity).with(60, 0);
  for (let copy = 0; copy < 5000; copy += 1) agent.opener.open(garbage, AT, 0);
  expect(agent.opener.open(listener.seal(RECEIPT, agent.identity), AT, 0).ok).toBe(true);
  expect(agent.opener.drops()).toEqual({ seal: 5000 });
});

test("a member that floods is held to its rate before its signatures are checked, and heard again a moment later", () => {
  const { agent, listener, other } = aSettledCluster();
  const opened = Array.from({ length: 100 }, () => agent.opener.open(listener.seal(RECEIPT, agent.identity), AT, 0).ok);
  expect(opened.filter((ok) => ok)).toHaveLength(60);
  expect(agent.opener.drops()).toEqual({ "too many": 40 });
  expect(agent.opener.open(other.seal(RECEIPT, agent.identity), "10.0.0.8", 0).ok).toBe(true);
  expect(agent.opener.open(listener.seal(RECEIPT, agent.identity), AT, 50).ok).toBe(true);
});

test("a group key alone, without the agent's address, does not silence the agent", () => {
  const { agent, listener, other } = aSettledCluster();
  const forged = other.forge(BODY, { sender: IDENTITIES.agent.id, counter: 900n });
  listener.opener.open(agent.seal(ALARM, "group"), AT, 0);
  for (let copy = 0; copy < 3000; copy += 1) listener.opener.open(forged, "10.0.0.66", 0);
  expect(listener.opener.open(agent.seal(ALARM, "group"), AT, 0).ok).toBe(true);
});

test("what a revoked listener says is counted as that, and opened no more", () => {
  const { agent, listener } = aSettledCluster();
  agent.ring.expel(IDENTITIES.listener.id);
  expect(agent.opener.open(listener.seal(RECEIPT, agent.identity), AT, 0)).toEqual({ ok: false, fault: "revoked" });
});

test("a packet sealed for the pair is not taken for one of the group, nor the other way round", () => {
  const { agent, listener } = aSettledCluster();
  expect(listener.opener.open(agent.seal(ALARM, listener.identity), AT, 0)).toMatchObject({ ok: true, value: { sealed: "pair" } });
  expect(listener.opener.open(agent.seal(ALARM, "group"), AT, 0)).toMatchObject({ ok: true, value: { sealed: "group" } });
  const swapped = agent.seal(ALARM, "group");
  swapped.set([KID_PAIRWISE >> 8, KID_PAIRWISE & 255], 6);
  expect(listener.opener.open(swapped, AT, 0)).toEqual({ ok: false, fault: "seal" });
});
