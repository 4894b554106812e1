/**
 * Why a connection failed when the system says "refused". Bun 1.4.5 reports ECONNREFUSED for every connect that fails,
 * also where there is no route or nobody answers on the wire (measured); the kernel's own tables tell these apart.
 */

import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";

export type Unreachable =
  | { readonly kind: "noRoute" }
  | { readonly kind: "noCarrier"; readonly interface: string }
  /** The next machine on the wire, the host itself or the gateway to it, is not there. */
  | { readonly kind: "noNeighbour"; readonly address: string };

/** Where the facts come from; tests give their own. */
export type RouteFacts = {
  /** "" where it cannot be read. */
  readonly read: (path: string) => string;
  readonly own: () => readonly string[];
};

/** @returns undefined where the host may well have refused, or nothing is known of it: it is no IPv4 address, or this is no Linux */
export function whyUnreachable(address: string, { read, own }: RouteFacts = SYSTEM): Unreachable | undefined {
  const bits = bitsOf(address);
  const neighbours = read("/proc/net/arp");
  // Its heading is there even where no neighbour is; the table of routes is empty without routes.
  if (bits === undefined || neighbours === "" || address.startsWith("127.") || own().includes(address)) return undefined;
  const route = routesIn(read("/proc/net/route")).filter(({ to, mask }) => (bits & mask) >>> 0 === to).sort((a, b) => b.mask - a.mask)[0];
  if (route === undefined || route.rejects) return { kind: "noRoute" };
  if (read(`/sys/class/net/${route.interface}/carrier`).trim() === "0") return { kind: "noCarrier", interface: route.interface };
  const next = route.gateway === "0.0.0.0" ? address : route.gateway;
  return isMissing(neighbours, next) ? { kind: "noNeighbour", address: next } : undefined;
}

/** For a person. */
export function unreachableSentence(fault: Unreachable, place: string): string {
  switch (fault.kind) {
    case "noRoute":
      return `There is no way to ${place} in the network; check this host's address and routes`;
    case "noCarrier":
      return `There is no way to ${place}: the interface ${fault.interface} has no carrier, is the cable in?`;
    case "noNeighbour":
      return `There is no way to ${place}: ${fault.address} does not answer on this network; it is off or its cable is out`;
  }
}

/** For whoever passes errors on: with the code that the system should have given. */
export function unreachableError(address: string): Error | undefined {
  const why = whyUnreachable(address);
  return why === undefined ? undefined : Object.assign(new Error(unreachableSentence(why, address)), { code: why.kind === "noRoute" ? "ENETUNREACH" : "EHOSTUNREACH" });
}

type Route = { readonly interface: string; readonly to: number; readonly mask: number; readonly gateway: string; readonly rejects: boolean };

/** RTF_UP and RTF_REJECT of route(8). */
const FLAGS = { up: 0x1, reject: 0x200 } as const;

function routesIn(table: string): readonly Route[] {
  return table.split("\n").slice(1).flatMap((line) => {
    const [name = "", to = "", gateway = "", flags = "0", , , , mask = ""] = line.trim().split(/\s+/);
    const set = Number.parseInt(flags, 16);
    if (name === "" || (set & FLAGS.up) === 0) return [];
    return [{ interface: name, to: numberIn(to), mask: numberIn(mask), gateway: dotted(numberIn(gateway)), rejects: (set & FLAGS.reject) !== 0 }];
  });
}

/** The kernel writes addresses as little-endian hex. */
function numberIn(hex: string): number {
  return Number.parseInt((hex.match(/../g) ?? []).reverse().join(""), 16) >>> 0;
}

function dotted(bits: number): string {
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join(".");
}

function bitsOf(address: string): number | undefined {
  const parts = /^\d{1,3}(\.\d{1,3}){3}$/.test(address) ? address.split(".").map(Number) : [];
  return parts.length === 4 ? parts.reduce((sum, part) => ((sum << 8) | part) >>> 0, 0) : undefined;
}

/** An entry without a hardware address: it was asked for, and nobody answered. */
function isMissing(table: string, address: string): boolean {
  return table.split("\n").some((line) => {
    const [ip, , flags] = line.trim().split(/\s+/);
    return ip === address && flags === "0x0";
  });
}

const SYSTEM: RouteFacts = {
  read: (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return "";
    }
  },
  own: () => Object.values(networkInterfaces()).flatMap((all) => all ?? []).map(({ address }) => address),
};
