import { expect, test } from "bun:test";
import { dice } from "../../lib/io/dice.ts";

test("random bytes are as many as asked for, and other ones each time", () => {
  expect(dice.bytes(0)).toHaveLength(0);
  expect(dice.bytes(32)).toHaveLength(32);
  expect(dice.bytes(32)).not.toEqual(dice.bytes(32));
});
