/** A4: what floods the LAN uses up nobody's rate, empties no limit, and leaves nothing behind. */

import { expect, test } from "bun:test";
import { toBase64, utf8 } from "../../lib/base/bytes.ts";
import { type Claim, RATES, Rates } from "../../lib/trust/rates.ts";
import { KID_PAIRWISE, SUITE_CLEAR } from "../../lib/wire/constants.ts";
import type { Message } from "../../lib/wire/message.ts";
import { aSettledCluster, fill, IDENTITIES, Party } from "../support/a-cluster.ts";
import { anItem } from "../support/a-scripted-agent.ts";

const AT = "10.0.0.9";
const FLOOD = 20_000;
const ALARM: Message = { kind: "alarm", body: { alarms: [anItem()] } };
const RECEIPT: Message = { kind: "receipt", body: { receipts: [{ id: anItem().id, revision: 1, ring: 1, level: "receipt" }] } };
const HELLO: Message = {
  kind: "hello",
  body: { nonce: "", challenge: "", versions: [1, 1], serial: 1, host: "x", seat: "none", heard: { epoch: "0", counter: "0" }, open: "", rules: "", build: "" },
};
const BEACON: Message = {
  kind: "beacon",
  body: {
    cluster: toBase64(fill(1, 16)), clusterName: "c1", agent: "a1", port: 11115, versions: [1, 1], kid: 1, challenge: toBase64(fill(1, 8)), jitterMs: 20,
    open: toBase64(fill(1, 8)), rules: "", voice: "", key: toBase64(IDENTITIES.agent.ed), wall: 0,
  },
};
const { agent: AGENT, listener: LISTENER } = IDENTITIES;

/** Another host for each number. */
const hostAt = (nth: number): string => `10.${(nth >> 16) & 255}.${(nth >> 8) & 255}.${nth & 255}`;

/** How many of these an agent lets in, from one host in one moment. */
function letIn(agent: Party, make: () => Uint8Array, { count, from = () => AT, now = 0 }: { readonly count: number; readonly from?: (nth: number) => string; readonly now?: number }): number {
  return Array.from({ length: count }, (_, nth) => agent.opener.open(make(), from(nth), now).ok).filter((ok) => ok).length;
}

test("A4: packets with a wrong tag, from any number of addresses and of any number of epochs, use up nothing of the member they name", () => {
  const { agent, listener } = aSettledCluster();
  const forged = listener.seal(RECEIPT, AGENT).with(60, 0);
  for (let nth = 0; nth < FLOOD; nth += 1) {
    new DataView(forged.buffer, forged.byteOffset).setBigUint64(16, BigInt(nth % 2 === 0 ? 1 : nth));
    agent.opener.open(forged, hostAt(nth), 0);
  }
  expect(agent.opener.drops()).toEqual({ seal: FLOOD });
  expect(letIn(agent, () => listener.seal(RECEIPT, AGENT), { count: 100 })).toBe(RATES.listener.burst);
});

test("A4: a forged epoch leaves no key behind, and pushes out none that is in use", () => {
  const { agent, listener } = aSettledCluster();
  const speech = (epoch: bigint) => ({ sender: LISTENER.id, epoch, kid: KID_PAIRWISE, other: LISTENER.id });
  const genuine = listener.seal(RECEIPT, AGENT);
  expect(agent.opener.open(genuine, AT, 0).ok).toBe(true);
  const inUse = agent.ring.trafficKey(speech(1n));
  const forged = listener.seal(RECEIPT, AGENT);
  for (let nth = 2; nth < FLOOD; nth += 1) {
    new DataView(forged.buffer, forged.byteOffset).setBigUint64(16, BigInt(nth));
    agent.opener.open(forged, AT, 0);
  }
  expect(agent.ring.trafficKey(speech(1n))).toBe(inUse);
  expect(agent.ring.trafficKey(speech(2n))).not.toBe(agent.ring.trafficKey(speech(2n)));
});

test("a member has one rate, from however many addresses it speaks", () => {
  const { agent, listener, other } = aSettledCluster();
  expect(letIn(agent, () => listener.seal(RECEIPT, AGENT), { count: 100, from: hostAt })).toBe(RATES.listener.burst);
  expect(agent.opener.open(other.seal(RECEIPT, AGENT), AT, 0).ok).toBe(true);
  expect(letIn(agent, () => listener.seal(RECEIPT, AGENT), { count: 100, from: hostAt, now: 1000 })).toBe(RATES.listener.perSecond);
});

test("recordings of an earlier life, sent from the member's own address, use up nothing of its present one", () => {
  const { agent, listener } = aSettledCluster();
  const recorded = listener.seal(HELLO, AGENT);
  agent.opener.adopt(LISTENER.id, { epoch: 7n, counter: 0n });
  const again = new Party({ identity: LISTENER, peers: [AGENT], side: "client", epoch: 7n });
  expect(agent.opener.open(again.seal(RECEIPT, AGENT), AT, 0).ok).toBe(true);
  expect(letIn(agent, () => recorded, { count: 1000 })).toBe(RATES.listener.burst);
  expect(letIn(agent, () => again.seal(RECEIPT, AGENT), { count: 100 })).toBe(RATES.listener.burst - 1);
});

