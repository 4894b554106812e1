import { expect, test } from "bun:test";
import { earliest, earliestOf } from "../../lib/base/earliest.ts";

test("the earliest moment counts, whoever names it, and parts that wait for nothing do not", () => {
  expect(earliest(undefined, 30, 10, undefined, 20)).toBe(10);
  expect(earliest(0, 5)).toBe(0);
  expect(earliest(undefined, undefined)).toBeUndefined();
  expect(earliest()).toBeUndefined();
});

test("of all that waits the earliest counts, and none where none waits", () => {
  const waiting = new Map([["a", { due: 7 }], ["b", { due: undefined }], ["c", { due: 3 }]]);
  expect(earliestOf(waiting.values(), ({ due }) => due)).toBe(3);
  expect(earliestOf([{ due: undefined }], ({ due }) => due)).toBeUndefined();
  expect(earliestOf([], () => 1)).toBeUndefined();
});
