/** Opens the agent's TCP port, with TLS where the configuration says so, and refuses to open it to strangers. */

import { fail, ok, type Result } from "../base/result.ts";
import { STRANGER, type Caller, type Token } from "./tokens.ts";

/** Longer than the machine may take to answer while it waits for a relay; Bun's own default of 10 s is not (measured). */
const IDLE_TIMEOUT_S = 60;
/** Bun answers what is larger without a word of explanation, so that its limit lies far above ours. */
const BUN_BYTES_MOST = 1024 ** 3;

/** Where to listen, as the configuration says. */
export type Listen = {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tokens: readonly Token[];
  readonly tls: {
    /** Both PEM. */
    readonly key: string;
    readonly certificate: string;
    /** PEM of the authority that signed the clients' certificates; with it nobody without one comes in. */
    readonly clientAuthority: string | undefined;
  } | undefined;
};

export type Listener = {
  /** The port that was taken. */
  readonly port: number;
  /** Takes no new connection and resolves when those open have their answers, or at once with `now`. */
  readonly stop: (now?: boolean) => Promise<void>;
};

export type ListenFault =
  /** Another address than loopback, and nothing that keeps strangers out. */
  | { readonly kind: "unguarded"; readonly host: string }
  | { readonly kind: "taken"; readonly host: string; readonly port: number }
  | { readonly kind: "cannotListen"; readonly host: string; readonly port: number; readonly reason: string };

/** What a request without a token may do on this listener: everything but acknowledge where only the host itself comes in. */
export function plainCaller({ host, tls }: Pick<Listen, "host" | "tls">): Caller {
  const known = isLoopback(host) || tls?.clientAuthority !== undefined;
  return known ? { kind: "guest", reports: true, reads: true, operator: undefined } : STRANGER;
}

export function listen(
  { host, port, tokens, tls }: Listen,
  fetch: (request: Request) => Response | Promise<Response>,
): Result<Listener, ListenFault> {
  if (!isLoopback(host) && tokens.length === 0 && tls?.clientAuthority === undefined) return fail({ kind: "unguarded", host });
  try {
    const server = Bun.serve({
      hostname: host, port, idleTimeout: IDLE_TIMEOUT_S, maxRequestBodySize: BUN_BYTES_MOST, fetch,
      // Outside development Bun shares a port with whoever else wants it unless told otherwise (measured, 1.4.5): two
      // agents would each get half of the alarms and neither would say so.
      development: false, reusePort: false,
      ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
    });
    return ok({ port: server.port ?? port, stop: (now = false) => server.stop(now) });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const taken = thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE";
    return fail(taken ? { kind: "taken", host, port } : { kind: "cannotListen", host, port, reason });
  }
}

/** What went wrong and what to change, for a person. */
export function listenSentence(fault: ListenFault): string {
  switch (fault.kind) {
    case "unguarded":
      return `Refuse to listen on ${fault.host}: everybody on that network could hand in alarms; `
        + "give api.tokens, api.report_tokens or api.tls.client_authority in agent.yaml, or listen on 127.0.0.1";
    case "taken":
      return `Cannot listen on ${fault.host}:${fault.port}: another program holds the port `
        + `(ss -ltnp 'sport = :${fault.port}' names it); stop that program or change api.listen in agent.yaml`;
    case "cannotListen":
      return `Cannot listen on ${fault.host}:${fault.port}: ${fault.reason}; check api.listen in agent.yaml`;
  }
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function tlsOptions({ key, certificate, clientAuthority }: NonNullable<Listen["tls"]>) {
  return {
    key, cert: certificate,
    ...(clientAuthority === undefined ? {} : { ca: clientAuthority, requestCert: true, rejectUnauthorized: true }),
  };
}
