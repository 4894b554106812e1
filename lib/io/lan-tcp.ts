/**
 * The TCP road of the LAN leg: the same sealed datagrams, where UDP does not come through. A TCP connection proves no more than
 * an address; who has said nothing genuine holds little, gets nothing that is broadcast, and not for long.
 */

import { connect, createServer, type Socket } from "node:net";
import type { Result } from "../base/result.ts";
import type { Tally } from "../base/tally.ts";
import { type Ms, seconds } from "../base/units.ts";
import type { Address } from "../port/lan.ts";
import type { Opened } from "../trust/opener.ts";
import { DEAF_MS } from "../wire/constants.ts";
import { onStream, StreamReader } from "../wire/stream.ts";

export type TcpLimits = {
  /** Connections in all, of one host, and of those who have proven nothing yet. */
  readonly lines: number;
  readonly linesOfHost: number;
  readonly linesUnproven: number;
  /** So long a connection may take to show that a member is behind it. */
  readonly proveMs: Ms;
  /** One on which nothing genuine came for so long is closed: a listener says HELLO every 20 s. */
  readonly idleMs: Ms;
  /** What may wait for a reader that is slower than we speak: about a flood's first two seconds. */
  readonly queueBytes: number;
  readonly connectMs: Ms;
};

export const TCP_LIMITS: TcpLimits = {
  lines: 1024, linesOfHost: 32, linesUnproven: 128, proveMs: seconds(10), idleMs: DEAF_MS, queueBytes: 512 * 1024, connectMs: seconds(5),
};

/** What a datagram says of the connection on which it came. `proven`: a member has sealed it now. */
export type Standing = "refused" | "let in" | "proven";

/** A recording is never fresh; and what is in clear, everybody can say. */
export function standingOf(opened: Result<Opened, unknown>): Standing {
  if (!opened.ok) return "refused";
  return opened.value.freshness === "fresh" && opened.value.sealed !== "clear" ? "proven" : "let in";
}

type OnDatagram = (datagram: Uint8Array, from: Address) => unknown;
type OnChange = (event: string, facts: Readonly<Record<string, unknown>>) => void;

/** How a connection ended; `ours`: we have ended it. */
type End = { readonly reason: string; readonly ours: boolean };
/** We have ended it in order, and nobody needs to hear of it. */
const CLOSED = "closed";
const SILENT = "nothing genuine came";

/** A connection that we have not let in, or have ended, beside the datagrams that were dropped. */
function countLine(drops: Tally | undefined, reason: string): void {
  drops?.count(`tcp: ${reason}`);
}

/** One connection, whoever made it. */
class Line {
  readonly address: Address;
  readonly #socket: Socket;
  readonly #limits: TcpLimits;
  #proven = false;
  #ended: string | undefined;
  #timer: ReturnType<typeof setTimeout>;

