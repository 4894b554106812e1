/**
 * One SSH session through one way: host after host, each key verified, and channels to the relay at its end. It is opened
 * once and never repaired; keeping a line up is the tunnel's affair. ssh2 is loaded here, when the first session is wanted.
 */

import { lookup } from "node:dns/promises";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Algorithms, Client, ClientChannel } from "ssh2";
import { fail, ok, type Result } from "../base/result.ts";
import { type Ms, seconds } from "../base/units.ts";
import { judgeHostKey, type KnownHosts, knownTypes, pinned } from "../trust/known-hosts.ts";
import { authorizedKeysLine, USUAL_RELAY_COMMAND } from "../wire/authorized-keys.ts";
import { SSH_KEY_TYPES, sshFingerprint, typeIn } from "../wire/ssh-public-key.ts";
import { placeOfHop, type SshHop, type SshWay } from "../wire/ssh-way.ts";
import type { SshKey } from "./ssh-key.ts";
import type { TunnelFault, TunnelStage } from "./tunnel-fault.ts";
import { whyUnreachable } from "./unreachable.ts";

/** Two repeats of a lost SYN fall into it (after 1 and 3 s). */
export const CONNECT_MS_MOST: Ms = seconds(5);
/** sshd looks the caller up in the DNS, which in a room without resolver takes 10 to 20 s; longer than one request waits. */
export const LOGIN_MS_MOST: Ms = seconds(30);
/** With three unanswered in a row, a host that has died is noticed after 45 to 60 s. */
export const ALIVE_EVERY_MS: Ms = seconds(15);
const ALIVE_MISSED_MOST = 3;

/** What the relay's `stdio` ends with where no relay runs. */
const EXIT_NO_RELAY = 69;
/** An exit code may come after the end of the data. */
const EPITAPH_MS_MOST: Ms = 500;

/** What TLS runs over. */
export type Line = {
  readonly socket: Duplex;
  /** Why it ended, where SSH knows better than TLS; asked once it has failed. */
  readonly epitaph: () => Promise<TunnelFault | undefined>;
};

export type SshCredentials = {
  readonly key: SshKey;
  /** What known_hosts says; pins come with the way. */
  readonly known: KnownHosts;
};

export type Target = { readonly host: string; readonly port: number };

export type SshSession = {
  /** Faults: forwardingDenied, relayDown, noForcedCommand, lost. */
  readonly open: () => Promise<Result<Line, TunnelFault>>;
  /** Resolves once, when the session has ended for whatever reason. */
  readonly lost: Promise<TunnelFault>;
  readonly end: () => void;
};

export type SessionLimits = { readonly connectMs: Ms; readonly loginMs: Ms; readonly aliveEveryMs: Ms };
export const SESSION_LIMITS: SessionLimits = { connectMs: CONNECT_MS_MOST, loginMs: LOGIN_MS_MOST, aliveEveryMs: ALIVE_EVERY_MS };

/** @param onStage hears how far it has come, for whoever grows impatient */
export async function openSession(
  way: SshWay,
  { key, known }: SshCredentials,
  { target, limits, onStage }: { readonly target: Target; readonly limits: SessionLimits; readonly onStage: (place: string, stage: TunnelStage) => void },
): Promise<Result<SshSession, TunnelFault>> {
  const clients: Client[] = [];
  const lost = Promise.withResolvers<TunnelFault>();
  let loss: TunnelFault | undefined;
  const end = (): void => {
    for (const client of clients.toReversed()) client.end();
    clients[0]?.destroy();
  };
  for (const [at, hop] of way.hops.entries()) {
    onStage(placeOfHop(hop), "connect");
    const previous = clients.at(-1);
    const before = way.hops[at - 1];
    const socket: Result<Duplex, TunnelFault> =
      previous === undefined || before === undefined ? await reach(hop, limits.connectMs) : await onward(previous, { from: before, to: hop });
    const line = { key, target, mode: at === way.hops.length - 1 ? way.mode : "forward" } as const;
    const client = socket.ok ? await login(hop, socket.value, { ...line, known, limits, onStage }) : socket;
    if (!client.ok) {
      end();
      return client;
    }
    clients.push(client.value);
    let reason = "it was ended";
    client.value.on("error", (thrown) => {
      reason = /keepalive/i.test(thrown.message) ? `it has not answered for ${(ALIVE_MISSED_MOST * limits.aliveEveryMs) / 1000} s` : thrown.message.slice(0, 120);
    });
    client.value.on("close", () => {
      loss ??= { kind: "lost", place: placeOfHop(hop), reason };
      lost.resolve(loss);
      end();
    });
  }
  const last = way.hops.at(-1);
  const client = clients.at(-1);
  if (last === undefined || client === undefined) return fail({ kind: "noWay", faults: [] });
  const open = way.mode === "forward" ? () => forward(client, last, target) : () => execute(client, last, { target, key });
  return ok({
    lost: lost.promise, end,
    open: async () => {
      const opened = await open();
      if (!opened.ok) return opened;
      const { socket, epitaph } = opened.value;
      return ok({ socket, epitaph: async () => (await epitaph()) ?? loss });
    },
  });
}

