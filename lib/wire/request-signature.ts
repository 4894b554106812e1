/**
 * The signature under every request from agent to relay: TLS proves the line, this proves who asks.
 * Ed25519 over method, path with its query, SHA-256 of the body (hex), key, time, counter and idempotency key, one a line.
 */

import type { KeyObject } from "node:crypto";
import { fromBase64, toBase64, toHex, utf8 } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { WallMs } from "../base/units.ts";
import { SIGNATURE_BYTES } from "./constants.ts";
import { publicKey, signBytes, verifyBytes } from "./seal.ts";

/** Header names in lower case, as both HTTP stacks give them. */
export const SIGNATURE_HEADERS = {
  key: "gapbell-key", time: "gapbell-time", counter: "gapbell-counter",
  idempotency: "idempotency-key", signature: "gapbell-signature",
} as const;

/** What is signed of the request itself. HTTP lets no line break into method or path, so that the lines are unambiguous. */
export type SignedParts = {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: Uint8Array;
};

/** What the headers say; believed only after `verifyRequest`. */
export type Claim = {
  /** 16 hex digits: whose key. */
  readonly key: string;
  /** The asker's wall clock: for the log, never for a decision. */
  readonly time: WallMs;
  /** Grows with every request of one key. */
  readonly counter: bigint;
  /** Names the request over its repeats; 1 to 64 characters. */
  readonly idempotency: string;
};

export type SignatureFault =
  | { readonly kind: "missing"; readonly header: string }
  | { readonly kind: "malformed"; readonly header: string; readonly expected: string };

/** @param signer the Ed25519 private key that `claim.key` names */
export function signRequest(parts: SignedParts, claim: Claim, signer: KeyObject): Readonly<Record<string, string>> {
  return {
    [SIGNATURE_HEADERS.key]: claim.key,
    [SIGNATURE_HEADERS.time]: String(claim.time),
    [SIGNATURE_HEADERS.counter]: String(claim.counter),
    [SIGNATURE_HEADERS.idempotency]: claim.idempotency,
    [SIGNATURE_HEADERS.signature]: toBase64(signBytes(signedBytes(parts, claim), signer)),
  };
}

/** Reads the headers' form. Never throws: whatever arrives is data. */
export function readClaim(
  headers: Readonly<Record<string, string>>,
): Result<{ readonly claim: Claim; readonly signature: Uint8Array }, SignatureFault> {
  for (const [name, { pattern, expected }] of FORMS) {
    const value = headers[name];
    if (value === undefined) return fail({ kind: "missing", header: name });
    if (!pattern.test(value)) return fail({ kind: "malformed", header: name, expected });
  }
  const { key, time, counter, idempotency, signature } = SIGNATURE_HEADERS;
  return ok({
    claim: {
      key: headers[key] ?? "", time: Number(headers[time]),
      counter: BigInt(headers[counter] ?? "0"), idempotency: headers[idempotency] ?? "",
    },
    signature: fromBase64(headers[signature] ?? "") ?? new Uint8Array(),
  });
}

/** @param ed the 32-byte Ed25519 public key that `claim.key` names */
export function verifyRequest(
  parts: SignedParts,
  { claim, signature }: { readonly claim: Claim; readonly signature: Uint8Array },
  ed: Uint8Array,
): boolean {
  if (signature.length !== SIGNATURE_BYTES || ed.length !== 32) return false;
  try {
    return verifyBytes(signedBytes(parts, claim), signature, publicKey("ed", ed));
  } catch {
    return false; // Not a point on the curve.
  }
}

const FORMS = Object.entries<{ readonly pattern: RegExp; readonly expected: string }>({
  [SIGNATURE_HEADERS.key]: { pattern: /^[0-9a-f]{16}$/, expected: "16 hex digits" },
  [SIGNATURE_HEADERS.time]: { pattern: /^\d{1,15}$/, expected: "milliseconds since 1970" },
  [SIGNATURE_HEADERS.counter]: { pattern: /^\d{1,20}$/, expected: "a decimal number of at most 20 digits" },
  [SIGNATURE_HEADERS.idempotency]: { pattern: /^[\x21-\x7e]{1,64}$/, expected: "1 to 64 visible characters" },
  [SIGNATURE_HEADERS.signature]: { pattern: /^[A-Za-z0-9_-]{86}$/, expected: "86 characters of base64url" },
});

function signedBytes({ method, path, body }: SignedParts, claim: Claim): Uint8Array {
  const lines = [
    "gapbell-relay/1", method, path, toHex(sha256(body)),
    claim.key, String(claim.time), String(claim.counter), claim.idempotency,
  ];
  return utf8(lines.join("\n"));
}
