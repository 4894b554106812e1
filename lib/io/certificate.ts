/**
 * Self-signed Ed25519 certificates, made from a 32-byte seed: the TLS names of relay and agent.
 * Each side pins the other's; the dates say nothing, because a room without Internet has no clock to trust.
 */

import { createPrivateKey, createPublicKey, sign, X509Certificate } from "node:crypto";
import { concat, equalBytes, toHex, utf8 } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";

/** The name in every certificate: TLS wants one, the pin is what counts. */
export const TLS_NAME = "relay.gapbell.internal";

/** Private key and certificate, both PEM. */
export type TlsIdentity = { readonly key: string; readonly certificate: string };

/** The same seed gives the same certificate, byte for byte. @param seed 32 bytes */
export function tlsIdentity(seed: Uint8Array): TlsIdentity {
  const key = createPrivateKey({ key: Buffer.from(concat(PKCS8_ED25519, seed)), format: "der", type: "pkcs8" });
  const spki = new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }));
  const body = toBeSigned(spki);
  const signature = new Uint8Array(sign(null, body, key));
  return {
    key: pem("PRIVATE KEY", concat(PKCS8_ED25519, seed)),
    certificate: pem("CERTIFICATE", sequence(body, ED25519, bits(signature))),
  };
}

/** SHA-256 over the certificate's DER, hex. @returns undefined where the text holds no certificate */
export function fingerprintOf(certificate: string): string | undefined {
  const der = derOf(certificate);
  return der === undefined ? undefined : toHex(sha256(der));
}

/** Whether two PEM texts hold the same certificate; spacing does not matter. */
export function isPinned(certificate: string, pinned: string): boolean {
  const ours = derOf(pinned);
  const theirs = derOf(certificate);
  return ours !== undefined && theirs !== undefined && equalBytes(ours, theirs);
}

/** The certificate's DER. @returns undefined where the text holds no certificate that can be read */
export function derOf(certificate: string): Uint8Array | undefined {
  try {
    return new Uint8Array(new X509Certificate(certificate).raw);
  } catch {
    return undefined;
  }
}

/** A certificate's DER as PEM. */
export function certificatePem(der: Uint8Array): string {
  return pem("CERTIFICATE", der);
}

/** RFC 8410 §7: what stands before the seed in PKCS #8. */
const PKCS8_ED25519 = new Uint8Array([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]);

/** RFC 5280 §4.1, version 3. The serial and the common name follow from the key, so that no two keys share a name. */
function toBeSigned(spki: Uint8Array): Uint8Array {
  const hash = sha256(spki);
  const serial = Uint8Array.from(hash.subarray(0, 16), (byte, i) => (i === 0 ? (byte & 0x7f) | 0x40 : byte));
  const name = sequence(set(sequence(oid(COMMON_NAME), text(`gapbell ${toHex(hash.subarray(0, 8))}`))));
  return sequence(
    tag(0xa0, integer(new Uint8Array([2]))), integer(serial), ED25519, name,
    sequence(tag(0x17, utf8("700101000000Z")), tag(0x18, utf8("99991231235959Z"))), // RFC 5280 §4.1.2.5: no end; from 1970, where a clock without a battery begins
    name, spki, tag(0xa3, extensions()),
  );
}

function extensions(): Uint8Array {
  return sequence(
    extension(BASIC_CONSTRAINTS, { critical: true, value: sequence(YES) }),
    extension(KEY_USAGE, { critical: true, value: tag(0x03, new Uint8Array([2, 0x84])) }), // sign, sign certificates
    extension(EXTENDED_KEY_USAGE, { critical: false, value: sequence(oid(SERVER_AUTH), oid(CLIENT_AUTH)) }),
    extension(ALTERNATIVE_NAME, { critical: false, value: sequence(tag(0x82, utf8(TLS_NAME))) }),
  );
}

function extension(id: Uint8Array, { critical, value }: { readonly critical: boolean; readonly value: Uint8Array }): Uint8Array {
  return sequence(oid(id), ...(critical ? [YES] : []), tag(0x04, value));
}

const COMMON_NAME = new Uint8Array([0x55, 0x04, 0x03]);
const BASIC_CONSTRAINTS = new Uint8Array([0x55, 0x1d, 0x13]);
const KEY_USAGE = new Uint8Array([0x55, 0x1d, 0x0f]);
const EXTENDED_KEY_USAGE = new Uint8Array([0x55, 0x1d, 0x25]);
const ALTERNATIVE_NAME = new Uint8Array([0x55, 0x1d, 0x11]);
const SERVER_AUTH = new Uint8Array([0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01]);
const CLIENT_AUTH = new Uint8Array([0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02]);
const YES = tag(0x01, new Uint8Array([0xff]));
const ED25519 = sequence(oid(new Uint8Array([0x2b, 0x65, 0x70])));

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return tag(0x30, concat(...parts));
}

function set(part: Uint8Array): Uint8Array {
  return tag(0x31, part);
}

function oid(id: Uint8Array): Uint8Array {
  return tag(0x06, id);
}

function text(value: string): Uint8Array {
  return tag(0x0c, utf8(value));
}

function integer(value: Uint8Array): Uint8Array {
  return tag(0x02, value);
}

function bits(value: Uint8Array): Uint8Array {
  return tag(0x03, concat(new Uint8Array([0]), value));
}

/** X.690 §8.1.3: the length in one byte below 128, else the count of its bytes and then the bytes. */
function tag(kind: number, value: Uint8Array): Uint8Array {
  const length = value.length;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return concat(new Uint8Array([kind, ...head]), value);
}

function pem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
