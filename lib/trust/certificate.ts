/**
 * Small certificates: what the cluster key says of an agent (voice), of an invite (warrant), of a listener that is no longer
 * trusted (revocation) and of old versions (floor), what an agent says of a listener (member), and what a newcomer that wants to
 * be an agent says of itself (request). Each is compact JSON and 64 bytes of signature, kept as exact bytes.
 */

import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { concat, fromBase64, fromUtf8, toBase64, utf8 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { CERTIFICATE_BYTES_MOST, SIGNATURE_BYTES } from "../wire/constants.ts";
import { publicKey, signBytes, verifyBytes } from "../wire/seal.ts";

const key = z.string().length(43);
const serial = z.int().min(1);

/** An agent's keys, endorsed by the cluster key. */
const Voice = z.object({ serial, agent: z.string().min(1).max(32), ed: key, x: key });
/** An invite: for whom, until when; `hash` is of the one-time secret. */
const Warrant = z.object({ id: z.string().length(11), operator: z.string().min(1).max(32), robot: z.boolean(), hash: key, expires: z.int() });
/** A listener's keys, endorsed by an agent under a warrant. */
const Member = z.object({ warrant: z.string().length(11), serial, ed: key, x: key });
/** A listener's Ed25519 key, never to be believed again; `serial` of its member certificate, `at` by the clock of who signed. */
const Revocation = z.object({ ed: key, serial, at: z.int() });

/** Keys that ask to be endorsed, signed by themselves. */
const Request = z.object({ agent: z.string().min(1).max(32), ed: key, x: key });
/** The lowest feature version that may be spoken in the cluster. */
const Floor = z.object({ version: z.int().min(1) });

const FORMS = { voice: Voice, warrant: Warrant, member: Member, revocation: Revocation, request: Request, floor: Floor } as const;
export type CertificateKind = keyof typeof FORMS;
export type Voice = z.infer<typeof Voice>;
export type Warrant = z.infer<typeof Warrant>;
export type MemberPaper = z.infer<typeof Member>;
type Content<Kind extends CertificateKind> = z.infer<(typeof FORMS)[Kind]>;

export type CertificateFault = "not a certificate" | "signature";

/** @returns the certificate in base64url, at most 320 bytes before encoding */
export function issue<Kind extends CertificateKind>(kind: Kind, content: Content<Kind>, signer: KeyObject): string {
  const bytes = utf8(JSON.stringify(content));
  return toBase64(concat(bytes, signBytes(concat(contextOf(kind), bytes), signer)));
}

/** @param by 32 raw bytes of the Ed25519 key that must have signed */
export function read<Kind extends CertificateKind>(kind: Kind, text: string, by: Uint8Array): Result<Content<Kind>, CertificateFault> {
  const whole = fromBase64(text);
  if (whole === undefined || whole.length <= SIGNATURE_BYTES || whole.length > CERTIFICATE_BYTES_MOST) return fail("not a certificate");
  const bytes = whole.subarray(0, whole.length - SIGNATURE_BYTES);
  const content = contentOf(kind, bytes);
  if (content === undefined) return fail("not a certificate");
  const genuine = verifyBytes(concat(contextOf(kind), bytes), whole.subarray(whole.length - SIGNATURE_BYTES), publicKey("ed", by));
  return genuine ? ok(content) : fail("signature");
}

/** The kind is signed as well: a warrant is never taken for a voice. */
function contextOf(kind: CertificateKind): Uint8Array {
  return utf8(`gapbell/1 ${kind}\0`);
}

function contentOf<Kind extends CertificateKind>(kind: Kind, bytes: Uint8Array): Content<Kind> | undefined {
  try {
    const parsed = FORMS[kind].safeParse(JSON.parse(fromUtf8(bytes) ?? ""));
    return parsed.success ? (parsed.data as Content<Kind>) : undefined;
  } catch {
    return undefined;
  }
}
