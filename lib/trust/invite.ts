/** The invite: what one person carries from the agent to a listener, as a line to type or as a file. */

import { concat, fromCrockford, toBase64, toCrockford } from "../base/bytes.ts";
import { hkdf, sha256 } from "../base/digest.ts";
import { fail, ok, type Result } from "../base/result.ts";

export type Invite = {
  /** First 16 bytes of SHA-256 of the cluster key. */
  readonly cluster: Uint8Array;
  /** 16 random bytes, good once. */
  readonly secret: Uint8Array;
  readonly address: { readonly host: string; readonly port: number };
  /** 8 bytes; in certificates as base64url. */
  readonly id: Uint8Array;
};

export type InviteFault =
  | { readonly kind: "character"; readonly position: number; readonly found: string }
  | { readonly kind: "length"; readonly found: number; readonly expected: number }
  | { readonly kind: "version"; readonly found: number }
  | { readonly kind: "mistyped" };

const VERSION = 1;
const BODY_BYTES = 1 + 16 + 16 + 6 + 8;
const CHECK_BYTES = 2;
const CHARACTERS = Math.ceil(((BODY_BYTES + CHECK_BYTES) * 8) / 5);
const GROUP = 5;

/** In groups of five characters, with two bytes of check. */
export function printInvite({ cluster, secret, address, id }: Invite): string {
  const place = new Uint8Array([...address.host.split(".").map(Number), address.port >> 8, address.port & 255]);
  const body = concat(new Uint8Array([VERSION]), cluster, secret, place, id);
  const text = toCrockford(concat(body, sha256(body).subarray(0, CHECK_BYTES)));
  return (text.match(new RegExp(`.{1,${GROUP}}`, "g")) ?? []).join("-");
}

/** Reads a line, or a `li.gapbell` file: lines that begin with # are remarks. Spaces, hyphens and case do not matter. */
export function parseInvite(text: string): Result<Invite, InviteFault> {
  const line = text.split(/\r?\n/).filter((one) => !one.trimStart().startsWith("#")).join("").replace(/[\s-]/g, "");
  for (let at = 0; at < line.length; at += 1) {
    const found = line[at] ?? "";
    if (fromCrockford(found) === undefined) return fail({ kind: "character", position: at + 1, found });
  }
  if (line.length !== CHARACTERS) return fail({ kind: "length", found: line.length, expected: CHARACTERS });
  const bytes = fromCrockford(line) ?? new Uint8Array(BODY_BYTES + CHECK_BYTES);
  const body = bytes.subarray(0, BODY_BYTES);
  if (body[0] !== VERSION) return fail({ kind: "version", found: body[0] ?? 0 });
  const check = sha256(body).subarray(0, CHECK_BYTES);
  if (check[0] !== bytes[BODY_BYTES] || check[1] !== bytes[BODY_BYTES + 1]) return fail({ kind: "mistyped" });
  const place = body.subarray(33, 39);
  return ok({
    cluster: body.slice(1, 17), secret: body.slice(17, 33), id: body.slice(39, 47),
    address: { host: [...place.subarray(0, 4)].join("."), port: ((place[4] ?? 0) << 8) | (place[5] ?? 0) },
  });
}

/** What is wrong, for a person. */
export function inviteSentence(fault: InviteFault): string {
  switch (fault.kind) {
    case "character":
      return `Cannot read the invite: character ${fault.position} is "${fault.found}", must be a digit or one of ABCDEFGHJKMNPQRSTVWXYZ`;
    case "length":
      return `Cannot read the invite: it has ${fault.found} characters, must have ${fault.expected}`;
    case "version":
      return `Cannot read the invite: it is of version ${fault.found}, this program reads version ${VERSION}`;
    case "mistyped":
      return "Cannot read the invite: its check does not match, a character is wrong or two are exchanged";
  }
}

/** The key that JOIN's proof is made with; the agent is handed it together with the warrant. */
export function joinKeyOf(secret: Uint8Array): Uint8Array {
  return hkdf(secret, { salt: new Uint8Array(), use: "gapbell join", lengthBytes: 32 });
}

/** As certificates name the invite. */
export function inviteName(id: Uint8Array): string {
  return toBase64(id);
}
