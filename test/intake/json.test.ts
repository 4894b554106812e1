/** Bytes that are not JSON are answered with the place where they stop being it. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { concat, utf8 } from "../../lib/base/bytes.ts";
import { firstBadByte, readJson } from "../../lib/intake/json.ts";
import { bodySentence } from "../../lib/intake/parsed.ts";

const BROKEN: readonly (readonly [name: string, body: string | Uint8Array, position: number, expected: string])[] = [
  ["nothing at all", "", 0, "JSON"],
  ["only spaces", " \n ", 3, "a value"],
  ["a word", "NaN", 0, "a value"],
  ["single quotes", "{'a':1}", 1, 'a name in double quotes or "}"'],
  ["a comma before the end of a list", "[1,]", 3, "a value"],
  ["a comma before the end of an object", '{"a":1,}', 7, "a name in double quotes"],
  ["a missing colon", '{"a" 1}', 5, '":"'],
  ["a missing comma", "[1 2]", 3, '"," or "]"'],
  ["a number with a leading zero", "[01]", 2, '"," or "]"'],
  ["an unknown escape", '["a\\x"]', 3, 'an escape of JSON: \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX'],
  ["a line break inside a text", '["a\nb"]', 3, "an escaped control character, as in \\n"],
  ["a text without end", '["abc', 5, "a closing quotation mark"],
  ["a list without end", "[[1]", 4, '"," or "]"'],
  ["a second value", "{} {}", 3, "the end of the body"],
  ["a bracket of the other kind", '{"a":[1}', 7, '"," or "]"'],
  ["a mistake after a character of three bytes", '{"温度":x}', 10, "a value"],
  ["a stray continuation byte", concat(utf8('["'), new Uint8Array([0x80]), utf8('"]')), 2, "UTF-8"],
  ["an overlong zero", concat(utf8('["'), new Uint8Array([0xc0, 0x80]), utf8('"]')), 2, "UTF-8"],
  ["half of a surrogate pair", concat(utf8("["), new Uint8Array([0xed, 0xa0, 0x80])), 1, "UTF-8"],
  ["a character beyond the last", new Uint8Array([0xf4, 0x90, 0x80, 0x80]), 0, "UTF-8"],
  ["a character that is cut off", concat(utf8('"ab'), new Uint8Array([0xe6, 0xb8])), 3, "UTF-8"],
];

test.each(BROKEN)("%s is refused at its byte", (_, body, position, expected) => {
  const read = readJson(typeof body === "string" ? utf8(body) : body);
  expect(read).toMatchObject({ ok: false, fault: { field: "body", position, expected } });
});

test("the sentence says what was found where", () => {
  const read = readJson(utf8("[1,]"));
  expect(read.ok ? "" : bodySentence(read.fault)).toBe('Cannot read the body: found "]" at byte 3, expected a value');
});

test("a byte order mark is passed over", () => {
  expect(readJson(utf8("\uFEFF[1]"))).toEqual({ ok: true, value: [1] });
});

test.each([1_000, 100_000, 1_000_000])("%p opened brackets neither crash nor pass", (count) => {
  expect(readJson(utf8("[".repeat(count))).ok).toBe(false);
});

test("whatever is JSON is read, and nothing in it is taken for a mistake", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      expect(firstBadByte(utf8(text))).toBeUndefined();
      expect(readJson(utf8(text))).toEqual({ ok: true, value: JSON.parse(text) });
    }),
    { seed: 7, numRuns: 300 },
  );
});

test("JSON with one byte changed is read or refused at a byte, never thrown at us", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.nat(), fc.integer({ min: 0, max: 255 }), (text, where, byte) => {
      const body = utf8(text);
      body[where % body.length] = byte;
      const read = readJson(body);
      if (!read.ok) expect(read.fault.position).toBeWithin(0, body.length + 1);
    }),
    { seed: 11, numRuns: 500 },
  );
});
