/** The word that was probably meant. */

import { describe, expect, test } from "bun:test";
import { nearest } from "../../lib/base/nearest.ts";

const WORDS = ["critical", "major", "indeterminate", "minor", "warning"];

describe("the nearest word", () => {
  test.each([
    ["majro", "major"], ["Major", "major"], ["critcal", "critical"], ["warn", undefined], ["warnin", "warning"],
    ["indetermined", "indeterminate"], ["minor", "minor"], ["mnor", "minor"], ["", undefined], ["urgent", undefined],
    ["xxxxxxxxxxxxxxxxxx", undefined],
  ])("to %p is %p", (word, meant) => {
    expect(nearest(word, WORDS)).toBe(meant);
  });

  test("among equals is the first", () => {
    expect(nearest("ab", ["aa", "bb"])).toBe("aa");
  });

  test("among none is none", () => {
    expect(nearest("major", [])).toBeUndefined();
  });
});
