/** What a listener keeps of each alarm, whatever the order in which an agent's words arrive. */

import { expect, test } from "bun:test";
import { Inbox } from "../../lib/client/inbox.ts";
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
