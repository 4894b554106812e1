/** The cluster key at rest. */

import { expect, test } from "bun:test";
import { lockClusterKey, unlockClusterKey } from "../../lib/trust/cluster-key.ts";
import { fill } from "../support/a-cluster.ts";

const LOCKED = lockClusterKey(fill(7), { passphrase: "correct horse", salt: fill(1, 16), nonce: fill(2, 12) });

test("the passphrase opens it, however the keyboard composes its letters", () => {
  expect(unlockClusterKey(LOCKED, "correct horse")).toEqual({ ok: true, value: fill(7) });
  const composed = lockClusterKey(fill(8), { passphrase: "caf\u00e9 caf\u00e9", salt: fill(1, 16), nonce: fill(2, 12) });
  expect(unlockClusterKey(composed, "cafe\u0301 cafe\u0301")).toEqual({ ok: true, value: fill(8) });
});

test("another passphrase does not, and neither do other bytes", () => {
  expect(unlockClusterKey(LOCKED, "correct horsf")).toEqual({ ok: false, fault: "wrong passphrase" });
  expect(unlockClusterKey(LOCKED.replace(/"sealed":"./, '"sealed":"_'), "correct horse")).toEqual({ ok: false, fault: "wrong passphrase" });
});

test.each(["", "null", "[]", "{}", '{"kind":"something else","salt":"","sealed":""}', '{"kind":"gapbell cluster key","salt":"!","sealed":"AAAA"}'])("%s is no cluster key", (text) => {
  expect(unlockClusterKey(text, "correct horse")).toEqual({ ok: false, fault: "not a cluster key" });
});

test("the key does not lie in the file", () => {
  for (const text of [Buffer.from(fill(7)).toString("base64url"), Buffer.from(fill(7)).toString("hex")]) expect(LOCKED).not.toContain(text.slice(0, 12));
});
