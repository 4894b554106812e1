/** The agent's TCP port on real sockets: who is let near it at all, and what is said where it cannot be opened. */

import { expect, test } from "bun:test";
import { connect } from "node:net";
import { tlsIdentity } from "../../lib/io/certificate.ts";
import { agentApi } from "../../lib/io/api.ts";
import { type Listen, type Listener, listen, listenSentence, plainCaller } from "../../lib/io/serve.ts";
import { admission, type Token } from "../../lib/io/tokens.ts";
import { LOOPBACK_TLS } from "../support/loopback-tls.ts";

const TOKEN: Token = { may: "report", secret: "a-token-of-prometheus" };
const OPEN: Listen = { host: "127.0.0.1", port: 0, tokens: [], tls: undefined };

async function listening(where: Partial<Listen>, use: (listener: Listener) => Promise<void>): Promise<void> {
  const wanted = { ...OPEN, ...where };
  const app = agentApi({
    report: async () => ({ status: 200, body: undefined }), ask: async () => ({ status: 200, body: {} }),
    admit: admission(wanted.tokens, plainCaller(wanted)), version: "0.1.0", bodyWithinMs: 50,
  });
  const opened = listen(wanted, app.fetch);
  if (!opened.ok) throw new Error(listenSentence(opened.fault));
  try {
    await use(opened.value);
  } finally {
    await opened.value.stop(true);
  }
}

const UNGUARDED: readonly (readonly [host: string])[] = [["0.0.0.0"], ["::"], ["10.11.131.32"], ["128.0.0.1"], ["localhost.example.org"]];

test.each(UNGUARDED)("the port is not opened to everybody at %s", (host) => {
  const opened = listen({ ...OPEN, host }, () => new Response());
  expect(opened).toEqual({ ok: false, fault: { kind: "unguarded", host } });
  expect(opened.ok ? "" : listenSentence(opened.fault)).toContain("api.tokens");
});

test("with a token it may be opened to the network, and asks for it there", async () => {
  await listening({ host: "0.0.0.0", tokens: [TOKEN] }, async ({ port }) => {
    const url = `http://127.0.0.1:${port}/v1/alarms`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: { authorization: `Bearer ${TOKEN.secret}` } })).status).toBe(200);
  });
});

test("with an authority only who has its certificate comes in, and needs no token", async () => {
  const client = tlsIdentity(new Uint8Array(32).fill(7));
  const tls = { key: LOOPBACK_TLS.key, certificate: LOOPBACK_TLS.certificate, clientAuthority: client.certificate };
  await listening({ tls }, async ({ port }) => {
    const url = `https://127.0.0.1:${port}/v1/alarms`;
    const ca = LOOPBACK_TLS.certificate;
    expect((await fetch(url, { tls: { ca, key: client.key, cert: client.certificate } })).status).toBe(200);
    await expect(fetch(url, { tls: { ca } })).rejects.toThrow();
    const other = tlsIdentity(new Uint8Array(32).fill(8));
    await expect(fetch(url, { tls: { ca, key: other.key, cert: other.certificate } })).rejects.toThrow();
  });
});

test("a port that is taken is named, with what to change", async () => {
  await listening({}, async ({ port }) => {
    const second = listen({ ...OPEN, port }, () => new Response());
    expect(second).toEqual({ ok: false, fault: { kind: "taken", host: "127.0.0.1", port } });
    expect(second.ok ? "" : listenSentence(second.fault)).toBe(
      `Cannot listen on 127.0.0.1:${port}: another program holds the port (ss -ltnp 'sport = :${port}' names it); stop that program or change api.listen in agent.yaml`,
    );
  });
});

test("an address that the host does not have is a fault, not a crash", () => {
  expect(listen({ ...OPEN, host: "192.0.2.1", tokens: [TOKEN] }, () => new Response())).toMatchObject({ ok: false, fault: { kind: "cannotListen", host: "192.0.2.1" } });
});

test("a key that is no key is a fault, not a crash", () => {
  const tls = { key: "nonsense", certificate: "nonsense", clientAuthority: undefined };
  expect(listen({ ...OPEN, tls }, () => new Response())).toMatchObject({ ok: false, fault: { kind: "cannotListen" } });
});

test("a sender that stops in the middle is answered 408", async () => {
  await listening({}, async ({ port }) => {
    const answer = await rawRequest(port, "POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[1,");
    expect(answer).toStartWith("HTTP/1.1 408");
    expect(answer).toContain('"field":"body"');
  });
});

test("a body of 40 MB is answered 413 in JSON", async () => {
  await listening({}, async ({ port }) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v2/alerts`, {
      method: "POST", headers: { "content-type": "application/json" }, body: new Uint8Array(40_000_000),
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ field: "body" });
  });
});

/** Sends bytes and gives back what comes until the first answer is there. */
function rawRequest(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.on("data", (chunk) => {
      answer += chunk.toString("utf8");
      if (!answer.includes("\r\n\r\n")) return;
      socket.destroy();
      resolve(answer);
    });
    socket.on("error", reject);
  });
}
