/**
 * The agent's way to its relay: signed HTTPS with pinned certificates. Nothing is decided or repeated here, but that a
 * request whose counter lagged behind is signed once more. The connection itself comes from `dial`, which SSH replaces.
 */

import { type KeyObject, randomUUID } from "node:crypto";
import { Agent, request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import { fromUtf8, toBase64, utf8 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type Ms, seconds } from "../base/units.ts";
import { answerOf, callOf, counterIn, refusalIn } from "../port/link-call.ts";
import type { LinkAnswer, LinkRequest, RelayAddress, RelayLink } from "../port/relay-link.ts";
import { decodeJoinString, joinKeysOf, joinMac, joinStringSentence } from "../wire/join-string.ts";
import { JoinAnswer, type JoinRequest } from "../wire/relay-api.ts";
import { signRequest } from "../wire/request-signature.ts";
import { certificatePem, derOf, isPinned, TLS_NAME, type TlsIdentity, tlsIdentity } from "./certificate.ts";
import { unreachableSentence, whyUnreachable } from "./unreachable.ts";

/** How long an answer may take; a poll is held for 25 s by the relay. */
export const LINK_MS_MOST: Ms = seconds(10);
export const POLL_LINK_MS_MOST: Ms = seconds(40);
/** A person waits for it, and an SSH login may have to come first. */
export const JOIN_MS_MOST: Ms = seconds(40);
/** An answer of 256 events has about 150,000 bytes. */
const ANSWER_BYTES_MOST = 1_048_576;

/** Who the agent is towards the relay. */
export type LinkIdentity = {
  /** What TLS shows. */
  readonly tls: TlsIdentity;
  /** What signs the requests: an identity of `trust`. */
  readonly voice: { readonly id: string; readonly ed: Uint8Array; readonly signer: KeyObject };
};

/** What TLS runs over where that is not TCP to the address. */
export type DialledLine = {
  readonly socket: Duplex;
  /** Why it ended, where the line knows better than TLS; asked once it has failed. */
  readonly epitaph: () => Promise<string | undefined>;
};

/** Opens such a line for one request, or says in one sentence why not. Never rejects, and gives up when `cut` says so. */
export type Dial = (cut: AbortSignal) => Promise<Result<DialledLine, string>>;

/** @param answerMsMost how long any answer but that of a poll may take */
export function openRelayLink(
  address: RelayAddress,
  identity: LinkIdentity,
  { dial, answerMsMost = LINK_MS_MOST }: { readonly dial?: Dial | undefined; readonly answerMsMost?: Ms } = {},
): RelayLink {
  const line = lineTo(address, identity.tls, { dial, strangers: STRANGERS.agent });
  // Above every counter of an earlier life, unless the clock was set back: then the relay says how far it has counted.
  let counter = BigInt(Date.now()) << 16n;
  const ask = async (request: LinkRequest, again: boolean): Promise<LinkAnswer> => {
    const call = callOf(request);
    const body = call.body === undefined ? new Uint8Array() : utf8(JSON.stringify(call.body));
    counter += 1n;
    const claim = { key: identity.voice.id, time: Date.now(), counter, idempotency: idempotencyOf(request) };
    const headers = signRequest({ method: call.method, path: call.path, body }, claim, identity.voice.signer);
    const answer = await line({ ...call, body, headers, withinMs: request.kind === "events" ? POLL_LINK_MS_MOST : answerMsMost });
    if (!answer.ok) return { kind: "silent", reason: answer.fault };
    const ahead = answer.value.status === 401 ? counterIn(answer.value.body) : undefined;
    if (ahead !== undefined && again) {
      if (ahead > counter) counter = ahead;
      return ask(request, false);
    }
    return answerOf(request, answer.value);
  };
  return { ask: (request) => ask(request, true), close: () => line.close() };
}

/** What the agent says of itself when it joins. */
export type Joiner = LinkIdentity & { readonly cluster: string; readonly clusterName: string; readonly agent: string };

export type JoinRelayFault =
  /** Not a string that `gapbell-relay invite` prints. */
  | { readonly kind: "badString"; readonly reason: string }
  /** The relay answered that it does not take us. */
  | { readonly kind: "refused"; readonly reason: string }
  /** No answer. */
  | { readonly kind: "silent"; readonly reason: string };

/** Where a join string leads to. Faults: badString. */
export function joinAddress(text: string): Result<RelayAddress, JoinRelayFault> {
  const join = readJoin(text);
  return join.ok ? ok(join.value.address) : join;
}

/** Shows the join string to its relay. The string is used up by the first agent that is taken. */
export async function joinRelay(text: string, joiner: Joiner, dial?: Dial): Promise<Result<RelayAddress, JoinRelayFault>> {
  const join = readJoin(text);
  if (!join.ok) return join;
  const { address, secret } = join.value;
  const { tlsSeed, macKey } = joinKeysOf(secret);
  const { cluster, clusterName, agent, tls, voice } = joiner;
  const request: Omit<JoinRequest, "mac"> = { cluster, clusterName, agent, ed: toBase64(voice.ed), certificate: tls.certificate };
  const line = lineTo(address, tlsIdentity(tlsSeed), { dial, strangers: STRANGERS.joiner });
  const body = utf8(JSON.stringify({ ...request, mac: joinMac(request, macKey) }));
  const answer = await line({ method: "POST", path: "/v1/join", body, headers: {}, withinMs: JOIN_MS_MOST });
  line.close();
  if (!answer.ok) return fail({ kind: "silent", reason: answer.fault });
  if (answer.value.status === 200 && JoinAnswer.safeParse(answer.value.body).success) return ok(address);
  return fail({ kind: "refused", reason: refusalIn(answer.value) });
}

function readJoin(text: string): Result<{ readonly address: RelayAddress; readonly secret: Uint8Array }, JoinRelayFault> {
  const decoded = decodeJoinString(text);
  if (!decoded.ok) return fail({ kind: "badString", reason: joinStringSentence(decoded.fault) });
  const { host, port, secret, ssh } = decoded.value;
  const certificate = certificatePem(decoded.value.certificate);
  if (derOf(certificate) === undefined) return fail({ kind: "badString", reason: joinStringSentence({ kind: "damaged" }) });
  return ok({ address: { host, port, certificate, ...(ssh === undefined ? {} : { ssh }) }, secret });
}

type Call = { readonly method: "GET" | "PUT" | "POST" | "DELETE"; readonly path: string };
type Answer = { readonly status: number; readonly body: unknown };
type Line = ((call: Call & {
  readonly body: Uint8Array; readonly headers: Readonly<Record<string, string>>; readonly withinMs: Ms;
}) => Promise<Result<Answer, string>>) & { readonly close: () => void };

/** What is repeated under the same id is the same request. */
function idempotencyOf(request: LinkRequest): string {
  return request.kind === "submit" ? request.escalation.id : randomUUID();
}

/** Whom a relay does not know it hangs up on, without a word: what that means for either kind of caller. */
const STRANGERS = {
  agent: "it may not know this agent's certificate any more, join it again",
  joiner: "it may not take this join string any more: used already, or over its time; invite anew, and if nobody here used it, somebody else did",
} as const;

/** One TLS connection for each request: a few milliseconds, and nothing half-open is ever used again. */
function lineTo(address: RelayAddress, identity: TlsIdentity, { dial, strangers }: { readonly dial: Dial | undefined; readonly strangers: string }): Line {
  const open = new Set<AbortController>();
  const line = async (call: Parameters<Line>[0]): Promise<Result<Answer, string>> => {
    const cut = new AbortController();
    const timer = setTimeout(() => cut.abort(`No answer from the relay at ${placeOf(address)} within ${call.withinMs / 1000} s`), call.withinMs);
    open.add(cut);
    try {
      const dialled = dial === undefined ? ok(undefined) : await dial(cut.signal);
      if (!dialled.ok) return dialled;
      const answer = await exchange(call, { address, identity, strangers, socket: dialled.value?.socket, cut: cut.signal });
      dialled.value?.socket.destroy();
      return answer.ok ? answer : fail((await dialled.value?.epitaph()) ?? answer.fault);
    } finally {
      clearTimeout(timer);
      open.delete(cut);
    }
  };
  const close = (): void => {
    for (const cut of open) cut.abort("The link was closed");
  };
  return Object.assign(line, { close });
}

type Over = {
  readonly address: RelayAddress;
  readonly identity: TlsIdentity;
  /** Why the relay may have hung up. */
  readonly strangers: string;
  /** Undefined: TCP to the address. */
  readonly socket: Duplex | undefined;
  /** Its reason is the fault. */
  readonly cut: AbortSignal;
};

function exchange({ method, path, headers, body }: Parameters<Line>[0], { address, identity, strangers, socket, cut }: Over): Promise<Result<Answer, string>> {
  return new Promise((resolve) => {
    const agent = new PinnedAgent({ address, identity, socket });
    const request = httpsRequest({
      agent, host: TLS_NAME, method, path,
      headers: { ...headers, ...(body.length === 0 ? {} : { "content-type": "application/json", "content-length": body.length }) },
    });
    const end = (result: Result<Answer, string>): void => {
      cut.removeEventListener("abort", give);
      resolve(result);
      if (!result.ok) request.destroy();
      agent.destroy();
    };
    const give = (): void => end(fail(String(cut.reason)));
    if (cut.aborted) give();
    cut.addEventListener("abort", give, { once: true });
    request.on("error", (thrown) => end(fail(sentenceOf(thrown, { address, strangers }))));
    request.on("response", (response) => {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      response.on("data", (chunk: Uint8Array) => {
        bytes += chunk.length;
        if (bytes > ANSWER_BYTES_MOST) end(fail(`The relay at ${placeOf(address)} answers with more than ${ANSWER_BYTES_MOST} bytes`));
        else chunks.push(chunk);
      });
      response.on("aborted", () => end(fail(`The relay at ${placeOf(address)} broke off in the middle of its answer`)));
      response.on("error", (thrown) => end(fail(sentenceOf(thrown, { address, strangers }))));
      response.on("end", () => end(ok({ status: response.statusCode ?? 0, body: jsonIn(Buffer.concat(chunks)) })));
    });
    request.end(body);
  });
}

/** An `https.Agent` whose connection is our own: Bun passes it over where it is given to the request itself (measured, 1.4.5). */
class PinnedAgent extends Agent {
  readonly #over: Omit<Over, "cut" | "strangers">;

  constructor(over: Omit<Over, "cut" | "strangers">) {
    super({ keepAlive: false });
    this.#over = over;
  }

  override createConnection(): Duplex {
    const { address, identity, socket } = this.#over;
    return tlsConnect({
      ...(socket === undefined ? { host: address.host, port: address.port } : { socket }),
      servername: TLS_NAME, ca: [address.certificate], cert: identity.certificate, key: identity.key, minVersion: "TLSv1.3",
      // The name in the certificate says nothing; that it is the very one we were given says all.
      checkServerIdentity: (_, { raw }) =>
        isPinned(certificatePem(new Uint8Array(raw)), address.certificate) ? undefined : new Error("another certificate"),
    });
  }
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes) ?? "");
  } catch {
    return undefined;
  }
}

