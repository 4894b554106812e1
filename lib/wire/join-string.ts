/**
 * The string that `gapbell-relay invite` prints and an agent joins by: where the relay is, its certificate, one secret.
 *
 *   gapbell-relay1.<base64url of the bytes below>
 *   secret(16) port(2) host(1 + n) certificate, DER(2 + n) ssh, JSON(2 + n) | first 4 bytes of SHA-256 over all before
 */

import { concat, equalBytes, fromBase64, fromUtf8, toBase64, utf8 } from "../base/bytes.ts";
import { hkdf, hmacSha256, sha256 } from "../base/digest.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { JoinRequest } from "./relay-api.ts";
import { SshWays } from "./ssh-way.ts";

export const JOIN_SECRET_BYTES = 16;
/** What is read at most, so that a wrong file is not taken for a join string; eight ways with their pins have about 7,000. */
export const JOIN_STRING_MOST = 32_768;

export type JoinString = {
  readonly host: string;
  readonly port: number;
  /** The relay's certificate as DER. */
  readonly certificate: Uint8Array;
  readonly secret: Uint8Array;
  /** The ways through jump hosts; undefined where the relay is reached directly. */
  readonly ssh: SshWays | undefined;
};

export type JoinStringFault =
  | { readonly kind: "empty" }
  | { readonly kind: "foreign" }
  /** An invite for a listener, which `gapbell-client join` takes. */
  | { readonly kind: "listenerInvite" }
  | { readonly kind: "newer"; readonly version: string }
  | { readonly kind: "damaged" };

/** @param join host 1 to 255 bytes; port 1 to 65535; secret 16 bytes */
export function encodeJoinString({ host, port, certificate, secret, ssh }: JoinString): string {
  const name = utf8(host);
  const way = ssh === undefined ? new Uint8Array() : utf8(JSON.stringify(ssh));
  const body = concat(
    secret, uint16(port), new Uint8Array([name.length]), name,
    uint16(certificate.length), certificate, uint16(way.length), way,
  );
  return `${PREFIX}${VERSION}.${toBase64(concat(body, checksum(body)))}`;
}

/** Takes the string as people paste it: with line breaks, spaces, and comment lines that begin with `#`. */
export function decodeJoinString(text: string): Result<JoinString, JoinStringFault> {
  const plain = text.slice(0, JOIN_STRING_MOST).replace(/^\s*#.*$/gm, "").replace(/\s+/g, "");
  if (plain === "") return fail({ kind: "empty" });
  const form = /^gapbell-relay(\d{1,3})\.(.*)$/.exec(plain);
  if (form === null) return fail({ kind: LISTENER_INVITE.test(plain) ? "listenerInvite" : "foreign" });
  const [, version = "", payload = ""] = form;
  if (version !== VERSION) return fail({ kind: "newer", version });
  const bytes = fromBase64(payload);
  if (bytes === undefined || bytes.length < CHECKSUM_BYTES) return fail({ kind: "damaged" });
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  if (!equalBytes(checksum(body), bytes.subarray(-CHECKSUM_BYTES))) return fail({ kind: "damaged" });
  return readBody(body);
}

/** What is wrong with a join string, for a person. */
export function joinStringSentence(fault: JoinStringFault): string {
  switch (fault.kind) {
    case "empty":
      return 'Found no join string, expected the line that "gapbell-relay invite" prints';
    case "foreign":
      return 'Found something else than a join string, expected the line that "gapbell-relay invite" prints; it begins with "gapbell-relay1."';
    case "listenerInvite":
      return 'Found an invite for a listener, which "gapbell-client join" takes; expected the line that "gapbell-relay invite" prints';
    case "newer":
      return `Found a join string of version ${fault.version}, this program reads version ${VERSION}; use the same release on both sides`;
    case "damaged":
      return "Found a join string whose checksum does not match: a part is missing or was changed, copy the whole line again";
  }
}

/** What both sides derive from the secret: a TLS identity good for one POST, and the key of its MAC. */
export function joinKeysOf(secret: Uint8Array): { readonly tlsSeed: Uint8Array; readonly macKey: Uint8Array } {
  const derive = (use: string): Uint8Array => hkdf(secret, { salt: new Uint8Array(), use, lengthBytes: 32 });
  return { tlsSeed: derive("gapbell relay join tls"), macKey: derive("gapbell relay join") };
}

/** Over every field of the request but `mac`, in a fixed order. */
export function joinMac(request: Omit<JoinRequest, "mac">, macKey: Uint8Array): string {
  const { cluster, clusterName, agent, ed, certificate } = request;
  return toBase64(hmacSha256(macKey, utf8(JSON.stringify([cluster, clusterName, agent, ed, certificate]))));
}

const PREFIX = "gapbell-relay";
const VERSION = "1";
const CHECKSUM_BYTES = 4;
const LISTENER_INVITE = /^[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z-]{60,}$/;

function checksum(body: Uint8Array): Uint8Array {
  return sha256(body).subarray(0, CHECKSUM_BYTES);
}

function readBody(body: Uint8Array): Result<JoinString, JoinStringFault> {
  let at = 0;
  let short = false;
  const take = (count: number): Uint8Array => {
    short ||= at + count > body.length;
    at += count;
    return body.slice(at - count, at);
  };
  const number = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const secret = take(JOIN_SECRET_BYTES);
  const port = number(take(2));
  const host = fromUtf8(take(number(take(1))));
  const certificate = take(number(take(2)));
  const way = fromUtf8(take(number(take(2))));
  if (short || at !== body.length || host === undefined || host === "" || way === undefined || port === 0) {
    return fail({ kind: "damaged" });
  }
  if (way === "") return ok({ secret, port, host, certificate, ssh: undefined });
  const ssh = readWays(way);
  return ssh === undefined ? fail({ kind: "damaged" }) : ok({ secret, port, host, certificate, ssh });
}

function readWays(text: string): SshWays | undefined {
  try {
    return SshWays.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function uint16(value: number): Uint8Array {
  return new Uint8Array([value >> 8, value & 255]);
}
