/**
 * The agent's HTTP interface: one table of routes for the socket in the state folder and, with fewer rights, for TCP.
 * It measures, names what is wrong with a request and hands the rest to the machine; what a body means is not its affair.
 */

import { type Context, Hono } from "hono";
import { z } from "zod";
import { fromUtf8 } from "../base/bytes.ts";
import { jsonLine } from "../base/json-line.ts";
import { fit, misfit, misfitText, pathText } from "../base/misfit.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type Ms, seconds } from "../base/units.ts";
import { ASK_BYTES_MOST, type Question, REPORT_BYTES_MOST, type ReportFormat, REVOCATIONS_MOST } from "../port/agent-door.ts";
import type { Reply } from "../port/tickets.ts";
import { SshWays } from "../wire/ssh-way.ts";
import { readBody } from "./body.ts";
import type { Caller } from "./tokens.ts";

/** Prometheus gives up after 10 s; a body that takes longer holds a connection for nothing. */
export const BODY_WITHIN_MS: Ms = seconds(10);
const COMMENT_CHARACTERS_MOST = 200;

export type AgentDoor = {
  /** Resolves once the reports are on disk or refused. Never rejects. */
  readonly report: (format: ReportFormat, body: Uint8Array) => Promise<Reply>;
  /** Never rejects. */
  readonly ask: (question: Question) => Promise<Reply>;
  /** What the sender of this request may do. */
  readonly admit: (request: Request) => Caller;
  /** How many datagrams were dropped and connections ended, for each reason: part of `GET /v1/listeners`. */
  readonly drops?: () => Readonly<Record<string, number>>;
  /** Printed by `GET /api/v2/status`. */
  readonly version: string;
  /** Less than `BODY_WITHIN_MS` in tests only. */
  readonly bodyWithinMs?: Ms;
};

/** Body of every answer of this file that is not 2xx. */
export type Refusal = { readonly error: string; readonly field?: string; readonly expected?: string };

/** The routes alone; `serve.ts` gives them a socket. */
export function agentApi(door: AgentDoor): Hono {
  // A request of HTTP/1.0 names no host, and Bun's URL of it is the path alone.
  const app = new Hono({ getPath: ({ url }) => new URL(url, "http://localhost").pathname });
  for (const [path, methods] of Object.entries(routesOf(door))) {
    for (const [method, route] of Object.entries(methods)) app.on(method, path, (c) => answer(c, route, door));
    const allowed = Object.keys(methods).join(", ");
    app.all(path, (c) => {
      const refused = reply(405, `${clip(c.req.path)} does not take ${c.req.method}`, { field: "method", expected: allowed });
      return send(refused, { Allow: allowed });
    });
  }
  app.notFound((c) => send(reply(404, `This agent has no route "${clip(c.req.path)}"`, { field: "path" })));
  app.onError((thrown) => send(reply(500, `Cannot answer the request: ${thrown.message}`)));
  return app;
}

/** What a route asks of its caller. `nothing`: whether we live is no secret. */
type Right = "nothing" | "report" | "read" | "acknowledge" | "own";

