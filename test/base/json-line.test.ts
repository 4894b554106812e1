import { expect, test } from "bun:test";
import { escapeControls, jsonLine } from "../../lib/base/json-line.ts";

test("no control character of any kind is left as it is, and nothing is lost", () => {
  const all = Array.from({ length: 0x2100 }, (_, code) => String.fromCharCode(code)).join("");
  const line = jsonLine({ [all]: all });
  expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
  expect(JSON.parse(line)).toEqual({ [all]: all });
});

test("what is no JSON value is null, and JSON without controls stays as it was", () => {
  expect(jsonLine(undefined)).toBe("null");
  expect(escapeControls('{"a":"ä 磁盘 \\u001b"}')).toBe('{"a":"ä 磁盘 \\u001b"}');
});
