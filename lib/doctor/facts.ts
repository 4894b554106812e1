/** What the probes have seen of this host and of the LAN, before anybody judges it. */

import type { Ms, WallMs } from "../base/units.ts";

/** One address of one interface, or an interface without any. */
export type InterfaceFacts = {
  readonly name: string;
  readonly address: string | undefined;
  /** "10.0.0.0/24" */
  readonly subnet: string | undefined;
  readonly kind: "wired" | "wireless" | "tunnel" | "loopback";
  /** IFF_BROADCAST: the kernel lets a broadcast out there. */
  readonly broadcasts: boolean;
  /** "" where Gapbell uses it. */
  readonly skipped: "" | "down" | "no carrier" | "no address" | "loopback" | "too narrow" | "virtual" | "not named" | "excluded";
};

/** A port that Gapbell needs. */
export type PortFacts = {
  readonly protocol: "udp" | "tcp";
  readonly port: number;
  /** `shared`: others hold it and let us in. */
  readonly state: "free" | "shared" | "taken" | "forbidden";
  readonly holders: readonly { readonly pid: number | undefined; readonly name: string }[];
};

/** Our own broadcast on one interface, heard by a second socket of ours. */
export type LoopFacts = { readonly interface: string; readonly sent: boolean; readonly reason: string; readonly heard: boolean };

/** A BEACON that answered our SEEK. */
export type AnswerFacts = {
  readonly voice: string;
  readonly cluster: string;
  readonly clusterName: string;
  readonly agent: string;
  readonly host: string;
  readonly kid: number;
  readonly versions: readonly [number, number];
  /** The agent's wall clock less ours. */
  readonly aheadMs: Ms;
  readonly by: "broadcast" | "unicast" | "tcp";
  /** Whose broadcast it answered; "" for a unicast. */
  readonly interface: string;
};

/** A question to one address. `refused`: the host is there and nobody listens on the port. */
export type UnicastFacts = {
  readonly host: string;
  readonly port: number;
  readonly outcome: "answered" | "refused" | "unreachable" | "silent";
  /** The same question by TCP. `untried`: that road is switched off. */
  readonly tcp: "answered" | "silent" | "untried";
  /** Where the kernel sends it; undefined where it has no route. */
  readonly interface: string | undefined;
  /** The host's hardware address: known, asked for in vain, or not asked for because the way leads through a router. */
  readonly neighbour: "known" | "missing" | "none";
  /** Other hosts whose hardware address is known on that interface. */
  readonly otherNeighbours: number;
};

/** Rule sets as their tools print them; undefined where they could not be read. */
export type FirewallFacts = { readonly nft: string | undefined; readonly iptables: string | undefined };

export type FileFacts = { readonly path: string; readonly state: "good" | "missing" | "too open" | "foreign" | "unreadable"; readonly mode: string };

export type StoreFacts = {
  readonly path: string;
  /** `missing`: not made yet. */
  readonly state: "good" | "missing" | "too open" | "read only" | "not ours";
  readonly mode: string;
  readonly freeBytes: number | undefined;
};

/** What both sides have in common. */
export type HostFacts = {
  readonly now: WallMs;
  readonly version: string;
  readonly interfaces: readonly InterfaceFacts[];
  readonly ports: readonly PortFacts[];
  readonly loops: readonly LoopFacts[];
  readonly answers: readonly AnswerFacts[];
  readonly firewall: FirewallFacts;
  readonly keys: readonly FileFacts[];
  /** Why the keys cannot be used though each file is good; "" where they can. */
  readonly keysFault: string;
  readonly store: StoreFacts;
  /** net.core.rmem_max, and what Gapbell asks for. */
  readonly buffer: { readonly most: number | undefined; readonly asked: number };
};

/** How HELLO fared: said by the running listener, or by the doctor itself where none runs. */
export type HelloFacts = { readonly by: "running" | "self" | "nobody"; readonly outcome: "welcomed" | "unanswered" | "not asked"; readonly why: string };

export type ClientFacts = HostFacts & {
  readonly lan: { readonly broadcastPort: number; readonly agentPort: number };
  /** Undefined before joining. */
  readonly membership: { readonly cluster: string; readonly clusterName: string; readonly operator: string; readonly kid: number } | undefined;
  readonly agents: readonly {
    readonly voice: string; readonly name: string; readonly unicast: UnicastFacts | undefined; readonly hello: HelloFacts;
    /** By which road the running listener speaks with it. */
    readonly road: string | undefined;
    /** When the running listener last heard its broadcasts. */
    readonly broadcastAt: WallMs | undefined;
  }[];
  readonly running: { readonly version: string; readonly startedAt: WallMs } | undefined;
};

export type AgentFacts = HostFacts & {
  readonly lan: { readonly broadcastPort: number; readonly port: number };
  /** Its own name and Ed25519 id; "" where its keys cannot be used. */
  readonly name: string;
  readonly voice: string;
  /** What the running agent answers; undefined where none does. */
  readonly running: {
    readonly listeners: readonly { readonly operator: string; readonly host: string; readonly address: string; readonly state: string; readonly lastHeardAt: WallMs | undefined }[];
    /** The other agents of the cluster. */
    readonly peers: readonly { readonly name: string; readonly address: string; readonly present: boolean; readonly lastHeardAt: WallMs | undefined }[];
    readonly relay: {
      readonly joined: boolean; readonly reason: string; readonly answeredAt: WallMs | undefined;
      readonly legs: readonly { readonly name: string; readonly up: boolean; readonly reason: string }[];
      readonly channels: readonly { readonly channel: string; readonly configured: boolean; readonly able: boolean; readonly reason: string }[];
    };
  } | undefined;
  /** Why the running agent could not be asked; "" where it could. */
  readonly askFault: string;
};
