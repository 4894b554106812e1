import { expect, test } from "bun:test";
import { judgeClient } from "../../lib/doctor/client.ts";
import type { ClientFacts } from "../../lib/doctor/facts.ts";
import { type Code, firstToFix } from "../../lib/doctor/finding.ts";
import { aUnicast, anAnswer, anInterface, clientFacts, NOW, SILENCE } from "../support/doctor-facts.ts";

const NOTHING_HEARD = { ...SILENCE, loops: [{ interface: "e0", sent: true, reason: "", heard: false }] } as const;
const SILENT = { outcome: "silent" } as const;
/** An agent that this listener has never been welcomed by. */
function unwelcome(facts: ClientFacts): ClientFacts {
  return { ...facts, agents: facts.agents.map((agent) => ({ ...agent, hello: { by: "running", outcome: "unanswered", why: "" } })) };
}

function beaconsAt(broadcastAt: number | undefined, facts = clientFacts()): ClientFacts {
  return { ...facts, agents: facts.agents.map((agent) => ({ ...agent, broadcastAt })) };
}

const JUST_STARTED = { version: "1.0.0", startedAt: NOW - 10_000 } as const;
const ROUTED = clientFacts({ interfaces: [anInterface({ address: "192.168.1.5", subnet: "192.168.1.0/24" })], answers: [anAnswer({ by: "unicast", interface: "" })] }, aUnicast({ neighbour: "none" }));

function onTcp(unicast: ReturnType<typeof aUnicast>): ClientFacts {
  const facts = clientFacts({ answers: [anAnswer({ by: "tcp", interface: "" })] }, unicast);
  return { ...facts, agents: facts.agents.map((agent) => ({ ...agent, road: "tcp" })) };
}

