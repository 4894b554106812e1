/**
 * The test vectors of protocol version 1, from fixed keys: `bun test/golden/make-vectors.ts` writes `vectors-v1.json`, and a
 * test compares the two byte for byte. A listener written by somebody else must open and make the same bytes.
 */

import { join } from "node:path";
import { toBase64, toHex, utf8 } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/base/digest.ts";
import { derOf, tlsIdentity } from "../../lib/io/certificate.ts";
import { approvalId, type Asking, codeOf, commitmentOf, composeCommit, hashOf, type Offer, transcriptOf } from "../../lib/trust/approval.ts";
import { issue } from "../../lib/trust/certificate.ts";
import { composeJoin, composeJoined, issueMember } from "../../lib/trust/enrolment.ts";
import { groupMark } from "../../lib/trust/group-keys.ts";
import { type Invite, inviteName, joinKeyOf, printInvite } from "../../lib/trust/invite.ts";
import { clusterIdOf, type Identity, identityFrom, pairKey } from "../../lib/trust/keys.ts";
import { DATAGRAM_BYTES_MOST, KID_PAIRWISE, RECEIPTS_MOST } from "../../lib/wire/constants.ts";
import type { Body, Message } from "../../lib/wire/message.ts";
import { openSetMac } from "../../lib/wire/open-set.ts";
import { signRequest } from "../../lib/wire/request-signature.ts";
import { fill, Party } from "../support/a-cluster.ts";

export const VECTORS = join(import.meta.dir, "vectors-v1.json");

const AT = 1_795_500_000_000;
const EPOCH = 0x0123_4567_89ab_cdefn;
const SEEDS = { cluster: { ed: fill(1), x: fill(1) }, agent: { ed: fill(2), x: fill(102) }, listener: { ed: fill(30), x: fill(130) } } as const;
const CLUSTER = identityFrom(SEEDS.cluster);
const AGENT = identityFrom(SEEDS.agent);
const LISTENER = identityFrom(SEEDS.listener);
const GROUP = { kid: 1, key: fill(4) } as const;
const NEXT = { kid: 2, key: fill(5) } as const;
const idOf = (number: number): string => `${String(number).padStart(6, "0")}${"0".repeat(20)}`;
const NONCE = toBase64(fill(9, 8));

function party(own: Identity, peer: Identity, side: "agent" | "client"): Party {
  return new Party({ identity: own, peers: [peer], side, epoch: EPOCH });
}

/** Sealed as the first packet of its sender's epoch. */
function packet(message: Message, to: "group" | "clear" | "pair", { deflate = false } = {}): object {
  const fromAgent = ["beacon", "welcome", "alarm", "state", "acked", "data", "joined", "pending", "rekey"].includes(message.kind);
  const [own, peer] = fromAgent ? [AGENT, LISTENER] : [LISTENER, AGENT];
  const datagram = party(own, peer, fromAgent ? "agent" : "client").seal(message, to === "pair" ? peer : to, { deflate });
  return { kind: message.kind, sealed: to, bytes: datagram.length, body: message.body, datagram: toHex(datagram) };
}

const item = (set: Partial<Body<"alarm">["alarms"][number]>): Body<"alarm">["alarms"][number] => ({
  id: idOf(1), revision: 1, ring: 1, nonce: NONCE, severity: "critical", module: "osd", item: "osd.12", at: AT, text: "OSD 12 is down", source: "report",
  labels: { item: "osd.12", module: "osd" }, weight: "critical", to: ["li"], condition: "raised", why: "new", ...set,
});

/** Four alarms, more than that never fit, whose datagram is exactly as long as one may be: the last text is padded. */
function fullOfChinese(): Message {
  const of = (pad: string): Message => ({
    kind: "alarm",
    body: { alarms: Array.from({ length: 4 }, (_, at) => item({ id: idOf(at + 1), text: `磁盘${at}${at === 3 ? pad : ""}`, module: "存", item: "", labels: {}, to: ["李"], source: "" })) },
  });
  const bytes = (message: Message): number => utf8(JSON.stringify(message.body)).length + 32 + 64 + 16;
  return of("x".repeat(DATAGRAM_BYTES_MOST - bytes(of(""))));
}

