/** What the system sees of the jump host's two ends: interface, address, route, names, and whether anything answers. */

import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { type Ms, seconds } from "../base/units.ts";
import type { ChannelSettings } from "../channel/settings.ts";
import type { LegsEye } from "../port/relay-door.ts";
import type { Leg } from "../wire/relay-api.ts";
import { defaultRouteOf, type Found, systemInterfaces } from "./interfaces.ts";
import { unreachableError } from "./unreachable.ts";

/** For one name and one connection; both run beside each other and stay below the 5 s of `look`. */
const LOOKUP_MS_MOST: Ms = seconds(2);
const CONNECT_MS_MOST: Ms = seconds(2);

/** Where a channel sends to. */
export type Target = { readonly host: string; readonly port: number };

/** What `relay.yaml` says where the system does not make it plain. */
export type LegHints = { readonly lan?: string | undefined; readonly outside?: string | undefined };

/** Where the facts come from; tests give their own. */
export type LegSources = {
  readonly interfaces: () => readonly Found[];
  /** The text of a file, or "" where it cannot be read. */
  readonly read: (path: string) => string;
  /** @returns the address, or the reason why there is none */
  readonly resolve: (host: string) => Promise<Attempt>;
  /** @param target its host is the address that `resolve` found */
  readonly reach: (target: Target) => Promise<Attempt>;
  readonly wall: () => number;
};

export type Attempt = { readonly ok: boolean; readonly text: string };

/** Where the channels that are set up send to. */
export function targetsOf({ mail, wecom, "wecom-robot": robot }: ChannelSettings): readonly Target[] {
  const bases = [wecom?.base, robot?.base].filter((base) => base !== undefined).map((base) => new URL(base));
  const sites = bases.map(({ hostname, port, protocol }) => ({
    host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  }));
  const all = [...(mail === undefined ? [] : [{ host: mail.host, port: mail.port }]), ...sites];
  return all.filter(({ host, port }, at) => all.findIndex((other) => other.host === host && other.port === port) === at);
}

export function openLegsEye(
  { targets, hints }: { readonly targets: readonly Target[]; readonly hints: LegHints },
  sources: LegSources = systemSources(),
): LegsEye {
  return {
    look: async () => {
      const tries = await Promise.all(targets.map((target) => tryTarget(target, sources)));
      const outside = outsideLeg({ tries, hint: hints.outside }, sources);
      return [lanLeg({ hint: hints.lan, outside: outside.interface }, sources), outside];
    },
  };
}

type Tried = { readonly target: Target; readonly name: Attempt; readonly line: Attempt };

async function tryTarget(target: Target, { resolve, reach }: LegSources): Promise<Tried> {
  const name = await resolve(target.host);
  return { target, name, line: name.ok ? await reach({ ...target, host: name.text }) : { ok: false, text: "" } };
}

function outsideLeg({ tries, hint }: { readonly tries: readonly Tried[]; readonly hint: string | undefined }, sources: LegSources): Leg {
  const table = sources.read("/proc/net/route");
  const isLocal = tries.length > 0 && tries.every(({ name }) => name.ok && name.text.startsWith("127."));
  const way = hint ?? defaultRouteOf(table) ?? (isLocal ? "lo" : "");
  const gateway = gatewayOf(table, way);
  const unnamed = tries.find(({ name }) => !name.ok);
  const unreached = tries.find(({ name, line }) => name.ok && !line.ok);
  const reached = tries.some(({ line }) => line.ok);
  const troubles = [
    way === "" ? "There is no default route" : (interfaceTrouble(way, sources) ?? ""),
    reached || unnamed === undefined ? "" : `The name "${unnamed.target.host}" cannot be resolved: ${unnamed.name.text}`,
    reached || unreached === undefined ? "" : `${unreached.target.host}:${unreached.target.port} does not answer: ${unreached.line.text}`,
  ].filter((trouble) => trouble !== "");
  return {
    name: "outside", up: troubles.length === 0, interface: way.slice(0, 32), address: addressOf(way, sources).slice(0, 64),
    route: gateway === undefined ? "" : `default via ${gateway}`, dns: dnsLine(tries, sources).slice(0, 128),
    reason: (troubles[0] ?? "").slice(0, 300), checkedAt: sources.wall(),
  };
}