const CASES: readonly { readonly name: string; readonly facts: ClientFacts; readonly first: Code | undefined }[] = [
  { name: "nothing is broken", facts: clientFacts(), first: undefined },
  { name: "no listener runs: the roads work all the same", facts: clientFacts({ running: undefined }), first: undefined },
  { name: "an older listener runs", facts: clientFacts({ running: { version: "0.9.0", startedAt: 0 } }), first: "listenerOld" },
  { name: "a key that others can read", facts: clientFacts({ keys: [{ path: "/s/keys/a", state: "too open", mode: "0644" }] }), first: "keyOpen" },
  { name: "a key of another user", facts: clientFacts({ keys: [{ path: "/s/keys/a", state: "foreign", mode: "0600" }] }), first: "keyForeign" },
  { name: "a key that is missing", facts: clientFacts({ keys: [{ path: "/s/keys/a", state: "missing", mode: "" }] }), first: "keyMissing" },
  { name: "certificates that cannot be believed", facts: clientFacts({ keysFault: "its certificates are not of its cluster" }), first: "keysBroken" },
  { name: "no interface at all", facts: clientFacts({ ...SILENCE, interfaces: [], loops: [] }, aUnicast({ outcome: "unreachable", interface: undefined })), first: "interfacesNone" },
  { name: "the only interface is down", facts: clientFacts({ ...SILENCE, interfaces: [anInterface({ address: undefined, subnet: undefined, skipped: "down" })], loops: [] }, aUnicast({ outcome: "unreachable", interface: undefined })), first: "interfacesNone" },
  { name: "the port is taken by a foreign program", facts: clientFacts({ loops: [], ports: [{ protocol: "udp", port: 11114, state: "taken", holders: [{ pid: 9, name: "netcat" }] }] }), first: "portTaken" },
  { name: "the port is taken by another user's program", facts: clientFacts({ loops: [], ports: [{ protocol: "udp", port: 11114, state: "taken", holders: [{ pid: undefined, name: "" }] }] }), first: "portTaken" },
  { name: "another listener shares the port", facts: clientFacts({ ports: [{ protocol: "udp", port: 11114, state: "shared", holders: [{ pid: 9, name: "other" }] }] }), first: undefined },
  { name: "a VPN swallows what goes to the agent", facts: clientFacts({ interfaces: [anInterface(), anInterface({ name: "tun0", address: "10.8.0.2", subnet: "10.8.0.0/24", kind: "tunnel", skipped: "virtual" })] }, aUnicast({ ...SILENT, interface: "tun0", neighbour: "none" })), first: "tunnelSwallows" },
  { name: "a VPN carries what goes to the agent", facts: clientFacts({ interfaces: [anInterface(), anInterface({ name: "wg0", kind: "tunnel", skipped: "virtual" })] }, aUnicast({ interface: "wg0" })), first: "tunnelCarries" },
  { name: "the agent hears our broadcast from outside our subnet", facts: clientFacts({ interfaces: [anInterface({ subnet: "10.0.0.20/30" })] }, aUnicast({ outcome: "unreachable", interface: undefined, neighbour: "none" })), first: "netmaskWrong" },
  { name: "the agent is in none of our subnets and silent", facts: clientFacts({ ...SILENCE, interfaces: [anInterface({ address: "192.168.1.5", subnet: "192.168.1.0/24" })] }, aUnicast({ ...SILENT, neighbour: "none" })), first: "elsewhere" },
  { name: "the agent is reached through a router", facts: beaconsAt(undefined, { ...ROUTED, running: JUST_STARTED }), first: "broadcastHalf" },
  { name: "the agent is reached through a router, and copies to us what it broadcasts", facts: ROUTED, first: undefined },
  { name: "nothing comes in, rules unread", facts: clientFacts(NOTHING_HEARD, aUnicast(SILENT)), first: "firewallDropsAll" },
  { name: "only answers come in, rules unread", facts: clientFacts({ ...NOTHING_HEARD, answers: [anAnswer({ by: "unicast", interface: "" })] }), first: "firewallDropsBroadcast" },
  { name: "rules that let broadcasts in but no answers", facts: clientFacts({ firewall: { nft: undefined, iptables: "*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp --dport 11114 -j ACCEPT\n" } }), first: "firewallDropsAll" },
  { name: "rules that cannot be told for certain, and all is heard", facts: clientFacts({ firewall: { nft: undefined, iptables: "*filter\n:INPUT DROP [0:0]\n-A INPUT -m recent --name x --rcheck -j ACCEPT\n" } }), first: undefined },
  { name: "rules that keep answers to a broadcast out", facts: clientFacts({ answers: [anAnswer({ by: "unicast", interface: "" })], firewall: { nft: undefined, iptables: "*filter\n:INPUT DROP [0:0]\n-A INPUT -m state --state ESTABLISHED -j ACCEPT\n-A INPUT -p udp --dport 11114 -j ACCEPT\n" } }), first: undefined },
  { name: "the agent's host refuses", facts: clientFacts(SILENCE, aUnicast({ outcome: "refused" })), first: "agentRefuses" },
  { name: "the agent's host is off", facts: clientFacts(SILENCE, aUnicast({ ...SILENT, neighbour: "missing" })), first: "agentGone" },
  { name: "the agent's host is there and silent", facts: clientFacts(SILENCE, aUnicast(SILENT)), first: "agentMute" },
  { name: "stations of an access point are kept apart", facts: clientFacts({ ...SILENCE, interfaces: [anInterface({ kind: "wireless" })] }, aUnicast({ ...SILENT, neighbour: "missing", otherNeighbours: 2 })), first: "isolated" },
  { name: "ports of a switch are kept apart", facts: clientFacts(SILENCE, aUnicast({ ...SILENT, neighbour: "missing", otherNeighbours: 2 })), first: "isolatedWired" },
  { name: "broadcasts are lost on the way", facts: beaconsAt(undefined, clientFacts({ answers: [anAnswer({ by: "unicast", interface: "" })], running: JUST_STARTED })), first: "broadcastHalf" },
  { name: "multicast brings what broadcasts do not", facts: clientFacts({ answers: [anAnswer({ by: "unicast", interface: "" })] }), first: undefined },
  { name: "UDP is blocked, and the running listener speaks by TCP", facts: onTcp(aUnicast({ ...SILENT, tcp: "answered" })), first: "roadTcp" },
  { name: "UDP is rejected, and the running listener speaks by TCP", facts: onTcp(aUnicast({ outcome: "refused", tcp: "answered" })), first: "roadTcp" },
  { name: "UDP is blocked on the way through a router, and TCP is not", facts: { ...onTcp(aUnicast({ ...SILENT, tcp: "answered", neighbour: "none" })), interfaces: ROUTED.interfaces }, first: "roadTcp" },
  { name: "UDP is blocked, no listener runs, and the doctor is answered by TCP", facts: clientFacts({ answers: [anAnswer({ by: "tcp", interface: "" })], running: undefined }, aUnicast({ ...SILENT, tcp: "answered" })), first: "roadTcp" },
  { name: "UDP is blocked by rules of this host, and TCP carries the alarms: the rules come first", facts: { ...onTcp(aUnicast({ ...SILENT, tcp: "answered" })), firewall: { nft: undefined, iptables: "*filter\n:INPUT DROP [0:0]\n" } }, first: "firewallDropsAll" },
  { name: "neither UDP nor TCP is answered", facts: clientFacts(SILENCE, aUnicast({ ...SILENT, tcp: "silent" })), first: "agentMute" },
  { name: "UDP is answered and TCP is not", facts: clientFacts({}, aUnicast({ tcp: "silent" })), first: undefined },
  { name: "both are answered", facts: clientFacts({}, aUnicast({ tcp: "answered" })), first: undefined },
  { name: "the agent's broadcasts do not come, though it hears ours", facts: beaconsAt(NOW - 90_000), first: "beaconsLost" },
  { name: "no broadcast has come since the listener started an hour ago", facts: beaconsAt(undefined), first: "beaconsLost" },
  { name: "the listener has just started, and the first broadcast is awaited", facts: { ...beaconsAt(undefined), running: { version: "1.0.0", startedAt: NOW - 10_000 } }, first: undefined },
  { name: "no broadcast can be sent", facts: clientFacts({ ...SILENCE, loops: [{ interface: "e0", sent: false, reason: "EACCES", heard: false }] }, aUnicast()), first: "loopUnsent" },
  { name: "it has not joined, and a cluster is heard", facts: clientFacts({ membership: undefined, keys: [], agents: [] }), first: "notJoined" },
  { name: "it has not joined, and nothing is heard: the road comes first", facts: clientFacts({ ...SILENCE, membership: undefined, keys: [], agents: [] }), first: "broadcastSilent" },
  { name: "the agent answers strangers but not us", facts: unwelcome(clientFacts()), first: "helloUnanswered" },
  { name: "an agent that answers nobody welcomes nobody either", facts: unwelcome(clientFacts(SILENCE, aUnicast({ outcome: "refused" }))), first: "agentRefuses" },
  { name: "the group key has changed since the listener joined", facts: clientFacts({ answers: [anAnswer({ kid: 2 })] }), first: undefined },
  { name: "the agent speaks other versions", facts: clientFacts({ answers: [anAnswer({ versions: [2, 3] })] }), first: "versionsApart" },
  { name: "the agent's clock is an hour ahead", facts: clientFacts({ answers: [anAnswer({ aheadMs: 3_600_000 })] }), first: "clockApart" },
  { name: "the agent's clock is an hour behind", facts: clientFacts({ answers: [anAnswer({ aheadMs: -3_600_000 })] }), first: "clockApart" },
  { name: "another cluster on the same LAN is no fault, whatever its key and clock", facts: clientFacts({ answers: [anAnswer(), anAnswer({ voice: "ff", cluster: "BBBB", clusterName: "c2", kid: 9, aheadMs: 9e9, versions: [7, 7] })] }), first: undefined },
  { name: "the disk is nearly full", facts: clientFacts({ store: { path: "/s/x.db", state: "good", mode: "0600", freeBytes: 1_000_000 } }), first: "storeFull" },
  { name: "the store is another program's", facts: clientFacts({ store: { path: "/s/x.db", state: "not ours", mode: "0600", freeBytes: 2 ** 33 } }), first: "storeNotOurs" },
  { name: "the store cannot be written", facts: clientFacts({ store: { path: "/s/x.db", state: "read only", mode: "0400", freeBytes: 2 ** 33 } }), first: "storeReadOnly" },
  { name: "the store is open to others", facts: clientFacts({ store: { path: "/s/x.db", state: "too open", mode: "0644", freeBytes: 2 ** 33 } }), first: "storeOpen" },
  { name: "a small receive buffer is only told", facts: clientFacts({ buffer: { most: 212_992, asked: 4_194_304 } }), first: undefined },
  { name: "a second interface without a cluster behind it is no fault", facts: clientFacts({ interfaces: [anInterface(), anInterface({ name: "e1", address: "172.16.0.5", subnet: "172.16.0.0/16" })], loops: [{ interface: "e0", sent: true, reason: "", heard: true }, { interface: "e1", sent: true, reason: "", heard: true }] }), first: undefined },
];

for (const { name, facts, first } of CASES) {
  test(`${first ?? "all roads work"}: ${name}`, () => expect(firstToFix(judgeClient(facts))?.code).toBe(first));
}

test("what is more than one fault is led back to the first cause", () => {
  const broken = clientFacts({ ...NOTHING_HEARD, interfaces: [], loops: [], keys: [{ path: "/s/keys/a", state: "too open", mode: "0644" }] }, aUnicast({ outcome: "unreachable" }));
  const marks = judgeClient(broken).filter(({ mark }) => mark === "fail").map(({ code }) => code);
  expect(marks).toEqual(["keyOpen", "interfacesNone", "unicastUnreachable"]);
});

test("that no listener runs and that a buffer is small are told without a mark that alarms", () => {
  const findings = judgeClient(clientFacts({ running: undefined, buffer: { most: 212_992, asked: 4_194_304 } }));
  expect(findings.filter(({ code }) => code === "listenerAway" || code === "bufferSmall").map(({ mark }) => mark)).toEqual(["note", "note"]);
});