function derivations(): object {
  const agent = party(AGENT, LISTENER, "agent").ring;
  const traffic = (sender: Identity, kid: number): string => toHex(agent.trafficKey({ sender: sender.id, epoch: EPOCH, kid, other: LISTENER.id }) ?? fill(0));
  return {
    clusterId: toHex(clusterIdOf(CLUSTER.ed)), pairKey: toHex(pairKey(AGENT, LISTENER)),
    traffic: { group: traffic(AGENT, GROUP.kid), agentToListener: traffic(AGENT, KID_PAIRWISE), listenerToAgent: traffic(LISTENER, KID_PAIRWISE) },
    openSetMac: openSetMac([{ id: idOf(1), revision: 1, ring: 2, taken: false }, { id: idOf(2), revision: 3, ring: 4, taken: true }], GROUP.key),
  };
}

const INVITE: Invite = { cluster: clusterIdOf(CLUSTER.ed), secret: fill(50, 16), address: { host: "10.11.131.32", port: 11_115 }, id: fill(51, 8) };
const WARRANT = { id: inviteName(INVITE.id), operator: "li", robot: false, hash: toBase64(sha256(INVITE.secret)), expires: AT };

function joining(): object {
  const voice = issue("voice", { serial: 1, agent: "node1", ed: toBase64(AGENT.ed), x: toBase64(AGENT.x) }, CLUSTER.signer);
  const warrant = issue("warrant", WARRANT, CLUSTER.signer);
  const member = issueMember(WARRANT, { peer: LISTENER, serial: 7, voice: AGENT });
  const join = composeJoin({ invite: INVITE, own: LISTENER, nonce: fill(60, 16), host: "laptop" });
  const joined = composeJoined(join, { voice: AGENT, voiceCertificate: voice, clusterKey: CLUSTER.ed, clusterName: "c1", warrant, member, group: GROUP, peer: LISTENER });
  return {
    joinKey: toHex(joinKeyOf(INVITE.secret)), voice, warrant, member,
    join: packet({ kind: "join", body: join }, "clear"), joined: packet({ kind: "joined", body: joined }, "clear", { deflate: true }),
  };
}

/** Asked, offered, revealed and approved; `code` is what both screens show. */
function approving(): object {
  const asking: Asking = { ed: toBase64(LISTENER.ed), x: toBase64(LISTENER.x), nonce: toBase64(fill(61, 16)), host: "laptop", operator: "li" };
  const offer: Offer = { cluster: toBase64(CLUSTER.ed), ed: toBase64(AGENT.ed), x: toBase64(AGENT.x), nonce: toBase64(fill(62, 16)) };
  const [commit, transcript] = [commitmentOf(asking), transcriptOf(asking, offer)];
  const paper = { id: inviteName(approvalId(commit)), operator: "li", robot: false, hash: hashOf(transcript), expires: AT };
  const { ed: key, ...rest } = offer;
  return {
    transcript: toHex(utf8(transcript)), hash: hashOf(transcript), code: codeOf(transcript), warrant: issue("warrant", paper, CLUSTER.signer),
    commit: packet({ kind: "commit", body: composeCommit(asking, { revealed: false }) }, "clear"),
    pending: packet({ kind: "pending", body: { commit, key, ...rest } }, "clear"),
    reveal: packet({ kind: "commit", body: composeCommit(asking, { revealed: true }) }, "clear"),
  };
}

const LAST = (2n ** 64n - 1n).toString();
/** After `adopted` counts as seen: which of these counters, one after the other, are fresh. */
const WINDOW = [
  { name: "in order", adopted: "0", counters: ["1", "2", "3"], fresh: [true, true, true] },
  { name: "out of order", adopted: "0", counters: ["3", "1", "2"], fresh: [true, true, true] },
  { name: "twice", adopted: "0", counters: ["1", "1", "2", "1"], fresh: [true, false, true, false] },
  { name: "1,023 and 1,024 behind", adopted: "0", counters: ["1025", "2", "1"], fresh: [true, true, false] },
  { name: "adopted counts as seen", adopted: "500", counters: ["500", "499", "501"], fresh: [false, false, true] },
  { name: "the last of all", adopted: "0", counters: [LAST, LAST, (2n ** 64n - 2n).toString()], fresh: [true, false, true] },
] as const;

