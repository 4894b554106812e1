/** Asks the LAN a handful of questions for the doctor: whether our own broadcast comes back, and who answers which way. */

import { createSocket, type Socket } from "node:dgram";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import type { LoopFacts, UnicastFacts } from "../doctor/facts.ts";
import { toHex } from "../base/bytes.ts";
import type { Ms } from "../base/units.ts";
import type { Address } from "../port/lan.ts";
import { onStream } from "../wire/stream.ts";
import { dice } from "./dice.ts";
import { type Road, systemInterfaces } from "./interfaces.ts";
import { dialTcp } from "./lan-tcp.ts";

/** When each question is put; again only where it has not been answered. */
const ROUNDS_AT_MS: readonly Ms[] = [0, 500, 1300];
/** So that the last one has its time as well. */
const PROBE_MS: Ms = 2200;

/** A datagram that came back, and to which question. */
export type Heard = { readonly datagram: Uint8Array; readonly from: Address; readonly by: "broadcast" | "unicast" | "tcp"; readonly interface: string };

export type LanQuestions = {
  readonly roads: readonly Road[];
  /** Ours is sent to the first and heard on it; the agents hear on the second. */
  readonly broadcastPort: number;
  readonly agentPort: number;
  readonly unicasts: readonly Address[];
  /** Whether each of these is asked by TCP as well. */
  readonly tcp: boolean;
  /** Another datagram each time. */
  readonly question: () => Uint8Array | undefined;
  /** @returns whether it answers the question */
  readonly take: (heard: Heard) => boolean;
};

export type LanAnswers = {
  readonly loops: readonly LoopFacts[];
  readonly unicasts: readonly UnicastFacts[];
  /** "" where the broadcast port could be shared; EADDRINUSE and the like elsewhere. */
  readonly portFault: string;
};

export async function askLan({ roads, broadcastPort, agentPort, unicasts, tcp, question, take }: LanQuestions): Promise<LanAnswers> {
  const mark = new TextEncoder().encode(`gapbell doctor ${toHex(dice.bytes(8))}`);
  const loops = new Map(roads.map((road) => [road, { sent: false, reason: "", heard: false, answered: false }]));
  const ways = new Map(unicasts.map((to): [Address, Way] => [to, { outcome: "silent", tcp: tcp ? "asked" : "untried", from: undefined, socket: undefined }]));
  const done = Promise.withResolvers<void>();
  const settle = (): void => {
    const heard = [...loops.values()].every((loop) => loop.answered && loop.heard);
    if (heard && [...ways.values()].every((way) => way.tcp !== "asked" && (way.outcome === "answered" || way.outcome === "unreachable"))) done.resolve();
  };

  const receiver = await bind({ port: broadcastPort, address: undefined, shared: true });
  if (typeof receiver !== "string") {
    receiver.on("message", (datagram, { address }) => {
      if (Buffer.compare(datagram, mark) !== 0) return;
      for (const [road, loop] of loops) if (road.address === address) loop.heard = true;
      settle();
    });
  }
  const senders: Socket[] = [];
  const broadcasts: (() => void)[] = [];
  for (const [road, loop] of loops) {
    const socket = await bind({ port: 0, address: road.address, shared: false });
    if (typeof socket === "string") {
      loop.reason = socket;
      continue;
    }
    socket.setBroadcast(true);
    socket.on("message", (datagram, { address, port }) => {
      loop.answered = take({ datagram, from: { host: address, port }, by: "broadcast", interface: road.name }) || loop.answered;
      settle();
    });
    senders.push(socket);
    const say = (datagram: Uint8Array | undefined, port: number, to: readonly string[]): void => {
      const [host, ...others] = to;
      if (datagram === undefined || host === undefined) return;
      socket.send(datagram, port, host, (error) => {
        if (error === null || error === undefined) loop.sent = true;
        else if (others.length > 0) say(datagram, port, others);
        else loop.reason = error.message;
      });
    };
    broadcasts.push(() => {
      if (!loop.heard) say(mark, broadcastPort, road.broadcasts);
      if (!loop.answered) say(question(), agentPort, road.broadcasts);
    });
  }
  await Promise.all([...ways].map(([to, way]) => connectUdp(to, way, (heard) => {
    if (take(heard)) way.outcome = "answered";
    settle();
  })));

  const wayOf = (to: Address): Way | undefined => [...ways].find(([{ host, port }]) => host === to.host && port === to.port)?.[1];
  const hearTcp = (to: Address, outcome: "answered" | "silent"): void => {
    const way = wayOf(to);
    if (way?.tcp === "asked") way.tcp = outcome;
    settle();
  };
  const dialer = dialTcp({
    onDatagram: (datagram, from) => {
      if (take({ datagram, from, by: "tcp", interface: "" })) hearTcp(from, "answered");
    },
    onBroken: (to) => hearTcp(to, "silent"),
  });
  for (const to of tcp ? unicasts : []) {
    const datagram = question();
    if (datagram !== undefined) dialer.send(datagram, to);
  }
  const ask = (): void => {
    for (const broadcast of broadcasts) broadcast();
    for (const way of ways.values()) {
      const datagram = way.outcome === "answered" ? undefined : question();
      if (datagram !== undefined) way.socket?.send(datagram, () => {});
    }
  };
  const timers = [...ROUNDS_AT_MS.map((at) => setTimeout(ask, at)), setTimeout(done.resolve, PROBE_MS)];
  await done.promise;
  for (const timer of timers) clearTimeout(timer);
  dialer.close();
  for (const socket of [...senders, ...[...ways.values()].flatMap(({ socket }) => socket ?? []), ...(typeof receiver === "string" ? [] : [receiver])]) socket.close();
  const neighbours = readNeighbours();
  return {
    portFault: typeof receiver === "string" ? receiver : "",
    loops: typeof receiver === "string" ? [] : [...loops].map(([{ name }, { sent, reason, heard }]) => ({ interface: name, sent, reason, heard })),
    unicasts: [...ways].map(([{ host, port }, { outcome, from, tcp: byTcp }]) => {
      const name = systemInterfaces().find(({ address }) => address === from)?.name;
      const own = neighbours.find((one) => one.host === host);
      return {
        host, port, outcome, tcp: byTcp === "asked" ? "silent" : byTcp, interface: name, neighbour: own === undefined ? "none" : own.known ? "known" : "missing",
        otherNeighbours: neighbours.filter((one) => one.host !== host && one.known && one.interface === name).length,
      };
    }),
  };
}

