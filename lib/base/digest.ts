/** The one place where the core hashes. Pure: the same bytes give the same bytes. */

import { createHmac, hash, hkdfSync } from "node:crypto";

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash("sha256", bytes, "buffer"));
}

export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(bytes).digest());
}

/** RFC 5869 with SHA-256. @param lengthBytes 1 to 64 here */
export function hkdf(
  key: Uint8Array,
  { salt, use, lengthBytes }: { readonly salt: Uint8Array; readonly use: string; readonly lengthBytes: number },
): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key, salt, use, lengthBytes));
}

/** Only for the hashed names of OpenSSH's known_hosts, which know no other. */
export function hmacSha1(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha1", key).update(bytes).digest());
}