function request(): object {
  const parts = { method: "PUT", path: "/v1/escalations/e1?x=1", body: utf8('{"id":"e1"}') };
  const claim = { key: AGENT.id, time: AT, counter: 7n, idempotency: "e1" };
  return { method: parts.method, path: parts.path, body: '{"id":"e1"}', headers: signRequest(parts, claim, AGENT.signer) };
}

/** What every byte of the file follows from. */
export function vectors(): object {
  const receipts = (count: number): Message => ({
    kind: "receipt", body: { receipts: Array.from({ length: count }, (_, at) => ({ id: idOf(at + 1), revision: 1, ring: 1, level: at % 2 === 0 ? "receipt" : "seen" })) },
  });
  return {
    protocol: "gapbell/1",
    keys: {
      seeds: Object.fromEntries(Object.entries(SEEDS).map(([name, { ed, x }]) => [name, { ed: toHex(ed), x: toHex(x) }])),
      public: Object.fromEntries(Object.entries({ cluster: CLUSTER, agent: AGENT, listener: LISTENER }).map(([name, { id, ed, x }]) => [name, { id, ed: toHex(ed), x: toHex(x) }])),
      group: { kid: GROUP.kid, key: toHex(GROUP.key) }, epoch: EPOCH.toString(),
    },
    V1: derivations(),
    V2: packet({
      kind: "beacon",
      body: {
        cluster: toBase64(clusterIdOf(CLUSTER.ed)), clusterName: "c1", agent: "node1", port: 11_115, versions: [1, 1], kid: GROUP.kid, challenge: NONCE, jitterMs: 100,
        open: openSetMac([], GROUP.key), rules: toBase64(sha256(utf8("{}"))), voice: toBase64(fill(3)), key: toBase64(AGENT.ed), wall: AT,
      },
    }, "clear"),
    V3: packet({ kind: "alarm", body: { alarms: [item({})] } }, "group"),
    V4: packet(fullOfChinese(), "group"),
    V6: { plain: packet(receipts(13), "pair"), deflated: packet(receipts(RECEIPTS_MOST), "pair", { deflate: true }) },
    V7: {
      ack: packet({ kind: "ack", body: { id: idOf(1), revision: 1, nonce: NONCE, comment: "换盘 🔧", robot: false } }, "pair"),
      broadcast: packet({ kind: "ack", body: { id: idOf(1), revision: 1, nonce: NONCE, comment: "", robot: true } }, "group"),
      acked: packet({ kind: "acked", body: { id: idOf(1), revision: 1, outcome: "taken", reason: "", by: "li" } }, "pair"),
    },
    V8: {
      rekey: packet({ kind: "rekey", body: { kid: NEXT.kid, key: toBase64(NEXT.key) } }, "pair"), rekeyed: packet({ kind: "rekeyed", body: { kid: NEXT.kid } }, "pair"),
      marks: { present: groupMark(GROUP.key), next: groupMark(NEXT.key) }, revocation: issue("revocation", { ed: toBase64(LISTENER.ed), serial: 7, at: AT }, CLUSTER.signer),
    },
    V9: joining(),
    V10: approving(),
    V11: { cluster: toHex(INVITE.cluster), secret: toHex(INVITE.secret), ...INVITE.address, id: toHex(INVITE.id), line: printInvite(INVITE) },
    V12: WINDOW,
    V13: request(),
    V16: { seed: toHex(fill(1)), der: toHex(derOf(tlsIdentity(fill(1)).certificate) ?? fill(0)) },
  };
}

/** The file as it is written. */
export function vectorsText(): string {
  return `${JSON.stringify(vectors(), undefined, 1)}\n`;
}

if (import.meta.main) await Bun.write(VECTORS, vectorsText());