type Asked = {
  readonly caller: Caller;
  readonly id: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

type Route = {
  readonly right: Right;
  /** 0: the route takes no body. */
  readonly bytesMost: number;
  readonly answer: (asked: Asked) => Promise<Reply>;
};

function routesOf({ report, ask, version, drops = () => ({}) }: AgentDoor): Readonly<Record<string, Readonly<Record<string, Route>>>> {
  const take = (format: ReportFormat): Route => ({
    right: "report", bytesMost: REPORT_BYTES_MOST, answer: ({ body }) => report(format, body),
  });
  const get = (right: Right, reply: (asked: Asked) => Promise<Reply>): { readonly GET: Route } => ({
    GET: { right, bytesMost: 0, answer: reply },
  });
  const post = <Body>(right: Right, schema: z.ZodType<Body>, reply: (body: Body, asked: Asked) => Promise<Reply>) => ({
    POST: {
      right, bytesMost: ASK_BYTES_MOST,
      answer: async (asked: Asked) => {
        const body = readAs(schema, asked.body);
        return body.ok ? reply(body.value, asked) : { status: 400, body: body.fault };
      },
    },
  });
  const healthy = get("nothing", async () => ({ status: 200, body: { status: "ok" } }));
  const ready = get("nothing", () => ask({ kind: "ready" }));
  return {
    "/api/v2/alerts": { POST: take("alertmanager-api") },
    "/api/v2/status": get("nothing", async () => ({ status: 200, body: statusOf(version) })),
    "/api/v1/webhook/alertmanager": { POST: take("alertmanager-webhook") },
    "/v1/reports": { POST: take("reports") },
    "/v1/alarms": get("read", ({ query }) => switched(query, "all", (all) => ask({ kind: "list", all }))),
    "/v1/alarms/:id": get("read", ({ id }) => ask({ kind: "show", id })),
    "/v1/alarms/:id/ack": post("acknowledge", AckBody, ({ operator, comment }, { id, caller }) => {
      const named = operatorFor(caller, operator);
      return named.ok ? ask({ kind: "ack", id, operator: named.value, comment, way: "console" }) : Promise.resolve(named.fault);
    }),
    "/v1/listeners": get("read", async () => {
      const { status, body } = await ask({ kind: "listeners" });
      return { status, body: { ...(typeof body === "object" ? body : {}), drops: drops() } };
    }),
    "/v1/coverage": get("read", () => ask({ kind: "coverage" })),
    "/v1/relay": {
      ...get("read", ({ query }) => switched(query, "fresh", (fresh) => ask({ kind: "relay", fresh }))),
      ...post("own", RelayBody, (relay) => ask({ kind: "joinedRelay", relay })),
    },
    "/v1/peers": {
      ...get("read", () => ask({ kind: "peers" })),
      ...post("own", PeerBody, ({ voice }) => ask({ kind: "paired", voice })),
    },
    "/v1/peers/ended": post("own", PeerNameBody, ({ agent }) => ask({ kind: "unpaired", agent })),
    "/v1/invites": post("own", InviteBody, ({ warrant, joinKey }) => ask({ kind: "invited", warrant, joinKey })),
    "/v1/approvals": { ...get("own", () => ask({ kind: "approvals" })), ...post("own", ApprovalBody, ({ warrant }) => ask({ kind: "approved", warrant })) },
    "/v1/floor": { ...get("own", () => ask({ kind: "floor" })), ...post("own", FloorBody, ({ floor }) => ask({ kind: "floorRaised", certificate: floor })) },
    "/v1/revocations": post("own", RevocationsBody, ({ revocations }) => ask({ kind: "revoked", certificates: revocations })),
    "/healthz": healthy,
    "/-/healthy": healthy,
    "/readyz": ready,
    "/-/ready": ready,
  };
}

const base64 = z.string().regex(/^[A-Za-z0-9_-]+$/, "base64url").max(1024);

const AckBody = z.strictObject({
  /** On the socket, whose name it is; with a token it may be left out. */
  operator: z.string().min(1).max(32).optional(),
  comment: z
    .string()
    .max(COMMENT_CHARACTERS_MOST)
    .transform((comment) => comment.toWellFormed().replace(/\p{Cc}+/gu, " ").trim())
    .default(""),
});
const PeerBody = z.strictObject({ voice: base64 });
const PeerNameBody = z.strictObject({ agent: z.string().min(1).max(32) });
const InviteBody = z.strictObject({ warrant: base64, joinKey: base64 });
const ApprovalBody = z.strictObject({ warrant: base64 });
const FloorBody = z.strictObject({ floor: base64 });
const RevocationsBody = z.strictObject({ revocations: z.array(base64).min(1).max(REVOCATIONS_MOST) });
const RelayBody = z.strictObject({
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535),
  certificate: z.string().min(1).max(4096),
  ssh: SshWays.optional(),
});

async function answer(c: Context, route: Route, { admit, bodyWithinMs = BODY_WITHIN_MS }: AgentDoor): Promise<Response> {
  const caller = admit(c.req.raw);
  const refused = rightless(caller, route.right) ?? (route.bytesMost === 0 ? undefined : strange(c.req.raw.headers));
  if (refused !== undefined) return send(refused);
  const read = route.bytesMost === 0
    ? ok(new Uint8Array())
    : await readBody(c.req.raw, { bytesMost: route.bytesMost, withinMs: bodyWithinMs });
  if (!read.ok) return send(UNREAD[read.fault.kind](route.bytesMost));
  return send(await route.answer({ caller, id: clip(c.req.param("id") ?? ""), query: c.req.query(), body: read.value }));
}

const UNREAD = {
  tooLarge: (most: number) => reply(413, `The body has more than ${most} bytes`, { field: "body", expected: `at most ${most} bytes` }),
  tooSlow: () => reply(408, "The body took too long", { field: "body", expected: `all of it within ${BODY_WITHIN_MS / 1000} s` }),
  brokenOff: () => reply(400, "The body broke off", { field: "body", expected: "as many bytes as Content-Length says" }),
} as const;

