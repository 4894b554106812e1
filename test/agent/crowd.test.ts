/** A13: a thousand listeners answer one alarm at once, as genuine as they are many: that is no flood. */

import { expect, test } from "bun:test";
import { toBase64 } from "../../lib/base/bytes.ts";
import { seconds } from "../../lib/base/units.ts";
import { identityFrom } from "../../lib/trust/keys.ts";
import type { Body } from "../../lib/wire/message.ts";
import { BesiegedAgent } from "../support/a-besieged-agent.ts";
import { fill, Party } from "../support/a-cluster.ts";

const CROWD = 1000;
const bytesOf = (nth: number, byte: number): Uint8Array => fill(byte).with(0, nth & 255).with(1, nth >> 8);
const addressOf = (nth: number) => ({ host: `10.1.${nth >> 8}.${nth & 255}`, port: 40_000 });

/** A thousand laptops of li have joined long ago; all of them have just said HELLO. */
function aCrowd(): { readonly agent: BesiegedAgent; readonly crowd: readonly Party[] } {
  const agent = new BesiegedAgent();
  const identities = Array.from({ length: CROWD }, (_, nth) => identityFrom({ ed: bytesOf(nth, 210), x: bytesOf(nth, 211) }));
  for (const [nth, { id, ed, x }] of identities.entries()) {
    const paper = "AAAA";
    agent.keeps("members", id, { id, serial: nth + 1, operator: "li", robot: false, host: `laptop-${nth}`, ed: toBase64(ed), x: toBase64(x), invite: paper, member: paper, warrant: paper, joinedAt: 0 });
  }
  agent.start();
  const crowd = identities.map((identity) => new Party({ identity, peers: [agent.voice], side: "client" }));
  const challenge = agent.challenge();
  for (const [nth, party] of crowd.entries()) {
    const body: Body<"hello"> = {
      nonce: toBase64(bytesOf(nth, 3).subarray(0, 8)), challenge, versions: [1, 1], serial: nth + 1, host: `laptop-${nth}`, seat: "person", heard: { epoch: "0", counter: "0" }, open: "", rules: "", build: "test",
    };
    expect(agent.hears(party.seal({ kind: "hello", body }, agent.voice), addressOf(nth)).map(({ message }) => message.kind)).toContain("welcome");
  }
  return { agent, crowd };
}

test("A13: the receipts of a thousand listeners, all in one moment, are all taken, and whoever owes one is the only one told again", () => {
  const { agent, crowd } = aCrowd();
  const id = agent.raises("major");
  const receiptOf = (party: Party): Uint8Array => party.seal({ kind: "receipt", body: { receipts: [{ id, revision: 1, ring: 1, level: "receipt" }] } }, agent.voice);
  const [late, ...others] = crowd.entries();
  for (const [nth, party] of others) agent.hears(receiptOf(party), addressOf(nth));
  if (late === undefined) throw new Error("a crowd has a first");
  const again = agent.passes(seconds(20)).filter(({ message }) => message.kind === "alarm");
  expect(new Set(again.flatMap(({ to }) => (typeof to === "string" ? [] : [to.host])))).toEqual(new Set([addressOf(late[0]).host]));
  agent.hears(receiptOf(late[1]), addressOf(late[0]));
  expect(agent.passes(seconds(20)).filter(({ message }) => message.kind === "alarm")).toEqual([]);
  expect(agent.drops()).toEqual({});
  expect(agent.refused()).toEqual({});
  // A receipt is no person: the clock runs on.
  expect(agent.alarm(id)).toMatchObject({ attention: "unacknowledged", phase: "waiting" });
}, 30_000);
