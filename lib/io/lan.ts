/** The sockets of the LAN leg: one that receives broadcasts, one for unicasts, and one for each interface that sends broadcasts. */

import { createSocket, type Socket } from "node:dgram";
import { fail, ok, type Result } from "../base/result.ts";
import type { Tally } from "../base/tally.ts";
import { type Ms, seconds } from "../base/units.ts";
import type { Address, Lan, ListenerLan } from "../port/lan.ts";
import { type Chosen, type Road, systemRoads } from "./interfaces.ts";
import { dialTcp, listenTcp, type Standing } from "./lan-tcp.ts";
import { joinGroup, leaveGroup, type Multicast, sendGroupBy } from "./multicast.ts";

/** How often the list of interfaces is read again. */
const REREAD_MS: Ms = seconds(10);
export const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

export type LanFault = { readonly kind: "taken" | "unusable"; readonly port: number; readonly reason: string };

/** What is wrong and what to do, for a person. */
export function lanSentence({ kind, port, reason }: LanFault): string {
  return kind === "taken"
    ? `Cannot use UDP port ${port}: another program holds it ("ss -ulnp sport = :${port}" names it), stop that one or change the port`
    : `Cannot use UDP port ${port}: ${reason}`;
}

export type LanOptions = Chosen & {
  readonly onDatagram: (datagram: Uint8Array, from: Address) => unknown;
  /** Counts what ends here already: a datagram of nobody, a connection. What is handed on is counted by whoever opens it. */
  readonly drops?: Tally | undefined;
  /** Changes of the roads and faults of sockets, for the log. */
  readonly onChange: (event: string, facts: Readonly<Record<string, unknown>>) => void;
  /** The group to which everything that is broadcast is sent as well; both sides name the same. */
  readonly multicast?: Multicast | undefined;
  /** Less than `REREAD_MS` in tests only. */
  readonly rereadMs?: Ms;
};

export type AgentLanOptions = LanOptions & {
  /** Its own, on which listeners reach it. */
  readonly port: number;
  /** Theirs. */
  readonly broadcastPort: number;
  /** Listeners on other subnets: each gets a copy of every broadcast, from where its answer finds us. */
  readonly peers?: readonly Address[];
  /** Whether it can be reached by TCP as well, on the port of the same number. */
  readonly tcp?: boolean;
  readonly onDatagram: (datagram: Uint8Array, from: Address) => Standing;
};

export async function openAgentLan({ port, broadcastPort, peers = [], tcp = false, ...options }: AgentLanOptions): Promise<Result<Lan, LanFault>> {
  const unicast = await receiver(port, { shared: false, options });
  if (!unicast.ok) return unicast;
  const lan = lanOver({ unicast: unicast.value, others: [], toPort: broadcastPort, agentPort: port, options });
  const byTcp = tcp ? listenTcp({ port, ...options }) : undefined;
  return ok({
    broadcast: (datagram, to) => {
      lan.broadcast(datagram, to);
      if (to === "agents") return;
      for (const peer of peers) lan.send(datagram, peer);
      byTcp?.broadcast(datagram);
    },
    send: (datagram, to) => (to.road === "tcp" ? byTcp?.send(datagram, to) : lan.send(datagram, to)),
    close: () => {
      byTcp?.close();
      lan.close();
    },
  });
}

export type ClientLanOptions = LanOptions & {
  readonly broadcastPort: number;
  readonly agentPort: number;
  /** A TCP connection has ended, or could not be made. */
  readonly onBroken?: (to: Address, reason: string) => void;
};

/** Several listeners of one host share the broadcast port; each has a socket of its own for what is meant for it alone. */
export async function openClientLan({ broadcastPort, agentPort, onBroken = () => {}, ...options }: ClientLanOptions): Promise<Result<ListenerLan, LanFault>> {
  const shared = await receiver(broadcastPort, { shared: true, options });
  if (!shared.ok) return shared;
  const unicast = await receiver(0, { shared: false, options });
  if (!unicast.ok) return unicast;
  const lan = lanOver({ unicast: unicast.value, others: [shared.value], toPort: agentPort, agentPort, options });
  const byTcp = dialTcp({ onDatagram: options.onDatagram, onBroken, drops: options.drops });
  return ok({
    broadcast: lan.broadcast,
    send: (datagram, to) => (to.road === "tcp" ? byTcp : lan).send(datagram, to),
    hangUp: byTcp.hangUp,
    close: () => {
      byTcp.close();
      lan.close();
    },
  });
}

