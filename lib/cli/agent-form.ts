/** `agent.yaml` as it is written; what it means together with the other files stands in `agent-config.ts`. */

import { z } from "zod";
import { CONTENT_DEFAULT, CONTENT_FIELDS } from "../alarm/content.ts";
import { UNHEARD_MS } from "../alarm/policy.ts";
import { NAME_LENGTH_MOST } from "../classify/rule.ts";
import { HOPS_MOST, SshHop, WAYS_MOST } from "../wire/ssh-way.ts";
import { ADDRESS_CHARACTERS_MOST, addressIn } from "./address.ts";
import { ROADS } from "./lan-form.ts";
import { duration } from "./duration.ts";
import { PolicyForm } from "./policy-form.ts";
import { PORTS } from "./ports.ts";

/** Datagrams a second on the LAN: 200 wired; Wi-Fi wants 10 (design §4). */
export const LAN_RATE = { least: 1, most: 10_000, usual: 200 } as const;
export const INTERFACES_MOST = 32;
export const PEERS_MOST = 64;
const AGENTS_MOST = 16;
export const POLICIES_MOST = 64;
export const TOKENS_MOST = 128;

export const AgentName = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,31}$/u,
    `a name of 1 to ${NAME_LENGTH_MOST} letters, digits, dots, hyphens and underscores`,
  );
const name = AgentName;
const port = z.int("a port from 1 to 65535").min(1).max(65_535);
/** Linux, IFNAMSIZ. */
const interfaceName = z.string().regex(/^[^\s/]{1,15}$/, "the name of a network interface, as in eth0");
const ipv4 = z.ipv4("an IPv4 address as in 10.11.131.255");
const file = z.string().min(1).max(4096);
const label = z.string().min(1).max(128);

export type Endpoint = { readonly host: string; readonly port: number };

const EXPECTED_LISTEN = `an address and a port as in 127.0.0.1:${PORTS.api} or [::1]:${PORTS.api}`;

/** `host:port`, IPv6 in brackets. */
const endpoint = z.string(EXPECTED_LISTEN).transform((text, context): Endpoint => {
  const form = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253})):(\d{1,5})$/.exec(text);
  const host = form?.[1] ?? form?.[2];
  const number = Number(form?.[3]);
  // Port 0 lets the system choose, for tests and for several agents on one host.
  if (host !== undefined && number <= 65_535) return { host, port: number };
  context.addIssue({ code: "custom", message: EXPECTED_LISTEN });
  return z.NEVER;
});

const LanForm = z.strictObject({
  /** Overrides discovery. `broadcast` where the interface's own is not the one to use. */
  interfaces: z
    .array(z.strictObject({ name: interfaceName, broadcast: ipv4.optional() }))
    .min(1)
    .max(INTERFACES_MOST)
    .optional(),
  /** Interfaces that discovery must not use. */
  exclude: z.array(interfaceName).max(INTERFACES_MOST).default([]),
  broadcast_port: port.default(PORTS.broadcast),
  port: port.default(PORTS.agent),
  ...ROADS,
  rate: z.int().min(LAN_RATE.least).max(LAN_RATE.most).default(LAN_RATE.usual),
});

const EXPECTED_PEER = `an IPv4 address, with :PORT where it is not ${PORTS.broadcast}`;
const EXPECTED_AGENT = "an IPv4 address of another agent, with :PORT where it is not the usual one";
const agent = z.string(EXPECTED_AGENT).max(ADDRESS_CHARACTERS_MOST).refine((text) => addressIn(text, PORTS.agent) !== undefined, EXPECTED_AGENT);
const peer = z.string(EXPECTED_PEER).max(ADDRESS_CHARACTERS_MOST).refine((text) => addressIn(text, PORTS.broadcast) !== undefined, EXPECTED_PEER);

const ApiForm = z.strictObject({
  listen: endpoint.default({ host: "127.0.0.1", port: PORTS.api }),
  /** For each operator the file that holds the token; acknowledging over TCP needs one. */
  tokens: z.record(name, file).default({}),
  /** For each source, by a name of its own, the file that holds its token. */
  report_tokens: z.record(name, file).default({}),
  tls: z
    .strictObject({
      certificate: file,
      key: file,
      /** Whoever shows a certificate of this authority needs no token to report. */
      client_authority: file.optional(),
    })
    .optional(),
});

const HopForm = z.strictObject({
  host: SshHop.shape.host,
  port: SshHop.shape.port,
  user: SshHop.shape.user,
  host_keys: SshHop.shape.hostKeys,
});

const RelayForm = z.strictObject({
  ssh: z
    .strictObject({
      /** A private key of one's own instead of the one that the agent makes. */
      key: file.optional(),
      passphrase_file: file.optional(),
      known_hosts: file.optional(),
      /** Instead of the ways of the join string. */
      ways: z
        .array(z.strictObject({ mode: z.enum(["forward", "stdio"]).default("forward"), hops: z.array(HopForm).min(1).max(HOPS_MOST) }))
        .min(1)
        .max(WAYS_MOST)
        .optional(),
    })
    .prefault({}),
});

export const AgentForm = z.strictObject({
  cluster: name,
  agent: name,
  lan: LanForm.prefault({}),
  /** Listeners that broadcasts do not reach: each is told what is broadcast. */
  peers: z.array(peer).max(PEERS_MOST).default([]),
  /** Other agents of the cluster that broadcasts do not reach: HOST or HOST:PORT. */
  agents: z.array(agent).max(AGENTS_MOST).default([]),
  api: ApiForm.prefault({}),
  relay: RelayForm.prefault({}),
  content: z
    .array(z.enum(CONTENT_FIELDS))
    .max(CONTENT_FIELDS.length)
    .default([...CONTENT_DEFAULT]),
  coverage: z.strictObject({ unheard: duration(UNHEARD_MS).default(UNHEARD_MS.usual) }).prefault({}),
  /** Labels that do not identify an alarm of Alertmanager. */
  replica_labels: z.array(label).max(16).default(["replica", "prometheus_replica"]),
  policies: z.record(name, PolicyForm).default({}),
});
export type AgentForm = z.infer<typeof AgentForm>;
