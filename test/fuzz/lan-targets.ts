/** What is fuzzed of the LAN leg: bytes of anybody, the bytes of a TCP connection, what members and agents of ill will have sealed. */

import { equalBytes, utf8 } from "../../lib/base/bytes.ts";
import { seconds } from "../../lib/base/units.ts";
import { commitmentOf, composeCommit, judgeApproved, judgeReveal } from "../../lib/trust/approval.ts";
import { composeJoin, judgeJoined } from "../../lib/trust/enrolment.ts";
import { AMONG_AGENTS, FROM_AGENTS, FROM_LISTENERS, IN_CLEAR, type Opener } from "../../lib/trust/opener.ts";
import { printRequest } from "../../lib/trust/pairing.ts";
import { BODY_BYTES_MOST, DATAGRAM_BYTES_MOST, FLAG_DEFLATED, KID_PAIRWISE, SUITE_CLEAR } from "../../lib/wire/constants.ts";
import type { Body, MessageKind } from "../../lib/wire/message.ts";
import { DATAGRAM_BYTES_LEAST, decodeBody, type Header } from "../../lib/wire/packet.ts";
import { onStream, StreamReader } from "../../lib/wire/stream.ts";
import { BesiegedAgent, CLUSTER } from "../support/a-besieged-agent.ts";
import { ClientWorld } from "../support/a-client.ts";
import { aSettledCluster, fill, IDENTITIES, Party } from "../support/a-cluster.ts";
import { Newcomer } from "../support/a-newcomer.ts";
import { MESSAGE_KINDS } from "../support/any-message.ts";
import { openersOf, readTraffic } from "../support/recorded-v1.ts";
import { TwoAgents } from "../support/two-agents.ts";
import { anotherDatagram } from "./mutate.ts";
import { demand, type Target } from "./target.ts";

const AT = "10.0.0.9";
/** So slowly that no rate hides what comes behind it. */
const SLOWLY_MS = seconds(10);

/** Every message that version 1 knows, as agents and listeners have exchanged it, and those who hear it. */
const TRAFFIC = readTraffic();
const DATAGRAMS = TRAFFIC.datagrams.map(({ datagram }) => new Uint8Array(Buffer.from(datagram, "hex")));
const BODIES = TRAFFIC.datagrams.map(({ body }) => utf8(JSON.stringify(body)));
const GENUINE = new Set(TRAFFIC.datagrams.map(({ datagram }) => datagram));
/** They live on over all inputs, so that what grows would be seen. */
const OPENERS = [...openersOf(TRAFFIC)].filter(([name]) => name === "agent" || name === "li").map(([, opener]) => opener);

let clock = 0;

function openerHolds(input: Uint8Array): void {
  clock += SLOWLY_MS;
  for (const opener of OPENERS) {
    const before = dropsOf(opener);
    const opened = opener.open(input, AT, clock);
    demand(dropsOf(opener) === before + (opened.ok ? 0 : 1), "every drop is counted once");
    demand(!opened.ok || GENUINE.has(Buffer.from(input).toString("hex")), "no changed datagram is opened");
  }
}

function dropsOf(opener: Opener): number {
  let sum = 0;
  for (const count of Object.values(opener.drops())) sum += count;
  return sum;
}

const CLUSTER_OF_THREE = aSettledCluster();
let counter = 0n;

/** The same bytes as a body that somebody who has the keys has sealed: a member of ill will. */
function sealedHolds(input: Uint8Array): void {
  clock += SLOWLY_MS;
  const { agent, listener } = CLUSTER_OF_THREE;
  for (const kind of MESSAGE_KINDS) {
    for (const flags of [0, FLAG_DEFLATED]) {
      counter += 1n;
      const body = input.subarray(0, 1000);
      listener.opener.open(agent.forge(body, { kind, flags, counter }), AT, clock);
      agent.opener.open(listener.forge(body, { kind, flags, counter, kid: KID_PAIRWISE, other: IDENTITIES.agent.id }), AT, clock);
      agent.opener.open(listener.forge(body, { kind, flags, counter, suite: SUITE_CLEAR }), AT, clock);
    }
  }
}

