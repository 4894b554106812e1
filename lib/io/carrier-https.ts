/**
 * Carries one HTTPS request. Resolving, connecting and the TLS handshake are done here one after the other, because an
 * HTTP client tells neither which of them failed nor whether the request had left. Redirects are never followed. A proxy
 * is not used, whatever the environment says: `connectionTo` is the place where one would be asked.
 */

import { lookup } from "node:dns/promises";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { CarrierReply, HttpsRequest } from "../port/carrier.ts";
import { unreachableError } from "./unreachable.ts";

/** The share of the time that resolving, connecting and the handshake may take each (channels-and-standards §1.1). */
export const CONNECT_MS_MOST = 5000;

/** Answers of our providers have some hundred bytes; a longer one is not theirs. */
export const ANSWER_BYTES_MOST = 65_536;

/** Addresses of one name that are tried in turn. */
const ADDRESSES_MOST = 3;

/** Never rejects, never logs; ends within `timeoutMs`. */
export async function carryHttps(request: HttpsRequest): Promise<CarrierReply> {
  const progress: Progress = { stage: "dns", sent: false, socket: undefined, over: false };
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => deadline.reject(timedOut(request.timeoutMs)), request.timeoutMs);
  try {
    return await Promise.race([converse(request, progress), deadline.promise]);
  } catch (error) {
    return { kind: "failed", stage: progress.stage, sent: progress.sent, code: undefined, reason: reasonOf(error) };
  } finally {
    clearTimeout(timer);
    progress.over = true;
    progress.socket?.destroy();
  }
}

/** How far it came, for the moment when it breaks. */
type Progress = {
  stage: "dns" | "connect" | "tls" | "send" | "answer";
  sent: boolean;
  socket: Socket | undefined;
  /** The reply has been given: whatever still comes must not connect or send any more. */
  over: boolean;
};

async function converse(request: HttpsRequest, progress: Progress): Promise<CarrierReply> {
  const url = new URL(request.url);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = await addressesOf(host);
  progress.stage = "connect";
  let socket = await connectionTo({ addresses, port: Number(url.port) || (url.protocol === "http:" ? 80 : 443), progress });
  // The settings allow http to a loopback address only.
  if (url.protocol === "https:") {
    progress.stage = "tls";
    socket = await secured(socket, { host, authority: request.authority, progress });
  }
  progress.stage = "send";
  return exchange({ request, url, socket, progress });
}

async function addressesOf(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const found = await within(lookup(host, { all: true }), CONNECT_MS_MOST);
  return found.slice(0, ADDRESSES_MOST).map(({ address }) => address);
}

async function connectionTo({ addresses, port, progress }: {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly progress: Progress;
}): Promise<Socket> {
  let last: unknown = new Error("The name has no address");
  for (const host of addresses) {
    const socket = owned(connectTcp({ host, port }), progress);
    try {
      await within(once(socket, "connect"), CONNECT_MS_MOST / addresses.length);
      return socket;
    } catch (error) {
      socket.destroy();
      last = unreachableError(host) ?? error;
    }
  }
  throw last;
}

function secured(socket: Socket, { host, authority, progress }: {
  readonly host: string;
  readonly authority: string | undefined;
  readonly progress: Progress;
}): Promise<Socket> {
  const secure = connectTls({
    socket,
    host,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
    // A name goes into the handshake; an address must not (RFC 6066 §3), and is checked as `host`.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(authority === undefined ? {} : { ca: authority }),
  });
  return within(once(owned(secure, progress), "secureConnect"), CONNECT_MS_MOST).then(() => secure);
}

/** The socket dies with the call, also when the call ends while it is still connecting. */
function owned<Any extends Socket>(socket: Any, progress: Progress): Any {
  progress.socket = socket;
  if (progress.over) socket.destroy();
  return socket;
}

function once(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    // Stay for the whole life: an error after the answer must not become an unhandled one.
    socket.on("error", reject);
    socket.once("close", () => reject(Object.assign(new Error("The other side closed the connection"), { code: "ECONNRESET" })));
  });
}

function exchange({ request, url, socket, progress }: {
  readonly request: HttpsRequest;
  readonly url: URL;
  readonly socket: Socket;
  readonly progress: Progress;
}): Promise<CarrierReply> {
  return new Promise((resolve, reject) => {
    if (progress.over) return reject(new Error("The time is over"));
    const call = httpRequest({
      method: request.method,
      host: url.hostname,
      path: `${url.pathname}${url.search}`,
      agent: agentOver(socket),
      headers: {
        host: url.host,
        "user-agent": "gapbell-relay",
        ...request.headers,
        ...(request.body === "" ? {} : { "content-length": String(Buffer.byteLength(request.body)) }),
      },
    });
    call.on("error", reject);
    let answered = false;
    // Once an answer has begun, its own stream tells whether it is whole: the connection may well close before it is read.
    socket.once("close", () => {
      if (!answered) reject(Object.assign(new Error("The other side closed the connection"), { code: "ECONNRESET" }));
    });
    call.on("response", (answer) => {
      answered = true;
      answerOf(answer).then(resolve, reject);
    });
    // From here on the request may have been acted upon; a GET acts on nothing.
    progress.stage = "answer";
    progress.sent = request.method === "POST";
    call.end(request.body);
  });
}

/** The connection is ours already; the agent only hands it out, and is never asked twice. */
function agentOver(socket: Socket): Agent {
  const agent = new Agent({ keepAlive: false });
  agent.createConnection = () => socket;
  return agent;
}

async function answerOf(answer: IncomingMessage): Promise<CarrierReply> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    const part: Uint8Array = chunk;
    bytes += part.length;
    if (bytes > ANSWER_BYTES_MOST) throw new Error(`The answer is longer than ${ANSWER_BYTES_MOST} bytes`);
    chunks.push(part);
  }
  return {
    kind: "https",
    status: answer.statusCode ?? 0,
    headers: headersOf(answer),
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]));
}

/** The loser goes on and is forgotten; whatever it opened is closed by its owner. */
async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(timedOut(ms)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function timedOut(ms: number): Error {
  return Object.assign(new Error(`No answer within ${ms / 1000} s`), { code: "ETIMEDOUT" });
}

/** The system's own code first; the URL, which holds the secret, is not part of any of these messages. */
function reasonOf(error: unknown): string {
  const code: unknown = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return typeof code === "string" && !message.includes(code) ? `${code}: ${message}` : message;
}
