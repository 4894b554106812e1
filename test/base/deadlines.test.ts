/** What falls due, earliest first. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Deadlines } from "../../lib/base/deadlines.ts";

describe("a deadline", () => {
  test("is taken out once, when it is due and not before", () => {
    const deadlines = new Deadlines<string>();
    deadlines.set("a", 10);
    expect(deadlines.takeDue(9)).toBeUndefined();
    expect(deadlines.takeDue(10)).toBe("a");
    expect(deadlines.takeDue(1000)).toBeUndefined();
    expect(deadlines.size).toBe(0);
  });

  test("that is moved falls due at its new moment only", () => {
    const deadlines = new Deadlines<string>();
    deadlines.set("a", 10);
    deadlines.set("a", 20);
    expect(deadlines.next()).toBe(20);
    expect(deadlines.takeDue(15)).toBeUndefined();
    deadlines.set("a", 5);
    expect([deadlines.next(), deadlines.dueOf("a"), deadlines.size]).toEqual([5, 5, 1]);
  });

  test("that is cancelled never falls due", () => {
    const deadlines = new Deadlines<string>();
    deadlines.set("a", 10);
    deadlines.cancel("a");
    deadlines.cancel("b");
    expect([deadlines.next(), deadlines.takeDue(100), deadlines.dueOf("a")]).toEqual([undefined, undefined, undefined]);
  });

  test("among equals is taken in the order in which they were set", () => {
    const deadlines = new Deadlines<string>();
    for (const key of ["a", "b", "c"]) deadlines.set(key, 10);
    expect([1, 2, 3].map(() => deadlines.takeDue(10))).toEqual(["a", "b", "c"]);
  });

  test("set anew at its own moment keeps its place", () => {
    const deadlines = new Deadlines<string>();
    for (const key of ["a", "b", "a"]) deadlines.set(key, 10);
    expect([deadlines.takeDue(10), deadlines.takeDue(10)]).toEqual(["a", "b"]);
  });
});

test("whatever is set, moved and cancelled, everything comes out in order and nothing is lost", () => {
  const change = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("set" as const), key: fc.nat(30), due: fc.nat(50) }) },
    fc.record({ kind: fc.constant("cancel" as const), key: fc.nat(30), due: fc.constant(0) }),
    fc.record({ kind: fc.constant("take" as const), key: fc.constant(0), due: fc.nat(50) }),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400 }), (changes) => {
      const deadlines = new Deadlines<number>();
      const plain = new Map<number, number>();
      const earliest = (): number | undefined => (plain.size === 0 ? undefined : Math.min(...plain.values()));
      for (const { kind, key, due } of changes) {
        if (kind === "set") {
          deadlines.set(key, due);
          plain.set(key, due);
        } else if (kind === "cancel") {
          deadlines.cancel(key);
          plain.delete(key);
        } else {
          const first = earliest();
          const taken = deadlines.takeDue(due);
          if (first === undefined || first > due) expect(taken).toBeUndefined();
          else {
            expect(plain.get(taken ?? -1)).toBe(first);
            plain.delete(taken ?? -1);
          }
        }
        expect(deadlines.next()).toBe(earliest());
        expect(deadlines.size).toBe(plain.size);
      }
    }),
    { seed: 10, numRuns: 300 },
  );
});

test("a key that is moved ten thousand times leaves no heap behind", () => {
  const deadlines = new Deadlines<number>();
  for (let moved = 0; moved < 10_000; moved += 1) deadlines.set(1, moved + 1);
  const begun = performance.now();
  for (let asked = 0; asked < 10_000; asked += 1) deadlines.next();
  expect(performance.now() - begun).toBeLessThan(1000);
  expect(deadlines.takeDue(10_000)).toBe(1);
});
