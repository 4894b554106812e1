/** An account on its way from one agent to another: whole where it fits, and never too long for a datagram. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { accountFrom, entryOf } from "../../lib/agent/entry.ts";
import { accountOf } from "../../lib/alarm/account.ts";
import type { Alarm } from "../../lib/alarm/alarm.ts";
import { hours } from "../../lib/base/units.ts";
import { encodeBody } from "../../lib/wire/packet.ts";
import { anAlarm } from "../support/an-alarm.ts";
import { manyLines, oneLine } from "../../lib/intake/text.ts";
import { longText } from "../support/any-message.ts";

const ID = "0".repeat(26);
const NOW = { mono: 5_000_000, wall: 1_700_000_000_000 };
const READ = new Set(["module", "item"]);

function aTold(set: Partial<Alarm> = {}): Alarm {
  const stamp = { number: 3, agent: "0123456789abcdef" };
  return {
    ...anAlarm({ id: ID, severity: "major" }), key: "0123456789abcdef0123456789abcdef", generatedAt: NOW.wall - hours(1), raisedAt: NOW.wall - 4000, staleAt: NOW.wall + 9000,
    labels: { module: "osd", item: "osd.12" }, identity: ["module", "item"], stamps: { condition: stamp, report: stamp, taken: stamp }, ...set,
  };
}

test("the account that arrives is the one that was sent, by whatever clocks", () => {
  const sent = aTold({ aliases: [{ id: `${ID.slice(1)}1`, at: NOW.wall }] });
  expect(accountFrom(entryOf(sent, { whole: true, ended: false, read: READ, now: NOW }), NOW)).toEqual(accountOf(sent));
  const there = { mono: 77, wall: NOW.wall + hours(1) };
  const { staleAt, raisedAt, standing } = accountFrom(entryOf(sent, { whole: true, ended: false, read: READ, now: NOW }), there);
  expect([staleAt, raisedAt, standing.due]).toEqual([there.wall + 9000, there.wall - 4000, there.mono + sent.life.ackDue - NOW.mono]);
});

test("thirty labels and a long text go along whole, deflated", () => {
  const labels = Object.fromEntries([["module", "osd"], ["item", "osd.12"], ...Array.from({ length: 28 }, (_, at) => [`kubernetes_label_${at}`, `value-${at}-of-the-pod`])]);
  const { labels: told, detail } = entryOf(aTold({ labels, identity: Object.keys(labels), detail: "more ".repeat(40) }), { whole: true, ended: false, read: READ, now: NOW });
  expect(told).toEqual(labels);
  expect(detail).toBe("more ".repeat(40));
});

test("whatever a source writes, the entry fits a datagram and keeps the labels that the rules read", () => {
  const random = (length: number): string => Array.from({ length }, (_, at) => String.fromCharCode(33 + ((at * 7919 + length * 104_729 + at * at * 31) % 90))).join("");
  fc.assert(
    fc.property(longText(512).map(oneLine), longText(1000).map(manyLines), fc.integer({ min: 1, max: 62 }), (text, detail, count) => {
      const labels = Object.fromEntries([["module", "osd"], ["item", "osd.12"], ...Array.from({ length: count }, (_, at) => [`label${at}`, random(900 + at)])]);
      const entry = entryOf(aTold({ labels, identity: Object.keys(labels), text, detail }), { whole: true, ended: false, read: READ, now: NOW });
      expect(encodeBody({ kind: "sync", body: { number: 2 ** 32 - 1, entries: [entry] } }, { deflate: true })).toMatchObject({ ok: true });
      expect(entry.labels).toMatchObject({ module: "osd", item: "osd.12" });
    }),
    { seed: 9, numRuns: 40, endOnFailure: true },
  );
});
