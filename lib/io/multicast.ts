/** Multicast on the LAN leg, where a site wants it beside broadcasts: who belongs to the group, and how what is said to it leaves. */

import type { Socket } from "node:dgram";

/** `ttl`: how many routers it may pass, and one. */
export type Multicast = { readonly group: string; readonly ttl: number };

/** Without an interface the kernel takes that of the default route, and an air-gapped host has none. @returns why it could not be done, or "" */
export function joinGroup(socket: Socket, { group }: Multicast, address: string): string {
  try {
    socket.addMembership(group, address);
    return "";
  } catch (error) {
    // It belongs to the group already, by another address of the same interface or by this one before it went.
    return isCode(error, "EADDRINUSE") ? "" : String(error);
  }
}

/** Where the interface has gone, its membership went with it. */
export function leaveGroup(socket: Socket, { group }: Multicast, address: string): void {
  try {
    socket.dropMembership(group, address);
  } catch {
    // Nothing is left to leave.
  }
}

/** What this socket says to the group leaves by that interface. */
export function sendGroupBy(socket: Socket, { ttl }: Multicast, address: string): void {
  socket.setMulticastTTL(ttl);
  socket.setMulticastInterface(address);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
