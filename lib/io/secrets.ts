/** Keys and passwords on disk: readable by their owner only, whole or not there, and never written over. */

import {
  closeSync, constants, fstatSync, fsyncSync, linkSync, openSync, readFileSync, realpathSync, unlinkSync, writeSync,
} from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { fail, ok, type Result } from "../base/result.ts";
import { dice } from "./dice.ts";
import { toHex } from "../base/bytes.ts";

export type SecretFault =
  | { readonly kind: "missing"; readonly path: string }
  /** Others than the owner may read or write it. */
  | { readonly kind: "tooOpen"; readonly path: string; readonly mode: number }
  | { readonly kind: "notOurs"; readonly path: string; readonly owner: number; readonly us: number }
  | { readonly kind: "tooLong"; readonly path: string; readonly bytes: number }
  | { readonly kind: "unreadable"; readonly path: string; readonly reason: string }
  | { readonly kind: "exists"; readonly path: string }
  | { readonly kind: "unwritable"; readonly path: string; readonly reason: string };

/** A key, a certificate or a password; anything longer is another file. */
export const SECRET_BYTES_MOST = 65_536;

/**
 * Writes a new secret with mode 0600 and returns when it is on disk. A crash leaves the whole file or none.
 * Faults: exists, unwritable.
 */
export function writeSecret(path: string, secret: string | Uint8Array): Result<void, SecretFault> {
  const draft = join(dirname(path), `.${basename(path)}.${toHex(dice.bytes(6))}`);
  try {
    writeDraft(draft, typeof secret === "string" ? Buffer.from(secret, "utf8") : secret);
    try {
      // A link, unlike a rename, fails where the name is taken.
      linkSync(draft, path);
    } finally {
      unlinkSync(draft);
    }
    syncFolder(dirname(path));
    return ok(undefined);
  } catch (thrown) {
    if (codeOf(thrown) === "EEXIST") return fail({ kind: "exists", path });
    return fail({ kind: "unwritable", path, reason: reasonOf(thrown) });
  }
}

/**
 * Reads a secret after a look at who else could have read it.
 * Faults: missing, tooOpen, notOurs, tooLong, unreadable.
 */
export function readSecret(path: string): Result<Uint8Array, SecretFault> {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { mode, uid, size } = fstatSync(file);
      const us = process.geteuid?.() ?? 0;
      if (!isCredential(path)) {
        if (uid !== us && uid !== 0) return fail({ kind: "notOurs", path, owner: uid, us });
        if ((mode & 0o077) !== 0) return fail({ kind: "tooOpen", path, mode: mode & 0o777 });
      }
      if (size > SECRET_BYTES_MOST) return fail({ kind: "tooLong", path, bytes: size });
      return ok(new Uint8Array(readFileSync(file)));
    } finally {
      closeSync(file);
    }
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return fail({ kind: "missing", path });
    return fail({ kind: "unreadable", path, reason: reasonOf(thrown) });
  }
}

/** Like `readSecret`, as text without the line end that editors add. */
export function readSecretText(path: string): Result<string, SecretFault> {
  const read = readSecret(path);
  return read.ok ? ok(Buffer.from(read.value).toString("utf8").replace(/\r?\n$/, "")) : read;
}

/** What is wrong and the command that puts it right, for a person. Never holds the secret. */
export function secretSentence(fault: SecretFault): string {
  switch (fault.kind) {
    case "missing":
      return `Cannot find "${fault.path}"`;
    case "tooOpen":
      return `Refuse to use "${fault.path}": its mode is ${octal(fault.mode)} and others could read it, must be 0600: chmod 600 ${quote(fault.path)}`;
    case "notOurs":
      return `Refuse to use "${fault.path}": it belongs to user ${fault.owner}, must belong to user ${fault.us}: chown ${fault.us} ${quote(fault.path)} && chmod 600 ${quote(fault.path)}`;
    case "tooLong":
      return `Refuse to use "${fault.path}": it has ${fault.bytes} bytes, a secret has at most ${SECRET_BYTES_MOST}`;
    case "unreadable":
      return `Cannot read "${fault.path}": ${fault.reason}`;
    case "exists":
      return `Refuse to write "${fault.path}": it exists, and a secret is never written over; move it away first`;
    case "unwritable":
      return `Cannot write "${fault.path}": ${fault.reason}`;
  }
}

function writeDraft(draft: string, bytes: Uint8Array): void {
  const file = openSync(draft, "wx", 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } catch (thrown) {
    unlinkSync(draft);
    throw thrown;
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** systemd gives credentials to one service by access lists, which stat(2) shows as a mode that looks too open. */
function isCredential(path: string): boolean {
  const folder = process.env["CREDENTIALS_DIRECTORY"];
  if (folder === undefined || folder === "") return false;
  return realpathSync(path).startsWith(realpathSync(folder) + sep);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function quote(path: string): string {
  return /^[\w./@%+:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
