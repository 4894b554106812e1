/** How many bytes lie in the kernel, received and not yet read, for each connection over IPv4 loopback. */

import { readFileSync } from "node:fs";

export type Unread = {
  /** @returns undefined where there is no such connection */
  readonly of: (end: { readonly port: number; readonly peerPort: number }) => number | undefined;
};

export function unreadBytes(table: string = readFileSync("/proc/net/tcp", "utf8")): Unread {
  const unread = new Map<string, number>();
  for (const line of table.split("\n").slice(1)) {
    // "  12: 0100007F:1F90 0100007F:D431 01 00000000:00000000 …": the two ends, the state, bytes to send and to read, in hex.
    const [, local, remote, , queues] = line.trim().split(/\s+/);
    if (local === undefined || remote === undefined || queues === undefined) continue;
    unread.set(`${portOf(local)} ${portOf(remote)}`, Number.parseInt(queues.split(":")[1] ?? "0", 16));
  }
  return { of: ({ port, peerPort }) => unread.get(`${port} ${peerPort}`) };
}

function portOf(end: string): number {
  return Number.parseInt(end.split(":")[1] ?? "", 16);
}
