/** Judges what a listener's host has seen: whether an alarm would arrive here, and what keeps it away. */

import { type Ms, seconds } from "../base/units.ts";
import type { AnswerFacts, ClientFacts, UnicastFacts } from "./facts.ts";
import { type Finding, finding, inOrder } from "./finding.ts";
import {
  homeOf, HOW, isTaken, judgeBuffer, judgeClock, judgeInterfaces, judgeKeys, judgeLoops, judgePorts, judgeStore, lengthText, passageOf, usedInterfaces,
} from "./host.ts";

/** Three beacons and their spread, as the listener itself waits for them (wire/constants.ts, DEAF_MS). */
const BEACONS_MISSED_MS: Ms = seconds(75);
/** Versions of the protocol that this program speaks. */
const VERSIONS: readonly [number, number] = [1, 1];
const OURS: readonly string[] = ["gapbell-client", "client.ts"];

type Known = ClientFacts["agents"][number];

export function judgeClient(facts: ClientFacts): readonly Finding[] {
  return inOrder([
    ...judgeKeys(facts, "gapbell-client join"), ...judgeRunning(facts), ...judgeInterfaces(facts), ...judgePorts(facts, OURS),
    ...facts.agents.flatMap((agent) => judgeWay(facts, agent)), ...judgeFirewall(facts), ...judgeBroadcast(facts), ...judgeBeacons(facts), ...judgeLoopsBut(facts),
    ...judgeMembership(facts), ...ownAnswers(facts).flatMap((answer) => judgeAnswer(facts, answer)), ...judgeStrangers(facts),
    ...judgeStore(facts), ...judgeBuffer(facts),
  ]);
}

function judgeRunning({ running, version }: ClientFacts): readonly Finding[] {
  if (running === undefined) return [finding("running", "note", "listenerAway")];
  return [running.version === version ? finding("running", "ok", "listenerRuns", version) : finding("running", "warn", "listenerOld", running.version, version)];
}

/** The way to one agent, from the cable upwards. */
function judgeWay(facts: ClientFacts, agent: Known): readonly Finding[] {
  const { unicast } = agent;
  if (unicast === undefined) return [finding("unicast", "note", "unicastUntried")];
  const { host } = unicast;
  const stood = { ...unicast, answered: isReached(unicast) };
  const used = usedInterfaces(facts);
  const home = homeOf(host, used);
  const heard = facts.answers.find(({ voice, by }) => voice === agent.voice && by === "broadcast");
  return [
    judgeTunnel(facts, stood),
    ...(home !== undefined ? [finding("netmask", "ok", "netmaskFits", host, home.name)] : judgeSubnet(facts, stood, heard)),
    ...judgeRoad(agent, unicast),
    ...judgeThere(facts, agent, unicast),
  ];
}

/** A question is answered, by whichever road. */
function isReached({ outcome, tcp }: UnicastFacts): boolean {
  return outcome === "answered" || tcp === "answered";
}

/** Where TCP carries what UDP does not, the alarms come: that UDP is silent is named once, and is no broken cable. */
function isBlocked({ road, unicast }: Known): boolean {
  return unicast !== undefined && unicast.outcome !== "answered" && (road === "tcp" || unicast.tcp === "answered");
}

function judgeRoad(agent: Known, unicast: UnicastFacts): readonly Finding[] {
  if (isBlocked(agent)) return [finding("road", "warn", "roadTcp", unicast.host)];
  const told = unicast.outcome === "answered" && unicast.tcp !== "untried";
  return [
    ...(told ? [unicast.tcp === "answered" ? finding("road", "ok", "roadUdp", agent.name) : finding("road", "note", "roadUdpAlone", agent.name)] : []),
    judgeUnicast(unicast),
  ];
}

type Stood = UnicastFacts & { readonly answered: boolean };

function judgeTunnel({ interfaces }: ClientFacts, { host, answered, interface: name }: Stood): Finding {
  const way = interfaces.find((one) => one.name === name);
  if (way === undefined || way.kind !== "tunnel") return finding("tunnel", "ok", "tunnelNone");
  return answered ? finding("tunnel", "warn", "tunnelCarries", host, way.name) : finding("tunnel", "fail", "tunnelSwallows", host, way.name);
}

