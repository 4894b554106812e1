/** A5: everything that a member has said, recorded and said again from elsewhere: what it brings down on a victim's address. */

import { expect, test } from "bun:test";
import { toBase64 } from "../../lib/base/bytes.ts";
import { minutes, seconds } from "../../lib/base/units.ts";
import type { Message } from "../../lib/wire/message.ts";
import { BesiegedAgent } from "../support/a-besieged-agent.ts";
import { fill, IDENTITIES, Party } from "../support/a-cluster.ts";

const LI_AT = { host: "10.0.0.20", port: 40_000 };
const VICTIM = { host: "10.9.9.9", port: 9999 };

/** A member's hour with its agent, as somebody between the two has recorded it. */
function anHour() {
  const agent = new BesiegedAgent();
  const li = agent.enrols(IDENTITIES.listener, { at: LI_AT });
  const id = agent.raises();
  const recorded: Uint8Array[] = [];
  const says = (datagram: Uint8Array): void => {
    recorded.push(datagram);
    agent.hears(datagram, LI_AT);
  };
  const pair = (message: Message): void => says(li.seal(message, agent.voice));
  for (let time = 0; time < 20; time += 1) {
    says(agent.hello(li, { open: toBase64(fill(4, 8)), rules: toBase64(fill(5)) }));
    pair({ kind: "fetch", body: { what: time % 2 === 0 ? "open" : "rules" } });
    pair({ kind: "receipt", body: { receipts: [{ id, revision: 1, ring: 1, level: "seen" }] } });
    pair({ kind: "rekeyed", body: { kid: 1 } });
    agent.passes(minutes(3));
  }
  pair({ kind: "ack", body: { id, revision: 1, nonce: agent.nonceOf(id), comment: "on my way", robot: false } });
  pair({ kind: "bye", body: { why: "" } });
  return { agent, recorded };
}

/** Bytes that the victim gets for each byte that was sent in its name, for the worst datagram; so slowly that no rate helps. */
function worst(agent: BesiegedAgent, recorded: readonly Uint8Array[]): number {
  return Math.max(...recorded.map((datagram) => {
    agent.passes(seconds(2));
    const toVictim = [...agent.hears(datagram, VICTIM), ...agent.passes(seconds(2))].filter(({ to }) => typeof to !== "string" && to.host === VICTIM.host);
    return toVictim.reduce((sum, { datagram: { length } }) => sum + length, 0) / datagram.length;
  }));
}

test("A5: what a member has said, said again from elsewhere, is answered by nothing; after a restart of the agent by no more bytes than it has", () => {
  const { agent, recorded } = anHour();
  expect(worst(agent, recorded)).toBe(0);
  agent.start();
  expect(worst(agent, recorded)).toBeLessThan(1);
});

test("A5: of a life of the member that is over, an ACK alone is answered, by about its own size", () => {
  const { agent, recorded } = anHour();
  agent.hears(agent.hello(new Party({ identity: IDENTITIES.listener, peers: [agent.voice], side: "client", epoch: 9n })), LI_AT);
  const ratio = worst(agent, recorded);
  expect(ratio).toBeGreaterThan(0);
  expect(ratio).toBeLessThan(1.1);
});

test("A5: an agent that has lost what it had adopted answers a recorded HELLO by a BEACON, which is less than twice its size", () => {
  const { agent, recorded } = anHour();
  for (const table of ["windows", "presence"]) agent.loses(table);
  agent.start();
  const ratio = worst(agent, recorded);
  expect(ratio).toBeGreaterThan(1);
  expect(ratio).toBeLessThan(2);
  expect(agent.listeners()).toMatchObject([{ state: "never heard" }]);
});
