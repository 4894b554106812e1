/** The cryptography of one datagram, against published vectors and against itself. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { toHex, utf8 } from "../../lib/base/bytes.ts";
import { agree, isSound, openClear, openPacket, privateKey, publicKey, rawPublic, sealClear, sealPacket, signBytes, unwrap, verifyBytes, wrap } from "../../lib/wire/seal.ts";
import { fill, IDENTITIES } from "../support/a-cluster.ts";
import { anyBytes } from "../support/any-message.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const HEADER = fill(7);
const KEYS = { signer: IDENTITIES.agent.signer, trafficKey: fill(8) };
const VERIFIER = publicKey("ed", IDENTITIES.agent.ed);

test("Ed25519 is that of RFC 8032, §7.1, test 2", () => {
  const key = privateKey("ed", hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  expect(toHex(rawPublic(key))).toBe("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
  expect(toHex(signBytes(hex("72"), key))).toBe(signature);
  expect(verifyBytes(hex("72"), hex(signature), publicKey("ed", rawPublic(key)))).toBe(true);
});

test("X25519 is that of RFC 7748, §6.1", () => {
  const bob = privateKey("x", hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
  expect(toHex(rawPublic(bob))).toBe("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const alice = publicKey("x", hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
  expect(toHex(agree(bob, alice))).toBe("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
});

/** The points of small order on Curve25519 (cr.yp.to/ecdh.html), in the spellings below 2^255. */
const UNSOUND: readonly string[] = [
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  `ecff${"ff".repeat(29)}7f`,
  `edff${"ff".repeat(29)}7f`,
  `eeff${"ff".repeat(29)}7f`,
];
test.each(UNSOUND)("the key %s gives no secret", (key) => {
  expect(isSound(hex(key))).toBe(false);
});

test("a real key is sound", () => {
  for (const { x } of Object.values(IDENTITIES)) expect(isSound(x)).toBe(true);
});

const OPENS = { signer: VERIFIER, trafficKey: KEYS.trafficKey } as const;

test("a seal comes off with its key only, and what was under it is what was sealed", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), anyBytes(32), anyBytes(32), (body, header, trafficKey) => {
      const sealed = sealPacket(header, body, { ...KEYS, trafficKey });
      expect(openPacket(sealed, { ...OPENS, trafficKey })).toEqual({ ok: true, value: body });
      expect(openPacket(sealed, { ...OPENS, trafficKey: trafficKey.with(0, (trafficKey[0] ?? 0) ^ 1) })).toEqual({ ok: false, fault: "seal" });
    }),
    { seed: 5, numRuns: 50 },
  );
});

test("what somebody else has sealed with the same key costs a signature, and only where that is granted", () => {
  const forged = sealPacket(HEADER, utf8("{}"), { ...KEYS, signer: IDENTITIES.other.signer });
  expect(openPacket(forged, OPENS)).toEqual({ ok: false, fault: "signature" });
  expect(openPacket(forged, { ...OPENS, granted: () => false })).toEqual({ ok: false, fault: "too many" });
  let asked = 0;
  openPacket(forged.with(40, 0), { ...OPENS, granted: () => (asked += 1) > 0 });
  expect(asked).toBe(0);
});

test("what is too short for a signature is nothing", () => {
  const sealed = sealPacket(HEADER, utf8(""), KEYS);
  for (let length = 0; length < sealed.length; length += 1) expect(openPacket(sealed.subarray(0, length), OPENS)).toEqual({ ok: false, fault: "seal" });
});

test("in clear every byte is signed", () => {
  const body = utf8('{"why":""}');
  const clear = sealClear(HEADER, body, KEYS.signer);
  expect(openClear(clear, VERIFIER)).toEqual({ ok: true, value: body });
  for (let at = 0; at < clear.length; at += 1) expect(openClear(clear.with(at, (clear[at] ?? 0) ^ 1), VERIFIER)).toEqual({ ok: false, fault: "signature" });
});

test("a signature of another length is none", () => {
  const signature = signBytes(utf8("a"), KEYS.signer);
  for (const other of [new Uint8Array(), signature.subarray(1), new Uint8Array(65)]) expect(verifyBytes(utf8("a"), other, VERIFIER)).toBe(false);
});

test("a wrapped secret is unwrapped with its key, and with no byte wrong", () => {
  const wrapped = wrap(fill(9), { key: fill(1), nonce: fill(2, 12) });
  expect(wrapped).toHaveLength(60);
  expect(unwrap(wrapped, fill(1))).toEqual(fill(9));
  expect(unwrap(wrapped, fill(3))).toBeUndefined();
  for (let at = 0; at < wrapped.length; at += 1) expect(unwrap(wrapped.with(at, (wrapped[at] ?? 0) ^ 128), fill(1))).toBeUndefined();
  for (let length = 0; length < wrapped.length; length += 1) expect(unwrap(wrapped.subarray(0, length), fill(1))).toBeUndefined();
});
