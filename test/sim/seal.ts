/**
 * A stand-in for the cryptography of a datagram that costs a twentieth: nothing is hidden, and the signature is a fast hash
 * keyed by the very keys. Whoever has no key cannot make one that fits, which is all that the invariants rely on.
 */

import type { KeyObject } from "node:crypto";
import { fail, ok } from "../../lib/base/result.ts";
import { HEADER_BYTES, SIGNATURE_BYTES, TAG_BYTES } from "../../lib/wire/constants.ts";
import { rawPublic, type Seal } from "../../lib/wire/seal.ts";
import type { Claim, SignedParts, verifyRequest } from "../../lib/wire/request-signature.ts";

const SEEDS = new WeakMap<KeyObject | Uint8Array, bigint>();

/** The same for a private key and its public half. */
function seedOf(key: KeyObject | Uint8Array): bigint {
  const held = SEEDS.get(key);
  if (held !== undefined) return held;
  const bytes = key instanceof Uint8Array ? key : key.type === "private" ? rawPublic(key) : new Uint8Array(key.export({ format: "der", type: "spki" }).subarray(-32));
  const seed = Bun.hash.wyhash(bytes);
  SEEDS.set(key, seed);
  return seed;
}

function join(header: Uint8Array, body: Uint8Array, seed: bigint, tail: number): Uint8Array {
  const signed = header.length + body.length;
  const buffer = new ArrayBuffer(signed + tail);
  const whole = new Uint8Array(buffer);
  whole.set(header);
  whole.set(body, header.length);
  new DataView(buffer).setBigUint64(signed, Bun.hash.wyhash(new Uint8Array(buffer, 0, signed), seed));
  return whole;
}

function fits(datagram: Uint8Array, seed: bigint, tail: number): boolean {
  const signed = datagram.length - tail;
  if (signed < HEADER_BYTES) return false;
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  if (view.getBigUint64(signed) !== Bun.hash.wyhash(datagram.subarray(0, signed), seed)) return false;
  for (let at = signed + 8; at < datagram.length; at += 1) if (datagram[at] !== 0) return false;
  return true;
}

const SEALED_TAIL = SIGNATURE_BYTES + TAG_BYTES;

export const CHEAP_SEAL: Seal = {
  sealClear: (header, body, key) => join(header, body, seedOf(key), SIGNATURE_BYTES),
  openClear: (datagram, key) =>
    fits(datagram, seedOf(key), SIGNATURE_BYTES) ? ok(datagram.subarray(HEADER_BYTES, datagram.length - SIGNATURE_BYTES)) : fail("signature"),
  sealPacket: (header, body, { signer, trafficKey }) => join(header, body, seedOf(signer) ^ seedOf(trafficKey), SEALED_TAIL),
  openPacket: (datagram, { signer, trafficKey }) =>
    fits(datagram, seedOf(signer) ^ seedOf(trafficKey), SEALED_TAIL) ? ok(datagram.subarray(HEADER_BYTES, datagram.length - SEALED_TAIL)) : fail("seal"),
};

/** What stands where a signature would: nobody in this world forges a request inside TLS. */
const UNSIGNED = "A".repeat(86);

export function cheaplySigned(_: SignedParts, claim: Claim): Readonly<Record<string, string>> {
  return {
    "gapbell-key": claim.key, "gapbell-time": String(Math.max(0, claim.time)), "gapbell-counter": String(claim.counter),
    "idempotency-key": claim.idempotency, "gapbell-signature": UNSIGNED,
  };
}

export const cheaplyVerified: typeof verifyRequest = (_, { signature }) => signature.every((byte) => byte === 0);
