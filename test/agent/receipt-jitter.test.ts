/** How long listeners may hold a receipt back: the more of them, the longer, within bounds. */

import { expect, test } from "bun:test";
import { Listeners, RENEW_MS } from "../../lib/agent/listeners.ts";
import { Prng } from "../../lib/base/prng.ts";

const NOW = { mono: 0, wall: 1_000_000 };

function receiptJitterOf(present: number, at = 0) {
  const listeners = new Listeners({ dice: new Prng(1), challengeKey: new Uint8Array(32), voiceSerial: 1, at: 0 });
  const heard = Array.from({ length: present }, (_, index) => ({
    id: String(index), operator: "li", robot: false, host: "laptop", address: { host: "10.0.0.2", port: 1024 },
    seat: "person", build: "1", lastHeardAt: NOW.wall, leaseUntil: 0,
  } as const));
  listeners.restore([], heard, NOW);
  return listeners.receiptJitter(at);
}

test.each([[0, 20], [20, 20], [21, 21], [300, 300], [500, 500], [1000, 500]])("A13: %i listeners present answer within %i ms", (present, jitter) => {
  expect(receiptJitterOf(present)).toBe(jitter);
});

test("listeners whose lease has ended are not waited for", () => {
  expect(receiptJitterOf(300, RENEW_MS)).toBe(20);
});
