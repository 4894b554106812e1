/** Joins standard input and output to a TCP port of this host: what an SSH forced command gives an agent instead of forwarding. */

import { connect } from "node:net";
import { fail, ok, type Result } from "../base/result.ts";
import { type Ms, seconds } from "../base/units.ts";

const CONNECT_MS_MOST: Ms = seconds(5);

export type PipeFault =
  /** Nobody listens there. */
  | { readonly kind: "nobody" }
  | { readonly kind: "brokenOff"; readonly reason: string };

/** Resolves when both directions have ended. Not one byte is written to standard output that did not come from there. */
export function pipeStdio({ host, port }: { readonly host: string; readonly port: number }): Promise<Result<void, PipeFault>> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true });
    const timer = setTimeout(() => socket.destroy(new Error(`it does not take the connection within ${CONNECT_MS_MOST / 1000} s`)), CONNECT_MS_MOST);
    let fault: PipeFault | undefined;
    socket.on("connect", () => {
      clearTimeout(timer);
      process.stdin.pipe(socket);
      socket.pipe(process.stdout);
    });
    // The agent has gone: its request is over.
    process.stdout.on("error", () => socket.destroy());
    process.stdin.on("error", () => socket.destroy());
    socket.on("error", (thrown) => {
      fault = "code" in thrown && thrown.code === "ECONNREFUSED" ? { kind: "nobody" } : { kind: "brokenOff", reason: thrown.message };
    });
    socket.on("close", () => {
      clearTimeout(timer);
      process.stdin.unpipe(socket);
      resolve(fault === undefined ? ok(undefined) : fail(fault));
    });
  });
}
