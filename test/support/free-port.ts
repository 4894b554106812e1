/** Ports for programs under test that must know theirs beforehand. */

import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** Below the ports that Linux gives to sockets that ask for any (32768 to 60999), so that none of those takes one back. */
const [FIRST, COUNT] = [20_000, 12_000] as const;

let next = Math.floor(Math.random() * COUNT);

/** A port that nobody holds on any address, by UDP or by TCP, and that this process was not given before. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries += 1) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (await isFreeUdp(port) && await isFreeTcp(port)) return port;
  }
  throw new Error(`Every port from ${FIRST} to ${FIRST + COUNT - 1} is taken`);
}

function isFreeUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => resolve(false));
    socket.bind(port, () => socket.close(() => resolve(true)));
  });
}

function isFreeTcp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "0.0.0.0", () => server.close(() => resolve(true)));
  });
}