function placeOf({ host, port }: RelayAddress): string {
  return `${host}:${port}`;
}

/** Each way to fail has its own sentence, because each is put right elsewhere. */
function sentenceOf(thrown: unknown, { address, strangers }: Pick<Over, "address" | "strangers">): string {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const place = placeOf(address);
  const why = code === "ECONNREFUSED" ? whyUnreachable(address.host) : undefined;
  if (why !== undefined) return unreachableSentence(why, place);
  if (code === "ECONNREFUSED") return `Nothing listens at ${place}; start the relay with "gapbell-relay run"`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `The name "${address.host}" of the relay cannot be resolved`;
  if (code === "ETIMEDOUT") return `The relay at ${place} does not take the connection`;
  if (/CERT|SELF_SIGNED|another certificate/i.test(`${code} ${message}`) && !/ALERT/.test(`${code} ${message}`)) {
    return `The relay at ${place} shows another certificate than the one it was joined with; join it again if it was set up anew`;
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH|HTTP_REQUEST|EPROTO|UNEXPECTED_MESSAGE/i.test(`${code} ${message}`)) return `Something else than a relay answers at ${place}; check host and port`;
  if (code === "ECONNRESET" || /ALERT|socket hang up/i.test(`${code} ${message}`)) {
    return `The relay at ${place} ended the connection; ${strangers}`;
  }
  return `Cannot speak to the relay at ${place}: ${message.slice(0, 120)}`;
}
