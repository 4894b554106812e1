/** How an agent reaches its relay by SSH: the ways in the order in which they are tried, each a chain of hosts. Part of the join string. */

import { z } from "zod";
import { parseSshPublicKey } from "./ssh-public-key.ts";

export const SSH_PORT = 22;
/** Two jump hosts in a row are common, more than four nobody has shown us. */
export const HOPS_MOST = 4;
export const WAYS_MOST = 8;
const HOST_KEYS_MOST = 8;

/** A name, or an IPv4 or IPv6 address without brackets. It is never handed to a shell. */
const host = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,253})$/, "a name or an address of a host");
const user = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._@$-]{0,63}$/, "the name of an account");
const hostKey = z
  .string()
  .max(6000)
  .refine((line) => parseSshPublicKey(line).ok, "a host's public key, as in ssh-ed25519 AAAA…");

export const SshHop = z.object({
  host,
  port: z.int().min(1).max(65_535).default(SSH_PORT),
  user,
  /** Lines as in `ssh_host_ed25519_key.pub`; with none, the agent's known_hosts must name the host. */
  hostKeys: z.array(hostKey).max(HOST_KEYS_MOST).default([]),
});

export const SshWay = z.object({
  /** `forward`: a direct-tcpip channel to the relay's port; `stdio`: the key's forced command pipes to it. */
  mode: z.enum(["forward", "stdio"]).default("forward"),
  /** The last one is the jump host that the relay runs on, or that reaches it. */
  hops: z.array(SshHop).min(1).max(HOPS_MOST),
});

export const SshWays = z.object({ ways: z.array(SshWay).min(1).max(WAYS_MOST) });

export type SshHop = z.infer<typeof SshHop>;
export type SshWay = z.infer<typeof SshWay>;
export type SshWays = z.infer<typeof SshWays>;

/** As people write it: port 22 goes without saying. */
export function placeOfHop({ host, port }: Pick<SshHop, "host" | "port">): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === SSH_PORT ? name : `${name}:${port}`;
}
