/**
 * Letting another agent into the cluster by two texts that a person carries: the newcomer's request, which is no secret,
 * and the grant, which only the newcomer can open.
 */

import { z } from "zod";
import { concat, fromBase64, fromUtf8, toBase64, toCrockford, utf8 } from "../base/bytes.ts";
import { hkdf, sha256 } from "../base/digest.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { agree, isSound, privateKey, publicKey, rawPublic, unwrap, wrap } from "../wire/seal.ts";
import { issue, read } from "./certificate.ts";
import { type Identity, type Peer, peerOf } from "./keys.ts";
import { readVoice, type Voiced } from "./voice.ts";

/** What a newcomer asks: a voice under this name for these keys. */
export type Request = { readonly agent: string; readonly peer: Peer };

export type RequestFault = "not a request" | "mistyped";

/** One line: the key, and what it has signed. */
export function printRequest(agent: string, own: Identity): string {
  return `${toBase64(own.ed)}.${issue("request", { agent, ed: toBase64(own.ed), x: toBase64(own.x) }, own.signer)}`;
}

/** Lines that begin with # are remarks. */
export function parseRequest(text: string): Result<Request, RequestFault> {
  const [key = "", paper = "", ...more] = lineOf(text).split(".");
  const ed = fromBase64(key);
  if (ed?.length !== 32 || more.length > 0) return fail("not a request");
  const request = read("request", paper, ed);
  if (!request.ok) return fail(request.fault === "signature" ? "mistyped" : "not a request");
  const x = fromBase64(request.value.x);
  if (request.value.ed !== key || x?.length !== 32 || !isSound(x)) return fail("mistyped");
  return ok({ agent: request.value.agent, peer: peerOf(ed, x) });
}

/** What both sides show, so that a person sees that it is the same request: 60 bits. */
export function requestCode({ ed, x }: Pick<Peer, "ed" | "x">): string {
  const text = toCrockford(sha256(concat(utf8("gapbell pair\0"), ed, x))).slice(0, 12);
  return (text.match(/.{4}/g) ?? []).join("-");
}

const key = z.string().length(43);
const certificate = z.string().max(1024);
const address = z.object({ host: z.string().max(64), port: z.int().min(1).max(65_535) });

/** Everything that an agent needs to speak with the cluster's voice beside its own keys. */
export const Grant = z.object({
  cluster: key, clusterName: z.string().min(1).max(32), secret: key, group: z.object({ kid: z.int().min(1).max(0x7fff), key }),
  /** The newcomer's voice certificate, and those of the agents that are there, with where they are reached. */
  voice: certificate, agents: z.array(z.object({ voice: certificate, address: address.optional() })).min(1).max(16),
  /** Whom they have let in; what is in them is checked by whoever takes them in. */
  members: z.array(z.unknown()), invites: z.array(z.unknown()),
  /** The first agent's configuration, by name of the file. */
  files: z.record(z.string(), z.string()),
});
export type Grant = z.infer<typeof Grant>;

/** @param seed 32 random bytes, for this grant alone; `nonce` 12 */
export function sealGrant(grant: Grant, { to, seed, nonce }: { readonly to: Pick<Peer, "x">; readonly seed: Uint8Array; readonly nonce: Uint8Array }): string {
  const once = privateKey("x", seed);
  const from = rawPublic(once);
  return `${toBase64(from)}.${toBase64(wrap(utf8(JSON.stringify(grant)), { key: grantKey(agree(once, publicKey("x", to.x)), { from, to: to.x }), nonce }))}`;
}

export type GrantFault = "not a grant" | "for another request" | "of another form" | "not signed by its cluster";

/** What the newcomer may believe of it: its own voice, and the others', are signed by the cluster key that it brings. */
export type Granted = { readonly grant: Grant; readonly clusterKey: Uint8Array; readonly voice: Voiced; readonly agents: readonly Voiced[] };

export function openGrant(text: string, own: Identity): Result<Granted, GrantFault> {
  const [key = "", body = "", ...more] = lineOf(text).split(".");
  const from = fromBase64(key);
  const sealed = fromBase64(body);
  if (from?.length !== 32 || sealed === undefined || sealed.length < 28 || more.length > 0 || !isSound(from)) return fail("not a grant");
  const plain = unwrap(sealed, grantKey(agree(own.agreement, publicKey("x", from)), { from, to: own.x }));
  if (plain === undefined) return fail("for another request");
  const grant = Grant.safeParse(parseJson(fromUtf8(plain) ?? ""));
  if (!grant.success) return fail("of another form");
  const clusterKey = fromBase64(grant.data.cluster) ?? new Uint8Array();
  const voice = readVoice(grant.data.voice, clusterKey);
  const agents = grant.data.agents.map((one) => readVoice(one.voice, clusterKey));
  if (!voice.ok || voice.value.peer.id !== own.id || agents.some((one) => !one.ok)) return fail("not signed by its cluster");
  return ok({ grant: grant.data, clusterKey, voice: voice.value, agents: agents.flatMap((one) => (one.ok ? [one.value] : [])) });
}

function grantKey(secret: Uint8Array, { from, to }: { readonly from: Uint8Array; readonly to: Uint8Array }): Uint8Array {
  return hkdf(secret, { salt: concat(from, to), use: "gapbell/1 grant", lengthBytes: 32 });
}

/** Without remarks and blanks. */
function lineOf(text: string): string {
  return text.split(/\r?\n/).filter((line) => !line.trimStart().startsWith("#")).join("").replace(/\s/g, "");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
