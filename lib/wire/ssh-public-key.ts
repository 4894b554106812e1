/** One SSH public key as OpenSSH writes it on a line: `ssh-ed25519 AAAA… comment`. Source: RFC 4253 §6.6, sshd(8). */

import { equalBytes, fromUtf8 } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import { fail, ok, type Result } from "../base/result.ts";

/** Types that both ends can use here, the one to prefer first. DSA is dead, certificates and security keys are not spoken. */
export const SSH_KEY_TYPES = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"] as const;

/** RSA of 16,384 bits has about 2,100 bytes. */
const BLOB_BYTES_MOST = 4096;
const COMMENT_MOST = 128;

export type SshPublicKey = {
  readonly type: string;
  /** The bytes behind the base64, which begin with the type. */
  readonly blob: Uint8Array;
  readonly comment: string;
};

export type SshPublicKeyFault =
  | { readonly kind: "empty" }
  /** Somebody is about to hand out what must stay secret. */
  | { readonly kind: "privateKey" }
  | { readonly kind: "foreign" }
  | { readonly kind: "unusable"; readonly type: string }
  | { readonly kind: "damaged"; readonly type: string };

/** Takes the first line that is neither empty nor a comment. Options in front, as in authorized_keys, are not taken. */
export function parseSshPublicKey(text: string): Result<SshPublicKey, SshPublicKeyFault> {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return fail({ kind: "privateKey" });
  const line = text.split(/\r?\n/).map((one) => one.trim()).find((one) => one !== "" && !one.startsWith("#"));
  if (line === undefined) return fail({ kind: "empty" });
  const [type = "", base64 = "", ...comment] = line.split(/[ \t]+/);
  if (!/^[a-z0-9@.-]{3,64}$/.test(type) || base64 === "") return fail({ kind: "foreign" });
  if (!isUsable(type)) return fail({ kind: "unusable", type });
  const blob = blobOf(type, base64);
  if (blob === undefined) return fail({ kind: "damaged", type });
  return ok({ type, blob, comment: comment.join(" ").replace(/[^\x20-\x7e]/g, "").slice(0, COMMENT_MOST) });
}

/** @returns undefined where the base64 is broken, was cut, or holds a key of another type than it says */
export function blobOf(type: string, base64: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return undefined;
  const blob = new Uint8Array(Buffer.from(base64, "base64"));
  return blob.length <= BLOB_BYTES_MOST && typeIn(blob) === type && isWhole(blob) ? blob : undefined;
}

/** A key is a row of fields, each behind its length (RFC 4251 §5), that ends with its last one. */
function isWhole(blob: Uint8Array): boolean {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
  let at = 0;
  let fields = 0;
  for (; at + 4 <= blob.length; fields += 1) at += 4 + view.getUint32(at);
  return at === blob.length && fields >= 2;
}

/** The type that a key says of itself; "" where it is none. */
export function typeIn(blob: Uint8Array): string {
  if (blob.length < 4) return "";
  const length = new DataView(blob.buffer, blob.byteOffset).getUint32(0);
  return length > 64 || blob.length <= 4 + length ? "" : (fromUtf8(blob.subarray(4, 4 + length)) ?? "");
}

/** `SHA256:` and 43 characters, as `ssh-keygen -lf` prints it. */
export function sshFingerprint(blob: Uint8Array): string {
  return `SHA256:${Buffer.from(sha256(blob)).toString("base64").replace(/=+$/, "")}`;
}

/** The line without its comment. */
export function sshKeyLine({ type, blob }: Pick<SshPublicKey, "type" | "blob">): string {
  return `${type} ${Buffer.from(blob).toString("base64")}`;
}

export function sameSshKey(a: Pick<SshPublicKey, "blob">, b: Pick<SshPublicKey, "blob">): boolean {
  return equalBytes(a.blob, b.blob);
}

/** What is wrong with a key, for a person. @param where the file, in quotes, or "standard input" */
export function sshPublicKeySentence(fault: SshPublicKeyFault, where: string): string {
  switch (fault.kind) {
    case "empty":
      return `Found no key in ${where}, expected a line as in ssh-ed25519 AAAA…`;
    case "privateKey":
      return `Found a private key in ${where}, which must stay where it was made; expected the public one, a line as in ssh-ed25519 AAAA…`;
    case "foreign":
      return `Found something else than a public key in ${where}, expected a line as in ssh-ed25519 AAAA…`;
    case "unusable":
      return `Found a key of type "${fault.type}" in ${where}, must be one of ${SSH_KEY_TYPES.join(", ")}`;
    case "damaged":
      return `Found a damaged ${fault.type} key in ${where}: a part is missing or was changed, copy the whole line again`;
  }
}

function isUsable(type: string): boolean {
  return SSH_KEY_TYPES.some((usable) => usable === type);
}
