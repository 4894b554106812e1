/** What a listener keeps of each alarm, whatever the order in which an agent's words arrive. */

import { expect, test } from "bun:test";
import { CLOSED_KEEP_MS, Inbox } from "../../lib/client/inbox.ts";
import type { Said } from "../../lib/client/inbox.ts";
import { anItem } from "../support/a-scripted-agent.ts";

const NOW = { mono: 0, wall: 1_768_000_000_000 };
const AGENT = "b62e867fa2f33afe";
const at = (counter: bigint): Said => ({ agent: AGENT, epoch: 1n, counter });

test("a ring that comes behind a later state of it rings all the same, once", () => {
  const inbox = new Inbox();
  const item = anItem();
  inbox.hear(item, { said: at(1n), verified: true }, NOW);
  inbox.takeChanged();
  inbox.learn({ id: item.id, revision: 1, ring: 2, condition: "raised", attention: "unacknowledged", sending: "failed", phase: "fallback", settled: false, at: NOW.wall }, at(3n), NOW);
  const late = { ...item, ring: 2, why: "fallback" as const };
  expect(inbox.hear(late, { said: at(2n), verified: true }, NOW)).toMatchObject({ kind: "rung again", now: { item: { ring: 2 }, phase: "fallback" } });
  expect(inbox.takeChanged()).toMatchObject([{ item: { ring: 2, why: "fallback" } }]);
  expect(inbox.hear(late, { said: at(2n), verified: true }, NOW).kind).toBe("older");
});

test("a ring that comes behind the acknowledgement of it leaves it acknowledged", () => {
  const inbox = new Inbox();
  const item = anItem();
  inbox.hear(item, { said: at(1n), verified: true }, NOW);
  inbox.learn({ id: item.id, revision: 1, ring: 2, condition: "raised", attention: "acknowledged", sending: "successful", phase: "idle", settled: true, by: "li", way: "listener", at: NOW.wall }, at(3n), NOW);
  expect(inbox.hear({ ...item, ring: 2 }, { said: at(2n), verified: true }, NOW).now).toMatchObject({ item: { ring: 2 }, attention: "acknowledged", by: "li" });
});

const idOf = (number: number): string => String(number).padStart(26, "0");

test("an alarm keeps its last eight other names, and gives them up when it is forgotten", () => {
  const inbox = new Inbox();
  inbox.hear(anItem({ id: idOf(0) }), { said: at(1n), verified: true }, NOW);
  for (let number = 0; number < 9; number += 1) inbox.rename({ from: idOf(number), to: idOf(number + 1) }, NOW);
  expect(inbox.find(idOf(0)).kind).toBe("none");
  for (let number = 1; number <= 9; number += 1) expect(inbox.find(idOf(number))).toMatchObject({ kind: "one", entry: { item: { id: idOf(9) } } });
  inbox.learn({ id: idOf(9), revision: 1, ring: 1, condition: "cleared", attention: "unacknowledged", sending: "pending", phase: "idle", settled: true, at: NOW.wall }, at(2n), NOW);
  expect(inbox.takeForgotten(NOW.mono + CLOSED_KEEP_MS)).toBe(idOf(9));
  expect(inbox.get(idOf(8))).toBeUndefined();
});

test("the beginning of another name finds an alarm, and is too short where it is the beginning of two", () => {
  const inbox = new Inbox();
  const [a, b, c] = ["A1".padEnd(26, "0"), "B1".padEnd(26, "0"), "B2".padEnd(26, "0")];
  for (const id of [a, c]) inbox.hear(anItem({ id }), { said: at(1n), verified: true }, NOW);
  inbox.rename({ from: b, to: a }, NOW);
  expect(inbox.find("b1")).toMatchObject({ kind: "one", entry: { item: { id: a } } });
  expect(inbox.find("b")).toEqual({ kind: "many", ids: [b, c] });
});