/** However the bytes of a connection are cut, the same datagrams come out, each of a length that one has; what waits is less than one. */
function streamHolds(input: Uint8Array): void {
  const whole = read([input]);
  const pieces: Uint8Array[] = [];
  for (let at = 0, length = 1; at < input.length; at += length, length = (length * 7 + 3) % 401 + 1) pieces.push(input.subarray(at, at + length));
  const cut = read(pieces);
  const before = whole.ok ? whole.datagrams : cut.datagrams;
  demand(cut.ok === whole.ok, "a stream ends by what is in it, not by how it is cut");
  demand(cut.datagrams.length === before.length && cut.datagrams.every((one, at) => equalBytes(one, before[at] ?? new Uint8Array())), "a stream that is cut gives the same datagrams");
  demand(cut.datagrams.every(({ length }) => length >= DATAGRAM_BYTES_LEAST && length <= DATAGRAM_BYTES_MOST), "a datagram has a length that one may have");
  const again = new Uint8Array(Buffer.concat(cut.datagrams.map(onStream)));
  demand(equalBytes(again, input.subarray(0, again.length)), "no byte is lost, added or moved");
  demand(!cut.ok || input.length - again.length < DATAGRAM_BYTES_MOST + 2, "what waits is less than one datagram");
}

function read(pieces: readonly Uint8Array[]): { readonly ok: boolean; readonly datagrams: readonly Uint8Array[] } {
  const reader = new StreamReader();
  const datagrams: Uint8Array[] = [];
  for (const piece of pieces) {
    const taken = reader.take(piece);
    if (!taken.ok) return { ok: false, datagrams };
    datagrams.push(...taken.value);
  }
  return { ok: true, datagrams };
}

/** What one who has the keys may say with this body, in every way: for the pair, for the group, in clear. */
function saidBy(party: Party, input: Uint8Array, { kinds, other }: { readonly kinds: readonly MessageKind[]; readonly other: string }): readonly Uint8Array[] {
  return kinds.flatMap((kind) => {
    const ways: readonly Partial<Header>[] = [{ kid: 1 }, { kid: KID_PAIRWISE }, ...(IN_CLEAR.includes(kind) ? [{ suite: SUITE_CLEAR }] : [])];
    return ways.map((way) => party.forge(input.subarray(0, BODY_BYTES_MOST), { ...way, kind, counter: (counter += 1n), other }));
  });
}

const AGENT = new BesiegedAgent();
const LI_AT = { host: AT, port: 40_000 };
const LI = AGENT.enrols(IDENTITIES.listener, { at: LI_AT });
const CRITICAL = AGENT.raises("critical");

/** A member of ill will says it to the whole agent: nobody acknowledges without the nonce, and the process goes on. */
function agentHolds(input: Uint8Array): void {
  for (const datagram of saidBy(LI, input, { kinds: FROM_LISTENERS, other: AGENT.voice.id })) AGENT.hears(datagram, LI_AT);
  AGENT.passes(seconds(1));
  demand(AGENT.alarm(CRITICAL)["attention"] === "unacknowledged", "without the nonce of the alarm nobody takes it");
}

const WORLD = new ClientWorld().settle();
const VOICE = new Party({ identity: WORLD.agent.voice, peers: [WORLD.identity], side: "agent" });

/** Who has an agent's keys says it to the whole listener: it gives receipts for nothing that it has not stored, and goes on. */
function listenerHolds(input: Uint8Array): void {
  for (const datagram of saidBy(VOICE, input, { kinds: FROM_AGENTS, other: WORLD.identity.id })) WORLD.hears(datagram);
  WORLD.passes(seconds(1));
  const kept = new Set(WORLD.table("inbox").map(({ id }) => id));
  for (const { receipts } of WORLD.said("receipt")) for (const { id } of receipts) demand(kept.has(id), "a receipt is for an alarm on the disk");
  WORLD.effects = [];
}

const PAIR = TwoAgents.paired();
const PEER = PAIR.b.agent.party;
/** What the second agent tells the first: how alarms stand, and who has joined. */
const PEER_BODIES = aPairsDay();
/** Beyond what it has said itself. */
const BEYOND = 1_000_000n;

