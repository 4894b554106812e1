/** Hashes against the vectors of their standards. */

import { expect, test } from "bun:test";
import { toHex, utf8 } from "../../lib/base/bytes.ts";
import { hkdf, hmacSha256, sha256 } from "../../lib/base/digest.ts";

test("SHA-256 of FIPS 180-4", () => {
  expect(toHex(sha256(utf8("abc")))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(toHex(sha256(new Uint8Array()))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

test("HMAC-SHA-256 of RFC 4231, case 2", () => {
  expect(toHex(hmacSha256(utf8("Jefe"), utf8("what do ya want for nothing?")))).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

test("HKDF-SHA-256 of RFC 5869, case 3: without salt and info", () => {
  const key = new Uint8Array(22).fill(0x0b);
  expect(toHex(hkdf(key, { salt: new Uint8Array(), use: "", lengthBytes: 42 }))).toBe(
    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  );
});

test("each use of one key gives another key, of the length asked for", () => {
  const key = new Uint8Array(32).fill(1);
  const derived = ["gapbell alarm key", "gapbell ack nonce", "gapbell escalation"].map((use) => hkdf(key, { salt: new Uint8Array(), use, lengthBytes: 32 }));
  expect(new Set(derived.map(toHex)).size).toBe(3);
  expect(derived.every(({ length }) => length === 32)).toBe(true);
});
