/** A TCP proxy that cuts a connection at a TLS record of choice: "at every step" without a clock. */

import { connect, createServer, type Server, type Socket } from "node:net";

/** Cuts when the record that would be the `record`-th in this direction has begun to arrive; it is not passed on. */
export type Cut = { readonly from: "agent" | "relay"; readonly record: number };

export type CuttingProxy = {
  readonly port: number;
  /** The next `times` connections are cut so; then all pass again. */
  readonly cuts: (cut: Cut, times: number) => void;
  /** From the next escalation that is handed over on, requests pass and no answer comes back. */
  readonly swallowsFromSubmit: () => void;
  /** What stands goes on; nobody new gets through. */
  readonly shuts: () => void;
  /** Everything passes again; who waits in vain is let go. */
  readonly heals: () => void;
  /** How many connections were cut. */
  readonly cut: () => number;
  readonly close: () => void;
};

export async function aCuttingProxy(target: { readonly port: number }): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let plan: { readonly cut: Cut; left: number } | undefined;
  let swallowing: "no" | "armed" | "yes" = "no";
  let shut = false;
  let count = 0;
  const server: Server = createServer((agent) => {
    if (shut) {
      agent.destroy();
      return;
    }
    const relay = connect({ host: "127.0.0.1", port: target.port, noDelay: true });
    const mine = plan !== undefined && plan.left > 0 ? plan.cut : undefined;
    if (mine !== undefined && plan !== undefined) plan.left -= 1;
    const end = (): void => {
      agent.destroy();
      relay.destroy();
    };
    const pass = (from: Socket, to: Socket, side: Cut["from"]): void => {
      const records = recordCounter();
      sockets.add(from);
      from.on("error", end);
      from.on("close", () => {
        sockets.delete(from);
        end();
      });
      from.on("data", (chunk: Buffer) => {
        const { begun: seen, longest } = records(chunk);
        if (side === "agent" && swallowing === "armed" && seen > HANDSHAKE_RECORDS && longest >= SUBMIT_BYTES_LEAST) swallowing = "yes";
        if (mine?.from === side && seen >= mine.record) {
          count += 1;
          return end();
        }
        // The handshake goes through: the request arrives, and only what the relay says to it is lost.
        if (side === "relay" && swallowing === "yes" && seen > HANDSHAKE_RECORDS) return;
        to.write(chunk);
      });
    };
    pass(agent, relay, "agent");
    pass(relay, agent, "relay");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    cuts: (cut, times) => {
      plan = { cut, left: times };
    },
    swallowsFromSubmit: () => {
      swallowing = "armed";
    },
    shuts: () => {
      shut = true;
    },
    heals: () => {
      shut = false;
      swallowing = "no";
      for (const socket of sockets) socket.destroy();
    },
    cut: () => count,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Hello, change of cipher, and what is encrypted of the handshake; the same number on both sides (seen, Bun 1.4.5). */
const HANDSHAKE_RECORDS = 3;
const APPLICATION_DATA = 23;
/** The handshake's own longest encrypted record has 505 bytes, any other request fewer than 500; an escalation more than 700. */
const SUBMIT_BYTES_LEAST = 600;

/** @returns how many records have begun so far, and the longest that was encrypted. Each has a head of type, version and length (RFC 8446 §5.1). */
function recordCounter(): (chunk: Uint8Array) => { readonly begun: number; readonly longest: number } {
  let begun = 0;
  let longest = 0;
  let left = 0;
  let head: number[] = [];
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const step = Math.min(left, chunk.length - at);
        left -= step;
        at += step;
        continue;
      }
      if (head.length === 0) begun += 1;
      head.push(chunk[at] ?? 0);
      at += 1;
      if (head.length === 5) {
        left = (head[3] ?? 0) * 256 + (head[4] ?? 0);
        if (head[0] === APPLICATION_DATA) longest = Math.max(longest, left);
        head = [];
      }
    }
    return { begun, longest };
  };
}
