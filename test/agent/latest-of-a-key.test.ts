import { expect, test } from "bun:test";
import { Book } from "../../lib/agent/book.ts";
import { UNSTAMPED } from "../../lib/alarm/account.ts";
import type { Alarm } from "../../lib/alarm/alarm.ts";
import { begin, step } from "../../lib/alarm/lifecycle.ts";
import { DEFAULT_POLICY } from "../../lib/alarm/policy.ts";
import { minutes } from "../../lib/base/units.ts";

const NOW = { mono: minutes(100), wall: 1_000_000_000 };

function anAlarm({ id, raisedAt, cleared = false }: { readonly id: string; readonly raisedAt: number; readonly cleared?: boolean }): Alarm {
  const { life } = begin("critical", NOW.mono, DEFAULT_POLICY);
  return {
    id, key: "k1", source: "reports", identity: [], labels: {}, text: "disk is full", detail: "", weight: "critical", generatedAt: raisedAt, raisedAt,
    staleAt: undefined, clearedAt: cleared ? raisedAt + minutes(1) : undefined,
    classification: { module: "osd", item: "osd.12", severity: "critical", policy: "default", rule: { name: "default", line: 1 } }, responsible: ["li"],
    life: cleared ? step(life, { kind: "clear" }, NOW.mono, DEFAULT_POLICY).life : life,
    acknowledgement: undefined, sending: "pending", reason: "", aliases: [], stamps: UNSTAMPED,
  };
}

test("after a restart a clear finds the open occurrence, in whatever order the rows come back", () => {
  const early = anAlarm({ id: "B", raisedAt: 1000, cleared: true });
  const open = anAlarm({ id: "A", raisedAt: 2000 });
  for (const rows of [[open, early], [early, open]]) {
    const book = new Book();
    for (const row of rows) book.put(row, NOW);
    expect(book.latestOf("k1")?.id).toBe("A");
  }
});

test("an old occurrence that changes late does not take the key from the one that is open", () => {
  const book = new Book();
  const early = anAlarm({ id: "B", raisedAt: 1000, cleared: true });
  book.put(early, NOW);
  book.put(anAlarm({ id: "A", raisedAt: 2000 }), NOW);
  book.put({ ...early, reason: "a verdict that came late" }, NOW);
  expect(book.latestOf("k1")?.id).toBe("A");
});

test("of two that are over, the later one may go on; an open one is the latest even where the clock was set back", () => {
  const book = new Book();
  book.put(anAlarm({ id: "A", raisedAt: 2000, cleared: true }), NOW);
  book.put(anAlarm({ id: "B", raisedAt: 1000, cleared: true }), NOW);
  expect(book.latestOf("k1")?.id).toBe("A");
  book.put(anAlarm({ id: "C", raisedAt: 500 }), NOW);
  expect(book.latestOf("k1")?.id).toBe("C");
});
