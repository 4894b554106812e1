import { expect, test } from "bun:test";
import { judgeAgent } from "../../lib/doctor/agent.ts";
import type { AgentFacts } from "../../lib/doctor/facts.ts";
import { type Code, firstToFix } from "../../lib/doctor/finding.ts";
import { agentFacts, anAnswer, anInterface } from "../support/doctor-facts.ts";

type Running = NonNullable<AgentFacts["running"]>;

function running(set: Partial<Running> = {}, relay: Partial<Running["relay"]> = {}): AgentFacts {
  const facts = agentFacts();
  const held = facts.running;
  if (held === undefined) throw new Error("it runs");
  return { ...facts, running: { ...held, ...set, relay: { ...held.relay, ...relay } } };
}

const DEAF = { answers: [], loops: [{ interface: "e0", sent: true, reason: "", heard: false }] } as const;

const CASES: readonly { readonly name: string; readonly facts: AgentFacts; readonly first: Code | undefined }[] = [
  { name: "nothing is broken", facts: agentFacts(), first: undefined },
  { name: "it does not run", facts: agentFacts({ running: undefined, answers: [] }), first: "agentAway" },
  { name: "it does not run, and its port is taken", facts: agentFacts({ running: undefined, answers: [], ports: [{ protocol: "udp", port: 11115, state: "taken", holders: [{ pid: 9, name: "netcat" }] }] }), first: "agentAway" },
  { name: "its API's port is taken by another program", facts: agentFacts({ ports: [{ protocol: "tcp", port: 11116, state: "taken", holders: [{ pid: 9, name: "nginx" }] }] }), first: "portTaken" },
  { name: "its port is held by itself as another user", facts: agentFacts({ ports: [{ protocol: "udp", port: 11115, state: "taken", holders: [{ pid: undefined, name: "" }] }] }), first: undefined },
  { name: "an interface that can carry no broadcast", facts: agentFacts({ interfaces: [anInterface(), anInterface({ name: "tun0", kind: "tunnel", broadcasts: false })] }), first: "interfaceMute" },
  { name: "it hears nothing, rules unread", facts: agentFacts(DEAF), first: "firewallDropsHello" },
  { name: "its own broadcast comes back, and yet it does not hear", facts: agentFacts({ answers: [] }), first: "agentHearsNot" },
  { name: "it hears, though the listeners' port is closed here", facts: agentFacts({ loops: DEAF.loops }), first: undefined },
  { name: "nobody has joined", facts: running({ listeners: [] }), first: "listenersNone" },
  { name: "everybody is away", facts: running({ listeners: [{ operator: "li", host: "laptop", address: "10.0.0.20:1", state: "away", lastHeardAt: 1 }] }), first: undefined },
  { name: "the other agent is heard", facts: running({ peers: [{ name: "node2", address: "10.0.0.2:11115", present: true, lastHeardAt: 1 }] }), first: undefined },
  { name: "the other agent is silent", facts: running({ peers: [{ name: "node2", address: "10.0.0.2:11115", present: false, lastHeardAt: 1 }] }), first: "peerSilent" },
  { name: "no relay", facts: running({}, { joined: false }), first: "relayNone" },
  { name: "a relay that does not answer", facts: running({}, { reason: "connection refused" }), first: "relaySilent" },
  { name: "a relay that has never answered", facts: running({}, { answeredAt: undefined }), first: "relaySilent" },
  { name: "the jump host has lost its outside leg", facts: running({}, { legs: [{ name: "lan", up: true, reason: "" }, { name: "outside", up: false, reason: "no route" }] }), first: "legDown" },
  { name: "no channel can send", facts: running({}, { channels: [{ channel: "mail", configured: true, able: false, reason: "login refused" }] }), first: "channelsNone" },
  { name: "one of two channels cannot send", facts: running({}, { channels: [{ channel: "mail", configured: true, able: true, reason: "" }, { channel: "wecom", configured: true, able: false, reason: "token" }] }), first: "channelUnable" },
  { name: "another agent's clock differs", facts: agentFacts({ answers: [anAnswer(), anAnswer({ voice: "bb", agent: "node2", aheadMs: 600_000 })] }), first: "clockApart" },
];

for (const { name, facts, first } of CASES) {
  test(`${first ?? "all roads work"}: ${name}`, () => expect(firstToFix(judgeAgent(facts, String))?.code).toBe(first));
}

test("a listener outside the agent's subnets is told, and is no fault", () => {
  const far = running({ listeners: [{ operator: "zhao", host: "far", address: "172.16.0.9:40000", state: "present", lastHeardAt: 1 }] });
  expect(judgeAgent(far, String).find(({ code }) => code === "listenerOutside")).toMatchObject({ mark: "note", words: ["zhao", "172.16.0.9:40000"] });
});
