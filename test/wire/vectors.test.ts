/** The golden vectors: made again byte for byte, opened from the file alone, and refused where anything is changed. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { concat } from "../../lib/base/bytes.ts";
import { codeOf, hashOf, judgeReveal } from "../../lib/trust/approval.ts";
import { identityFrom } from "../../lib/trust/keys.ts";
import { parseInvite } from "../../lib/trust/invite.ts";
import { Window } from "../../lib/trust/window.ts";
import { DATAGRAM_BYTES_MOST } from "../../lib/wire/constants.ts";
import type { Body } from "../../lib/wire/message.ts";
import { VECTORS, vectorsText } from "../golden/make-vectors.ts";
import { IDENTITIES, Party } from "../support/a-cluster.ts";

type Packet = { readonly kind: string; readonly sealed: string; readonly bytes: number; readonly body: unknown; readonly datagram: string };
type File = {
  readonly keys: { readonly seeds: Readonly<Record<"agent" | "listener", { readonly ed: string; readonly x: string }>>; readonly epoch: string; readonly group: { readonly kid: number; readonly key: string } };
  readonly V2: Packet; readonly V3: Packet; readonly V4: Packet;
  readonly V6: { readonly plain: Packet; readonly deflated: Packet };
  readonly V7: { readonly ack: Packet; readonly broadcast: Packet; readonly acked: Packet };
  readonly V8: { readonly rekey: Packet; readonly rekeyed: Packet };
  readonly V9: { readonly join: Packet; readonly joined: Packet };
  readonly V10: { readonly transcript: string; readonly hash: string; readonly code: string; readonly commit: Packet; readonly pending: Packet; readonly reveal: Packet };
  readonly V11: { readonly line: string; readonly host: string; readonly port: number };
  readonly V12: readonly { readonly name: string; readonly adopted: string; readonly counters: readonly string[]; readonly fresh: readonly boolean[] }[];
};

const TEXT = readFileSync(VECTORS, "utf8");
const FILE = JSON.parse(TEXT) as File;
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const { agent: AGENT, listener: LISTENER } = {
  agent: identityFrom({ ed: hex(FILE.keys.seeds.agent.ed), x: hex(FILE.keys.seeds.agent.x) }),
  listener: identityFrom({ ed: hex(FILE.keys.seeds.listener.ed), x: hex(FILE.keys.seeds.listener.x) }),
};

/** Who hears it: a party with the keys of the file, for which the epoch is the present one. */
function hearer(from: "agent" | "listener"): Party {
  const [own, peer] = from === "agent" ? [LISTENER, AGENT] : [AGENT, LISTENER];
  const party = new Party({ identity: own, peers: [peer, IDENTITIES.other], side: from === "agent" ? "client" : "agent" });
  party.ring.setGroup(FILE.keys.group.kid, hex(FILE.keys.group.key));
  party.opener.adopt(peer.id, { epoch: BigInt(FILE.keys.epoch), counter: 0n });
  return party;
}

test("the file is what the script makes", () => {
  expect(vectorsText()).toBe(TEXT);
});

const PACKETS: readonly { readonly name: string; readonly packet: Packet; readonly from: "agent" | "listener" }[] = [
  { name: "V2 BEACON", packet: FILE.V2, from: "agent" },
  { name: "V3 ALARM", packet: FILE.V3, from: "agent" },
  { name: "V4 ALARM of four, in Chinese", packet: FILE.V4, from: "agent" },
  { name: "V6 RECEIPT", packet: FILE.V6.plain, from: "listener" },
  { name: "V6 RECEIPT of forty, deflated", packet: FILE.V6.deflated, from: "listener" },
  { name: "V7 ACK", packet: FILE.V7.ack, from: "listener" },
  { name: "V7 ACK for the group", packet: FILE.V7.broadcast, from: "listener" },
  { name: "V7 ACKED", packet: FILE.V7.acked, from: "agent" },
  { name: "V8 REKEY", packet: FILE.V8.rekey, from: "agent" },
  { name: "V8 REKEYED", packet: FILE.V8.rekeyed, from: "listener" },
  { name: "V9 JOIN", packet: FILE.V9.join, from: "listener" },
  { name: "V9 JOINED", packet: FILE.V9.joined, from: "agent" },
  { name: "V10 COMMIT", packet: FILE.V10.commit, from: "listener" },
  { name: "V10 PENDING", packet: FILE.V10.pending, from: "agent" },
  { name: "V10 COMMIT that reveals", packet: FILE.V10.reveal, from: "listener" },
];
test.each(PACKETS)("$name opens to its body", ({ packet, from }) => {
  const datagram = hex(packet.datagram);
  expect(datagram).toHaveLength(packet.bytes);
  const opened = hearer(from).opener.open(datagram, "10.0.0.1", 0);
  expect(opened).toMatchObject({ ok: true, value: { sealed: packet.sealed, message: { kind: packet.kind } } });
  expect(opened.ok ? opened.value.message.body : undefined).toEqual(packet.body as never);
});

test("V4 fills a datagram to the last byte", () => {
  expect(FILE.V4.bytes).toBe(DATAGRAM_BYTES_MOST);
});

const V3 = hex(FILE.V3.datagram);
const refused = (datagram: Uint8Array): string => {
  const opened = hearer("agent").opener.open(datagram, "10.0.0.1", 0);
  return opened.ok ? "opened" : opened.fault;
};

test("V3 with any byte flipped, in any of three ways, is refused", () => {
  for (let at = 0; at < V3.length; at += 1) for (const bits of [1, 0x80, 0xff]) expect(refused(V3.with(at, (V3[at] ?? 0) ^ bits))).not.toBe("opened");
});

test("V3 cut anywhere, or with bytes behind it, is refused", () => {
  for (let length = 0; length < V3.length; length += 1) expect(refused(V3.subarray(0, length))).toBe(length < 98 ? "too short" : "seal");
  for (const more of [1, 16, 64]) expect(refused(concat(V3, new Uint8Array(more)))).toBe("seal");
});

test("the transcript of V10 has its hash and its code, and its commitment is what is revealed", () => {
  const transcript = Buffer.from(FILE.V10.transcript, "hex").toString();
  expect([hashOf(transcript), codeOf(transcript)]).toEqual([FILE.V10.hash, FILE.V10.code]);
  expect(judgeReveal(FILE.V10.reveal.body as Body<"commit">)).toMatchObject({ ok: true, value: { peer: { id: LISTENER.id } } });
});

test("the invite of V11 is read", () => {
  expect(parseInvite(FILE.V11.line)).toMatchObject({ ok: true, value: { address: { host: FILE.V11.host, port: FILE.V11.port } } });
});

test.each([...FILE.V12])("V12 $name", ({ adopted, counters, fresh }) => {
  const window = new Window(BigInt(adopted));
  const taken = counters.map(BigInt).map((counter) => {
    const free = window.check(counter);
    if (free) window.commit(counter);
    return free;
  });
  expect(taken).toEqual([...fresh]);
});
