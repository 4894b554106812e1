import { expect, test } from "bun:test";
import { Prng } from "../../lib/base/prng.ts";
import { RECEIPT_RATE, type ReceiptItem, Receipts } from "../../lib/client/receipts.ts";
import { RECEIPTS_MOST } from "../../lib/wire/constants.ts";
import { anId } from "../support/a-scripted-agent.ts";

const AGENT = "agent-1";
const WHEN = { jitterMs: 0, now: 0, urgent: false };

const item = (nth: number, level: ReceiptItem["level"] = "receipt"): ReceiptItem => ({ id: anId(nth), revision: 1, ring: 1, level });

test("ten thousand receipts leave no faster than an agent takes datagrams of one listener, and all of them leave", () => {
  const receipts = new Receipts(new Prng(3));
  for (let nth = 1; nth <= 10_000; nth += 1) receipts.owe(AGENT, item(nth), WHEN);
  const given = new Set<string>();
  let datagrams = 0;
  let at = 0;
  for (let due = receipts.next(); due !== undefined; due = receipts.next()) {
    at = due;
    const groups = receipts.takeDue(at);
    datagrams += groups.length;
    expect(datagrams).toBeLessThanOrEqual(RECEIPT_RATE.burst + (at / 1000) * RECEIPT_RATE.perSecond + 1e-6);
    for (const group of groups) for (const { id } of group.receipts) given.add(id);
  }
  expect(given.size).toBe(10_000);
  expect(datagrams).toBe(10_000 / RECEIPTS_MOST);
  expect(at).toBeLessThan(15_000);
});

test("receipts of critical alarms go before those that were owed earlier", () => {
  const receipts = new Receipts(new Prng(3));
  for (let nth = 1; nth <= 3000; nth += 1) receipts.owe(AGENT, item(nth), WHEN);
  receipts.takeDue(0);
  receipts.owe(AGENT, item(5000), { ...WHEN, urgent: true });
  const [next] = receipts.takeDue(receipts.next() ?? 0);
  expect(next?.receipts[0]).toEqual(item(5000));
});

test("in a flood an alarm that was seen meanwhile is told once, as seen", () => {
  const receipts = new Receipts(new Prng(3));
  for (let nth = 1; nth <= 100; nth += 1) receipts.owe(AGENT, item(nth), WHEN);
  for (let nth = 1; nth <= 100; nth += 1) receipts.owe(AGENT, item(nth, "seen"), WHEN);
  const told = receipts.takeDue(0).flatMap((group) => group.receipts);
  expect(told.filter(({ level }) => level === "seen")).toHaveLength(100);
  expect(told.filter(({ level }) => level === "receipt").length).toBeLessThanOrEqual(RECEIPTS_MOST);
});
