import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { utf8 } from "../../lib/base/bytes.ts";
import { TLS_NAME, tlsIdentity } from "../../lib/io/certificate.ts";
import { joinRelay, LINK_MS_MOST, openRelayLink } from "../../lib/io/relay-link.ts";
import { openDoor, REQUEST_BYTES_MOST } from "../../lib/io/relay-server.ts";
import type { RelayAddress } from "../../lib/port/relay-link.ts";
import { signRequest } from "../../lib/wire/request-signature.ts";
import { anEscalation } from "../support/an-escalation.ts";
import { aJoiner, openRelayHost, type RelayHostForTest } from "../support/a-relay-host.ts";
import { freePort } from "../support/free-port.ts";

const LI = aJoiner(1);
let host: RelayHostForTest;
beforeAll(async () => {
  host = await openRelayHost();
  const joined = await joinRelay(await host.invites(), LI);
  expect(joined).toEqual({ ok: true, value: host.address });
});
afterAll(() => host.close());

describe("an agent that has joined", () => {
  test("asks for the ability, gives an escalation, hears its verdict and commits it", async () => {
    const link = openRelayLink(host.address, LI);
    expect(await link.ask({ kind: "ability", fresh: true })).toMatchObject({ kind: "ability", ability: { relay: "jump1", legs: [{ name: "lan" }, { name: "outside" }] } });
    expect(await link.ask({ kind: "submit", escalation: anEscalation() })).toEqual({ kind: "stored", deliveries: 1 });
    const heard = await link.ask({ kind: "events", after: 0 });
    expect(heard).toMatchObject({ kind: "events", events: [{ number: 1, operator: "li", channel: "mail", verdict: "accepted", closing: true }] });
    expect(await link.ask({ kind: "commit", upTo: 1 })).toEqual({ kind: "done" });
    expect(await link.ask({ kind: "notice", id: "e1", notice: { kind: "taken", by: "zhao", at: 1 } })).toEqual({ kind: "done" });
    expect(await link.ask({ kind: "withdraw", id: "e1" })).toEqual({ kind: "done" });
    expect(await link.ask({ kind: "heartbeat", heartbeat: { open: 0, wall: 1 } })).toEqual({ kind: "done" });
    link.close();
  });

  test("asks many things at once", async () => {
    const link = openRelayLink(host.address, LI);
    const answers = await Promise.all(Array.from({ length: 50 }, () => link.ask({ kind: "heartbeat", heartbeat: { open: 1, wall: 1 } })));
    expect(answers.filter(({ kind }) => kind === "done")).toHaveLength(50);
  });

  test("is told the reason of a refusal", async () => {
    const link = openRelayLink(host.address, LI);
    await link.ask({ kind: "submit", escalation: anEscalation({ id: "e7", step: 7 }) });
    const answer = await link.ask({ kind: "submit", escalation: anEscalation({ id: "e7", step: 7, text: "other" }) });
    expect(answer).toMatchObject({ kind: "refused", status: 422, reason: "This id was used for another escalation" });
  });

  test("whose clock was set back goes on where the relay has counted to", async () => {
    const ahead = signRequest(
      { method: "POST", path: "/v1/heartbeat", body: utf8('{"open":0,"wall":1}') },
      { key: LI.voice.id, time: 1, counter: (BigInt(Date.now()) + 3_600_000n) << 16n, idempotency: "x" }, LI.voice.signer,
    );
    expect((await raw({ method: "POST", path: "/v1/heartbeat", headers: ahead, body: '{"open":0,"wall":1}' })).status).toBe(200);
    const link = openRelayLink(host.address, LI);
    expect(await link.ask({ kind: "heartbeat", heartbeat: { open: 0, wall: 1 } })).toEqual({ kind: "done" });
    expect(await link.ask({ kind: "heartbeat", heartbeat: { open: 0, wall: 1 } })).toEqual({ kind: "done" });
  });
});

