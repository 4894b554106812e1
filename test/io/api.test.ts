/** The agent's HTTP interface without a socket: routes, rights, and what is wrong with a request, named. */

import { expect, test } from "bun:test";
import { utf8 } from "../../lib/base/bytes.ts";
import { type AgentDoor, agentApi } from "../../lib/io/api.ts";
import { plainCaller } from "../../lib/io/serve.ts";
import { admission, type Caller, OWNER, STRANGER, type Token } from "../../lib/io/tokens.ts";
import { ASK_BYTES_MOST, type Question, REPORT_BYTES_MOST } from "../../lib/port/agent-door.ts";

const LOOPBACK = plainCaller({ host: "127.0.0.1", tls: undefined });
const REPORTER: Token = { may: "report", secret: "a-token-of-prometheus" };
const LI: Token = { may: "acknowledge", operator: "li", secret: "the-token-of-operator-li" };
const JSON_TYPE = { "content-type": "application/json" };
const PEM = "-----BEGIN CERTIFICATE-----";

/** An agent that says what it was asked. */
function anApi(set: Partial<AgentDoor> & { readonly plain?: Caller; readonly tokens?: readonly Token[] } = {}) {
  const asked: (Question | { readonly format: string; readonly body: string })[] = [];
  const app = agentApi({
    report: async (format, body) => {
      asked.push({ format, body: new TextDecoder().decode(body) });
      return { status: 200, body: { stored: [0] } };
    },
    ask: async (question) => {
      asked.push(question);
      return { status: 200, body: { asked: question.kind } };
    },
    admit: set.tokens === undefined ? () => set.plain ?? OWNER : admission(set.tokens, set.plain ?? LOOPBACK),
    version: "0.1.0",
    ...set,
  });
  const call = async (method: string, path: string, init: { readonly headers?: Record<string, string>; readonly body?: string | ReadableStream } = {}) => {
    const response = await app.request(path, { method, ...init });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
  };
  return { asked, call };
}

test("what the LAN has said in vain is told with the listeners", async () => {
  const { call } = anApi({ drops: () => ({ replay: 3 }) });
  expect((await call("GET", "/v1/listeners")).body).toEqual({ asked: "listeners", drops: { replay: 3 } });
});

const post = (json: unknown, headers: Record<string, string> = {}) => ({ headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(json) });

const QUESTIONS: readonly (readonly [method: string, path: string, body: unknown, question: unknown])[] = [
  ["GET", "/v1/alarms", undefined, { kind: "list", all: false }],
  ["GET", "/v1/alarms?all=1", undefined, { kind: "list", all: true }],
  ["GET", "/v1/alarms?all=false", undefined, { kind: "list", all: false }],
  ["GET", "/v1/alarms/7QK2M9", undefined, { kind: "show", id: "7QK2M9" }],
  ["POST", "/v1/alarms/7QK2M9/ack", { operator: "li", comment: "on\u0007it" }, { kind: "ack", id: "7QK2M9", operator: "li", comment: "on it", way: "console" }],
  ["GET", "/v1/listeners", undefined, { kind: "listeners" }],
  ["GET", "/v1/coverage", undefined, { kind: "coverage" }],
  ["GET", "/v1/relay", undefined, { kind: "relay", fresh: false }],
  ["GET", "/v1/relay?fresh=1", undefined, { kind: "relay", fresh: true }],
  ["POST", "/v1/relay", { host: "127.0.0.1", port: 11_117, certificate: PEM }, { kind: "joinedRelay", relay: { host: "127.0.0.1", port: 11_117, certificate: PEM } }],
  ["POST", "/v1/invites", { warrant: "abc", joinKey: "def" }, { kind: "invited", warrant: "abc", joinKey: "def" }],
  ["GET", "/v1/peers", undefined, { kind: "peers" }],
  ["POST", "/v1/peers", { voice: "abc" }, { kind: "paired", voice: "abc" }],
  ["POST", "/v1/peers/ended", { agent: "b" }, { kind: "unpaired", agent: "b" }],
  ["GET", "/readyz", undefined, { kind: "ready" }],
  ["GET", "/-/ready", undefined, { kind: "ready" }],
];

