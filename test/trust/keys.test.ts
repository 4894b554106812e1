/** Who we are, and the keys between us. */

import { expect, test } from "bun:test";
import { toHex } from "../../lib/base/bytes.ts";
import { clusterIdOf, identityFrom, KeyRing, pairKey, peerIdOf } from "../../lib/trust/keys.ts";
import { KID_PAIRWISE } from "../../lib/wire/constants.ts";
import { fill, IDENTITIES } from "../support/a-cluster.ts";

const { agent, listener, other } = IDENTITIES;

function aRing(): KeyRing {
  const ring = new KeyRing(agent);
  ring.addPeer(listener);
  ring.setGroup(1, fill(4));
  return ring;
}

test("an identity follows from its seeds, and its id from its public key", () => {
  expect(identityFrom({ ed: fill(2), x: fill(102) }).id).toBe(agent.id);
  expect(peerIdOf(agent.ed)).toBe(agent.id);
  expect(agent.id).toMatch(/^[0-9a-f]{16}$/);
  expect(clusterIdOf(agent.ed)).toHaveLength(16);
});

test("two share one key, a third shares another with each", () => {
  expect(pairKey(agent, listener)).toEqual(pairKey(listener, agent));
  const keys = [pairKey(agent, listener), pairKey(agent, other), pairKey(listener, other)].map(toHex);
  expect(new Set(keys).size).toBe(3);
});

test("each sender, epoch and kid has a traffic key of its own, both directions of a pair included", () => {
  const ring = aRing();
  const key = (set: object): string => toHex(ring.trafficKey({ sender: agent.id, epoch: 1n, kid: KID_PAIRWISE, other: listener.id, ...set }) ?? new Uint8Array());
  const keys = [key({}), key({ sender: listener.id }), key({ epoch: 2n }), key({ kid: 1, other: "" }), key({ kid: 1, other: "", epoch: 2n }), key({ kid: 1, other: "", sender: listener.id })];
  expect(new Set(keys).size).toBe(6);
  expect(keys.every((one) => one.length === 64)).toBe(true);
});

test("a key that is not ours is none", () => {
  const ring = aRing();
  expect(ring.trafficKey({ sender: agent.id, epoch: 1n, kid: 2, other: "" })).toBeUndefined();
  expect(ring.trafficKey({ sender: agent.id, epoch: 1n, kid: 0, other: "" })).toBeUndefined();
  expect(ring.trafficKey({ sender: agent.id, epoch: 1n, kid: KID_PAIRWISE, other: other.id })).toBeUndefined();
});

test("who is taken out is known no more, and shares no key", () => {
  const ring = aRing();
  expect(ring.trafficKey({ sender: listener.id, epoch: 1n, kid: KID_PAIRWISE, other: listener.id })).toBeDefined();
  ring.expel(listener.id);
  expect(ring.has(listener.id)).toBe(false);
  expect(ring.verifier(listener.id)).toBeUndefined();
  expect(ring.trafficKey({ sender: listener.id, epoch: 1n, kid: KID_PAIRWISE, other: listener.id })).toBeUndefined();
});

test("the group key set last seals, earlier ones still open, and a number is from 1 to 32,767", () => {
  const ring = aRing();
  ring.setGroup(2, fill(5));
  expect(ring.groupKid).toBe(2);
  expect(ring.groupKey()).toEqual(fill(5));
  expect(ring.trafficKey({ sender: agent.id, epoch: 1n, kid: 1, other: "" })).toBeDefined();
  for (const kid of [0, KID_PAIRWISE, -1]) expect(() => ring.setGroup(kid, fill(6))).toThrow("a group key has a number from 1 to 32767");
});

test("a traffic key is at hand once it is kept; of too many the oldest is derived anew, and right", () => {
  const ring = aRing();
  const first = { sender: agent.id, epoch: 1n, kid: 1, other: "" };
  const derived = ring.trafficKey(first);
  expect(ring.trafficKey(first)).not.toBe(derived);
  ring.keep(first, derived ?? fill(0));
  expect(ring.trafficKey(first)).toBe(derived);
  for (let epoch = 2n; epoch < 8195n; epoch += 1n) ring.keep({ ...first, epoch }, fill(1));
  expect(ring.trafficKey(first)).not.toBe(derived);
  expect(ring.trafficKey(first)).toEqual(derived ?? fill(0));
  expect(ring.trafficKey({ ...first, epoch: 8194n })).toEqual(fill(1));
});
