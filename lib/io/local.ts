/** HTTP over a unix socket in the state folder: how the commands of one host speak to the running program. Whoever may open the socket is its owner. */

import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { fail, ok, type Result } from "../base/result.ts";
import type { Reply } from "../port/tickets.ts";

/** `sun_path` holds 108 bytes with the closing zero. Source: unix(7). */
export const SOCKET_PATH_BYTES_MOST = 107;

/**
 * Bun ends a connection that was silent for 10 s; a tap may be silent for hours. `idleTimeout` holds for unix sockets
 * too, where `server.timeout` does not (measured, 1.4.5), but Bun's types know it for TCP only: hence an `object`.
 */
const NEVER_IDLE: object = { idleTimeout: 0 };

export type LocalFault =
  /** Nobody listens there: the program does not run. */
  | { readonly kind: "nobody"; readonly path: string }
  /** The socket belongs to another user. */
  | { readonly kind: "forbidden"; readonly path: string }
  | { readonly kind: "pathTooLong"; readonly path: string; readonly bytes: number }
  /** Another process answers there already. */
  | { readonly kind: "taken"; readonly path: string }
  /** The conversation broke off; what was asked may have been done. */
  | { readonly kind: "brokenOff"; readonly path: string; readonly reason: string };

export type LocalServer = {
  /** Takes no new connection, ends those that are open, and removes the socket. */
  readonly stop: () => Promise<void>;
};

/** Listens with mode 0600. A socket that a killed process left behind is removed, one that answers is not. */
export async function serveLocal(
  path: string,
  fetch: (request: Request) => Response | Promise<Response>,
): Promise<Result<LocalServer, LocalFault>> {
  const long = tooLong(path);
  if (long !== undefined) return fail(long);
  if (await answers(path)) return fail({ kind: "taken", path });
  try {
    if (isSocket(path)) unlinkSync(path);
    // Closed to others from its first moment, not only after chmod.
    const mask = process.umask(0o177);
    try {
      const server = Bun.serve({ unix: path, development: false, fetch: (request) => fetch(request), ...NEVER_IDLE });
      chmodSync(path, 0o600);
      return ok({
        stop: async () => {
          await server.stop(true);
          try {
            if (isSocket(path)) unlinkSync(path);
          } catch {
            // On a disk that has failed it stays, and the next start removes it.
          }
        },
      });
    } finally {
      process.umask(mask);
    }
  } catch (thrown) {
    return fail({ kind: "brokenOff", path, reason: reasonOf(thrown) });
  }
}

/** Asks once. `route` begins with a slash; `body` is sent as JSON. */
export async function askLocal(
  path: string,
  { method, route, body, signal }: { readonly method: string; readonly route: string; readonly body?: unknown; readonly signal?: AbortSignal },
): Promise<Result<Reply, LocalFault>> {
  const long = tooLong(path);
  if (long !== undefined) return fail(long);
  try {
    const response = await fetch(`http://localhost${route}`, {
      unix: path, method,
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    return ok({ status: response.status, body: parse(await response.text()) });
  } catch (thrown) {
    return fail(callFault(path, thrown));
  }
}

/**
 * Reads a stream of lines until it ends or `signal` says so.
 *
 * @param onLine gets each line without its end; empty lines only keep the connection alive and are left out
 */
export async function tapLocal(
  path: string,
  route: string,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<Result<void, LocalFault>> {
  const long = tooLong(path);
  if (long !== undefined) return fail(long);
  try {
    const response = await fetch(`http://localhost${route}`, { unix: path, signal });
    if (!response.ok || response.body === null) {
      return fail({ kind: "brokenOff", path, reason: `answered ${response.status}` });
    }
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") onLine(line);
    }
    return ok(undefined);
  } catch (thrown) {
    return signal.aborted ? ok(undefined) : fail(callFault(path, thrown));
  }
}

/** What is wrong, for a person. @param program "gapbell-agent" */
export function localSentence(fault: LocalFault, program: string): string {
  switch (fault.kind) {
    case "nobody":
      return `Cannot reach ${program}: nobody listens at "${fault.path}"; start it with "${program} run"`;
    case "forbidden":
      return `Cannot reach ${program}: "${fault.path}" belongs to another user; run this command as that user`;
    case "pathTooLong":
      return `Cannot use "${fault.path}" as a socket: the path has ${fault.bytes} bytes, at most ${SOCKET_PATH_BYTES_MOST} are possible; choose a shorter state folder by --state`;
    case "taken":
      return `Cannot listen at "${fault.path}": another ${program} answers there`;
    case "brokenOff":
      return `Cannot finish the conversation with ${program} at "${fault.path}": ${fault.reason}`;
  }
}

function tooLong(path: string): LocalFault | undefined {
  const bytes = Buffer.byteLength(path);
  return bytes > SOCKET_PATH_BYTES_MOST ? { kind: "pathTooLong", path, bytes } : undefined;
}

/** Whether somebody takes connections there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}

function callFault(path: string, thrown: unknown): LocalFault {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  if (["FailedToOpenSocket", "ConnectionRefused", "ENOENT", "ENOTDIR", "ECONNREFUSED"].includes(code)) return { kind: "nobody", path };
  if (code === "EACCES" || code === "EPERM") return { kind: "forbidden", path };
  return { kind: "brokenOff", path, reason: reasonOf(thrown) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