test.each(QUESTIONS)("%s %s over the socket reaches the machine", async (method, path, body, question) => {
  const { asked, call } = anApi();
  expect((await call(method, path, body === undefined ? {} : post(body))).status).toBe(200);
  expect(asked).toEqual([question as Question]);
});

test.each([
  ["/api/v2/alerts", "alertmanager-api"],
  ["/api/v1/webhook/alertmanager", "alertmanager-webhook"],
  ["/v1/reports", "reports"],
])("a body for %s reaches the machine byte for byte", async (path, format) => {
  const { asked, call } = anApi({ plain: LOOPBACK });
  expect(await call("POST", path, { headers: JSON_TYPE, body: "[ 1 ]" })).toMatchObject({ status: 200, body: { stored: [0] } });
  expect(asked).toEqual([{ format, body: "[ 1 ]" }]);
});

test.each(["/healthz", "/-/healthy", "/api/v2/status"])("%s answers a stranger without asking the machine", async (path) => {
  const { asked, call } = anApi({ plain: STRANGER });
  expect((await call("GET", path)).status).toBe(200);
  expect(asked).toEqual([]);
});

test("an answer without a body has none", async () => {
  const { call } = anApi({ report: async () => ({ status: 200, body: undefined }) });
  expect((await call("POST", "/api/v2/alerts", post([]))).body).toBeUndefined();
});

const WRONG: readonly (readonly [name: string, method: string, path: string, init: { headers?: Record<string, string>; body?: string }, status: number, field: string])[] = [
  ["an unknown route", "GET", "/v2/alarms", {}, 404, "path"],
  ["an unknown method", "DELETE", "/v1/alarms", {}, 405, "method"],
  ["a form instead of JSON", "POST", "/v1/reports", { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "{}" }, 415, "Content-Type"],
  ["no content type", "POST", "/v1/reports", {}, 415, "Content-Type"],
  ["another charset", "POST", "/v1/reports", { headers: { "content-type": "application/json; charset=gbk" }, body: "{}" }, 415, "Content-Type"],
  ["a packed body", "POST", "/v1/reports", { headers: { ...JSON_TYPE, "content-encoding": "gzip" }, body: "{}" }, 415, "Content-Encoding"],
  ["an unknown parameter", "GET", "/v1/alarms?al=1", {}, 400, "al"],
  ["a parameter that is no switch", "GET", "/v1/alarms?all=maybe", {}, 400, "all"],
  ["an acknowledgement that is no JSON", "POST", "/v1/alarms/A/ack", { headers: JSON_TYPE, body: "{" }, 400, "body"],
  ["an acknowledgement that names nobody", "POST", "/v1/alarms/A/ack", { headers: JSON_TYPE, body: "{}" }, 400, "operator"],
  ["an acknowledgement with an unknown field", "POST", "/v1/alarms/A/ack", { headers: JSON_TYPE, body: '{"operatr":"li"}' }, 400, "operatr"],
  ["a comment that is too long", "POST", "/v1/alarms/A/ack", { headers: JSON_TYPE, body: JSON.stringify({ operator: "li", comment: "x".repeat(201) }) }, 400, "comment"],
  ["a port that is none", "POST", "/v1/relay", { headers: JSON_TYPE, body: JSON.stringify({ host: "h", port: 0, certificate: PEM }) }, 400, "port"],
  ["a warrant with foreign characters", "POST", "/v1/invites", { headers: JSON_TYPE, body: JSON.stringify({ warrant: "a+b", joinKey: "x" }) }, 400, "warrant"],
];

test.each(WRONG)("%s is refused by name", async (_, method, path, init, status, field) => {
  const { asked, call } = anApi();
  expect(await call(method, path, init)).toMatchObject({ status, body: { error: expect.any(String), field } });
  expect(asked).toEqual([]);
});

test("a route that takes another method says which", async () => {
  const { headers } = await anApi().call("PUT", "/v1/relay");
  expect(headers.get("allow")).toBe("GET, POST");
});

test.each(["application/json", "application/json; charset=utf-8", 'application/json;charset="UTF-8"', "application/vnd.api+json"])("the content type %p is JSON", async (type) => {
  expect((await anApi().call("POST", "/v1/reports", { headers: { "content-type": type }, body: "{}" })).status).toBe(200);
});

const SIZES: readonly (readonly [path: string, most: number])[] = [["/v1/reports", REPORT_BYTES_MOST], ["/v1/invites", ASK_BYTES_MOST]];

