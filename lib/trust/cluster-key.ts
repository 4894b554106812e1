/** The cluster key at rest: 32 bytes under a passphrase, because whoever holds it can invite anybody. */

import { scryptSync } from "node:crypto";
import { z } from "zod";
import { fromBase64, toBase64, utf8 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { unwrap, wrap } from "../wire/seal.ts";

/** 64 MiB and about 0.2 s: once for each invite. */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 + 2 ** 20 } as const;
export const PASSPHRASE_CHARACTERS_LEAST = 8;

const Locked = z.object({ kind: z.literal("gapbell cluster key"), salt: z.string(), sealed: z.string() });

/** @param salt 16 random bytes; `nonce` 12, both used once */
export function lockClusterKey(
  seed: Uint8Array,
  { passphrase, salt, nonce }: { readonly passphrase: string; readonly salt: Uint8Array; readonly nonce: Uint8Array },
): string {
  const sealed = wrap(seed, { key: keyOf(passphrase, salt), nonce });
  return `${JSON.stringify({ kind: "gapbell cluster key", salt: toBase64(salt), sealed: toBase64(sealed) })}\n`;
}

export type UnlockFault = "not a cluster key" | "wrong passphrase";

/** @returns the 32-byte seed */
export function unlockClusterKey(text: string, passphrase: string): Result<Uint8Array, UnlockFault> {
  const locked = Locked.safeParse(parseJson(text));
  const salt = fromBase64(locked.data?.salt ?? "");
  const sealed = fromBase64(locked.data?.sealed ?? "");
  if (!locked.success || salt === undefined || sealed === undefined) return fail("not a cluster key");
  const seed = unwrap(sealed, keyOf(passphrase, salt));
  return seed === undefined ? fail("wrong passphrase") : ok(seed);
}

function keyOf(passphrase: string, salt: Uint8Array): Uint8Array {
  return new Uint8Array(scryptSync(utf8(passphrase.normalize("NFKC")), salt, 32, SCRYPT));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
