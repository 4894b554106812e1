/** Bytes and their spellings. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concat, equalBytes, fromBase64, fromCrockford, fromUtf8, toBase64, toCrockford, toHex, utf8, utf8Length } from "../../lib/base/bytes.ts";

const someBytes = fc.uint8Array({ maxLength: 64 });

describe("UTF-8", () => {
  test("is strict", () => {
    expect(fromUtf8(utf8("存储 🔔"))).toBe("存储 🔔");
    expect(fromUtf8(new Uint8Array([0x61, 0xff]))).toBeUndefined();
    expect(fromUtf8(new Uint8Array([0xe5, 0xad]))).toBeUndefined();
    expect(fromUtf8(new Uint8Array([0xed, 0xa0, 0x80]))).toBeUndefined();
  });

  test("is counted in bytes", () => {
    expect(["", "a", "存", "🔔"].map(utf8Length)).toEqual([0, 1, 3, 4]);
  });
});

describe("base64url", () => {
  test("comes back as it went", () => {
    fc.assert(fc.property(someBytes, (bytes) => expect(fromBase64(toBase64(bytes))).toEqual(bytes)), { seed: 6 });
  });

  test.each(["a", "abcde", "ab+c", "ab/c", "ab==", "ab c", "ab\n"])("%p is none", (text) => {
    expect(fromBase64(text)).toBeUndefined();
  });

  test("reads a part of a larger buffer as that part", () => {
    const whole = new Uint8Array([1, 2, 3, 4, 5]);
    expect(toBase64(whole.subarray(1, 4))).toBe(toBase64(new Uint8Array([2, 3, 4])));
    expect(toHex(whole.subarray(1, 4))).toBe("020304");
  });
});

describe("Crockford's base 32", () => {
  test("comes back as it went, and 16 bytes make 26 characters", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const text = toCrockford(bytes);
        expect(text).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
        expect(fromCrockford(text)).toEqual(bytes);
      }),
      { seed: 7 },
    );
    fc.assert(fc.property(someBytes, (bytes) => expect(fromCrockford(toCrockford(bytes))).toEqual(bytes)), { seed: 8 });
  });

  test("is read as people write it down: lower case, hyphens, O for 0, I and L for 1", () => {
    expect(fromCrockford("0O1IL")).toEqual(fromCrockford("00111") ?? new Uint8Array());
    expect(fromCrockford("ab-cd-ef-gh")).toEqual(fromCrockford("ABCDEFGH") ?? new Uint8Array());
  });

  test.each(["U", "AB!", "A B", "存"])("%p is none", (text) => {
    expect(fromCrockford(text)).toBeUndefined();
  });
});

test("joined bytes are one after the other", () => {
  expect(concat()).toEqual(new Uint8Array());
  expect(concat(new Uint8Array([1]), new Uint8Array(), new Uint8Array([2, 3]))).toEqual(new Uint8Array([1, 2, 3]));
});

test("bytes are equal where each is", () => {
  fc.assert(
    fc.property(someBytes, someBytes, (a, b) => {
      expect(equalBytes(a, a.slice())).toBe(true);
      expect(equalBytes(a, b)).toBe(toHex(a) === toHex(b));
    }),
    { seed: 9 },
  );
  expect(equalBytes(new Uint8Array([0]), new Uint8Array([0, 0]))).toBe(false);
});
