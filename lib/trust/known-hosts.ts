/**
 * Which key a host must show: the pins of the join string, and OpenSSH's known_hosts as ssh(1) reads it. Certificate
 * authorities are passed over, because no host certificates are spoken. Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".
 */

import { equalBytes, utf8 } from "../base/bytes.ts";
import { hmacSha1 } from "../base/digest.ts";
import { blobOf, parseSshPublicKey, sshFingerprint, typeIn } from "../wire/ssh-public-key.ts";
import { SSH_PORT } from "../wire/ssh-way.ts";

/** Bounds the work of one look-up; such a file names about 10,000 hosts. */
export const KNOWN_HOSTS_CHARACTERS_MOST = 4_194_304;

export type KnownHost = {
  readonly names: (name: string) => boolean;
  readonly blob: Uint8Array;
  readonly revoked: boolean;
};

export type KnownHosts = {
  readonly hosts: readonly KnownHost[];
  /** Lines that were passed over, and why; for a person. */
  readonly notes: readonly string[];
};

export type HostPlace = { readonly host: string; readonly port: number };

export type HostKeyVerdict =
  | { readonly kind: "trusted" }
  /** Nothing is known of this host. */
  | { readonly kind: "unknown" }
  /** Another key is known: a new installation, or somebody in between. */
  | { readonly kind: "changed"; readonly known: readonly string[] }
  /** Marked `@revoked`: somebody has stolen it. */
  | { readonly kind: "revoked" };

export const NO_KNOWN_HOSTS: KnownHosts = { hosts: [], notes: [] };

/** Never fails: a line that cannot be read lets nobody in and is noted. */
export function parseKnownHosts(text: string): KnownHosts {
  const hosts: KnownHost[] = [];
  const notes: string[] = [];
  for (const [at, raw] of text.slice(0, KNOWN_HOSTS_CHARACTERS_MOST).split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const read = readLine(line);
    if (typeof read === "string") notes.push(`Line ${at + 1} is passed over: ${read}`);
    else hosts.push(read);
  }
  return { hosts, notes };
}

/** The pins of one host as lines of known_hosts would name it. */
export function pinned({ host, port }: HostPlace, keys: readonly string[]): readonly KnownHost[] {
  const own = nameOf({ host, port });
  return keys.flatMap((line) => {
    const key = parseSshPublicKey(line);
    return key.ok ? [{ names: (name: string) => name === own, blob: key.value.blob, revoked: false }] : [];
  });
}

/** @param key the bytes that the host shows */
export function judgeHostKey({ hosts }: KnownHosts, place: HostPlace, key: Uint8Array): HostKeyVerdict {
  const named = judgeNamed(hosts, nameOf(place), key);
  if (named.kind !== "unknown" || place.port === SSH_PORT) return named;
  // ssh(1) takes the key of the plain name for another port as well, but calls nothing changed by it.
  const plain = judgeNamed(hosts, nameOf({ ...place, port: SSH_PORT }), key);
  return plain.kind === "changed" ? named : plain;
}

/** The types of the keys known for a host: those are asked for first. */
export function knownTypes({ hosts }: KnownHosts, place: HostPlace): readonly string[] {
  const names = [nameOf(place), nameOf({ ...place, port: SSH_PORT })];
  return [...new Set(hosts.filter((host) => !host.revoked && names.some(host.names)).map(({ blob }) => typeIn(blob)))];
}

/** A revocation counts wherever it stands. */
function judgeNamed(hosts: readonly KnownHost[], name: string, key: Uint8Array): HostKeyVerdict {
  const known = hosts.filter((host) => host.names(name));
  const same = known.filter(({ blob }) => equalBytes(blob, key));
  if (same.some(({ revoked }) => revoked)) return { kind: "revoked" };
  if (same.length > 0) return { kind: "trusted" };
  const others = known.filter(({ revoked }) => !revoked).map(({ blob }) => sshFingerprint(blob));
  return others.length > 0 ? { kind: "changed", known: [...new Set(others)] } : { kind: "unknown" };
}

function nameOf({ host, port }: HostPlace): string {
  const name = host.toLowerCase();
  return port === SSH_PORT ? name : `[${name}]:${port}`;
}

function readLine(line: string): KnownHost | string {
  const words = line.split(/[ \t]+/);
  const marker = words[0]?.startsWith("@") === true ? words.shift() : undefined;
  if (marker === "@cert-authority") return "certificate authorities are not supported, name the host's own key";
  if (marker !== undefined && marker !== "@revoked") return `the marker "${marker.slice(0, 32)}" is unknown`;
  const [patterns = "", type = "", base64 = ""] = words;
  const blob = blobOf(type, base64);
  if (blob === undefined) return "no key that can be read follows the name";
  const names = patterns.startsWith("|") ? hashedName(patterns) : namePatterns(patterns);
  return names === undefined ? "the hashed name is damaged" : { names, blob, revoked: marker === "@revoked" };
}

/** `|1|salt|HMAC-SHA1(salt, name)`, both in base64: who reads the file does not learn where its owner goes. */
function hashedName(text: string): ((name: string) => boolean) | undefined {
  const form = /^\|1\|([A-Za-z0-9+/]{27}=)\|([A-Za-z0-9+/]{27}=)$/.exec(text);
  if (form === null) return undefined;
  const [salt, hash] = [form[1] ?? "", form[2] ?? ""].map((part) => new Uint8Array(Buffer.from(part, "base64")));
  if (salt === undefined || hash === undefined) return undefined;
  return (name) => equalBytes(hmacSha1(salt, utf8(name)), hash);
}

/** `*.example.com,!jump2.example.com,[10.0.0.5]:2222`: one that is negated and fits takes the whole line away. */
function namePatterns(text: string): (name: string) => boolean {
  const patterns = text.split(",").filter((one) => one !== "");
  const wanted = patterns.filter((one) => !one.startsWith("!")).map(globOf);
  const unwanted = patterns.filter((one) => one.startsWith("!")).map((one) => globOf(one.slice(1)));
  return (name) => wanted.some((glob) => glob.test(name)) && !unwanted.some((glob) => glob.test(name));
}

/** `*` stands for any text, `?` for one character. */
function globOf(pattern: string): RegExp {
  const source = pattern.toLowerCase().replace(/\*+/g, "*").split("").map((one) => {
    if (one === "*") return ".*";
    return one === "?" ? "." : RegExp.escape(one);
  });
  return new RegExp(`^${source.join("")}$`);
}