function aPairsDay(): readonly Uint8Array[] {
  PAIR.b.agent.enrols(IDENTITIES.other, { at: LI_AT });
  PAIR.b.agent.raises("critical");
  PAIR.passes(seconds(25));
  PAIR.b.agent.clears();
  PAIR.passes(seconds(5));
  const said = new Map<string, Uint8Array>();
  for (const { by, message } of PAIR.said) if (by === "b" && AMONG_AGENTS.includes(message.kind)) said.set(JSON.stringify(message.body), utf8(JSON.stringify(message.body)));
  return [...said.values()];
}

/** Who has another agent's keys says it to this one: it may say anything, and ends nobody's process. */
function peerHolds(input: Uint8Array): void {
  for (const kind of AMONG_AGENTS) {
    counter += 1n;
    const header = { kind, kid: KID_PAIRWISE, epoch: PEER.sealer.epoch, counter: BEYOND + counter, other: PAIR.a.agent.voice.id };
    PAIR.a.agent.hears(PEER.forge(input.subarray(0, BODY_BYTES_MOST), header), PAIR.b.at);
  }
  PAIR.a.agent.passes(seconds(1));
}

const INVITER = new BesiegedAgent();
const INVITE = INVITER.invites();
const NONCE = fill(33, 16);
const NEWCOMER = new Newcomer(1);
const [JOINED, APPROVED] = [joinedByInvite(), joinedByApproval()];

function joinedByInvite(): Body<"joined"> {
  const party = new Party({ identity: IDENTITIES.listener, peers: [], side: "client" });
  const [said] = INVITER.hears(party.seal({ kind: "join", body: composeJoin({ invite: INVITE, own: IDENTITIES.listener, nonce: NONCE, host: "x" }) }, "clear"), LI_AT);
  if (said?.message.kind !== "joined") throw new Error("not joined");
  return said.message.body;
}

function joinedByApproval(): Body<"joined"> {
  NEWCOMER.waits(INVITER);
  INVITER.ask({ kind: "approved", warrant: NEWCOMER.warrant() });
  const said = NEWCOMER.asks(INVITER, { revealed: true });
  if (said?.message.kind !== "joined") throw new Error("not approved");
  return said.message.body;
}

/** A newcomer believes nothing that does not follow from the cluster's key, and an agent no reveal of what was not committed to. */
function joiningHolds(input: Uint8Array): void {
  const joined = decodeBody("joined", input, 0);
  if (joined.ok && joined.value.kind === "joined") {
    const { offer, asking, identity } = NEWCOMER;
    if (offer === undefined) throw new Error("no offer");
    const judged = [judgeJoined(joined.value.body, { invite: INVITE, own: IDENTITIES.listener, nonce: NONCE }), judgeApproved(joined.value.body, { asking, offer, own: identity })];
    for (const one of judged) {
      if (!one.ok) continue;
      const { clusterKey, agent, group } = one.value;
      demand(equalBytes(clusterKey, CLUSTER.ed) && agent.id === INVITER.voice.id && equalBytes(group.key, fill(4)), "only the genuine cluster, agent and group key are believed");
    }
  }
  const commit = decodeBody("commit", input, 0);
  if (commit.ok && commit.value.kind === "commit") {
    const judged = judgeReveal(commit.value.body);
    demand(!judged.ok || commitmentOf(judged.value.asking) === commit.value.body.commit, "what is revealed is what was committed to");
  }
}

export const REQUEST = printRequest("node2", IDENTITIES.agent);

export const LAN_TARGETS: readonly Target[] = [
  { name: "opener", seeds: DATAGRAMS, holds: openerHolds, changes: anotherDatagram },
  { name: "stream", seeds: [streamOf(DATAGRAMS.slice(0, 10)), streamOf(DATAGRAMS.slice(-10)), utf8("GET / HTTP/1.1\r\n\r\n")], holds: streamHolds },
  { name: "sealed-body", seeds: BODIES, holds: sealedHolds },
  { name: "agent", seeds: BODIES, holds: agentHolds },
  { name: "listener", seeds: BODIES, holds: listenerHolds },
  { name: "peer", seeds: PEER_BODIES, holds: peerHolds },
  { name: "joining", seeds: [JOINED, APPROVED, ...[false, true].map((revealed) => composeCommit(NEWCOMER.asking, { revealed }))].map((body) => utf8(JSON.stringify(body))), holds: joiningHolds },
];

function streamOf(datagrams: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(datagrams.map(onStream)));
}
