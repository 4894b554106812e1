/** What version 1 said, opened by the code of today and by the Python of `docs/examples`. */

import { describe, expect, test } from "bun:test";
import { missingPython, openedByPython } from "../support/python.ts";
import { hearersOf, readTraffic } from "../support/recorded-v1.ts";

const traffic = readTraffic();
/** What is for everybody is for each of them. */
const hearers = traffic.datagrams.map((one) => ({ ...one, to: one.to === "all" ? "li" : one.to }));

test("each datagram of the recording opens to what it said", () => {
  const open = hearersOf(traffic);
  for (const { to, kind, body, datagram } of hearers) expect(open(to, new Uint8Array(Buffer.from(datagram, "hex")))).toEqual({ kind, body } as never);
});

test("every message that listeners and agents of then exchanged is in it", () => {
  expect([...new Set(traffic.datagrams.map(({ kind }) => kind))].sort()).toEqual([
    "ack", "acked", "alarm", "beacon", "bye", "commit", "data", "fetch", "hello", "join", "joined", "pending", "receipt", "rekey", "rekeyed", "seek", "state", "welcome",
  ]);
});

test("what is sealed for one listener no other opens", () => {
  const open = hearersOf(traffic);
  const secret = traffic.datagrams.filter(({ from, to }) => from === "agent" && to === "zhao");
  expect(secret.length).toBeGreaterThan(0);
  for (const { datagram } of secret) expect(open("li", new Uint8Array(Buffer.from(datagram, "hex")))).toBe("seal");
});

describe.skipIf(missingPython !== "")(`in Python${missingPython === "" ? "" : ` (skipped: ${missingPython})`}`, () => {
  test("each datagram opens to what it said, and is made again to the byte", () => {
    const { identities, groups } = traffic;
    const { packets } = openedByPython({ identities, groups, packets: hearers.map(({ datagram, from, to }) => ({ datagram, sender: from, receiver: to })) });
    expect(packets).toEqual(hearers.map(({ kind, body, datagram }) => ({ kind, body, again: datagram })));
  });
});
