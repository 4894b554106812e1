/** The listener's interface over its socket: list, status, acknowledge, and the tap. Plain Request and Response: this program is small. */

import { jsonLine } from "../base/json-line.ts";
import { CLIENT_ASK_BYTES_MOST, type ClientQuestion, COMMENT_CHARACTERS_MOST } from "../port/client-door.ts";
import type { Reply } from "../port/tickets.ts";

export type ClientDoor = {
  /** Never rejects. */
  readonly ask: (question: ClientQuestion) => Promise<Reply>;
  /** Opens a tap; undefined where there are too many. */
  readonly tap: () => ReadableStream<Uint8Array> | undefined;
  /** How many datagrams were dropped and connections ended, for each reason: part of the status. */
  readonly drops: () => Readonly<Record<string, number>>;
};

/** Routes: `GET /v1/alarms[?all=1]`, `POST /v1/alarms/ID/ack`, `GET /v1/status`, `GET /v1/lines`. */
export function clientApi(door: ClientDoor): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const ack = /^\/v1\/alarms\/([^/]{1,64})\/ack$/.exec(pathname);
    if (ack !== null) return request.method === "POST" ? acknowledge(door, decode(ack[1] ?? ""), request) : wrongMethod("POST");
    const read = READS[pathname];
    if (read === undefined) return send({ status: 404, body: { error: `This listener has no route "${pathname.slice(0, 80)}"` } });
    return request.method === "GET" ? read(door, searchParams) : wrongMethod("GET");
  };
}

const READS: Readonly<Record<string, (door: ClientDoor, query: URLSearchParams) => Promise<Response>>> = {
  "/v1/alarms": async ({ ask }, query) => send(await ask({ kind: "list", all: query.get("all") === "1" })),
  "/v1/status": async ({ ask, drops }) => {
    const { status, body } = await ask({ kind: "status" });
    return send({ status, body: { ...(typeof body === "object" ? body : {}), drops: drops() } });
  },
  "/v1/lines": async ({ tap }) => {
    const stream = tap();
    if (stream === undefined) return send({ status: 503, body: { error: "Too many programs listen already" } });
    return new Response(stream, { headers: { "Content-Type": "application/jsonl" } });
  },
};

async function acknowledge({ ask }: ClientDoor, id: string, request: Request): Promise<Response> {
  const text = await request.text();
  if (text.length > CLIENT_ASK_BYTES_MOST) return send({ status: 413, body: { error: `The body has more than ${CLIENT_ASK_BYTES_MOST} bytes` } });
  const body = parse(text);
  const { comment = "", robot = false } = body ?? {};
  if (body === undefined || typeof comment !== "string" || typeof robot !== "boolean") {
    return send({ status: 400, body: { error: "Cannot take the body", field: "body", expected: '{"comment": text, "robot": true or false}' } });
  }
  if (comment.length > COMMENT_CHARACTERS_MOST) {
    return send({ status: 400, body: { error: `The comment has ${comment.length} characters`, field: "comment", expected: `at most ${COMMENT_CHARACTERS_MOST} characters` } });
  }
  return send(await ask({ kind: "ack", id, robot, comment: comment.toWellFormed().replace(/[\p{Cc}\s]+/gu, " ").trim() }));
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text === "" ? "{}" : text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function wrongMethod(allowed: string): Response {
  return new Response(`${JSON.stringify({ error: `This route takes ${allowed} only` })}\n`, { status: 405, headers: { Allow: allowed, "Content-Type": "application/json" } });
}

function send({ status, body }: Reply): Response {
  return new Response(`${jsonLine(body)}\n`, { status, headers: { "Content-Type": "application/json" } });
}
