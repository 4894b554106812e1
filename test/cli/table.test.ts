/** Tables that stay straight with Chinese in them. */

import { expect, test } from "bun:test";
import { cut, plain, table } from "../../lib/cli/table.ts";

test("columns are as wide as they look, not as they count", () => {
  expect(table(["ID", "内容", "X"], [["1", "磁盘已满", "a"], ["22", "ok", "b"]])).toEqual(["ID  内容      X", "1   磁盘已满  a", "22  ok        b"]);
});

test("a table without rows has no lines", () => {
  expect(table(["ID"], [])).toEqual([]);
});

test.each([["abcdef", 6, "abcdef"], ["abcdefg", 6, "abcde…"], ["磁盘已满", 8, "磁盘已满"], ["磁盘已满了", 8, "磁盘已…"], ["磁盘", 1, "…"]])("%p cut to %p columns is %p", (text, columns, wanted) => {
  expect(cut(text, columns)).toBe(wanted);
});

test("control characters become spaces", () => {
  expect(plain("a\u001b[31mb\r\n\u0085c\u2028d")).toBe("a [31mb c d");
});
