/** A turn under construction, as every role gathers it. */

import { expect, test } from "bun:test";
import { Draft } from "../../lib/port/draft.ts";

test("a turn writes the last word of each row, and every line of a timeline", () => {
  const draft = new Draft<{ readonly kind: "ring" }>();
  draft.put("alarms", "a", 1);
  draft.put("alarms", "b", 1);
  draft.put("alarms", "a", 2);
  draft.remove("alarms", "b");
  for (const at of [1, 2]) draft.line({ kind: "append", entry: { occurrence: "a", at, body: { kind: "stale" } } });
  expect(draft.take()?.changes).toMatchObject([{ kind: "put", id: "a", row: 2 }, { kind: "delete", id: "b" }, { kind: "append" }, { kind: "append" }]);
});

test("what was taken is not given a second time, and nothing is no turn", () => {
  const draft = new Draft<{ readonly kind: "ring" }>();
  draft.add({ kind: "ring" });
  draft.answer(1, { status: 200, body: {} });
  draft.log("rung", {});
  expect(draft.writes).toBe(false);
  expect(draft.take()).toMatchObject({ changes: [], effects: [{ kind: "ring" }, { kind: "answer" }], log: [{ event: "rung" }] });
  expect(draft.take()).toBeUndefined();
});
