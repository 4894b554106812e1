/** What is judged alike on both sides: keys, interfaces, ports, firewall, our own broadcast, store, buffer. */

import { isWithin } from "../base/ipv4.ts";
import type { AnswerFacts, FileFacts, HostFacts, InterfaceFacts, PortFacts, StoreFacts } from "./facts.ts";
import { type Finding, finding, type Mark } from "./finding.ts";
import { type Chain, type Packet, passage, type Passage } from "./firewall.ts";
import { readIptables } from "./iptables.ts";
import { readNft } from "./nft.ts";

/** A full disk is one on which the next alarms may not fit. */
export const FREE_BYTES_LEAST = 20 * 1024 * 1024;
/** So much is left in good time. */
export const FREE_BYTES_WARN = 200 * 1024 * 1024;
/** Clocks that are further apart mislead people; the bell itself waits on another clock. */
export const APART_MS_MOST = 10_000;
const MEBIBYTE = 1024 * 1024;

export function judgeKeys({ keys, keysFault }: HostFacts, anew: string): readonly Finding[] {
  const bad = keys.filter(({ state }) => state !== "good");
  if (bad.length > 0) return bad.map((file) => keyFinding(file, anew));
  if (keysFault !== "") return [finding("keys", "fail", "keysBroken", keysFault)];
  return keys.length === 0 ? [] : [finding("keys", "ok", "keysGood", String(keys.length))];
}

function keyFinding({ path, state, mode }: FileFacts, anew: string): Finding {
  switch (state) {
    case "missing":
      return finding("keys", "fail", "keyMissing", path, anew);
    case "too open":
      return finding("keys", "fail", "keyOpen", path, mode);
    case "foreign":
      return finding("keys", "fail", "keyForeign", path);
    default:
      return finding("keys", "fail", "keyUnreadable", path);
  }
}

export function usedInterfaces({ interfaces }: Pick<HostFacts, "interfaces">): readonly InterfaceFacts[] {
  return interfaces.filter(({ skipped }) => skipped === "");
}

/** One that is down matters where nothing else is up, or where it is the only way to what we look for. */
export function judgeInterfaces(facts: HostFacts): readonly Finding[] {
  const used = usedInterfaces(facts);
  const dead = facts.interfaces.filter(({ skipped }) => skipped === "down" || skipped === "no carrier");
  const skipped = facts.interfaces.filter((one) => one.skipped !== "" && one.kind !== "loopback");
  return [
    ...(used.length === 0 ? [finding("interfaces", "fail", "interfacesNone", dead.map((one) => `${one.name} (${one.skipped})`).join(", "))] : []),
    ...used.map(({ name, address = "", kind, broadcasts }) =>
      broadcasts || kind === "loopback" ? finding("interfaces", "ok", "interfaceUsed", name, address, kind) : finding("interfaces", "fail", "interfaceMute", name)),
    ...skipped.map((one) => finding("interfaces", "note", "interfaceSkipped", one.name, one.address ?? "", one.skipped)),
  ];
}

/**
 * @param ours names of the programs that may hold them
 * @param trusted ours is known to run: what another user's program holds is taken for it
 */
export function judgePorts({ ports }: Pick<HostFacts, "ports">, ours: readonly string[], trusted = false): readonly Finding[] {
  return ports.map((port) => {
    const name = `${port.protocol.toUpperCase()} ${port.port}`;
    const who = port.holders.map(({ pid, name: program }) => (pid === undefined ? "?" : `${program} (pid ${pid})`)).join(", ");
    const mayHold = port.holders.length > 0 && port.holders.every(({ name: program, pid }) => (pid === undefined ? trusted : ours.some((one) => program.includes(one))));
    if (port.state === "forbidden") return finding("ports", "fail", "portForbidden", name);
    if (port.state === "free") return finding("ports", "ok", "portFree", name);
    return port.state === "shared" || mayHold
      ? finding("ports", "ok", "portOurs", name, who)
      : finding("ports", "fail", "portTaken", name, who);
  });
}

/** Whether another program keeps us from a port. */
export function isTaken(ports: readonly PortFacts[], ours: readonly string[]): boolean {
  return judgePorts({ ports }, ours).some(({ mark }) => mark === "fail");
}

/** How the rules were known, in words that the sentences know. */
export const HOW = { rules: "its rules say so", tried: "no rule, but our own broadcast does not come back" } as const;

/** What the rule set says of one packet; undefined where nobody could read it. */
export function passageOf({ firewall }: Pick<HostFacts, "firewall">, packet: Packet): Passage | undefined {
  const nft = firewall.nft === undefined ? undefined : readNft(firewall.nft);
  const iptables = firewall.iptables === undefined ? undefined : readIptables(firewall.iptables);
  if (nft === undefined && iptables === undefined) return undefined;
  const sets: readonly (readonly Chain[])[] = [nft ?? [], iptables ?? []];
  const fates = sets.map((chains) => passage(chains, packet));
  if (fates.includes("dropped")) return "dropped";
  return fates.includes("unsure") ? "unsure" : "passes";
}

/** Our own broadcast comes back to every socket of this host that listens, unless something here drops it. */
export function judgeLoops({ loops }: HostFacts, lost: (name: string) => Mark): readonly Finding[] {
  return loops.map(({ interface: name, sent, heard, reason }) => {
    if (!sent) return finding("broadcast", "fail", "loopUnsent", name, reason);
    return heard ? finding("broadcast", "ok", "loopHeard", name) : finding("broadcast", lost(name), "loopLost", name);
  });
}

export function judgeStore({ store }: HostFacts): readonly Finding[] {
  const { path, freeBytes } = store;
  const free = freeBytes === undefined ? "?" : `${Math.floor(freeBytes / MEBIBYTE)} MiB`;
  const form = storeFinding(store, free);
  if (freeBytes === undefined || freeBytes >= FREE_BYTES_WARN) return [form];
  return [finding("store", freeBytes < FREE_BYTES_LEAST ? "fail" : "warn", "storeFull", path, free), ...(form.mark === "ok" ? [] : [form])];
}

function storeFinding({ path, state, mode }: StoreFacts, free: string): Finding {
  switch (state) {
    case "good":
      return finding("store", "ok", "storeGood", path, free);
    case "missing":
      return finding("store", "note", "storeMissing", path);
    case "too open":
      return finding("store", "warn", "storeOpen", path, mode);
    case "read only":
      return finding("store", "fail", "storeReadOnly", path);
    case "not ours":
      return finding("store", "fail", "storeNotOurs", path);
  }
}

export function judgeBuffer({ buffer }: HostFacts): readonly Finding[] {
  const { most, asked } = buffer;
  if (most === undefined) return [];
  return most >= asked ? [finding("buffer", "ok", "bufferGood", String(most))] : [finding("buffer", "note", "bufferSmall", String(most), String(asked))];
}

export function judgeClock(answer: AnswerFacts): Finding {
  const apart = Math.abs(answer.aheadMs);
  return apart <= APART_MS_MOST ? finding("clock", "ok", "clockFits", answer.agent) : finding("clock", "warn", "clockApart", answer.agent, lengthText(apart));
}

/** The interface in whose subnet an address is. */
export function homeOf(host: string, interfaces: readonly InterfaceFacts[]): InterfaceFacts | undefined {
  return interfaces.find(({ subnet }) => subnet !== undefined && isWithin(host, subnet));
}

/** "42 s", "3 min", "5 h", "2 d". */
export function lengthText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}