describe("TLS lets in nobody else", () => {
  test("a wrong pin is refused, 50 of 50", async () => {
    const other = tlsIdentity(new Uint8Array(32).fill(99)).certificate;
    const link = openRelayLink({ ...host.address, certificate: other }, LI);
    const answers = await Promise.all(Array.from({ length: 50 }, () => link.ask({ kind: "heartbeat", heartbeat: { open: 0, wall: 1 } })));
    for (const answer of answers) expect(answer).toMatchObject({ kind: "silent", reason: expect.stringContaining("another certificate") });
  });

  test("a client certificate that has not joined is refused, 50 of 50", async () => {
    const link = openRelayLink(host.address, { ...LI, tls: tlsIdentity(new Uint8Array(32).fill(98)) });
    const answers = await Promise.all(Array.from({ length: 50 }, () => link.ask({ kind: "heartbeat", heartbeat: { open: 0, wall: 1 } })));
    for (const answer of answers) expect(answer).toMatchObject({ kind: "silent", reason: expect.stringContaining("ended the connection") });
  });

  test("no client certificate at all is refused, 50 of 50", async () => {
    for (let i = 0; i < 50; i += 1) expect((await raw({ method: "GET", path: "/v1/ability", headers: {}, body: "" }, null)).status).toBe(0);
  });

  test("the right one is taken, 50 of 50", async () => {
    const link = openRelayLink(host.address, LI);
    for (let i = 0; i < 50; i += 1) expect(await link.ask({ kind: "heartbeat", heartbeat: { open: 0, wall: 1 } })).toEqual({ kind: "done" });
  });
});

describe("the signature under each request", () => {
  const body = '{"open":3,"wall":1}';
  const signed = (counter: bigint, over = body) => signRequest(
    { method: "POST", path: "/v1/heartbeat", body: utf8(over) }, { key: LI.voice.id, time: 1, counter, idempotency: "x" }, LI.voice.signer,
  );
  let counter = (BigInt(Date.now()) + 7_200_000n) << 16n;

  test("a request shown a second time is refused", async () => {
    const headers = signed((counter += 1n));
    expect((await raw({ method: "POST", path: "/v1/heartbeat", headers, body })).status).toBe(200);
    const again = await raw({ method: "POST", path: "/v1/heartbeat", headers, body });
    expect(again).toMatchObject({ status: 401, body: { field: "gapbell-counter", error: "This request was made before" } });
  });

  test("a body that was changed on the way is refused", async () => {
    const answer = await raw({ method: "POST", path: "/v1/heartbeat", headers: signed((counter += 1n)), body: body.replace("3", "4") });
    expect(answer).toMatchObject({ status: 401, body: { field: "gapbell-signature" } });
  });

  test("a request without one is refused", async () => {
    expect(await raw({ method: "GET", path: "/v1/ability", headers: {}, body: "" })).toMatchObject({ status: 401, body: { field: "gapbell-key" } });
  });

  test("what is too long, unknown or broken is refused in words", async () => {
    const path = "/v1/heartbeat";
    const long = "x".repeat(REQUEST_BYTES_MOST + 1);
    expect(await raw({ method: "POST", path, headers: signed((counter += 1n), long), body: long })).toMatchObject({ status: 413, body: { error: expect.stringContaining("bytes") } });
    expect(await raw({ method: "GET", path: "/v1/abilities", headers: {}, body: "" })).toMatchObject({ status: 404, body: { error: expect.stringContaining("/v1/abilities") } });
    expect(await raw({ method: "GET", path: "/v9/ability", headers: {}, body: "" })).toMatchObject({ status: 426, body: { error: expect.stringContaining("same release") } });
    expect(await raw({ method: "POST", path, headers: signed((counter += 1n), "{"), body: "{" })).toMatchObject({ status: 400, body: { error: "The body is not JSON" } });
  });
});

describe("joining", () => {
  test("a join string is good once, and whoever comes second learns that somebody was first", async () => {
    const text = await host.invites();
    expect((await joinRelay(text, aJoiner(11))).ok).toBe(true);
    const again = await joinRelay(text, aJoiner(12));
    expect(again).toMatchObject({ ok: false, fault: { kind: "silent", reason: expect.stringContaining("used already, or over its time; invite anew") } });
  });

  test("the holder of a join string may join and do nothing else", async () => {
    const secret = new Uint8Array(16).fill(200);
    await host.invites(secret);
    const { joinKeysOf } = await import("../../lib/wire/join-string.ts");
    const link = openRelayLink(host.address, { ...aJoiner(13), tls: tlsIdentity(joinKeysOf(secret).tlsSeed) });
    expect(await link.ask({ kind: "ability", fresh: false })).toMatchObject({ kind: "refused", status: 401, reason: "This key has not joined the relay" });
  });

  test("others that are connected are not cut off when the list of certificates changes", async () => {
    const link = openRelayLink(host.address, LI);
    const heard = await link.ask({ kind: "events", after: 0 });
    const poll = link.ask({ kind: "events", after: heard.kind === "events" ? (heard.events.at(-1)?.number ?? 0) : 0 });
    await link.ask({ kind: "heartbeat", heartbeat: { open: 0, wall: 1 } });
    await host.invites();
    await link.ask({ kind: "submit", escalation: anEscalation({ id: "e8", step: 8 }) });
    // A second poll ends the first, so that the answer comes without waiting.
    const second = openRelayLink(host.address, LI).ask({ kind: "events", after: 0 });
    expect((await poll).kind).toBe("events");
    expect((await second).kind).toBe("events");
  });

  test("what is no join string is refused in words before anything is opened", async () => {
    expect(await joinRelay("hello", LI)).toMatchObject({ ok: false, fault: { kind: "badString", reason: expect.stringContaining("gapbell-relay invite") } });
  });
});