type Way = { outcome: UnicastFacts["outcome"]; tcp: UnicastFacts["tcp"] | "asked"; from: string | undefined; socket: Socket | undefined };

/** A connected socket hears that nobody listens there, and tells where the kernel sends from. */
function connectUdp(to: Address, way: Way, take: (heard: Heard) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = createSocket("udp4");
  socket.on("error", (error) => {
    if ("code" in error && error.code === "ECONNREFUSED" && way.outcome === "silent") way.outcome = "refused";
  });
  socket.on("message", (datagram, { address, port }) => take({ datagram, from: { host: address, port }, by: "unicast", interface: "" }));
  socket.connect(to.port, to.host, (error?: unknown) => {
    if (error !== undefined && error !== null) {
      way.outcome = "unreachable";
      socket.close();
    } else {
      way.from = socket.address().address;
      way.socket = socket;
    }
    resolve();
  });
  return promise;
}

/** Says one thing and waits for no answer. */
export async function tell(datagram: Uint8Array, { host, port, road }: Address): Promise<void> {
  if (road === "tcp") return tellByTcp(datagram, { host, port });
  const socket = await bind({ port: 0, address: undefined, shared: false });
  if (typeof socket === "string") return;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.send(datagram, port, host, () => resolve());
  await promise;
  socket.close();
}

function tellByTcp(datagram: Uint8Array, to: Address): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ ...to, timeout: PROBE_MS });
    for (const ending of ["error", "timeout", "close"] as const) socket.once(ending, () => resolve());
    socket.end(onStream(datagram));
  });
}

/** @returns the socket, or the code of why not */
function bind({ port, address, shared }: { readonly port: number; readonly address: string | undefined; readonly shared: boolean }): Promise<Socket | string> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: "udp4", reuseAddr: shared });
    socket.once("error", (error) => {
      socket.close();
      resolve("code" in error ? String(error.code) : error.message);
    });
    socket.bind(port, address, () => {
      socket.removeAllListeners("error");
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

/** @param table the text of /proc/net/arp */
export function readNeighbours(table: string = readArp()): readonly { readonly host: string; readonly interface: string; readonly known: boolean }[] {
  return table.split("\n").slice(1).flatMap((line) => {
    const [host, , flags, , , name] = line.trim().split(/\s+/);
    return host === undefined || host === "" || name === undefined ? [] : [{ host, interface: name, known: (Number(flags) & 2) !== 0 }];
  });
}

function readArp(): string {
  try {
    return readFileSync("/proc/net/arp", "utf8");
  } catch {
    return "";
  }
}
