/**
 * Joining by approval: the newcomer commits to its keys and a nonce, the agent answers with its own, the newcomer reveals. Both
 * then show eight characters of the hash of all that. Who stands in between would have to choose a nonce before it knows the
 * others: the characters are equal only where nobody does.
 */

import { fromBase64, fromCrockford, toBase64, toCrockford, utf8, utf8Length } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { BODY_BYTES_MOST } from "../wire/constants.ts";
import type { Body } from "../wire/message.ts";
import { isSound } from "../wire/seal.ts";
import { type Disbelief, judgeJoined, type Membership } from "./enrolment.ts";
import { clusterIdOf, type Identity, type Peer, peerOf } from "./keys.ts";

/** What a newcomer says of itself; keys and nonce in base64url. */
export type Asking = {
  readonly ed: string;
  readonly x: string;
  /** 16 random bytes, used once; nobody knows them before the reveal. */
  readonly nonce: string;
  readonly host: string;
  /** For whom it wants to listen, or "". */
  readonly operator: string;
};

/** What the agent adds, in base64url. */
export type Offer = { readonly cluster: string; readonly ed: string; readonly x: string; readonly nonce: string };

export function commitmentOf({ ed, x, nonce, host, operator }: Asking): string {
  return toBase64(sha256(utf8(`gapbell commit\0${JSON.stringify([ed, x, nonce, host, operator])}`)));
}

/** @param revealed false while the agent's nonce is not known: until then nobody may see what is committed to */
export function composeCommit(asking: Asking, { revealed }: { readonly revealed: boolean }): Body<"commit"> {
  const { ed, x, nonce, host, operator } = asking;
  return padded({ commit: commitmentOf(asking), key: ed, ...(revealed ? { x, nonce, host, operator } : {}) });
}

/** @returns the body as long as one may be */
export function padded(body: Omit<Body<"commit">, "pad">): Body<"commit"> {
  return { ...body, pad: ".".repeat(BODY_BYTES_MOST - utf8Length(JSON.stringify({ ...body, pad: "" }))) };
}

export type RevealFault = "wrong commitment" | "unsound key";

/** @returns what was committed to. `x`, `nonce` and `host` are missing in a COMMIT that reveals nothing: a wrong commitment */
export function judgeReveal({ commit, key: ed, x = "", nonce = "", host = "", operator = "" }: Body<"commit">): Result<{ readonly asking: Asking; readonly peer: Peer }, RevealFault> {
  const asking = { ed, x, nonce, host, operator };
  if (commitmentOf(asking) !== commit) return fail("wrong commitment");
  const keys = [fromBase64(ed) ?? new Uint8Array(), fromBase64(x) ?? new Uint8Array()] as const;
  return isSound(keys[1]) ? ok({ asking, peer: peerOf(...keys) }) : fail("unsound key");
}

/** Everything that both sides must agree on, as the text that is hashed. */
export function transcriptOf({ ed, x, nonce, host, operator }: Asking, offer: Offer): string {
  return `gapbell approval\0${JSON.stringify([offer.cluster, offer.ed, offer.x, offer.nonce, ed, x, nonce, host, operator])}`;
}

/** SHA-256 of the transcript in base64url: `hash` of the warrant that approves it. */
export function hashOf(transcript: string): string {
  return toBase64(sha256(utf8(transcript)));
}

/** The first 40 bits of the hash: K7QM-3X9D. */
export function codeOf(transcript: string): string {
  const code = toCrockford(sha256(utf8(transcript)).subarray(0, CODE_BYTES));
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

const CODE_BYTES = 5;
const CODE_CHARACTERS = 8;

/** Reads a code as a person types it: case, spaces and hyphens do not matter. @returns it as `codeOf` writes it, or what is wrong */
export function parseCode(text: string): Result<string, string> {
  const line = text.replace(/[\s-]/g, "");
  const at = [...line].findIndex((character) => fromCrockford(character) === undefined);
  if (at >= 0) return fail(`character ${at + 1} is "${[...line][at] ?? ""}", must be a digit or one of ABCDEFGHJKMNPQRSTVWXYZ`);
  if (line.length !== CODE_CHARACTERS) return fail(`it has ${line.length} characters, must have ${CODE_CHARACTERS}`);
  const code = toCrockford(fromCrockford(line) ?? new Uint8Array(CODE_BYTES));
  return ok(`${code.slice(0, 4)}-${code.slice(4)}`);
}

/** Names the warrant of an approval, as that of an invite is named by its id: first 8 bytes of the commitment. */
export function approvalId(commit: string): Uint8Array {
  return (fromBase64(commit) ?? new Uint8Array()).slice(0, 8);
}

/**
 * Whether the answer comes from those who were in the transcript. The equal codes are what makes its cluster key believable;
 * everything else must follow from that key.
 */
export function judgeApproved(
  joined: Body<"joined">,
  { asking, offer, own }: { readonly asking: Asking; readonly offer: Offer; readonly own: Identity },
): Result<Membership, Disbelief> {
  const invite = { cluster: clusterIdOf(fromBase64(offer.cluster) ?? new Uint8Array()), id: approvalId(commitmentOf(asking)) };
  const judged = judgeJoined(joined, { invite, own, nonce: fromBase64(asking.nonce) ?? new Uint8Array() });
  if (!judged.ok) return judged;
  const { voice, warrant } = judged.value;
  if (voice.ed !== offer.ed || voice.x !== offer.x) return fail({ kind: "forged", what: "voice" });
  return warrant.hash === hashOf(transcriptOf(asking, offer)) ? judged : fail({ kind: "forged", what: "warrant" });
}
