/** How much may go at once, and how much in a while. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Bucket } from "../../lib/base/bucket.ts";

const aBucket = (): Bucket => new Bucket({ perSecond: 10, burst: 5, at: 0 });

test("a burst goes at once, and not one more", () => {
  const bucket = aBucket();
  expect(Array.from({ length: 6 }, () => bucket.allow(0))).toEqual([true, true, true, true, true, false]);
});

test("what has gone comes back with time, up to the burst", () => {
  const bucket = aBucket();
  expect(bucket.allow(0, 5)).toBe(true);
  expect(bucket.allow(99)).toBe(false);
  expect(bucket.allow(100)).toBe(true);
  expect(bucket.allow(100_000, 6)).toBe(false);
  expect(bucket.allow(100_000, 5)).toBe(true);
});

test("it says when enough will be there, and is right to the millisecond", () => {
  const bucket = aBucket();
  bucket.allow(0, 5);
  expect(bucket.readyAt(0, 3)).toBe(300);
  expect(bucket.allow(299, 3)).toBe(false);
  expect(bucket.allow(300, 3)).toBe(true);
  expect(bucket.readyAt(1000)).toBe(1000);
});

test("a clock that goes back takes nothing away", () => {
  const bucket = aBucket();
  expect(bucket.readyAt(1000, 5)).toBe(1000);
  expect(bucket.allow(500, 5)).toBe(true);
});

test("a clock that stands or goes back fills nothing", () => {
  const bucket = aBucket();
  bucket.allow(1000, 5);
  expect(bucket.allow(500)).toBe(false);
  expect(bucket.allow(1000)).toBe(false);
});

test("in no row of tries does more go than the burst and the rate allow", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ afterMs: fc.nat(500), count: fc.integer({ min: 1, max: 4 }) }), { maxLength: 100 }), (tries) => {
      const bucket = aBucket();
      let now = 0;
      let gone = 0;
      for (const { afterMs, count } of tries) {
        now += afterMs;
        if (bucket.allow(now, count)) gone += count;
        expect(gone).toBeLessThanOrEqual(5 + now / 100 + 1e-6);
      }
    }),
    { seed: 5 },
  );
});

test("from the moment at which the pace changes it goes by the new one, and keeps no more than that allows at once", () => {
  const bucket = aBucket();
  bucket.pace({ perSecond: 1, burst: 2 }, 0);
  expect([bucket.allow(0), bucket.allow(0), bucket.allow(0)]).toEqual([true, true, false]);
  expect([bucket.allow(999), bucket.allow(1000)]).toEqual([false, true]);
});
