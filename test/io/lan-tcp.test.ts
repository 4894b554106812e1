/** The TCP road on loopback: who gets what, and what becomes of those who misbehave. */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { expect, test } from "bun:test";
import { dialTcp, listenTcp, type Standing, TCP_LIMITS, type TcpDialer, type TcpLimits, type TcpServer } from "../../lib/io/lan-tcp.ts";
import { Tally } from "../../lib/base/tally.ts";
import type { Address } from "../../lib/port/lan.ts";
import { DATAGRAM_BYTES_LEAST } from "../../lib/wire/packet.ts";
import { onStream } from "../../lib/wire/stream.ts";
import { freePort } from "../support/free-port.ts";

/** As long as a datagram must be. */
const aDatagram = (said: string): Uint8Array => new TextEncoder().encode(said.padEnd(DATAGRAM_BYTES_LEAST));
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trim();

/** Everything that happened, in lines, and a promise of each. */
class Happened {
  readonly lines: string[] = [];
  readonly from: Address[] = [];
  readonly #waiting: (() => void)[] = [];

  add(line: string): void {
    this.lines.push(line);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async until(line: string, times = 1): Promise<void> {
    while (this.lines.filter((one) => one === line).length < times) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
  }
}

type World = { readonly port: number; readonly server: TcpServer; readonly agent: Happened; readonly listener: Happened; readonly dialer: TcpDialer; readonly at: Address; readonly drops: Tally };

/** An agent for which "seek" is let in, "forged" is refused, and everything else proves itself; and a listener. */
async function aRoad(limits: Partial<TcpLimits>, story: (world: World) => Promise<void>): Promise<void> {
  const port = await freePort();
  const [agent, listener] = [new Happened(), new Happened()];
  const all = { ...TCP_LIMITS, ...limits };
  const drops = new Tally();
  const judge = (said: string): Standing => (said === "forged" ? "refused" : said === "seek" ? "let in" : "proven");
  const server = listenTcp({
    port, drops, limits: all, onChange: (event, { reason }) => agent.add(`${event}: ${String(reason)}`),
    onDatagram: (datagram, from) => {
      agent.from.push(from);
      agent.add(textOf(datagram));
      return judge(textOf(datagram));
    },
  });
  const dialer = dialTcp({ limits: all, onDatagram: (datagram) => listener.add(textOf(datagram)), onBroken: ({ road }) => listener.add(`broken ${road}`) });
  try {
    await story({ port, server, agent, listener, dialer, at: { host: "127.0.0.1", port, road: "tcp" }, drops });
  } finally {
    dialer.close();
    server.close();
  }
}

/** A program that speaks to the port by itself. */
async function aStranger(port: number, ...said: readonly Uint8Array[]): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  await once(socket, "connect");
  for (const bytes of said) socket.write(bytes);
  return socket;
}

test("what a listener says is answered on its own connection, many datagrams on one", () =>
  aRoad({}, async ({ server, agent, listener, dialer, at }) => {
    for (const said of ["hello 1", "hello 2", "hello 3"]) dialer.send(aDatagram(said), at);
    await agent.until("hello 3");
    const [from] = agent.from;
    expect(new Set(agent.from.map(({ port, road }) => `${port} ${road}`)).size).toBe(1);
    expect(from?.road).toBe("tcp");
    server.send(aDatagram("welcome"), from ?? at);
    await listener.until("welcome");
  }));

test("what is broadcast comes to those who have proven themselves, and to nobody else", () =>
  aRoad({}, async ({ port, server, agent, listener, dialer, at }) => {
    dialer.send(aDatagram("hello"), at);
    const stranger = await aStranger(port, onStream(aDatagram("seek")));
    const heard: Buffer[] = [];
    stranger.on("data", (bytes: Buffer) => heard.push(bytes));
    await Promise.all([agent.until("hello"), agent.until("seek")]);
    server.broadcast(aDatagram("alarm"));
    await listener.until("alarm");
    const seeker = agent.from.find((_, at) => agent.lines[at] === "seek");
    server.send(aDatagram("beacon"), seeker ?? at);
    await once(stranger, "data");
    expect(textOf(Buffer.concat(heard).subarray(2))).toBe("beacon");
    stranger.destroy();
  }));

test("the first thing that is refused ends the connection of one who has proven nothing", () =>
  aRoad({}, async ({ port, agent, drops }) => {
    const stranger = await aStranger(port, onStream(aDatagram("forged")), onStream(aDatagram("hello")));
    await once(stranger, "close");
    expect(agent.lines).toEqual(["forged", "tcp line ended: refused"]);
    expect(drops.all).toEqual({ "tcp: refused": 1 });
  }));

test("a member's connection outlives a datagram that is refused", () =>
  aRoad({}, async ({ agent, dialer, at }) => {
    for (const said of ["hello", "forged", "receipt"]) dialer.send(aDatagram(said), at);
    await agent.until("receipt");
  }));