  constructor(socket: Socket, address: Address, { limits, onDatagram, ended }: { readonly limits: TcpLimits; readonly onDatagram: OnDatagram; readonly ended: (end: End) => void }) {
    this.address = address;
    this.#socket = socket;
    this.#limits = limits;
    this.#timer = setTimeout(() => this.end(SILENT), limits.proveMs);
    const reader = new StreamReader();
    let why = "closed by the other side";
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => {
      const read = reader.take(bytes);
      if (!read.ok) return this.end(read.fault);
      for (const datagram of read.value) if (!socket.destroyed) this.#judge(onDatagram(datagram, address));
    });
    socket.on("error", (error) => {
      why = error.message;
    });
    socket.on("close", () => {
      clearTimeout(this.#timer);
      ended(this.#ended === undefined ? { reason: why, ours: false } : { reason: this.#ended, ours: true });
    });
  }

  get proven(): boolean {
    return this.#proven;
  }

  #judge(standing: unknown): void {
    if (standing === "proven") {
      this.#proven = true;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.end(SILENT), this.#limits.idleMs);
    } else if (standing === "refused" && !this.#proven) this.end("refused");
  }

  write(datagram: Uint8Array): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(onStream(datagram));
    if (this.#socket.writableLength > this.#limits.queueBytes) this.end("does not read");
  }

  end(why: string): void {
    this.#ended ??= why;
    this.#socket.destroy();
  }
}

export type TcpServer = {
  /** To every listener that has proven itself. */
  readonly broadcast: (datagram: Uint8Array) => void;
  readonly send: (datagram: Uint8Array, to: Address) => void;
  readonly close: () => void;
};

/** Where the port is taken the bell rings on without this road; that is said. */
export function listenTcp({ port, onDatagram, onChange, drops, limits = TCP_LIMITS }: {
  readonly port: number; readonly onDatagram: (datagram: Uint8Array, from: Address) => Standing; readonly onChange: OnChange;
  readonly drops?: Tally | undefined; readonly limits?: TcpLimits;
}): TcpServer {
  const lines = new Map<string, Line>();
  /** Who proves itself does so at once: the one that has waited longest makes room. @returns whether there is room now */
  const makeRoom = (among: readonly Line[], most: number): boolean => {
    if (among.length < most) return true;
    const oldest = among.find(({ proven }) => !proven);
    if (oldest === undefined) return false;
    lines.delete(keyOf(oldest.address));
    oldest.end("too many");
    return true;
  };
  const admit = (socket: Socket): void => {
    const { remoteAddress: host, remotePort } = socket;
    if (host === undefined || remotePort === undefined) return void socket.destroy();
    const held = (): readonly Line[] => [...lines.values()];
    const room = makeRoom(held().filter(({ address }) => address.host === host), limits.linesOfHost)
      && makeRoom(held().filter(({ proven }) => !proven), limits.linesUnproven) && makeRoom(held(), limits.lines);
    if (!room) {
      socket.destroy();
      countLine(drops, "too many");
      return onChange("tcp line refused", { reason: "too many" });
    }
    const line = new Line(socket, { host, port: remotePort, road: "tcp" }, {
      limits, onDatagram,
      ended: ({ reason, ours }) => {
        if (lines.get(keyOf(line.address)) === line) lines.delete(keyOf(line.address));
        if (!ours || reason === CLOSED) return;
        countLine(drops, reason);
        onChange("tcp line ended", { reason });
      },
    });
    lines.set(keyOf(line.address), line);
  };
  const server = createServer((socket) => {
    socket.on("error", () => {});
    admit(socket);
  });
  server.on("error", (error) => onChange("no tcp road", { port, reason: error.message }));
  server.listen({ host: "0.0.0.0", port });
  return {
    broadcast: (datagram) => {
      for (const line of lines.values()) if (line.proven) line.write(datagram);
    },
    send: (datagram, to) => lines.get(keyOf(to))?.write(datagram),
    close: () => {
      server.close();
      for (const line of lines.values()) line.end(CLOSED);
    },
  };
}

export type TcpDialer = {
  /** Connects first where there is no connection. */
  readonly send: (datagram: Uint8Array, to: Address) => void;
  readonly hangUp: (to: Pick<Address, "host" | "port">) => void;
  readonly close: () => void;
};

/** @param onBroken hears of a connection that ended, or could not be made, unless we have hung up */
export function dialTcp({ onDatagram, onBroken, drops, limits = TCP_LIMITS }: {
  readonly onDatagram: OnDatagram; readonly onBroken: (to: Address, reason: string) => void; readonly drops?: Tally | undefined; readonly limits?: TcpLimits;
}): TcpDialer {
  const lines = new Map<string, Line>();
  const dial = ({ host, port }: Address): Line => {
    const address: Address = { host, port, road: "tcp" };
    const key = keyOf(address);
    const socket = connect({ host, port });
    const line = new Line(socket, address, {
      // Of an agent nothing has to be proven here: whoever opens what came judges it.
      limits: { ...limits, proveMs: limits.connectMs },
      onDatagram: (datagram, from) => {
        onDatagram(datagram, from);
        return "proven";
      },
      ended: ({ reason, ours }) => {
        if (lines.get(key) === line) lines.delete(key);
        // Where nobody answers, nothing was dropped.
        if (ours && reason !== CLOSED && reason !== SILENT) countLine(drops, reason);
        if (reason !== CLOSED) onBroken(address, reason);
      },
    });
    lines.set(key, line);
    return line;
  };
  const hangUp = (key: string): void => {
    const line = lines.get(key);
    lines.delete(key);
    line?.end(CLOSED);
  };
  return {
    send: (datagram, to) => (lines.get(keyOf(to)) ?? dial(to)).write(datagram),
    hangUp: (to) => hangUp(keyOf(to)),
    close: () => {
      for (const key of [...lines.keys()]) hangUp(key);
    },
  };
}

function keyOf({ host, port }: Pick<Address, "host" | "port">): string {
  return `${host}:${port}`;
}
