/** What an alarm is called: its key and the id of one occurrence. */

import { expect, test } from "bun:test";
import { keyOf, occurrenceIdOf } from "../../lib/alarm/alarm.ts";

const SECRET = new Uint8Array(32).fill(7);
const IDENTITY = { alertname: "CephOSDDown", ceph_daemon: "osd.12" };

test("the order in which labels come does not change the key", () => {
  expect(keyOf({ ceph_daemon: "osd.12", alertname: "CephOSDDown" }, SECRET)).toBe(keyOf(IDENTITY, SECRET));
});

test("every label counts, and so does where a name ends", () => {
  const keys = [
    IDENTITY, { ...IDENTITY, ceph_daemon: "osd.13" }, { alertname: "CephOSDDown" }, {},
    { a: "b", c: "d" }, { a: 'b","c', d: "" }, { ab: "", c: "d" },
  ].map((identity) => keyOf(identity, SECRET));
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((key) => /^[0-9a-f]{32}$/.test(key))).toBe(true);
});

test("without the secret nobody can tell what the key stands for", () => {
  expect(keyOf(IDENTITY, new Uint8Array(32))).not.toBe(keyOf(IDENTITY, SECRET));
});

test("each raise of the same alarm is an occurrence of its own, named in 26 characters", () => {
  const key = keyOf(IDENTITY, SECRET);
  const ids = [1000, 1001, 1002].map((raisedAt) => occurrenceIdOf({ key, raisedAt }, SECRET));
  expect(new Set(ids).size).toBe(3);
  expect(ids.every((id) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id))).toBe(true);
  expect(occurrenceIdOf({ key, raisedAt: 1000 }, SECRET)).toBe(ids[0] ?? "");
});