function receiver(port: number, { shared, options }: { readonly shared: boolean; readonly options: LanOptions }): Promise<Result<Socket, LanFault>> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: "udp4", reuseAddr: shared });
    socket.once("error", (error) => {
      socket.close();
      const taken = "code" in error && error.code === "EADDRINUSE";
      resolve(fail({ kind: taken ? "taken" : "unusable", port, reason: error.message }));
    });
    socket.bind(port, () => {
      socket.removeAllListeners("error");
      socket.on("error", (error) => options.onChange("socket fault", { port, reason: error.message }));
      try {
        socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
      } catch {
        // The kernel gives less; a flood is then repeated more often.
      }
      resolve(ok(socket));
    });
    hear(socket, options);
  });
}

/** A source port of 0 is nobody's: no answer could reach it. */
function hear(socket: Socket, { onDatagram, drops }: LanOptions): void {
  socket.on("message", (datagram, { address, port }) => {
    if (port === 0) drops?.count("no port");
    else onDatagram(datagram, { host: address, port });
  });
}

type Sending = { readonly road: Road; readonly socket: Socket };

type Opened = { readonly unicast: Socket; readonly others: readonly Socket[]; readonly toPort: number; readonly agentPort: number; readonly options: LanOptions };

/** Belongs to the group where broadcasts are heard: on the first of the other sockets, or on the only one. */
function lanOver({ unicast, others, toPort, agentPort, options }: Opened): Lan {
  const sending = new Map<string, Sending>();
  const { multicast } = options;
  const [hearing = unicast] = others;
  const reread = (): void => {
    const roads = new Map(systemRoads(options).map((road) => [`${road.name} ${road.address}`, road]));
    for (const [key, { road, socket }] of sending) {
      if (roads.has(key)) continue;
      socket.close();
      if (multicast !== undefined) leaveGroup(hearing, multicast, road.address);
      sending.delete(key);
      options.onChange("interface gone", { interface: key });
    }
    for (const [key, road] of roads) {
      if (sending.has(key)) continue;
      sending.set(key, { road, socket: sender(road, () => sending.delete(key), options) });
      const fault = multicast === undefined ? "" : joinGroup(hearing, multicast, road.address);
      options.onChange("interface", { interface: key, broadcast: road.broadcasts[0], ...(multicast === undefined ? {} : { multicast: multicast.group }) });
      if (fault !== "") options.onChange("multicast fault", { interface: key, reason: fault });
    }
  };
  reread();
  const timer = setInterval(reread, options.rereadMs ?? REREAD_MS);
  return {
    broadcast: (datagram, to) => {
      const port = to === "agents" ? agentPort : toPort;
      for (const { road, socket } of sending.values()) {
        broadcastOn(socket, road.broadcasts, { datagram, port, options });
        if (multicast !== undefined) broadcastOn(socket, [multicast.group], { datagram, port, options });
      }
    },
    send: (datagram, { host, port }) => {
      try {
        unicast.send(datagram, port, host, (error) => {
          // A refused unicast is reported by the next send: that one has not left.
          if (error !== null && "code" in error && error.code === "ECONNREFUSED") unicast.send(datagram, port, host, () => {});
        });
      } catch (error) {
        options.onChange("unicast fault", { reason: String(error) });
      }
    },
    close: () => {
      clearInterval(timer);
      for (const { socket } of sending.values()) socket.close();
      for (const socket of [unicast, ...others]) socket.close();
    },
  };
}

/** Bound to the interface's address, so that the kernel sends there and nowhere else. */
function sender(road: Road, gone: () => void, options: LanOptions): Socket {
  const socket = createSocket("udp4");
  socket.on("error", (error) => {
    options.onChange("socket fault", { interface: road.name, reason: error.message });
    gone();
    socket.close();
  });
  // Who is asked by broadcast answers to where the question came from.
  hear(socket, options);
  socket.bind(0, road.address, () => {
    socket.setBroadcast(true);
    if (options.multicast !== undefined) sendGroupBy(socket, options.multicast, road.address);
  });
  return socket;
}

function broadcastOn(socket: Socket, to: readonly string[], rest: { readonly datagram: Uint8Array; readonly port: number; readonly options: LanOptions }): void {
  const [host, ...others] = to;
  if (host === undefined) return;
  try {
    socket.send(rest.datagram, rest.port, host, (error) => {
      if (error === null || error === undefined) return;
      if (others.length > 0) broadcastOn(socket, others, rest);
      else rest.options.onChange("broadcast fault", { reason: error.message });
    });
  } catch (error) {
    // Not bound yet, or just closed: the next repeat will find another socket.
    rest.options.onChange("broadcast fault", { reason: String(error) });
  }
}
