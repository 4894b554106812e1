/** Facts of hosts on which all roads work; a test breaks one thing. */

import type { AgentFacts, AnswerFacts, ClientFacts, HostFacts, InterfaceFacts, UnicastFacts } from "../../lib/doctor/facts.ts";

export const VOICE = "00aa00aa00aa00aa";
export const NOW = Date.UTC(2026, 0, 10, 12);

export function anInterface(set: Partial<InterfaceFacts> = {}): InterfaceFacts {
  return { name: "e0", address: "10.0.0.20", subnet: "10.0.0.0/24", kind: "wired", broadcasts: true, skipped: "", ...set };
}

export function anAnswer(set: Partial<AnswerFacts> = {}): AnswerFacts {
  return {
    voice: VOICE, cluster: "AAAA", clusterName: "c1", agent: "node1", host: "10.0.0.1", kid: 1, versions: [1, 1], aheadMs: 40, by: "broadcast", interface: "e0", ...set,
  };
}

export function aUnicast(set: Partial<UnicastFacts> = {}): UnicastFacts {
  return { host: "10.0.0.1", port: 11115, outcome: "answered", tcp: "untried", interface: "e0", neighbour: "known", otherNeighbours: 0, ...set };
}

/** Nothing comes back from the agent. */
export const SILENCE = { answers: [] } as const;

function aHost(): HostFacts {
  return {
    now: NOW, version: "1.0.0", interfaces: [anInterface()], ports: [{ protocol: "udp", port: 11114, state: "free", holders: [] }],
    loops: [{ interface: "e0", sent: true, reason: "", heard: true }], answers: [anAnswer()], firewall: { nft: undefined, iptables: undefined },
    keys: [{ path: "/s/keys/a", state: "good", mode: "0600" }], keysFault: "", store: { path: "/s/x.db", state: "good", mode: "0600", freeBytes: 2 ** 33 },
    buffer: { most: 4_194_304, asked: 4_194_304 },
  };
}

/** @param unicast undefined where no address is known */
export function clientFacts(set: Partial<ClientFacts> = {}, unicast: UnicastFacts | undefined = aUnicast()): ClientFacts {
  return {
    ...aHost(), lan: { broadcastPort: 11114, agentPort: 11115 }, membership: { cluster: "AAAA", clusterName: "c1", operator: "li", kid: 1 },
    agents: [{ voice: VOICE, name: "node1", unicast, hello: { by: "running", outcome: "welcomed", why: "the running listener says so" }, road: "udp", broadcastAt: NOW - 5000 }],
    running: { version: "1.0.0", startedAt: NOW - 3_600_000 }, ...set,
  };
}

export function agentFacts(set: Partial<AgentFacts> = {}): AgentFacts {
  return {
    ...aHost(), interfaces: [anInterface({ address: "10.0.0.1" })], ports: [{ protocol: "udp", port: 11115, state: "taken", holders: [{ pid: 7, name: "gapbell-agent" }] }],
    lan: { broadcastPort: 11114, port: 11115 }, name: "node1", voice: VOICE, askFault: "",
    running: {
      listeners: [{ operator: "li", host: "laptop", address: "10.0.0.20:40000", state: "present", lastHeardAt: NOW }],
      peers: [],
      relay: {
        joined: true, reason: "", answeredAt: NOW, legs: [{ name: "lan", up: true, reason: "" }, { name: "outside", up: true, reason: "" }],
        channels: [{ channel: "mail", configured: true, able: true, reason: "" }, { channel: "wecom", configured: false, able: false, reason: "not configured" }],
      },
    },
    ...set,
  };
}
