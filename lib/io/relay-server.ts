/**
 * The relay's door: HTTPS with client certificates, routes to events, answers by tickets. Decides nothing but sizes;
 * who asks and what it means is the machine's affair.
 */

import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { fail, ok, type Result } from "../base/result.ts";
import type { Door, RelayQuestion, RelayRequest, RelayRoute } from "../port/relay-door.ts";
import type { Reply } from "../port/tickets.ts";
import { SIGNATURE_HEADERS } from "../wire/request-signature.ts";
import { derOf, type TlsIdentity } from "./certificate.ts";

/** The largest escalation, 64 recipients and 2,000 characters of detail, has about 50,000 bytes. */
export const REQUEST_BYTES_MOST = 131_072;
/** Above the 25 s of a long poll; Bun's own default of 10 s cuts it (measured). */
const IDLE_TIMEOUT_S = 60;

export type RelayDoor = Door & {
  readonly port: number;
  /** Takes no new connection and resolves when those open have their answers, or at once with `now`. */
  readonly stop: (now?: boolean) => Promise<void>;
};

export type DoorFault =
  | { readonly kind: "taken"; readonly host: string; readonly port: number }
  | { readonly kind: "cannotListen"; readonly reason: string };

/** @param ask hands a request to the machine and resolves with its answer; never rejects */
export function openDoor({
  host, port, identity, ask,
}: {
  readonly host: string;
  readonly port: number;
  readonly identity: TlsIdentity;
  readonly ask: (request: RelayRequest) => Promise<Reply>;
}): Result<RelayDoor, DoorFault> {
  const { fetch } = relayRoutes(ask);
  const listen = (at: number, certificates: readonly string[]) =>
    Bun.serve({
      hostname: host, port: at, idleTimeout: IDLE_TIMEOUT_S, maxRequestBodySize: 2 * REQUEST_BYTES_MOST, fetch: (request) => fetch(request),
      tls: {
        key: identity.key, cert: identity.certificate,
        // An empty list would mean the system's authorities; our own certificate lets in nobody but ourselves.
        ca: [identity.certificate, ...certificates], requestCert: true, rejectUnauthorized: true,
      },
      // Outside development Bun shares a port with whoever else wants it unless told otherwise (measured, 1.4.5).
      development: false, reusePort: false,
    });
  try {
    let known = "";
    let server = listen(port, []);
    const at = server.port ?? port;
    return ok({
      port: at,
      accept: (certificates) => {
        // One that cannot be read would close the door to everybody.
        const readable = certificates.filter((certificate) => derOf(certificate) !== undefined).sort();
        if (readable.join("") === known) return;
        known = readable.join("");
        // Bun.serve.reload keeps the old list of certificates (measured, 1.4.5), so that the listener is made anew;
        // requests that are being answered stay on the old one. Nobody else can take the port between the two lines.
        void server.stop(false);
        server = listen(at, readable);
      },
      stop: (now = false) => server.stop(now),
    });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const taken = thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE";
    return fail(taken ? { kind: "taken", host, port } : { kind: "cannotListen", reason });
  }
}

/** What went wrong and what to change, for a person. */
export function doorSentence(fault: DoorFault): string {
  switch (fault.kind) {
    case "taken":
      return `Cannot listen on ${fault.host}:${fault.port}: another program holds the port (ss -ltnp 'sport = :${fault.port}' names it); stop that program or change "listen" in relay.yaml`;
    case "cannotListen":
      return `Cannot listen: ${fault.reason}; check "listen" in relay.yaml`;
  }
}

/** The routes alone. */
export function relayRoutes(ask: (request: RelayRequest) => Promise<Reply>): Hono {
  const app = new Hono();
  app.use(bodyLimit({
    maxSize: REQUEST_BYTES_MOST,
    onError: (c) => c.json({ error: `Request has more than ${REQUEST_BYTES_MOST} bytes` }, 413),
  }));
  for (const [route, { method, path }] of Object.entries(ROUTES)) {
    app.on(method, path, async (c) => {
      const url = new URL(c.req.url);
      const reply = await ask({
        route: route as RelayRoute,
        id: c.req.param("id") ?? "",
        query: Object.fromEntries(url.searchParams),
        headers: pick(c.req.raw.headers),
        parts: { method, path: url.pathname + url.search, body: new Uint8Array(await c.req.arrayBuffer()) },
      });
      return Response.json(reply.body, { status: reply.status });
    });
  }
  app.notFound((c) => {
    // An agent of another major version asks under another number.
    if (/^\/v\d+\//.test(c.req.path) && !c.req.path.startsWith("/v1/")) return c.json({ error: "This relay speaks version 1; use the same release on both sides" }, 426);
    return c.json({ error: `No route "${c.req.method} ${c.req.path}" in this version of the relay` }, 404);
  });
  app.onError((thrown, c) => c.json({ error: `Cannot read the request: ${thrown.message}` }, 400));
  return app;
}

/** What the person at the jump host may ask, over the relay's own socket. */
export function relayLocalRoutes(ask: (question: RelayQuestion) => Promise<Reply>): Hono {
  const app = new Hono();
  const answer = async (question: RelayQuestion): Promise<Response> => {
    const { status, body } = await ask(question);
    return Response.json(body, { status });
  };
  app.get("/v1/ability", (c) => answer({ kind: "ability", fresh: c.req.query("fresh") === "1" }));
  app.post("/v1/invites", async (c) => {
    const read = Invite.safeParse(await c.req.json().catch(() => undefined));
    return read.success ? answer({ kind: "invite", ...read.data }) : c.json({ error: "Cannot read the invite" }, 400);
  });
  app.notFound((c) => c.json({ error: `No route "${c.req.method} ${c.req.path}"` }, 404));
  return app;
}

const Invite = z.object({ id: z.string(), macKey: z.string(), certificate: z.string(), expiresInMs: z.int().min(1) });

const ROUTES = {
  join: { method: "POST", path: "/v1/join" },
  ability: { method: "GET", path: "/v1/ability" },
  submit: { method: "PUT", path: "/v1/escalations/:id" },
  withdraw: { method: "DELETE", path: "/v1/escalations/:id" },
  notice: { method: "POST", path: "/v1/escalations/:id/notices" },
  events: { method: "GET", path: "/v1/events" },
  commit: { method: "POST", path: "/v1/events/commit" },
  heartbeat: { method: "POST", path: "/v1/heartbeat" },
} satisfies { readonly [R in RelayRoute]: { readonly method: string; readonly path: string } };

/** The machine sees only the headers that it reads. */
function pick(headers: Headers): Readonly<Record<string, string>> {
  const picked: Record<string, string> = {};
  for (const name of Object.values(SIGNATURE_HEADERS)) {
    const value = headers.get(name);
    if (value !== null) picked[name] = value;
  }
  return picked;
}