/** An agent outside our subnets that has heard our broadcast shares the cable with us, so that a netmask is wrong. */
function judgeSubnet(facts: ClientFacts, { host, answered }: Stood, heard: AnswerFacts | undefined): readonly Finding[] {
  const used = usedInterfaces(facts);
  const on = heard === undefined ? undefined : used.find(({ name }) => name === heard.interface);
  if (on?.subnet !== undefined) return [finding("netmask", answered ? "warn" : "fail", "netmaskWrong", host, on.name, on.subnet)];
  if (answered) return [finding("netmask", "note", "routed", host)];
  const subnets = used.flatMap(({ subnet }) => subnet ?? []);
  return subnets.length === 0 ? [] : [finding("netmask", "fail", "elsewhere", host, subnets.join(", "))];
}

function judgeUnicast({ host, port, outcome }: UnicastFacts): Finding {
  switch (outcome) {
    case "answered":
      return finding("unicast", "ok", "unicastAnswered", host);
    case "refused":
      return finding("agent", "fail", "agentRefuses", host, String(port));
    case "unreachable":
      return finding("unicast", "fail", "unicastUnreachable", host);
    case "silent":
      return finding("unicast", "fail", "unicastSilent", host);
  }
}

/** A host that does not tell its hardware address is off, or something in between keeps it from us. */
function judgeThere(facts: ClientFacts, known: Known, { host, outcome, interface: way, neighbour, otherNeighbours }: UnicastFacts): readonly Finding[] {
  const { voice, name } = known;
  const answered = outcome === "answered" || isBlocked(known) || facts.answers.some((answer) => answer.voice === voice);
  if (answered) return [finding("agent", "ok", "agentThere", name, host)];
  const on = facts.interfaces.find((one) => one.name === way);
  if (outcome !== "silent" || on === undefined || on.kind === "tunnel") return [];
  if (neighbour === "missing" && otherNeighbours > 0) return [finding("isolation", "fail", on.kind === "wireless" ? "isolated" : "isolatedWired", host, on.name)];
  if (neighbour === "missing") return [finding("agent", "fail", "agentGone", host)];
  return neighbour === "known" ? [finding("agent", "fail", "agentMute", host)] : [];
}

/** The rules decide where they can be read; elsewhere what was tried does. */
function judgeFirewall(facts: ClientFacts): readonly Finding[] {
  const { lan, loops, agents, ports } = facts;
  const findings = usedInterfaces(facts).flatMap(({ name, address = "" }): readonly Finding[] => {
    const from = agents.find(({ unicast }) => unicast?.interface === name)?.unicast?.host ?? "0.0.0.0";
    const base = { hook: "input", interface: name, from } as const;
    const broadcast = passageOf(facts, { ...base, to: "255.255.255.255", fromPort: 40_000, toPort: lan.broadcastPort, state: "new", cast: "broadcast" });
    const answers = passageOf(facts, { ...base, to: address, fromPort: lan.agentPort, toPort: 40_000, state: "established", cast: "unicast" });
    const port = String(lan.broadcastPort);
    if (answers === "dropped") return [finding("firewall", "fail", "firewallDropsAll", name, port, HOW.rules)];
    if (broadcast === "dropped") return [finding("firewall", "fail", "firewallDropsBroadcast", name, port, HOW.rules)];
    if (broadcast === "passes" && answers === "passes") return [];
    const loop = loops.find((one) => one.interface === name);
    const deaf = loop?.sent === true && !loop.heard && !isTaken(ports, OURS);
    if (!deaf) return broadcast === "unsure" || answers === "unsure" ? [finding("firewall", "note", "firewallUnsure")] : [];
    const answered = agents.some(({ unicast }) => unicast?.outcome === "answered");
    return [finding("firewall", "fail", answered ? "firewallDropsBroadcast" : "firewallDropsAll", name, port, HOW.tried)];
  });
  if (findings.length > 0) return findings;
  const { nft, iptables } = facts.firewall;
  if (nft === undefined && iptables === undefined) return [finding("firewall", "note", "firewallUnread")];
  return [finding("firewall", "ok", "firewallOpen", HOW.rules)];
}

/** Where the firewall or a taken port explains it already, a lost broadcast is said once. */
function judgeLoopsBut(facts: ClientFacts): readonly Finding[] {
  return isTaken(facts.ports, OURS) ? [] : judgeLoops(facts, () => "warn");
}

