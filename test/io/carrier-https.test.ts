import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { robotChannel } from "../../lib/channel/wecom-robot.ts";
import { openCarrier } from "../../lib/io/carrier.ts";
import { ANSWER_BYTES_MOST, carryHttps } from "../../lib/io/carrier-https.ts";
import type { HttpsRequest } from "../../lib/port/carrier.ts";
import { aDispatch } from "../support/an-escalation.ts";
import { ROBOT_SETTINGS, SECRET } from "../support/channel-settings.ts";
import { LOOPBACK_TLS, OTHER_AUTHORITY } from "../support/loopback-tls.ts";
import { httpReplyOf, RECORDED_ROBOT } from "../support/recorded-reply.ts";

const HANG_MS = 300;

type Seen = { method: string; url: string; headers: Record<string, string>; body: string };

const seen: Seen[] = [];
const servers: Server[] = [];
const sockets = new Set<Socket>();
let secure: ReturnType<typeof Bun.serve>;

beforeAll(() => {
  secure = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    tls: { key: LOOPBACK_TLS.key, cert: LOOPBACK_TLS.certificate },
    fetch: async (request) => {
      seen.push({ method: request.method, url: request.url, headers: Object.fromEntries(request.headers), body: await request.text() });
      const { pathname } = new URL(request.url);
      if (pathname === "/hang") return new Promise<Response>(() => {});
      if (pathname === "/long") return new Response("x".repeat(ANSWER_BYTES_MOST + 1));
      return Response.json({ errcode: 0, errmsg: "好" }, { headers: { "Retry-After": "7" } });
    },
  });
});

