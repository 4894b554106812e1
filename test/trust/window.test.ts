/** What is still fresh. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { WINDOW_COUNTERS, Window } from "../../lib/trust/window.ts";

const LAST = 2n ** 64n - 1n;

/** Whether each of these counters is taken, one after the other. */
function taken(highest: bigint, counters: readonly bigint[]): readonly boolean[] {
  const window = new Window(highest);
  return counters.map((counter) => {
    const fresh = window.check(counter);
    if (fresh) window.commit(counter);
    return fresh;
  });
}

/** V12 of the golden vectors: other implementations must answer the same. */
const SEQUENCES: readonly { readonly name: string; readonly highest: bigint; readonly counters: readonly bigint[]; readonly fresh: readonly boolean[] }[] = [
  { name: "in order", highest: 0n, counters: [1n, 2n, 3n], fresh: [true, true, true] },
  { name: "out of order", highest: 0n, counters: [3n, 1n, 2n], fresh: [true, true, true] },
  { name: "twice", highest: 0n, counters: [1n, 1n, 2n, 1n, 2n], fresh: [true, false, true, false, false] },
  { name: "what was adopted counts as seen", highest: 500n, counters: [500n, 499n, 1n, 0n, 501n], fresh: [false, false, false, false, true] },
  { name: "1,023 behind", highest: 0n, counters: [1024n, 1n], fresh: [true, true] },
  { name: "1,024 behind", highest: 0n, counters: [1025n, 1n], fresh: [true, false] },
  { name: "a leap of more than the window forgets what was before", highest: 0n, counters: [1n, 5000n, 3977n, 3976n, 5000n], fresh: [true, true, true, false, false] },
  { name: "a leap of just the window", highest: 0n, counters: [1n, 1025n, 2n, 1025n], fresh: [true, true, true, false] },
  { name: "the last counter of all", highest: 0n, counters: [LAST, LAST, LAST - 1n, LAST - 1024n], fresh: [true, false, true, false] },
  { name: "nothing below zero's", highest: 0n, counters: [0n], fresh: [false] },
];
test.each(SEQUENCES)("$name", ({ highest, counters, fresh }) => {
  expect(taken(highest, counters)).toEqual([...fresh]);
});

test("in any order each counter is taken at most once, and none that has fallen out of the window", () => {
  const counter = fc.oneof(fc.bigInt({ min: 0n, max: 3000n }), fc.bigInt({ min: LAST - 2000n, max: LAST }));
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2000n }), fc.array(counter, { maxLength: 300, size: "max" }), (highest, counters) => {
      const once = new Set<bigint>();
      let top = highest;
      taken(highest, counters).forEach((fresh, at) => {
        const one = counters[at] ?? 0n;
        // What a plain set would say, were it as large as it likes.
        const expected = one > highest && !once.has(one) && one + WINDOW_COUNTERS > top;
        expect(fresh).toBe(expected);
        if (fresh) once.add(one);
        if (one > top) top = one;
      });
    }),
    { seed: 20_261_125, numRuns: 200 },
  );
});

test("looking changes nothing, and taking what was taken is our own bug", () => {
  const window = new Window(0n);
  for (let times = 0; times < 3; times += 1) expect(window.check(7n)).toBe(true);
  window.commit(7n);
  expect(window.highest).toBe(7n);
  expect(() => window.commit(7n)).toThrow("a counter is taken once");
});