/** @returns why the caller may not use the route, or undefined where they may */
function rightless(caller: Caller, right: Right): Reply | undefined {
  if (caller.kind === "owner" || right === "nothing") return undefined;
  if (right === "own") {
    return reply(403, "Only the owner of the state folder may do this", { expected: "a request over agent.sock" });
  }
  if (right === "acknowledge") {
    return caller.operator === undefined
      ? reply(401, "Acknowledging needs an operator's token", { field: "Authorization", expected: "Bearer TOKEN of an operator" })
      : undefined;
  }
  if (right === "report" ? caller.reports : caller.reads) return undefined;
  return reply(401, "This needs a token", { field: "Authorization", expected: `Bearer TOKEN that may ${right}` });
}

/** @returns what is wrong with the headers of a request that brings a body */
function strange(headers: Headers): Reply | undefined {
  const type = headers.get("content-type") ?? "";
  if (!/^application\/([\w.-]+\+)?json\s*(;\s*charset="?utf-8"?\s*)?;?$/i.test(type)) {
    return reply(415, `Content-Type is ${JSON.stringify(clip(type))}`, { field: "Content-Type", expected: "application/json" });
  }
  const encoding = headers.get("content-encoding") ?? "identity";
  return encoding === "identity"
    ? undefined
    : reply(415, `Content-Encoding is ${JSON.stringify(clip(encoding))}`, { field: "Content-Encoding", expected: "identity" });
}

/** A token speaks for its operator only; the owner names whom they like. */
function operatorFor(caller: Caller, named: string | undefined): Result<string, Reply> {
  const own = caller.kind === "guest" ? caller.operator : undefined;
  if (own === undefined) {
    return named === undefined
      ? fail(reply(400, "The acknowledgement names no operator", { field: "operator", expected: "the name of an operator" }))
      : ok(named);
  }
  if (named === undefined || named === own) return ok(own);
  return fail(reply(403, `This token acknowledges as ${JSON.stringify(own)} only`, { field: "operator", expected: own }));
}

/** A switch in the query: absent, 0 or false; 1, true, or given without a value. */
async function switched(query: Readonly<Record<string, string>>, name: string, then: (on: boolean) => Promise<Reply>): Promise<Reply> {
  const foreign = Object.keys(query).find((key) => key !== name);
  if (foreign !== undefined) {
    return reply(400, `Unknown parameter ${JSON.stringify(clip(foreign))}`, { field: clip(foreign), expected: name });
  }
  const value = query[name];
  if (value === undefined || value === "0" || value === "false") return then(false);
  if (value === "1" || value === "true" || value === "") return then(true);
  return reply(400, `"${name}" is ${JSON.stringify(clip(value))}`, { field: name, expected: "1 or 0" });
}

function readAs<Body>(schema: z.ZodType<Body>, bytes: Uint8Array): Result<Body, Refusal> {
  let json: unknown;
  try {
    json = JSON.parse(fromUtf8(bytes) ?? "");
  } catch {
    return fail(refusal("The body is not JSON", { field: "body", expected: "JSON in UTF-8" }));
  }
  const read = fit(schema, json);
  if (read.ok) return read;
  const [first = misfit([], { found: "something else", expected: "another body" })] = read.fault;
  return fail(refusal(`Cannot take the body: ${misfitText(first)}`, { field: clip(pathText(first.path)), expected: first.expected }));
}

/** As much as `amtool` and dashboards look for (`channels-and-standards` table of the API). */
function statusOf(version: string): object {
  const versionInfo = { version, revision: "", branch: "", buildUser: "", buildDate: "", goVersion: "" };
  return {
    cluster: { status: "disabled", peers: [] },
    versionInfo,
    config: { original: "" },
    uptime: new Date(Date.now() - process.uptime() * 1000).toISOString(),
  };
}

function send({ status, body }: Reply, headers: Readonly<Record<string, string>> = {}): Response {
  const all = { ...headers, ...(status === 401 ? { "WWW-Authenticate": 'Bearer realm="gapbell"' } : {}) };
  if (body === undefined) return new Response(null, { status, headers: all });
  return new Response(`${jsonLine(body)}\n`, { status, headers: { ...all, "Content-Type": "application/json" } });
}

function reply(status: number, error: string, more: Omit<Refusal, "error"> = {}): Reply {
  return { status, body: refusal(error, more) };
}

function refusal(error: string, more: Omit<Refusal, "error"> = {}): Refusal {
  return { error, ...more };
}

/** What comes from outside is quoted short. */
function clip(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79).toWellFormed()}…`;
}