afterAll(async () => {
  await secure.stop(true);
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

describe("a request over HTTPS", () => {
  for (const host of ["127.0.0.1", "localhost"]) {
    test(`to ${host} brings status, headers in lower case and body`, async () => {
      const reply = await carryHttps(aRequest(`https://${host}:${secure.port}/cgi-bin/webhook/send?key=k%20k`, { body: '{"告":"警"}' }));
      expect(reply).toMatchObject({ kind: "https", status: 200, body: '{"errcode":0,"errmsg":"好"}' });
      expect(reply.kind === "https" ? reply.headers["retry-after"] : "").toBe("7");
      expect(seen.at(-1)).toMatchObject({ method: "POST", body: '{"告":"警"}' });
      expect(seen.at(-1)?.url).toEndWith("/cgi-bin/webhook/send?key=k%20k");
      expect(seen.at(-1)?.headers).toMatchObject({ host: `${host}:${secure.port}`, "content-type": "application/json", "content-length": "13" });
    });
  }

  test("by GET has no body and, unanswered, has acted on nothing", async () => {
    await carryHttps(aRequest(`https://127.0.0.1:${secure.port}/`, { method: "GET", body: "", headers: {} }));
    expect(seen.at(-1)).toMatchObject({ method: "GET", body: "" });
    const reply = await carryHttps(aRequest(`https://127.0.0.1:${secure.port}/hang`, { method: "GET", body: "", timeoutMs: HANG_MS }));
    expect(reply).toMatchObject({ kind: "failed", stage: "answer", sent: false });
  });

  test("that is never answered ends in time, and may have been acted upon", async () => {
    const began = performance.now();
    const reply = await carryHttps(aRequest(`https://127.0.0.1:${secure.port}/hang`, { timeoutMs: HANG_MS }));
    expect(reply).toMatchObject({ kind: "failed", stage: "answer", sent: true, reason: "ETIMEDOUT: No answer within 0.3 s" });
    expect(performance.now() - began).toBeLessThan(HANG_MS + 300);
  });

  test("with an endless answer is given up, and may have been acted upon", async () => {
    expect(await carryHttps(aRequest(`https://127.0.0.1:${secure.port}/long`))).toMatchObject({ kind: "failed", stage: "answer", sent: true });
  });

  for (const { name, url, fields, want } of [
    { name: "nobody vouches for the server", url: () => `https://127.0.0.1:${secure.port}/`, fields: { authority: undefined }, want: { stage: "tls", reason: "DEPTH_ZERO_SELF_SIGNED_CERT" } },
    { name: "another authority signed it", url: () => `https://127.0.0.1:${secure.port}/`, fields: { authority: OTHER_AUTHORITY }, want: { stage: "tls", reason: "CERT" } },
    { name: "nobody listens", url: () => "https://127.0.0.1:1/", fields: {}, want: { stage: "connect", reason: "ECONNREFUSED" } },
    { name: "there is no such name", url: () => "https://nobody.invalid/", fields: {}, want: { stage: "dns", reason: "ENOTFOUND" } },
  ] as const) {
    test(`${name}: nothing has left`, async () => {
      const before = seen.length;
      const { authority: _authority, ...request } = aRequest(url());
      const authority = "authority" in fields ? fields.authority : LOOPBACK_TLS.certificate;
      const reply = await carryHttps({ ...request, ...(authority === undefined ? {} : { authority }) });
      expect(reply).toMatchObject({ kind: "failed", sent: false, stage: want.stage });
      expect(reply.kind === "failed" ? reply.reason : "").toContain(want.reason);
      expect(seen).toHaveLength(before);
    });
  }

  test("a certificate for another name is not believed", async () => {
    const other = Bun.serve({ hostname: "127.0.0.2", port: 0, tls: { key: LOOPBACK_TLS.key, cert: LOOPBACK_TLS.certificate }, fetch: () => new Response("") });
    const reply = await carryHttps(aRequest(`https://127.0.0.2:${other.port}/`));
    await other.stop(true);
    expect(reply).toMatchObject({ kind: "failed", stage: "tls", sent: false, reason: expect.stringContaining("ERR_TLS_CERT_ALTNAME_INVALID") });
  });

  test("that is given up while it connects is not sent later", async () => {
    const heard: string[] = [];
    const slow = await raw((socket) => socket.on("data", (bytes) => heard.push(bytes.toString("latin1"))));
    const reply = await carryHttps(aRequest(`https://127.0.0.1:${slow}/`, { timeoutMs: HANG_MS }));
    expect(reply).toMatchObject({ kind: "failed", stage: "tls", sent: false });
    expect(heard.join("")).not.toContain("POST");
  });

  test("names no secret of its URL when it fails", async () => {
    for (const url of [`https://127.0.0.1:1/?key=planted-secret`, `https://nobody.invalid/?key=planted-secret`, "not a url planted"]) {
      expect(JSON.stringify(await carryHttps(aRequest(url)))).not.toContain("planted-secret");
    }
  });
});

describe("a server that breaks off", () => {
  for (const { name, serve, want } of [
    { name: "before any answer", serve: (socket: Socket) => socket.once("data", () => socket.destroy()), want: { stage: "answer", sent: true } },
    {
      name: "in the middle of its answer",
      serve: (socket: Socket) =>
        socket.once("data", () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"errcode":0', () => socket.destroy())),
      want: { stage: "answer", sent: true },
    },
    { name: "with something that is not HTTP", serve: (socket: Socket) => socket.once("data", () => socket.end("SSH-2.0-OpenSSH_9.2\r\n")), want: { stage: "answer", sent: true } },
  ]) {
    test(name, async () => {
      const port = await raw(serve);
      expect(await carryHttps(aRequest(`http://127.0.0.1:${port}/`, { timeoutMs: 2000 }))).toMatchObject({ kind: "failed", ...want });
    });
  }

  test("a redirect is an answer, not an order", async () => {
    const port = await raw((socket) => socket.once("data", () => socket.end(`HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:${secure.port}/\r\nContent-Length: 0\r\n\r\n`)));
    const before = seen.length;
    expect(await carryHttps(aRequest(`http://127.0.0.1:${port}/`))).toMatchObject({ kind: "https", status: 302 });
    expect(seen).toHaveLength(before);
  });
});

describe("the recorded replies over a real connection", () => {
  for (const row of RECORDED_ROBOT.filter(({ form, raw: bytes }) => form === "full" && !/ 304 /.test(bytes))) {
    test(`${row.name} is judged ${row.want}`, async () => {
      const port = await raw((socket) => socket.once("data", () => socket.end(row.raw)));
      const channel = robotChannel({ ...ROBOT_SETTINGS, base: `http://127.0.0.1:${port}` }, SECRET);
      const request = channel.compose(aDispatch(), "");
      if (!request.ok) throw new Error("Not composed");
      const reply = await openCarrier().send(request.value);
      expect(reply).toMatchObject({ kind: "https", status: httpReplyOf(row.raw).status, body: httpReplyOf(row.raw).body });
      expect<string>(channel.judge(reply, aDispatch()).kind).toBe(row.want);
    });
  }
});

function aRequest(url: string, fields: Partial<HttpsRequest> = {}): HttpsRequest {
  return {
    kind: "https", method: "POST", url, headers: { "content-type": "application/json" }, body: "{}", timeoutMs: 5000,
    authority: LOOPBACK_TLS.certificate,
    ...fields,
  };
}

/** A server that speaks for itself. @returns its port */
async function raw(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("No address");
  return address.port;
}
