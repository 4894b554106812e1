/** What agent.yaml and the join string say about SSH, made into a way to dial the relay. */

import { readFileSync } from "node:fs";
import type { Prng } from "../base/prng.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { Log } from "../port/log.ts";
import type { RelayAddress } from "../port/relay-link.ts";
import { type KnownHosts, NO_KNOWN_HOSTS, parseKnownHosts } from "../trust/known-hosts.ts";
import { placeOfHop, type SshWay } from "../wire/ssh-way.ts";
import type { Dial } from "./relay-link.ts";
import type { Approach } from "./relay-switch.ts";
import { makeSshKey, readSshKey, type SshKey, type SshKeyFiles } from "./ssh-key.ts";
import { Tunnel } from "./tunnel.ts";
import { type TunnelFault, tunnelSentence } from "./tunnel-fault.ts";

export type SshSettings = {
  readonly files: SshKeyFiles;
  /** What a new key calls itself; undefined where the key is the operator's own and must be there. */
  readonly newKeyComment: string | undefined;
  readonly knownHostsPath: string | undefined;
  /** Instead of the ways of the join string. */
  readonly ways: readonly SshWay[] | undefined;
};

/** How each relay is reached from here. */
export function approachBy(settings: SshSettings, { dice, log }: { readonly dice: Prng; readonly log: Log }): (relay: RelayAddress) => Approach {
  return (relay) => {
    const ways = waysTo(relay, settings);
    if (ways.length === 0) return { dial: undefined, close: () => {} };
    const blind = unpinned(relay, settings);
    if (blind !== undefined) return { dial: async () => fail(tunnelSentence(blind)), close: () => {} };
    const tunnel = new Tunnel({ ways, target: relay, dice, log, credentials: () => credentialsOf(settings) });
    return { dial: dialThrough(tunnel), close: () => tunnel.close() };
  };
}

/** Refuses what would be trusted blindly: a jump host with neither a pin nor a known_hosts that could name it. */
export function unpinned(relay: RelayAddress, settings: SshSettings): TunnelFault | undefined {
  if (settings.knownHostsPath !== undefined) return undefined;
  const blind = waysTo(relay, settings).flatMap(({ hops }) => hops).find(({ hostKeys }) => hostKeys.length === 0);
  return blind === undefined ? undefined : { kind: "noPin", place: placeOfHop(blind) };
}

/** The agent's key; its own is made when it is first needed. */
export async function sshKeyOf({ files, newKeyComment }: Pick<SshSettings, "files" | "newKeyComment">): Promise<Result<SshKey, TunnelFault>> {
  const read = await readSshKey(files);
  const missing = !read.ok && read.fault.kind === "keyFile" && read.fault.fault.kind === "missing" && read.fault.fault.path === files.path;
  if (!missing || newKeyComment === undefined) return read;
  const made = await makeSshKey(files.path, newKeyComment);
  // Another command may have been faster.
  if (!made.ok && made.fault.kind !== "exists") return fail({ kind: "keyFile", fault: made.fault });
  return readSshKey(files);
}

async function credentialsOf(settings: SshSettings): Promise<Result<{ readonly key: SshKey; readonly known: KnownHosts }, TunnelFault>> {
  const known = readKnownHosts(settings.knownHostsPath);
  if (!known.ok) return known;
  const key = await sshKeyOf(settings);
  return key.ok ? ok({ key: key.value, known: known.value }) : key;
}

function readKnownHosts(path: string | undefined): Result<KnownHosts, TunnelFault> {
  if (path === undefined) return ok(NO_KNOWN_HOSTS);
  try {
    return ok(parseKnownHosts(readFileSync(path, "utf8")));
  } catch (thrown) {
    return fail({ kind: "knownHostsUnreadable", path, reason: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}

/** A way of agent.yaml keeps the pins that the join string brought for the same host. */
function waysTo({ ssh }: RelayAddress, { ways }: SshSettings): readonly SshWay[] {
  const joined = ssh?.ways ?? [];
  if (ways === undefined) return joined;
  const pins = new Map(joined.flatMap(({ hops }) => hops).map((hop) => [placeOfHop(hop), hop.hostKeys]));
  return ways.map((way) => ({
    ...way,
    hops: way.hops.map((hop) => (hop.hostKeys.length > 0 ? hop : { ...hop, hostKeys: pins.get(placeOfHop(hop)) ?? [] })),
  }));
}

function dialThrough(tunnel: Tunnel): Dial {
  return async (cut) => {
    const line = await tunnel.open(cut);
    if (!line.ok) return fail(tunnelSentence(line.fault));
    const { socket, epitaph } = line.value;
    return ok({
      socket,
      epitaph: async () => {
        const fault = await epitaph();
        return fault === undefined ? undefined : tunnelSentence(fault);
      },
    });
  };
}