function judgeBroadcast(facts: ClientFacts): readonly Finding[] {
  return usedInterfaces(facts).map(({ name, address = "" }) => {
    const answers = facts.answers.filter((answer) => answer.by === "broadcast" && answer.interface === name && isOwn(facts, answer));
    // Behind one of several interfaces there need not be a cluster.
    const elsewhere = ownAnswers(facts).some((answer) => answer.by === "broadcast");
    if (answers.length > 0) return finding("broadcast", "ok", "broadcastAnswered", name, [...new Set(answers.map(({ agent, host }) => `${agent} (${host})`))].join(", "));
    if (elsewhere) return finding("broadcast", "note", "broadcastSilent", name);
    const agent = facts.agents.find(({ unicast }) => unicast?.outcome === "answered" && unicast.interface === name);
    const reached = agent?.unicast;
    if (reached === undefined) return finding("broadcast", facts.agents.some(isBlocked) ? "note" : "fail", "broadcastSilent", name);
    const answer = passageOf(facts, { hook: "input", interface: name, from: reached.host, to: address, fromPort: reached.port, toPort: 40_000, state: "new", cast: "unicast" });
    return answer === "dropped" ? finding("broadcast", "note", "broadcastKept", name) : finding("broadcast", isHeard(facts, agent) ? "note" : "warn", "broadcastHalf", name, reached.host);
  });
}

/** What the agent says to everybody has come lately, by broadcast or multicast: only ours are lost. */
function isHeard({ now }: ClientFacts, agent: Known | undefined): boolean {
  return agent?.broadcastAt !== undefined && now - agent.broadcastAt <= BEACONS_MISSED_MS;
}

/** Beacons come every 20 s: a listener that is answered and yet has heard none for long is told of alarms late. */
function judgeBeacons({ agents, answers, running, now }: ClientFacts): readonly Finding[] {
  if (running === undefined) return [];
  return agents.filter(({ voice }) => answers.some((answer) => answer.voice === voice)).map(({ name, broadcastAt }) => {
    const quietMs = now - (broadcastAt ?? running.startedAt);
    if (quietMs > BEACONS_MISSED_MS) return finding("broadcast", "fail", "beaconsLost", name, lengthText(quietMs));
    return broadcastAt === undefined ? finding("broadcast", "note", "beaconsAwaited", name) : finding("broadcast", "ok", "beaconsHeard", name, lengthText(Math.max(0, quietMs)));
  });
}

function judgeMembership({ membership, keys, agents, answers }: ClientFacts): readonly Finding[] {
  if (membership === undefined) return keys.some(({ state }) => state !== "good" && state !== "missing") ? [] : [finding("membership", "warn", "notJoined")];
  return agents.flatMap(({ voice, name, hello }): readonly Finding[] => {
    if (hello.outcome === "welcomed") return [finding("membership", "ok", "welcomed", name, hello.why)];
    if (hello.outcome === "not asked") return [finding("membership", "note", "helloUntried", name, hello.why)];
    return answers.some((answer) => answer.voice === voice) ? [finding("membership", "fail", "helloUnanswered", name)] : [];
  });
}

function judgeAnswer({ membership }: ClientFacts, answer: AnswerFacts): readonly Finding[] {
  const [least, most] = answer.versions;
  const speaks = least <= VERSIONS[1] && most >= VERSIONS[0];
  return [
    speaks ? finding("versions", "ok", "versionsFit", answer.agent) : finding("versions", "fail", "versionsApart", answer.agent, `${least} to ${most}`, `${VERSIONS[0]} to ${VERSIONS[1]}`),
    judgeClock(answer),
    ...(membership === undefined ? [] : [
      answer.kid === membership.kid
        ? finding("membership", "ok", "kidKnown", String(answer.kid))
        : finding("membership", "note", "kidOther", String(membership.kid), String(answer.kid)),
    ]),
  ];
}

/** Other clusters on the same LAN are no fault. */
function judgeStrangers(facts: ClientFacts): readonly Finding[] {
  const names = new Set(facts.answers.filter((answer) => !isOwn(facts, answer)).map(({ clusterName, agent, host }) => `${clusterName} (${agent}, ${host})`));
  return names.size === 0 ? [] : [finding("membership", "note", "anotherCluster", [...names].join(", "))];
}

/** One answer of each agent of ours. */
function ownAnswers(facts: ClientFacts): readonly AnswerFacts[] {
  return [...new Map(facts.answers.filter((answer) => isOwn(facts, answer)).map((answer) => [answer.voice, answer])).values()];
}

/** Before joining, every cluster may be the one. A name is only what a stranger says: the voice is known by its key. */
function isOwn({ membership, agents }: ClientFacts, { voice }: AnswerFacts): boolean {
  return membership === undefined || agents.some((agent) => agent.voice === voice);
}