/** The first host, by TCP. */
async function reach(hop: SshHop, withinMs: Ms): Promise<Result<Socket, TunnelFault>> {
  const place = placeOfHop(hop);
  const address = await resolved(hop.host, withinMs);
  if (address === undefined) return fail({ kind: "nameUnknown", place });
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: hop.port, noDelay: true });
    const settle = (result: Result<Socket, TunnelFault>): void => {
      clearTimeout(timer);
      if (!result.ok) socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => settle(fail(connectFault("ETIMEDOUT", { place, address, withinMs }))), withinMs);
    // The listener stays: what breaks later is told by the session, and an error without a listener would end the process.
    socket.on("error", (thrown) => settle(fail(connectFault("code" in thrown ? String(thrown.code) : thrown.message, { place, address, withinMs }))));
    socket.once("connect", () => settle(ok(socket)));
  });
}

/** @returns undefined where the name has no address, or its resolver does not say so in time */
async function resolved(host: string, withinMs: Ms): Promise<string | undefined> {
  return Promise.race([lookup(host).then(({ address }) => address, () => undefined), after(withinMs)]);
}

function connectFault(code: string, { place, address, withinMs }: { readonly place: string; readonly address: string; readonly withinMs: Ms }): TunnelFault {
  const why = whyUnreachable(address);
  if (why !== undefined) return { kind: "unreachable", place, why };
  if (code === "ECONNREFUSED") return { kind: "refusedConnection", place };
  if (code === "ETIMEDOUT") return { kind: "noAnswer", place, stage: "connect", withinMs };
  return { kind: "lost", place, reason: code.slice(0, 120) };
}

/** From one jump host to the next. */
async function onward(client: Client, { from, to }: { readonly from: SshHop; readonly to: SshHop }): Promise<Result<Duplex, TunnelFault>> {
  const opened = await directTcp(client, to);
  if (opened.ok) return opened;
  return fail({ kind: "nextHop", place: placeOfHop(from), next: placeOfHop(to), denied: opened.fault === "denied" });
}

type Login = {
  readonly key: SshKey;
  readonly known: KnownHosts;
  readonly target: Target;
  readonly mode: SshWay["mode"];
  readonly limits: SessionLimits;
  readonly onStage: (place: string, stage: TunnelStage) => void;
};

