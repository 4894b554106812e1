/**
 * The relay's door: HTTPS with client certificates, routes to events, answers by tickets. Decides nothing but sizes;
 * who asks and what it means is the machine's affair.
 */

import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { fail, ok, type Result } from "../base/result.ts";
import type { Door, RelayRequest, RelayRoute } from "../port/relay-door.ts";
import type { Reply } from "../port/tickets.ts";
import { SIGNATURE_HEADERS } from "../wire/request-signature.ts";
import type { TlsIdentity } from "./certificate.ts";

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
    });
  try {
    let known = "";
    let server = listen(port, []);
    const at = server.port ?? port;
    return ok({
      port: at,
      accept: (certificates) => {
        const wanted = [...certificates].sort().join("");
        if (wanted === known) return;
        known = wanted;
        // Bun.serve.reload keeps the old list of certificates (measured, 1.4.5), so that the listener is made anew;
        // requests that are being answered stay on the old one.
        void server.stop(false);
        server = listen(at, certificates);
      },
      stop: (now = false) => server.stop(now),
    });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const taken = thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE";
    return fail(taken ? { kind: "taken", host, port } : { kind: "cannotListen", reason });
  }
}

/** The routes alone, for the socket of the same machine and for tests. */
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
  app.notFound((c) => c.json({ error: `No route "${c.req.method} ${c.req.path}" in this version of the relay` }, 404));
  app.onError((thrown, c) => c.json({ error: `Cannot read the request: ${thrown.message}` }, 400));
  return app;
}

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
