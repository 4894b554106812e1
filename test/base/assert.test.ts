/** Broken rules stop the process with the rule in words. */

import { expect, test } from "bun:test";
import { assert, broken, unreachable } from "../../lib/base/assert.ts";

test("a rule that holds is silent", () => {
  expect(() => assert(true, "one is one")).not.toThrow();
});

test("a rule that does not hold stops with its words", () => {
  expect(() => assert(false, "one is two")).toThrow("Broken invariant: one is two");
  expect(() => broken("nobody comes here")).toThrow("Broken invariant: nobody comes here");
});

test("a case that nobody foresaw is named", () => {
  const kind: unknown = { kind: "newer" };
  expect(() => unreachable(kind as never)).toThrow('unexpected {"kind":"newer"}');
});
