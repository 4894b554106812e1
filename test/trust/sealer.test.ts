/** One counter in one epoch: no key ever meets the same nonce twice. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { FLAG_BROADCAST, FLAG_DEFLATED, FLAG_REPEAT } from "../../lib/wire/constants.ts";
import { decodeHeader } from "../../lib/wire/packet.ts";
import { KeyRing } from "../../lib/trust/keys.ts";
import { nextEpoch, Sealer } from "../../lib/trust/sealer.ts";
import { aState } from "../support/a-scripted-agent.ts";
import { fill, IDENTITIES } from "../support/a-cluster.ts";

const PLAIN = { broadcast: false, repeat: false, deflate: false } as const;
const BYE = { kind: "bye", body: { why: "" } } as const;

function aSealer(epoch = 5n): Sealer {
  const ring = new KeyRing(IDENTITIES.agent);
  ring.addPeer(IDENTITIES.listener);
  ring.setGroup(1, fill(4));
  return new Sealer({ ring, epoch });
}

test("each packet has the next counter, also after one that could not be made", () => {
  const sealer = aSealer();
  const counters = Array.from({ length: 5 }, (_, at) => {
    sealer.seal(BYE, { kind: "pair", peer: "0000000000000000" }, PLAIN);
    const sealed = sealer.seal(BYE, at % 2 === 0 ? { kind: "group" } : { kind: "pair", peer: IDENTITIES.listener.id }, PLAIN);
    const header = sealed.ok ? decodeHeader(sealed.value) : sealed;
    return header.ok ? header.value.counter : 0n;
  });
  expect(counters).toEqual([2n, 4n, 6n, 8n, 10n]);
  expect(sealer.counter).toBe(10n);
});

test("flags say broadcast, repeat and deflated, and deflated only where it is", () => {
  const sealer = aSealer();
  const states = (count: number) => ({ kind: "state", body: { states: Array.from({ length: count }, () => aState()) } }) as const;
  const flags = (count: number, set: object): number => {
    const sealed = sealer.seal(states(count), { kind: "group" }, { ...PLAIN, ...set });
    const header = sealed.ok ? decodeHeader(sealed.value) : sealed;
    return header.ok ? header.value.flags : -1;
  };
  expect(flags(1, {})).toBe(0);
  expect(flags(1, { broadcast: true, repeat: true })).toBe(FLAG_BROADCAST | FLAG_REPEAT);
  expect(flags(1, { deflate: true })).toBe(0);
  expect(flags(20, { deflate: true, broadcast: true })).toBe(FLAG_DEFLATED | FLAG_BROADCAST);
});

test("what cannot be sealed says why", () => {
  const sealer = aSealer();
  expect(sealer.seal(BYE, { kind: "pair", peer: IDENTITIES.other.id }, PLAIN)).toEqual({ ok: false, fault: { kind: "noKey" } });
  expect(sealer.seal({ kind: "bye", body: { why: "x".repeat(65) } }, { kind: "group" }, PLAIN)).toEqual({ ok: false, fault: { kind: "wrongForm", field: "why" } });
});

test("an epoch is above every earlier one, whatever the clock says, and two that lost everything differ", () => {
  const state = fc.record({ stored: fc.bigInt({ min: 0n, max: 2n ** 63n }), wallMs: fc.oneof(fc.integer({ min: -1000, max: 4e12 }), fc.double({ min: 0, max: 4e12, noNaN: true })), random32: fc.integer({ min: 0, max: 0xffff_ffff }) });
  fc.assert(
    fc.property(state, (life) => {
      const epoch = nextEpoch(life);
      expect(epoch).toBeGreaterThanOrEqual(life.stored + 65_536n);
      expect(epoch).toBeLessThan(2n ** 64n);
      expect(nextEpoch({ ...life, stored: epoch })).toBeGreaterThan(epoch);
    }),
    { seed: 1, numRuns: 300 },
  );
  expect(nextEpoch({ stored: 0n, wallMs: 1000, random32: 1 })).not.toBe(nextEpoch({ stored: 0n, wallMs: 1000, random32: 2 }));
});

test("after an older file was restored under a clock that was set back no epoch comes a second time", () => {
  const before = { stored: 115_873_461_414_720_545n, wallMs: 1000 };
  const epochs = [0, 1, 0x10000, 0xffff_ffff].map((random32) => nextEpoch({ ...before, random32 }));
  expect(new Set(epochs).size).toBe(epochs.length);
});

test("an epoch that is no number of 64 bits is our own bug", () => {
  for (const epoch of [0n, -1n, 2n ** 64n]) expect(() => aSealer(epoch)).toThrow("an epoch is a positive number of 64 bits");
  expect(aSealer(2n ** 64n - 1n).epoch).toBe(2n ** 64n - 1n);
});
