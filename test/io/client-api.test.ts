import { expect, test } from "bun:test";
import { clientApi, type ClientDoor } from "../../lib/io/client-api.ts";
import { openTaps, TAP_LINES_WAITING_MOST, TAPS_MOST } from "../../lib/io/desk-lines.ts";
import { serveLocal, tapLocal } from "../../lib/io/local.ts";
import type { ClientQuestion, TapLine } from "../../lib/port/client-door.ts";
import { anId } from "../support/a-scripted-agent.ts";
import { tempFolder } from "../support/temp-folder.ts";

const LINE: TapLine = { v: 1, kind: "hearing", occurrence: "", revision: 0, ring: 0, agent: "node1", hearing: "deaf", at: 1 };

function aDoor() {
  const asked: ClientQuestion[] = [];
  const door: ClientDoor = {
    ask: async (question) => {
      asked.push(question);
      return { status: 200, body: { green: true } };
    },
    tap: () => undefined, drops: () => ({ replay: 3 }),
  };
  const api = clientApi(door);
  return { asked, ask: (path: string, init?: RequestInit) => api(new Request(`http://localhost${path}`, init)) };
}

const ROUTES = [
  { name: "the open alarms", path: "/v1/alarms", init: {}, question: { kind: "list", all: false } },
  { name: "all alarms", path: "/v1/alarms?all=1", init: {}, question: { kind: "list", all: true } },
  { name: "how it stands", path: "/v1/status", init: {}, question: { kind: "status" } },
  { name: "an acknowledgement", path: "/v1/alarms/7qk2/ack", init: { method: "POST", body: '{"comment":" on\\u0007 my way "}' }, question: { kind: "ack", id: "7qk2", comment: "on my way", robot: false } },
  { name: "a robot's", path: "/v1/alarms/7qk2/ack", init: { method: "POST", body: '{"robot":true}' }, question: { kind: "ack", id: "7qk2", comment: "", robot: true } },
] as const;

for (const { name, path, init, question } of ROUTES) {
  test(`the socket asks for ${name}`, async () => {
    const { asked, ask } = aDoor();
    expect((await ask(path, init)).status).toBe(200);
    expect(asked).toEqual([question]);
  });
}

test("the status tells what was dropped", async () => {
  expect(await (await aDoor().ask("/v1/status")).json()).toEqual({ green: true, drops: { replay: 3 } });
});

const REFUSED = [
  { name: "an unknown route", path: "/v2/alarms", init: {}, status: 404 },
  { name: "a wrong method", path: "/v1/alarms", init: { method: "DELETE" }, status: 405 },
  { name: "reading an acknowledgement", path: "/v1/alarms/7qk2/ack", init: {}, status: 405 },
  { name: "a body that is not JSON", path: "/v1/alarms/7qk2/ack", init: { method: "POST", body: "{" }, status: 400 },
  { name: "a list for a body", path: "/v1/alarms/7qk2/ack", init: { method: "POST", body: "[]" }, status: 400 },
  { name: "a comment that is no text", path: "/v1/alarms/7qk2/ack", init: { method: "POST", body: '{"comment":7}' }, status: 400 },
  { name: "a comment that is too long", path: "/v1/alarms/7qk2/ack", init: { method: "POST", body: JSON.stringify({ comment: "x".repeat(201) }) }, status: 400 },
  { name: "a body that is too long", path: "/v1/alarms/7qk2/ack", init: { method: "POST", body: JSON.stringify({ comment: "x".repeat(5000) }) }, status: 413 },
  { name: "one tap too many", path: "/v1/lines", init: {}, status: 503 },
] as const;

for (const { name, path, init, status } of REFUSED) {
  test(`the socket refuses ${name}`, async () => {
    const { asked, ask } = aDoor();
    const response = await ask(path, init);
    expect(response.status).toBe(status);
    expect(typeof ((await response.json()) as { error: unknown }).error).toBe("string");
    expect(asked).toEqual([]);
  });
}

test("a tap hears every line from its opening on, over the real socket", async () => {
  using folder = tempFolder();
  const taps = openTaps();
  const path = folder.at("client.sock");
  const server = await serveLocal(path, clientApi({ ask: async () => ({ status: 200, body: {} }), tap: taps.open, drops: () => ({}) }));
  if (!server.ok) throw new Error(server.fault.kind);
  taps.tell({ ...LINE, agent: "too early" });
  const heard: string[] = [];
  const opened = Promise.withResolvers<void>();
  const stop = new AbortController();
  const tapped = tapLocal(path, "/v1/lines", (line) => {
    heard.push(line);
    if (heard.length === 2) opened.resolve();
  }, stop.signal);
  // The line is told again until the tap is open: opening it is another process's affair.
  const teller = setInterval(() => taps.tell(LINE), 5);
  await opened.promise;
  clearInterval(teller);
  stop.abort();
  expect((await tapped).ok).toBe(true);
  expect(JSON.parse(heard[0] ?? "")).toEqual(LINE);
  await server.value.stop();
});

test("a reader that does not read is cut off, the others hear on", async () => {
  const taps = openTaps();
  const slow = taps.open();
  for (let count = 0; count <= TAP_LINES_WAITING_MOST; count += 1) taps.tell(LINE);
  const quick = taps.open();
  taps.tell({ ...LINE, agent: anId(2) });
  taps.close();
  const text = await new Response(quick).text();
  expect(text).toContain(anId(2));
  expect(await new Response(slow).text()).not.toContain(anId(2));
});

test("more taps than the limit are refused, and one that closes makes room", async () => {
  const taps = openTaps();
  const open = Array.from({ length: TAPS_MOST }, () => taps.open());
  expect(taps.open()).toBeUndefined();
  await open[0]?.cancel();
  expect(taps.open()).toBeDefined();
  taps.close();
});
