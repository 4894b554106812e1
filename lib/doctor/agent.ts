/** Judges what an agent's host has seen: whether an alarm would leave it, on the LAN and beyond. */

import type { AgentFacts } from "./facts.ts";
import { type Finding, finding, inOrder } from "./finding.ts";
import { homeOf, HOW, judgeBuffer, judgeClock, judgeInterfaces, judgeKeys, judgeLoops, judgePorts, judgeStore, passageOf, usedInterfaces } from "./host.ts";

const OURS: readonly string[] = ["gapbell-agent", "agent.ts"];

/** @param moment how a time is shown to this reader */
export function judgeAgent(facts: AgentFacts, moment: (at: number) => string): readonly Finding[] {
  return inOrder([
    ...judgeKeys(facts, "gapbell-agent init"), facts.running === undefined ? finding("running", "fail", "agentAway", facts.askFault) : finding("running", "ok", "agentRuns"),
    ...judgeInterfaces(facts), ...judgePorts(facts, OURS, facts.running !== undefined), ...judgeFirewall(facts),
    // An agent need not hear the port of its listeners, if only its own is heard.
    ...judgeLoops(facts, (name) => (hears(facts, name) || facts.running === undefined ? "note" : "warn")), ...judgeHearing(facts), ...judgeOthers(facts),
    ...judgeListeners(facts, moment), ...judgePeers(facts, moment), ...judgeWayOut(facts, moment), ...judgeStore(facts), ...judgeBuffer(facts),
  ]);
}

function judgeFirewall(facts: AgentFacts): readonly Finding[] {
  const { lan } = facts;
  const { nft, iptables } = facts.firewall;
  if (nft === undefined && iptables === undefined) {
    const deaf = facts.loops.filter(({ interface: name, sent, heard }) => sent && !heard && facts.running !== undefined && !hears(facts, name));
    return deaf.length === 0 ? [finding("firewall", "note", "firewallUnread")] : deaf.map(({ interface: name }) => finding("firewall", "fail", "firewallDropsHello", name, String(lan.port), HOW.tried));
  }
  const findings = usedInterfaces(facts).flatMap(({ name, address = "" }): readonly Finding[] => {
    const hello = { interface: name, from: "0.0.0.0", fromPort: 40_000, toPort: lan.port, state: "new" } as const;
    const heard = [
      passageOf(facts, { ...hello, hook: "input", to: address, cast: "unicast" }), passageOf(facts, { ...hello, hook: "input", to: "255.255.255.255", cast: "broadcast" }),
    ];
    const out = passageOf(facts, { hook: "output", interface: name, from: address, to: "255.255.255.255", fromPort: 40_000, toPort: lan.broadcastPort, state: "new", cast: "broadcast" });
    return [
      ...(heard.includes("dropped") ? [finding("firewall", "fail", "firewallDropsHello", name, String(lan.port), HOW.rules)] : []),
      ...(out === "dropped" ? [finding("firewall", "fail", "firewallStopsOut", name, HOW.rules)] : []),
      ...(heard.includes("unsure") || out === "unsure" ? [finding("firewall", "note", "firewallUnsure")] : []),
    ];
  });
  return findings.length > 0 ? findings : [finding("firewall", "ok", "firewallOpen", HOW.rules)];
}

function hears({ answers, voice }: AgentFacts, name: string): boolean {
  return answers.some((answer) => answer.voice === voice && answer.by === "broadcast" && answer.interface === name);
}

/** A running agent hears a SEEK that is broadcast on each of its interfaces, its own host's too. */
function judgeHearing(facts: AgentFacts): readonly Finding[] {
  const { running, voice } = facts;
  if (running === undefined || voice === "") return [];
  return usedInterfaces(facts).filter(({ broadcasts, kind }) => broadcasts || kind === "loopback").map(({ name }) =>
    hears(facts, name) ? finding("broadcast", "ok", "agentHears", name) : finding("broadcast", "fail", "agentHearsNot", name));
}

/** Another agent of the room tells whose clock is wrong. */
function judgeOthers({ answers, voice }: AgentFacts): readonly Finding[] {
  return [...new Map(answers.filter((answer) => answer.voice !== voice).map((answer) => [answer.voice, answer])).values()].map(judgeClock);
}

function judgeListeners(facts: AgentFacts, moment: (at: number) => string): readonly Finding[] {
  if (facts.running === undefined) return [];
  const { listeners } = facts.running;
  if (listeners.length === 0) return [finding("listeners", "warn", "listenersNone")];
  const present = listeners.filter(({ state }) => state === "present");
  const last = Math.max(...listeners.map(({ lastHeardAt }) => lastHeardAt ?? 0));
  const used = usedInterfaces(facts);
  return [
    present.length === 0
      ? finding("listeners", "note", "listenersSilent", String(listeners.length), last === 0 ? "" : moment(last))
      : finding("listeners", "ok", "listenersHeard", String(present.length), [...new Set(present.map(({ operator }) => operator))].join(", ")),
    ...present.filter(({ address }) => homeOf(address.split(":")[0] ?? "", used) === undefined)
      .map(({ operator, address }) => finding("netmask", "note", "listenerOutside", operator, address)),
  ];
}

/** The bell rings on, but nobody would take this agent's place. */
function judgePeers({ running }: AgentFacts, moment: (at: number) => string): readonly Finding[] {
  return (running?.peers ?? []).map(({ name, address, present, lastHeardAt }) =>
    present ? finding("peers", "ok", "peerHeard", name, address) : finding("peers", "warn", "peerSilent", name, address, lastHeardAt === undefined ? "" : moment(lastHeardAt)));
}

/** From here to the last channel outside. */
function judgeWayOut({ running }: AgentFacts, moment: (at: number) => string): readonly Finding[] {
  if (running === undefined) return [];
  const { joined, reason, answeredAt, legs, channels } = running.relay;
  if (!joined) return [finding("wayOut", "warn", "relayNone")];
  if (reason !== "" || answeredAt === undefined) return [finding("wayOut", "fail", "relaySilent", reason === "" ? "it has not been heard yet" : reason)];
  const configured = channels.filter((channel) => channel.configured);
  return [
    finding("wayOut", "ok", "relayAnswers", moment(answeredAt)),
    ...legs.map((leg) => (leg.up ? finding("wayOut", "ok", "legUp", leg.name) : finding("wayOut", "fail", "legDown", leg.name, leg.reason))),
    ...(configured.some(({ able }) => able) ? [] : [finding("wayOut", "fail", "channelsNone")]),
    ...configured.map(({ channel, able, reason: why }) => (able ? finding("wayOut", "ok", "channelAble", channel) : finding("wayOut", "warn", "channelUnable", channel, why))),
  ];
}