async function login(hop: SshHop, sock: Duplex, { key, known, target, mode, limits, onStage }: Login): Promise<Result<Client, TunnelFault>> {
  const { Client } = await import("ssh2");
  const place = placeOfHop(hop);
  const hosts: KnownHosts = { ...known, hosts: [...pinned(hop, hop.hostKeys), ...known.hosts] };
  const client = new Client();
  return new Promise((resolve) => {
    let stage: TunnelStage = "greet";
    let rejected: TunnelFault | undefined;
    let tried = false;
    let greeting = "";
    const offers = new Map<string, string>();
    sock.once("data", (first: Uint8Array) => {
      greeting = Buffer.from(first).toString("latin1", 0, 200);
    });
    const timer = setTimeout(() => settle(fail({ kind: "noAnswer", place, stage, withinMs: limits.loginMs })), limits.loginMs);
    const settle = (result: Result<Client, TunnelFault>): void => {
      clearTimeout(timer);
      if (!result.ok) sock.destroy();
      resolve(result);
    };
    onStage(place, stage);
    // For good: ssh2 says some errors twice, and one without a listener would end the process.
    client.on("error", (thrown) => settle(fail(rejected ?? loginFault(thrown, { place, stage, greeting, offers, user: hop.user, line: lineFor(key, { mode, target }) }))));
    client.on("close", () => settle(fail(rejected ?? { kind: "lost", place, reason: CLOSED[stage] })));
    client.on("handshake", () => {
      stage = "login";
      onStage(place, stage);
    });
    client.on("ready", () => settle(ok(client)));
    client.connect({
      sock, username: hop.user,
      // The key, once; nothing else is ever offered.
      authHandler: (_left, _partly, next) => {
        if (tried) return false;
        tried = true;
        next({ type: "publickey", username: hop.user, key: key.parsed });
        return undefined;
      },
      algorithms: { ...ALGORITHMS, serverHostKey: hostKeyAlgorithms(knownTypes(hosts, hop)) },
      keepaliveInterval: limits.aliveEveryMs, keepaliveCountMax: ALIVE_MISSED_MOST, readyTimeout: 0,
      hostVerifier: (shown: Buffer) => {
        rejected = hostFault(hosts, hop, new Uint8Array(shown));
        return rejected === undefined;
      },
      debug: (message) => {
        const [, what = "", offered = ""] = /^Handshake: \(remote\) ([^:]+): (.*)$/.exec(message) ?? [];
        if (what !== "") offers.set(what, offered);
      },
    });
  });
}

/** A server that is overrun or has banned us closes without a word. */
const CLOSED: { readonly [S in TunnelStage]: string } = {
  connect: "it closed the connection",
  greet: "it closed the connection before keys were exchanged; too many logins at once there (MaxStartups), or this host is banned",
  login: "it closed the connection during the login",
  channel: "it closed the connection",
};

function hostFault(hosts: KnownHosts, hop: SshHop, shown: Uint8Array): TunnelFault | undefined {
  const place = placeOfHop(hop);
  const verdict = judgeHostKey(hosts, hop, shown);
  switch (verdict.kind) {
    case "trusted":
      return undefined;
    case "unknown":
      return { kind: "unknownHostKey", place, shown: sshFingerprint(shown), type: typeIn(shown) };
    case "changed":
      return { kind: "changedHostKey", place, shown: sshFingerprint(shown), known: verdict.known };
    case "revoked":
      return { kind: "revokedHostKey", place, shown: sshFingerprint(shown) };
  }
}

function lineFor({ publicKey }: SshKey, { mode, target }: { readonly mode: SshWay["mode"]; readonly target: Target }): string {
  return authorizedKeysLine(publicKey, mode === "forward" ? { mode, ...target } : { mode, command: USUAL_RELAY_COMMAND });
}

/** Diffie-Hellman over groups of numbers stops the whole process for 0.5 to 4 s in ssh2 (measured): curves only. */
const ALGORITHMS = {
  kex: ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"],
  // Bun has no chacha20-poly1305.
  cipher: ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"],
  compress: ["none"],
} satisfies Algorithms;

type HostKeyAlgorithm = "ssh-ed25519" | "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521" | "rsa-sha2-512" | "rsa-sha2-256";
const SIGNATURES: { readonly [T in (typeof SSH_KEY_TYPES)[number]]: readonly HostKeyAlgorithm[] } = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** Those whose key is known first, so that a host with several keys shows that one; the others, so that a change is seen as one. */
function hostKeyAlgorithms(known: readonly string[]): HostKeyAlgorithm[] {
  const types = [...SSH_KEY_TYPES].sort((a, b) => Number(known.includes(b)) - Number(known.includes(a)));
  return types.flatMap((type) => SIGNATURES[type]);
}

function loginFault(
  thrown: Error & { readonly level?: string },
  { place, stage, greeting, offers, user, line }: {
    readonly place: string; readonly stage: TunnelStage; readonly greeting: string; readonly offers: ReadonlyMap<string, string>;
    readonly user: string; readonly line: string;
  },
): TunnelFault {
  const { message, level } = thrown;
  if (level === "client-authentication") return { kind: "keyRefused", place, user, line };
  const [, lacking] = /no matching (.+)$/.exec(message) ?? [];
  if (lacking !== undefined) return { kind: "noCommonAlgorithm", place, ...lackOf(lacking, offers) };
  if (!/^SSH-|^$|MaxStartups/i.test(greeting)) return { kind: "notSsh", place };
  return { kind: "lost", place, reason: /connection lost/i.test(message) ? CLOSED[stage] : message.slice(0, 120) };
}

