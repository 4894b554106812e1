/** Who comes in over TCP: bearer tokens, each with what it is good for, compared without telling how much was right. */

import { createHash, timingSafeEqual } from "node:crypto";

/** Shorter ones can be guessed over a LAN within days. */
export const TOKEN_CHARACTERS_LEAST = 16;

/** `report` hands reports in and reads; an `operator`'s token reads and acknowledges in that name. */
export type Token =
  | { readonly may: "report"; readonly secret: string }
  | { readonly may: "acknowledge"; readonly secret: string; readonly operator: string };

/** What a caller may do. `owner`: everything, in any operator's name, because the state folder is theirs. */
export type Caller =
  | { readonly kind: "owner" }
  | { readonly kind: "guest"; readonly reports: boolean; readonly reads: boolean; readonly operator: string | undefined };

export const OWNER: Caller = { kind: "owner" };
export const STRANGER: Caller = { kind: "guest", reports: false, reads: false, operator: undefined };

/**
 * Judges a request by its `Authorization`: `Bearer TOKEN`, or Basic with the token as password, which is what some
 * senders offer. A wrong token is a stranger even where none is needed, so that a mistake is noticed at once.
 *
 * @param plain what a request without any token may do here
 */
export function admission(tokens: readonly Token[], plain: Caller): (request: Request) => Caller {
  const known = tokens.map((token) => ({ token, digest: digestOf(token.secret) }));
  return (request) => {
    const header = request.headers.get("authorization");
    if (header === null) return plain;
    const given = digestOf(secretIn(header) ?? "");
    let caller = STRANGER;
    for (const { token, digest } of known) {
      if (timingSafeEqual(digest, given)) caller = callerOf(token, plain);
    }
    return caller;
  };
}

function callerOf(token: Token, plain: Caller): Caller {
  const open = plain.kind === "guest" && plain.reports;
  return token.may === "report"
    ? { kind: "guest", reports: true, reads: true, operator: undefined }
    : { kind: "guest", reports: open, reads: true, operator: token.operator };
}

function secretIn(header: string): string | undefined {
  const [scheme = "", value = ""] = header.split(/ +/, 2);
  if (scheme.toLowerCase() === "bearer") return value;
  if (scheme.toLowerCase() !== "basic") return undefined;
  const pair = Buffer.from(value, "base64").toString("utf8");
  return pair.slice(pair.indexOf(":") + 1);
}

/** Digests have one length, so that the comparison does not tell the length of the secret. */
function digestOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
