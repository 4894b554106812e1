/** Which IPv4 interfaces the bell rings on: those of the cluster's LAN, never a bridge of containers, never none. */

import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { broadcastOf, prefixOf, subnetOf } from "../base/ipv4.ts";
import { type Ms, seconds } from "../base/units.ts";
import type { Link } from "../port/lan.ts";

/** One address of one interface, and where its broadcasts go. */
export type Road = {
  readonly name: string;
  readonly address: string;
  /** Tried in this order: the limited broadcast reaches a laptop with a wrong netmask, and needs no route. */
  readonly broadcasts: readonly string[];
};

/** As the configuration names it; `broadcast` overrides the address that is sent to. */
export type Named = { readonly name: string; readonly broadcast?: string | undefined };

export type Found = { readonly name: string; readonly address: string; readonly netmask: string; readonly internal: boolean };

/** /31 and /32 have no broadcast address of their own. */
const PREFIX_MOST = 30;
/** Names of what containers, hypervisors and VPNs make. */
export const VIRTUAL = /^(docker|br-|veth|virbr|cni|flannel|cali|tun|tap|wg|lxc|podman)/;

/** What the configuration says of them. */
export type Chosen = {
  /** Only these; loopback only so. Undefined: those of the LAN. */
  readonly named: readonly Named[] | undefined;
  /** Never these, unless nothing else is there. */
  readonly exclude?: readonly string[] | undefined;
};

/**
 * Chooses among what the system has. Where everything would be left out, nothing is: a bell on the wrong interface rings louder
 * than none.
 *
 * @param defaultRoute the interface of the default route is not left out for its name alone
 */
export function chooseRoads(
  found: readonly Found[],
  { named, exclude = [], defaultRoute }: Chosen & { readonly defaultRoute: string | undefined },
): readonly Road[] {
  if (named !== undefined) {
    return named.flatMap(({ name, broadcast }) => found.filter((one) => one.name === name).map((one) => roadOf(one, broadcast)));
  }
  const sieves: readonly ((one: Found) => boolean)[] = [
    ({ netmask }) => prefixOf(netmask) <= PREFIX_MOST,
    ({ name }) => !exclude.includes(name),
    ({ name }) => name === defaultRoute || !VIRTUAL.test(name),
  ];
  const outward = found.filter(({ internal }) => !internal);
  const chosen = sieves.reduce((left, sieve) => (left.some(sieve) ? left.filter(sieve) : left), outward);
  return chosen.map((one) => roadOf(one, undefined));
}

/** What the system has now. */
export function systemInterfaces(): readonly Found[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).filter(({ family }) => family === "IPv4").map(({ address, netmask, internal }) => ({ name, address, netmask, internal })),
  );
}

/** The interface of the default route, from the kernel's table. */
export function defaultRouteOf(table: string): string | undefined {
  const lines = table.split("\n").slice(1).map((line) => line.split("\t"));
  return lines.find(([, destination, , flags]) => destination === "00000000" && (Number.parseInt(flags ?? "0", 16) & 2) !== 0)?.[0];
}

export function systemRoads(chosen: Chosen): readonly Road[] {
  return chooseRoads(systemInterfaces(), { ...chosen, defaultRoute: defaultRouteOf(readRoutes()) });
}

/** Every interface that is up and has an address, loopback included. */
export function systemLinks(): readonly Link[] {
  const way = defaultRouteOf(readRoutes());
  return systemInterfaces().map(({ name, address, netmask, internal }) => ({ name, address, subnet: subnetOf(address, netmask), leadsOut: name === way, internal }));
}

/** How often a listener looks where it is: sooner than it may call an agent silent after a sleep. */
const LINKS_EVERY_MS: Ms = seconds(5);

/** Tells at once, and again whenever they have changed. @returns what ends it */
export function watchLinks(tell: (links: readonly Link[]) => void, read: () => readonly Link[] = systemLinks): () => void {
  let told = "";
  const look = (): void => {
    const links = read();
    const now = JSON.stringify(links);
    if (now === told) return;
    told = now;
    tell(links);
  };
  look();
  const timer = setInterval(look, LINKS_EVERY_MS);
  return () => clearInterval(timer);
}

function readRoutes(): string {
  try {
    return readFileSync("/proc/net/route", "utf8");
  } catch {
    return "";
  }
}

function roadOf({ name, address, netmask }: Found, broadcast: string | undefined): Road {
  return { name, address, broadcasts: broadcast === undefined ? ["255.255.255.255", broadcastOf(address, netmask)] : [broadcast] };
}
