/** Looks at this host for the doctor: interfaces, ports, firewall rules, files, disk. Reads only. */

import { accessSync, closeSync, constants, existsSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statfsSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { FileFacts, FirewallFacts, InterfaceFacts, PortFacts, StoreFacts } from "../doctor/facts.ts";
import { prefixOf, subnetOf } from "../base/ipv4.ts";
import type { Ms } from "../base/units.ts";
import { type Chosen, systemInterfaces, systemRoads, VIRTUAL } from "./interfaces.ts";
import { readSecret } from "./secrets.ts";
import { APPLICATION_ID, MIGRATIONS, type Role } from "./schema.ts";

const NET = "/sys/class/net";
/** Flags of an interface (netdevice(7)). */
const FLAG = { up: 0x1, broadcast: 0x2, loopback: 0x8 } as const;
/** Hardware types (linux/if_arp.h) of what is no LAN: ppp, tunnels, and "none" for tun and WireGuard. */
const TUNNELS: readonly number[] = [512, 768, 769, 776, 778, 65_534];
const PREFIX_MOST = 30;
const TOOL_MS_MOST: Ms = 2000;

/**
 * Root sees the rules and who holds which port; all else is seen, and a file made, as by the user whose folder it is. Call
 * it once what takes root is known.
 */
export function becomeOwner(folder: string): void {
  const owner = statSync(folder, { throwIfNoEntry: false });
  if (process.geteuid?.() !== 0 || owner === undefined || owner.uid === 0) return;
  process.setegid?.(owner.gid);
  process.seteuid?.(owner.uid);
}

export function interfaceFacts(chosen: Chosen): readonly InterfaceFacts[] {
  const addressed = systemInterfaces();
  const roads = systemRoads(chosen);
  const names = [...new Set([...list(NET), ...addressed.map(({ name }) => name)])].sort();
  return names.flatMap((name): readonly InterfaceFacts[] => {
    const flags = numberIn(`${NET}/${name}/flags`) ?? FLAG.up | FLAG.broadcast;
    const common = { name, kind: kindOf(name, flags), broadcasts: (flags & FLAG.broadcast) !== 0 };
    const own = addressed.filter((one) => one.name === name);
    if (own.length === 0) {
      // The ends of containers have no addresses, and are nobody's concern.
      if (VIRTUAL.test(name) || common.kind === "loopback") return [];
      const dead = (flags & FLAG.up) === 0 ? "down" : text(`${NET}/${name}/carrier`) === "0" ? "no carrier" : "no address";
      return [{ ...common, address: undefined, subnet: undefined, skipped: dead }];
    }
    return own.map(({ address, netmask }) => {
      const used = roads.some((road) => road.name === name && road.address === address);
      const why = chosen.named !== undefined ? "not named" : (chosen.exclude ?? []).includes(name) ? "excluded" : common.kind === "loopback" ? "loopback" : prefixOf(netmask) > PREFIX_MOST ? "too narrow" : "virtual";
      return { ...common, address, subnet: subnetOf(address, netmask), skipped: used ? "" : why };
    });
  });
}

function kindOf(name: string, flags: number): InterfaceFacts["kind"] {
  if ((flags & FLAG.loopback) !== 0) return "loopback";
  if (existsSync(`${NET}/${name}/wireless`) || existsSync(`${NET}/${name}/phy80211`)) return "wireless";
  return existsSync(`${NET}/${name}/tun_flags`) || TUNNELS.includes(numberIn(`${NET}/${name}/type`) ?? 1) ? "tunnel" : "wired";
}

/** Who holds a port. A socket of another user has no process that we could name. */
export function portFacts({ protocol, port }: { readonly protocol: "udp" | "tcp"; readonly port: number }): PortFacts {
  const inodes = holdersIn(text(`/proc/net/${protocol}`) ?? "", { port, listening: protocol === "tcp" });
  if (inodes.length === 0) return { protocol, port, state: "free", holders: [] };
  const owners = ownersOf(new Set(inodes));
  return { protocol, port, state: "taken", holders: inodes.map((inode) => owners.get(inode) ?? { pid: undefined, name: "" }) };
}

/** Inodes of the sockets on a port, from a table as in /proc/net/udp (proc(5)). */
export function holdersIn(table: string, { port, listening }: { readonly port: number; readonly listening: boolean }): readonly string[] {
  return table.split("\n").slice(1).flatMap((line) => {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    if (inode === undefined || Number.parseInt(local.split(":")[1] ?? "", 16) !== port) return [];
    // 0A: LISTEN
    return listening && state !== "0A" ? [] : [inode];
  });
}

function ownersOf(inodes: ReadonlySet<string>): ReadonlyMap<string, { readonly pid: number; readonly name: string }> {
  const owners = new Map<string, { readonly pid: number; readonly name: string }>();
  for (const pid of list("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const fd of list(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined && inodes.has(inode)) owners.set(inode, { pid: Number(pid), name: programOf(pid) });
    }
  }
  return owners;
}

/** "gapbell-agent", "bun client.ts". */
function programOf(pid: string): string {
  const [program = "", script = ""] = (text(`/proc/${pid}/cmdline`) ?? "").split("\0");
  return /\.(ts|js|mjs|py|pl|sh)$/.test(script) ? `${basename(program)} ${basename(script)}` : basename(program);
}

/** Only root may read the rules. */
export async function firewallFacts(): Promise<FirewallFacts> {
  if (process.geteuid?.() !== 0) return { nft: undefined, iptables: undefined };
  const [nft, iptables] = await Promise.all([toolText(["nft", "-j", "list", "ruleset"]), toolText(["iptables-save"])]);
  return { nft, iptables };
}

async function toolText([tool = "", ...words]: readonly string[]): Promise<string | undefined> {
  const path = Bun.which(tool, { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` });
  if (path === null) return undefined;
  try {
    const child = Bun.spawn([path, ...words], { stdin: "ignore", stdout: "pipe", stderr: "ignore", timeout: TOOL_MS_MOST });
    const out = await new Response(child.stdout).text();
    return (await child.exited) === 0 ? out : undefined;
  } catch {
    return undefined;
  }
}

export function fileFacts(path: string): FileFacts {
  const read = readSecret(path);
  const mode = modeOf(path);
  if (read.ok) return { path, state: "good", mode };
  const { kind } = read.fault;
  return { path, state: kind === "missing" ? "missing" : kind === "tooOpen" ? "too open" : kind === "notOurs" ? "foreign" : "unreadable", mode };
}

/** The header tells what a database is without opening it (sqlite.org/fileformat.html §1.3): opening would lock it, or bring it to a newer form. */
export function storeFacts(path: string, role: Role): { readonly facts: StoreFacts; readonly sameForm: boolean } {
  const mode = modeOf(path);
  const freeBytes = freeOf(dirname(path));
  const facts = (state: StoreFacts["state"]) => ({ path, state, mode, freeBytes });
  if (mode === "") return { facts: facts(mayWrite(dirname(path)) ? "missing" : "read only"), sameForm: false };
  const header = Buffer.from(headOf(path));
  // Until the log is taken over into the file, the file says nothing yet.
  const young = header.length === 0 || (header.length >= 100 && header.readUInt32BE(68) === 0 && (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0);
  const ours = header.length >= 100 && header.readUInt32BE(68) === APPLICATION_ID[role] && header.readUInt32BE(60) <= MIGRATIONS[role].length;
  const sameForm = ours && header.readUInt32BE(60) === MIGRATIONS[role].length;
  if (!mayWrite(path) || !mayWrite(dirname(path))) return { facts: facts("read only"), sameForm };
  if (!ours && !young) return { facts: facts("not ours"), sameForm };
  return { facts: facts((Number.parseInt(mode, 8) & 0o077) === 0 ? "good" : "too open"), sameForm };
}

/** net.core.rmem_max: what a socket may ask for without privileges. */
export function receiveBufferMost(): number | undefined {
  return numberIn("/proc/sys/net/core/rmem_max");
}

function headOf(path: string): Uint8Array {
  try {
    const file = openSync(path, "r");
    try {
      const head = new Uint8Array(100);
      return head.subarray(0, readSync(file, head));
    } finally {
      closeSync(file);
    }
  } catch {
    return new Uint8Array(1);
  }
}

/** "0600"; "" where there is no such file. */
function modeOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "" : (found.mode & 0o777).toString(8).padStart(4, "0");
}

function freeOf(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

function numberIn(path: string): number | undefined {
  const found = text(path);
  const number = found === undefined || found === "" ? Number.NaN : Number(found);
  return Number.isNaN(number) ? undefined : number;
}