test("recordings of a thousand members cost no more than one limit for all of them", () => {
  const rates = new Rates();
  const claim = (nth: number): Claim => ({ sender: String(nth), role: "listener", from: AT, sealed: "pair", freshness: "older" });
  const granted = (now: number): number => Array.from({ length: FLOOD }, (_, nth) => rates.member(claim(nth % 1000), now)).filter((ok) => ok).length;
  expect([granted(0), granted(1000)]).toEqual([RATES.earlier.burst, RATES.earlier.perSecond]);
  expect(rates.member({ ...claim(1), freshness: "newer" }, 1000)).toBe(true);
});

test("who has the group key and spoofs the agent's address too does not silence what is sealed for one listener", () => {
  const { agent, listener, other } = aSettledCluster();
  listener.opener.open(agent.seal(ALARM, "group"), AT, 0);
  const forged = other.forge(utf8(JSON.stringify(ALARM.body)), { sender: AGENT.id, counter: 900n });
  for (let copy = 0; copy < 3000; copy += 1) listener.opener.open(forged, AT, 0);
  expect(listener.opener.drops()).toEqual({ signature: RATES.agent.burst, "too many": 3000 - RATES.agent.burst });
  expect(listener.opener.open(agent.seal(ALARM, LISTENER), AT, 0).ok).toBe(true);
});

/** A BEACON in the agent's name, with a counter that is always new and a signature that is not the agent's. */
function forgedBeacon(forger: Party, nth: number): Uint8Array {
  return forger.forge(utf8(JSON.stringify(BEACON.body)), { kind: "beacon", suite: SUITE_CLEAR, sender: AGENT.id, counter: BigInt(1000 + nth) });
}

test("BEACONs forged in the agent's name from any number of addresses drown none that comes from where the agent is", () => {
  const { agent, listener, other } = aSettledCluster();
  listener.opener.open(agent.seal(ALARM, "group"), AT, 0);
  for (let nth = 0; nth < 4000; nth += 1) listener.opener.open(forgedBeacon(other, nth), hostAt(nth), nth / 4);
  expect(listener.opener.drops()).toMatchObject({ signature: RATES.strangers.burst + RATES.strangers.perSecond });
  expect(listener.opener.open(agent.seal(BEACON, "clear"), AT, 1000).ok).toBe(true);
});

test("BEACONs forged from the agent's own address drown no BEACON that is sealed for the listener", () => {
  const { agent, listener, other } = aSettledCluster();
  listener.opener.open(agent.seal(ALARM, "group"), AT, 0);
  for (let nth = 0; nth <= 4000; nth += 1) listener.opener.open(forgedBeacon(other, nth), AT, nth / 4);
  expect(listener.opener.open(agent.seal(BEACON, "clear"), AT, 1000)).toEqual({ ok: false, fault: "too many" });
  expect(listener.opener.open(agent.seal(BEACON, LISTENER), AT, 1000)).toMatchObject({ ok: true, value: { freshness: "fresh", sealed: "pair" } });
});

test("recorded BEACONs, from the agent's own address, use up nothing that its next one needs", () => {
  const { agent, listener } = aSettledCluster();
  listener.opener.open(agent.seal(ALARM, "group"), AT, 0);
  const recorded = agent.seal(BEACON, "clear");
  for (let copy = 0; copy < 1000; copy += 1) listener.opener.open(recorded, AT, 0);
  expect(listener.opener.drops()).toEqual({ replay: 999 });
  expect(listener.opener.open(agent.seal(BEACON, "clear"), AT, 0).ok).toBe(true);
});

test("strangers have a limit in all: a flood of addresses costs as much as a few", () => {
  const rates = new Rates();
  const granted = (now: number): number => Array.from({ length: FLOOD }, (_, nth) => rates.clear({ sender: "", from: hostAt(nth) }, now)).filter((ok) => ok).length;
  expect([granted(0), granted(1000), granted(1500)]).toEqual([RATES.strangers.burst, RATES.strangers.perSecond, RATES.strangers.perSecond / 2]);
});

test("however many addresses come after it, a host that had its share has no other", () => {
  const rates = new Rates();
  let greedy = 0;
  let others = 0;
  let asked = 0;
  for (let now = 0; now < 60_000; now += 10) {
    if (rates.clear({ sender: "", from: AT }, now)) greedy += 1;
    for (const end = asked + 50; asked < end; asked += 1) if (rates.clear({ sender: "", from: hostAt(asked) }, now)) others += 1;
  }
  expect(others).toBeGreaterThan(10_000);
  expect(greedy).toBeLessThanOrEqual(RATES.stranger.burst + 60 * RATES.stranger.perSecond);
});
