/** What version 1 said and stored, as `test/golden/record-v1.ts` has recorded it: read, opened by the code of today, and laid out to be started from. */

import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { identityFrom, type Identity, KeyRing } from "../../lib/trust/keys.ts";
import { Opener } from "../../lib/trust/opener.ts";
import type { Message } from "../../lib/wire/message.ts";

export const V1 = join(import.meta.dir, "..", "golden", "v1");
export const TRAFFIC = join(V1, "traffic.json");

/** 32 bytes each, in hex. */
export type Seeds = { readonly ed: string; readonly x: string };

export type Datagram = {
  /** "agent", or a listener's name. */
  readonly from: string;
  /** The same; "all" for what is said to everybody. */
  readonly to: string;
  readonly kind: string;
  readonly body: unknown;
  /** In hex. */
  readonly datagram: string;
};

export type Traffic = {
  /** Made for the recording, and never used for anything else. */
  readonly identities: Readonly<Record<string, Seeds>>;
  /** Group keys by their numbers, in hex. */
  readonly groups: Readonly<Record<string, string>>;
  readonly datagrams: readonly Datagram[];
};

export function readTraffic(): Traffic {
  return JSON.parse(readFileSync(TRAFFIC, "utf8")) as Traffic;
}

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

export const identityOf = ({ ed, x }: Seeds): Identity => identityFrom({ ed: hex(ed), x: hex(x) });

/** Everybody of a recording, by name, with the keys that each of them had. */
export function openersOf({ identities, groups }: Omit<Traffic, "datagrams">): ReadonlyMap<string, Opener> {
  const names = Object.keys(identities);
  const all = new Map(Object.entries(identities).map(([name, seeds]) => [name, identityOf(seeds)]));
  return new Map(names.map((name) => {
    const ring = new KeyRing(all.get(name) ?? identityOf({ ed: "", x: "" }));
    for (const [other, peer] of all) if ((other === "agent") !== (name === "agent")) ring.addPeer(peer);
    for (const [kid, key] of Object.entries(groups)) ring.setGroup(Number(kid), hex(key));
    return [name, new Opener({ ring, side: name === "agent" ? "agent" : "client" })];
  }));
}

/** @returns what opens a datagram as one of them; the reason where that one cannot */
export function hearersOf(traffic: Omit<Traffic, "datagrams">): (name: string, datagram: Uint8Array) => Message | string {
  const openers = openersOf(traffic);
  let now = 0;
  return (name, datagram) => {
    // So slowly that no rate is reached.
    now += 10_000;
    const opened = openers.get(name)?.open(datagram, "127.0.0.1", now);
    return opened === undefined ? "nobody" : opened.ok ? opened.value.message : opened.fault;
  };
}

/** Copies a recorded state folder, its files readable by their owner alone. */
export function copyState(role: "agent" | "client" | "relay", folder: string): void {
  const from = join(V1, role);
  for (const name of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const to = join(folder, name.parentPath.slice(from.length), name.name);
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    copyFileSync(join(name.parentPath, name.name), to);
    chmodSync(to, 0o600);
  }
}