test("what is no stream of datagrams ends the connection, a member's too", () =>
  aRoad({}, async ({ port, agent, drops }) => {
    const stranger = await aStranger(port, onStream(aDatagram("hello")));
    await agent.until("hello");
    stranger.write("GET / HTTP/1.1\r\n\r\n");
    await once(stranger, "close");
    expect(agent.lines).toEqual(["hello", "tcp line ended: no datagram has this length"]);
    expect(drops.all).toEqual({ "tcp: no datagram has this length": 1 });
  }));

test("who says nothing genuine in time is disconnected, though it speaks in clear", () =>
  aRoad({ proveMs: 150 }, async ({ port, agent, drops }) => {
    const [silent, seeking] = await Promise.all([aStranger(port), aStranger(port, onStream(aDatagram("seek")))]);
    await Promise.all([once(silent, "close"), once(seeking, "close")]);
    await agent.until("tcp line ended: nothing genuine came", 2);
    expect(drops.all).toEqual({ "tcp: nothing genuine came": 2 });
  }));

test("a member that falls silent is disconnected", () =>
  aRoad({ idleMs: 150 }, async ({ agent, listener, dialer, at }) => {
    dialer.send(aDatagram("hello"), at);
    await Promise.all([agent.until("hello"), listener.until("broken tcp")]);
  }));

test("a reader that does not read is disconnected, and what is said to the others goes on", () =>
  aRoad({ queueBytes: 64 * 1024 }, async ({ port, server, agent, listener, dialer, at, drops }) => {
    const slow = await aStranger(port, onStream(aDatagram("hello")));
    slow.pause();
    dialer.send(aDatagram("hello"), at);
    await agent.until("hello", 2);
    let number = 0;
    // The kernel's buffers hold a few megabytes before anything waits here.
    while (drops.all["tcp: does not read"] === undefined) {
      for (let burst = 0; burst < 50; burst += 1) server.broadcast(aDatagram(`alarm ${(number += 1)}`));
      await listener.until(`alarm ${number}`);
    }
    server.broadcast(aDatagram("the last"));
    await listener.until("the last");
    slow.destroy();
  }), 30_000);

test("one host may hold so many connections: those that have proven nothing make room, and where all have, no other is let in", () =>
  aRoad({ linesOfHost: 2 }, async ({ port, agent, drops }) => {
    const first = await aStranger(port);
    const members = [await aStranger(port, onStream(aDatagram("hello"))), await aStranger(port, onStream(aDatagram("hello")))];
    await once(first, "close");
    await agent.until("hello", 2);
    await once(await aStranger(port), "close");
    await agent.until("tcp line refused: too many");
    // The one that made room, and the one that found none.
    expect(drops.all).toEqual({ "tcp: too many": 2 });
    expect(members.map(({ destroyed }) => destroyed)).toEqual([false, false]);
    for (const socket of members) socket.destroy();
  }));

test("those who have proven nothing make room for a newcomer, the oldest first; members stay", () =>
  aRoad({ linesUnproven: 2 }, async ({ port, agent, listener, dialer, at, server }) => {
    dialer.send(aDatagram("hello"), at);
    await agent.until("hello");
    const first = await aStranger(port);
    const others = [await aStranger(port), await aStranger(port)];
    await once(first, "close");
    server.broadcast(aDatagram("alarm"));
    await listener.until("alarm");
    for (const socket of others) socket.destroy();
  }));

test("a port that another program holds costs that road and nothing else, and is said", async () => {
  const other: Server = createServer().listen(0, "0.0.0.0");
  await once(other, "listening");
  const address = other.address();
  const happened = new Happened();
  const server = listenTcp({ port: typeof address === "object" && address !== null ? address.port : 0, onDatagram: () => "refused", onChange: (event) => happened.add(event) });
  await happened.until("no tcp road");
  server.broadcast(aDatagram("alarm"));
  server.close();
  other.close();
});

test("a connection that cannot be made, and one that the agent has ended, are told; one that we hang up is not", () =>
  aRoad({}, async ({ server, agent, listener, dialer, at }) => {
    dialer.send(aDatagram("hello"), { ...at, port: await freePort() });
    await listener.until("broken tcp", 1);
    dialer.send(aDatagram("hello 1"), at);
    await agent.until("hello 1");
    dialer.hangUp(at);
    dialer.send(aDatagram("hello 2"), at);
    await agent.until("hello 2");
    expect(listener.lines).toEqual(["broken tcp"]);
    server.close();
    await listener.until("broken tcp", 2);
  }));

test("what was said before hanging up arrives", () =>
  aRoad({}, async ({ agent, dialer, at }) => {
    dialer.send(aDatagram("hello"), at);
    await agent.until("hello");
    dialer.send(aDatagram("bye"), at);
    dialer.close();
    await agent.until("bye");
  }));