function lackOf(lacking: string, offers: ReadonlyMap<string, string>): { readonly what: string; readonly offered: string; readonly wanted: string } {
  const row = LACKS.find(({ says }) => says.test(lacking));
  const offered = (row === undefined ? undefined : offers.get(row.offer)) ?? "something else";
  return { what: row?.what ?? lacking, offered: offered.replaceAll(",", ", ").slice(0, 200), wanted: row?.wanted.join(", ") ?? "those of OpenSSH" };
}

const LACKS = [
  { says: /key exchange/, what: "key exchange", offer: "KEX method", wanted: ALGORITHMS.kex },
  { says: /host key/, what: "kind of host key", offer: "Host key format", wanted: SSH_KEY_TYPES },
  { says: /cipher/, what: "cipher", offer: "C->S cipher", wanted: ALGORITHMS.cipher },
  { says: /MAC/, what: "MAC", offer: "C->S MAC", wanted: ALGORITHMS.hmac },
] as const;

async function forward(client: Client, hop: SshHop, target: Target): Promise<Result<Line, TunnelFault>> {
  const opened = await directTcp(client, target);
  // A session that breaks off tells its channels first.
  if (opened.ok) return ok({ socket: opened.value, epitaph: () => after(0) });
  const where = { place: placeOfHop(hop), target: `${target.host}:${target.port}` };
  switch (opened.fault) {
    case "denied":
      return fail({ kind: "forwardingDenied", ...where });
    case "refused":
      return fail({ kind: "relayDown", ...where });
    case "gone":
      return fail({ kind: "lost", place: where.place, reason: "it closed while the way to the relay was being opened" });
  }
}

/** RFC 4254 §5.1. */
const OPEN_REFUSALS: Readonly<Record<number, "denied" | "refused">> = { 1: "denied", 2: "refused" };

function directTcp(client: Client, { host, port }: Target): Promise<Result<ClientChannel, "denied" | "refused" | "gone">> {
  return new Promise((resolve) => {
    try {
      client.forwardOut("127.0.0.1", 0, host, port, (fault, channel) => {
        if (fault !== undefined && fault !== null) return resolve(fail("reason" in fault ? (OPEN_REFUSALS[Number(fault.reason)] ?? "denied") : "gone"));
        channel.on("error", () => {});
        resolve(ok(channel));
      });
    } catch {
      // ssh2 throws where the connection is no longer there.
      resolve(fail("gone"));
    }
  });
}

/** The forced command decides what runs; what is asked for only says what was hoped for. */
function execute(
  client: Client, hop: SshHop, { target, key }: { readonly target: Target; readonly key: SshKey },
): Promise<Result<Line, TunnelFault>> {
  const place = placeOfHop(hop);
  const line = lineFor(key, { mode: "stdio", target });
  const missing = (ending: string): TunnelFault => ({ kind: "noForcedCommand", place, line, ending });
  return new Promise((resolve) => {
    try {
      client.exec("gapbell-relay stdio", (fault, channel) => {
        if (fault !== undefined && fault !== null) return resolve(fail(missing("it allows no command at all")));
        const ended = Promise.withResolvers<TunnelFault | undefined>();
        let code: number | null | undefined;
        channel.on("error", () => {});
        channel.stderr.resume();
        channel.on("exit", (exit: number | null) => {
          code = exit;
        });
        channel.on("close", () => {
          if (code === EXIT_NO_RELAY) ended.resolve({ kind: "relayDown", place, target: `${target.host}:${target.port}` });
          else ended.resolve(code === undefined || code === null || code === 0 ? undefined : missing(`what ran ended with ${code}`));
        });
        resolve(ok({ socket: channel, epitaph: () => Promise.race([ended.promise, after(EPITAPH_MS_MOST)]) }));
      });
    } catch {
      resolve(fail({ kind: "lost", place, reason: "it closed while the command was being started" }));
    }
  });
}

function after(ms: Ms): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}