describe("each way to fail has its own sentence", () => {
  const ask = (address: Partial<RelayAddress>) =>
    openRelayLink({ ...host.address, ...address }, LI).ask({ kind: "heartbeat", heartbeat: { open: 0, wall: 1 } });

  test("nobody listens", async () => {
    expect(await ask({ port: await freePort() })).toMatchObject({ kind: "silent", reason: expect.stringContaining("Nothing listens at 127.0.0.1") });
  });

  test("the name is unknown", async () => {
    expect(await ask({ host: "relay.invalid" })).toMatchObject({ kind: "silent", reason: 'The name "relay.invalid" of the relay cannot be resolved' });
  });

  test("something else listens there", async () => {
    const server = await listener((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect(await ask({ port: server.port })).toMatchObject({ kind: "silent", reason: `Something else than a relay answers at 127.0.0.1:${server.port}; check host and port` });
    await server.close();
  });

  test("a relay that falls silent is given up, after 10 s unless a test is in a hurry", async () => {
    expect(LINK_MS_MOST).toBe(10_000);
    const server = await listener(() => {});
    const link = openRelayLink({ ...host.address, port: server.port }, LI, { answerMsMost: 300 });
    expect(await link.ask({ kind: "withdraw", id: "e1" })).toMatchObject({ kind: "silent", reason: expect.stringContaining("within 0.3 s") });
    await server.close();
  });
});

test("a port that is taken is named", async () => {
  const second = openDoor({ host: "127.0.0.1", port: host.door.port, identity: host.identity, ask: async () => ({ status: 200, body: {} }) });
  expect(second).toEqual({ ok: false, fault: { kind: "taken", host: "127.0.0.1", port: host.door.port } });
});

test("a certificate that cannot be read does not close the door to the others", async () => {
  const door = openDoor({ host: "127.0.0.1", port: 0, identity: host.identity, ask: async () => ({ status: 200, body: {} }) });
  if (!door.ok) throw new Error("no door");
  door.value.accept(["rubbish", LI.tls.certificate]);
  const link = openRelayLink({ ...host.address, port: door.value.port }, LI);
  expect(await link.ask({ kind: "heartbeat", heartbeat: { open: 0, wall: 1 } })).toEqual({ kind: "done" });
  await door.value.stop(true);
});

/** A request as its bytes say; status 0 where no answer comes. @param tls null shows no certificate */
function raw(
  { method, path, headers, body }: { readonly method: string; readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body: string },
  tls: typeof LI.tls | null = LI.tls,
): Promise<{ readonly status: number; readonly body: unknown }> {
  return new Promise((resolve) => {
    const socket = tlsConnect({
      host: "127.0.0.1", port: host.door.port, servername: TLS_NAME, ca: [host.identity.certificate],
      ...(tls === null ? {} : { cert: tls.certificate, key: tls.key }),
    });
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      const [head = "", rest = ""] = text.split("\r\n\r\n");
      resolve({ status: Number(head.split(" ")[1] ?? 0), body: rest === "" ? undefined : JSON.parse(rest) as unknown });
    });
    const lines = [`${method} ${path} HTTP/1.1`, `host: ${TLS_NAME}`, "connection: close", ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
    socket.write(`${lines.join("\r\n")}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
}

async function listener(onSocket: Parameters<typeof createServer>[1]): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const sockets = new Set<{ destroy: () => void }>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onSocket?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: () => new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    }),
  };
}