test.each(SIZES)("a body for %s may have %p bytes and not one more, whether or not its length is told", async (path, most) => {
  const { call } = anApi();
  const sent = (bytes: number): ReadableStream => new Response(new Uint8Array(bytes).fill(32)).body ?? new ReadableStream();
  expect((await call("POST", path, { headers: JSON_TYPE, body: sent(most) })).status).not.toBe(413);
  expect(await call("POST", path, { headers: JSON_TYPE, body: sent(most + 1) })).toMatchObject({ status: 413, body: { field: "body" } });
  expect((await call("POST", path, { headers: { ...JSON_TYPE, "content-length": String(most + 1) }, body: "{}" })).status).toBe(413);
});

test("a body that does not end is given up", async () => {
  const { asked, call } = anApi({ bodyWithinMs: 20 });
  const endless = new ReadableStream({ start: (controller) => controller.enqueue(utf8("[")) });
  expect(await call("POST", "/v1/reports", { headers: JSON_TYPE, body: endless })).toMatchObject({ status: 408, body: { field: "body" } });
  expect(asked).toEqual([]);
});

test("a body that breaks off is refused", async () => {
  const broken = new ReadableStream({ start: (controller) => controller.error(new Error("reset")) });
  expect((await anApi().call("POST", "/v1/reports", { headers: JSON_TYPE, body: broken })).status).toBe(400);
});

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const RIGHTS: readonly (readonly [who: string, plain: Caller, headers: Record<string, string>, may: readonly number[]])[] = [
  // Status of: report, read, acknowledge, invite.
  ["the host itself without a token", LOOPBACK, {}, [200, 200, 401, 403]],
  ["a stranger", STRANGER, {}, [401, 401, 401, 403]],
  ["a stranger with a wrong token", STRANGER, bearer("a-token-of-prometheuS"), [401, 401, 401, 403]],
  ["the host itself with a wrong token", LOOPBACK, bearer("wrong"), [401, 401, 401, 403]],
  ["a source with its token", STRANGER, bearer(REPORTER.secret), [200, 200, 401, 403]],
  ["a source with its token as password", STRANGER, { authorization: `Basic ${btoa(`prometheus:${REPORTER.secret}`)}` }, [200, 200, 401, 403]],
  ["an operator's token on the LAN", STRANGER, bearer(LI.secret), [401, 200, 200, 403]],
  ["an operator's token on the host itself", LOOPBACK, bearer(LI.secret), [200, 200, 200, 403]],
  ["a token in another scheme", STRANGER, { authorization: `Digest ${REPORTER.secret}` }, [401, 401, 401, 403]],
];

test.each(RIGHTS)("%s", async (_, plain, headers, may) => {
  const { call } = anApi({ tokens: [REPORTER, LI], plain });
  const statuses = [
    await call("POST", "/v1/reports", post({}, headers)),
    await call("GET", "/v1/alarms", { headers }),
    await call("POST", "/v1/alarms/A/ack", post({}, headers)),
    await call("POST", "/v1/invites", post({ warrant: "a", joinKey: "b" }, headers)),
  ].map(({ status }) => status);
  expect(statuses).toEqual([...may]);
});

test("a token acknowledges in its own operator's name and in no other", async () => {
  const { asked, call } = anApi({ tokens: [LI], plain: STRANGER });
  expect(await call("POST", "/v1/alarms/A/ack", post({ operator: "zhao" }, bearer(LI.secret)))).toMatchObject({ status: 403, body: { field: "operator", expected: "li" } });
  await call("POST", "/v1/alarms/A/ack", post({ operator: "li", comment: "mine" }, bearer(LI.secret)));
  expect(asked).toEqual([{ kind: "ack", id: "A", operator: "li", comment: "mine", way: "console" }]);
});

test("who may not come in is refused before the body is read", async () => {
  const { call } = anApi({ plain: STRANGER });
  const untouched = new ReadableStream({ pull: () => { throw new Error("read"); } }, { highWaterMark: 0 });
  const { status, headers } = await call("POST", "/v1/reports", { headers: JSON_TYPE, body: untouched });
  expect(status).toBe(401);
  expect(headers.get("www-authenticate")).toContain("Bearer");
});