function lanLeg({ hint, outside }: { readonly hint: string | undefined; readonly outside: string }, sources: LegSources): Leg {
  const found = sources.interfaces();
  const own = found.find(({ name, internal }) => !internal && name !== outside)?.name ?? found.find(({ internal }) => !internal)?.name;
  const way = hint ?? own ?? "lo";
  const reason = interfaceTrouble(way, sources) ?? "";
  return {
    name: "lan", up: reason === "", interface: way.slice(0, 32), address: addressOf(way, sources).slice(0, 64),
    route: "", dns: "", reason: reason.slice(0, 300), checkedAt: sources.wall(),
  };
}

/** What keeps an interface from carrying anything; undefined where nothing is known to. */
function interfaceTrouble(name: string, { interfaces, read }: LegSources): string | undefined {
  const state = read(`/sys/class/net/${name}/operstate`).trim();
  const carrier = read(`/sys/class/net/${name}/carrier`).trim();
  const present = interfaces().some((one) => one.name === name);
  if (state === "" && !present) return `There is no interface "${name}"`;
  if (carrier === "0") return `Interface "${name}" has no carrier: is the cable in?`;
  if (state === "down") return `Interface "${name}" is down`;
  return present ? undefined : `Interface "${name}" has no IPv4 address`;
}

function addressOf(name: string, { interfaces }: LegSources): string {
  return interfaces().find((one) => one.name === name)?.address ?? "";
}

/** "mail.example.com is 192.0.2.7" or the servers that were asked. */
function dnsLine(tries: readonly Tried[], { read }: LegSources): string {
  const named = tries.find(({ target, name }) => name.ok && name.text !== target.host);
  if (named !== undefined) return `${named.target.host} is ${named.name.text}`;
  const servers = [...read("/etc/resolv.conf").matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, server]) => server);
  return servers.length === 0 ? "" : `by ${servers.join(", ")}`;
}

/** The kernel writes addresses as little-endian hex. */
function gatewayOf(table: string, name: string): string | undefined {
  for (const line of table.split("\n").slice(1)) {
    const [way, destination, gateway = "", flags = "0"] = line.split("\t");
    const isDefault = destination === "00000000" && (Number.parseInt(flags, 16) & 2) !== 0;
    if (way === name && isDefault) return (gateway.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)).join(".");
  }
  return undefined;
}

function systemSources(): LegSources {
  return { interfaces: systemInterfaces, read: readText, resolve: resolveName, reach: reachTarget, wall: () => Date.now() };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

async function resolveName(host: string): Promise<Attempt> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Attempt>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, text: `no answer within ${LOOKUP_MS_MOST / 1000} s` }), LOOKUP_MS_MOST);
  });
  const found = lookup(host, { family: 4 }).then(
    ({ address }) => ({ ok: true, text: address }),
    (thrown: unknown) => ({ ok: false, text: codeOf(thrown) }),
  );
  try {
    return await Promise.race([found, late]);
  } finally {
    clearTimeout(timer);
  }
}

function reachTarget({ host, port }: Target): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_MS_MOST });
    const end = (attempt: Attempt): void => {
      socket.destroy();
      resolve(attempt);
    };
    socket.once("connect", () => end({ ok: true, text: "" }));
    const fails = (text: string): void => {
      end({ ok: false, text: unreachableError(host)?.message ?? text });
    };
    socket.once("timeout", () => fails(`no answer within ${CONNECT_MS_MOST / 1000} s`));
    socket.once("error", (thrown) => fails(codeOf(thrown)));
  });
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof Error && "code" in thrown) return String(thrown.code);
  return thrown instanceof Error ? thrown.message.slice(0, 80) : "unknown";
}
