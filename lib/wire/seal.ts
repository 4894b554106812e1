/** The cryptography of one datagram: AES-256-GCM over body and Ed25519 signature. Keys and counters are passed in. */

import {
  createCipheriv, createDecipheriv, createPrivateKey, createPublicKey, diffieHellman, type KeyObject, sign, verify,
} from "node:crypto";
import { concat, utf8 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { HEADER_BYTES, SIGNATURE_BYTES, TAG_BYTES } from "./constants.ts";

const CONTEXT = utf8("gapbell/1\0");
/** ASN.1 around 32 raw bytes (RFC 8410): private and public, Ed25519 and X25519. */
const PREFIX = {
  edPrivate: Buffer.from("302e020100300506032b657004220420", "hex"),
  xPrivate: Buffer.from("302e020100300506032b656e04220420", "hex"),
  edPublic: Buffer.from("302a300506032b6570032100", "hex"),
  xPublic: Buffer.from("302a300506032b656e032100", "hex"),
} as const;

export type Curve = "ed" | "x";

/** @param seed 32 bytes */
export function privateKey(curve: Curve, seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PREFIX[`${curve}Private`], seed]), format: "der", type: "pkcs8" });
}

/** @param raw 32 bytes */
export function publicKey(curve: Curve, raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([PREFIX[`${curve}Public`], raw]), format: "der", type: "spki" });
}

/** The 32 raw bytes of a private key's public half. */
export function rawPublic(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32));
}

/** X25519. Throws where their key is not sound: ask `isSound` first. */
export function agree(own: KeyObject, theirs: KeyObject): Uint8Array {
  return new Uint8Array(diffieHellman({ privateKey: own, publicKey: theirs }));
}

/** Whether an agreement with this X25519 key is a secret: one of small order would give everybody the same. @param raw 32 bytes */
export function isSound(raw: Uint8Array): boolean {
  try {
    agree(privateKey("x", new Uint8Array(32)), publicKey("x", raw));
    return true;
  } catch {
    return false;
  }
}

export function signBytes(bytes: Uint8Array, key: KeyObject): Uint8Array {
  return new Uint8Array(sign(null, bytes, key));
}

export function verifyBytes(bytes: Uint8Array, signature: Uint8Array, key: KeyObject): boolean {
  return signature.length === SIGNATURE_BYTES && verify(null, bytes, key, signature);
}

/** Signed in clear: header, body, signature. */
export function sealClear(header: Uint8Array, body: Uint8Array, key: KeyObject): Uint8Array {
  return concat(header, body, signBytes(concat(CONTEXT, header, body), key));
}

/** @returns the body */
export function openClear(datagram: Uint8Array, key: KeyObject): Result<Uint8Array, "signature"> {
  const header = datagram.subarray(0, HEADER_BYTES);
  const body = datagram.subarray(HEADER_BYTES, datagram.length - SIGNATURE_BYTES);
  const signature = datagram.subarray(datagram.length - SIGNATURE_BYTES);
  return verifyBytes(concat(CONTEXT, header, body), signature, key) ? ok(body) : fail("signature");
}

/** Header, then body and signature under `trafficKey`, then the tag. The counter is in the header and is the nonce. */
export function sealPacket(
  header: Uint8Array,
  body: Uint8Array,
  { signer, trafficKey }: { readonly signer: KeyObject; readonly trafficKey: Uint8Array },
): Uint8Array {
  const cipher = createCipheriv("aes-256-gcm", trafficKey, nonceOf(header));
  cipher.setAAD(header);
  const signature = signBytes(concat(CONTEXT, header, body), signer);
  return concat(header, cipher.update(concat(body, signature)), cipher.final(), cipher.getAuthTag());
}

/**
 * The seal costs 2 µs, the signature 50.
 *
 * @param granted asked in between: whether whoever has the key may cost us a signature more
 * @returns the body, or which check failed
 */
export function openPacket(
  datagram: Uint8Array,
  { signer, trafficKey, granted = () => true }: { readonly signer: KeyObject; readonly trafficKey: Uint8Array; readonly granted?: () => boolean },
): Result<Uint8Array, "seal" | "too many" | "signature"> {
  if (datagram.length < HEADER_BYTES + SIGNATURE_BYTES + TAG_BYTES) return fail("seal");
  const header = datagram.subarray(0, HEADER_BYTES);
  const plain = decrypt(header, datagram, trafficKey);
  if (plain === undefined) return fail("seal");
  if (!granted()) return fail("too many");
  const body = plain.subarray(0, plain.length - SIGNATURE_BYTES);
  const signature = plain.subarray(plain.length - SIGNATURE_BYTES);
  return verifyBytes(concat(CONTEXT, header, body), signature, signer) ? ok(body) : fail("signature");
}

function decrypt(header: Uint8Array, datagram: Uint8Array, trafficKey: Uint8Array): Uint8Array | undefined {
  const decipher = createDecipheriv("aes-256-gcm", trafficKey, nonceOf(header));
  decipher.setAAD(header);
  decipher.setAuthTag(datagram.subarray(datagram.length - TAG_BYTES));
  try {
    return concat(decipher.update(datagram.subarray(HEADER_BYTES, datagram.length - TAG_BYTES)), decipher.final());
  } catch {
    return undefined;
  }
}

/** Four zero bytes and the counter: with an epoch of its own for each life of a sender, no nonce comes twice. */
function nonceOf(header: Uint8Array): Uint8Array {
  return concat(new Uint8Array(4), header.subarray(24, 32));
}

/** AES-256-GCM over a short secret, with a nonce that the caller has never used with this key: nonce, ciphertext, tag. */
export function wrap(secret: Uint8Array, { key, nonce }: { readonly key: Uint8Array; readonly nonce: Uint8Array }): Uint8Array {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return concat(nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag());
}

/** @returns undefined where key or bytes are wrong */
export function unwrap(bytes: Uint8Array, key: Uint8Array): Uint8Array | undefined {
  if (bytes.length < 12 + TAG_BYTES) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    return concat(decipher.update(bytes.subarray(12, bytes.length - TAG_BYTES)), decipher.final());
  } catch {
    return undefined;
  }
}

/** What sealer and opener need of all this. The simulator puts a cheaper one in its place: as hard to forge there, where nobody has a computer. */
export type Seal = {
  readonly sealClear: typeof sealClear;
  readonly openClear: typeof openClear;
  readonly sealPacket: typeof sealPacket;
  readonly openPacket: typeof openPacket;
};

export const SEAL: Seal = { sealClear, openClear, sealPacket, openPacket };
