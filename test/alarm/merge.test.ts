/** Accounts of one occurrence meet in any order and any number of times. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Account, accountOf, stamped } from "../../lib/alarm/account.ts";
import type { Alarm } from "../../lib/alarm/alarm.ts";
import { merge } from "../../lib/alarm/merge.ts";
import { anAlarm } from "../support/an-alarm.ts";

const SEED = 20_261_125;
const small = fc.integer({ min: 0, max: 3 });
const stamp = fc.record({ number: small, agent: fc.constantFrom("a", "b") });
const acknowledgement = fc.record({
  operator: fc.constantFrom("li", "zhao"), at: small, comment: fc.constant(""), way: fc.constant("listener" as const), told: fc.boolean(), revision: small,
});
/** Small numbers, so that ties come often. */
const account: fc.Arbitrary<Account> = fc.record({
  key: fc.constant("key"),
  names: fc.array(fc.record({ id: fc.constantFrom("A", "B", "C"), at: small }), { minLength: 1, maxLength: 3 }),
  condition: fc.record({ stamp, clearedAt: fc.option(small, { nil: undefined }) }),
  report: fc.record({
    stamp,
    said: fc.record({
      source: fc.constant("report"), labels: fc.constantFrom({ a: "1", b: "2" }, { b: "2", a: "1" }, { a: "2" }), identity: fc.constant(["a"]), text: fc.constantFrom("x", "y"),
      detail: fc.constant(""), weight: fc.constantFrom("major" as const, "critical" as const, undefined),
    }),
  }),
  staleAt: fc.option(small, { nil: undefined }), raisedAt: small, ring: small,
  standing: fc.record({ revision: small, ackFrom: small, due: small, reached: fc.boolean(), taken: fc.option(fc.record({ stamp, acknowledgement }), { nil: undefined }) }),
});

test("it does not matter which account is one's own", () => {
  fc.assert(fc.property(account, account, (a, b) => expect(merge(a, b)).toEqual(merge(b, a))), { seed: SEED, numRuns: 2000 });
});

test("nor in which order three agents hear of each other", () => {
  fc.assert(fc.property(account, account, account, (a, b, c) => expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)))), { seed: SEED, numRuns: 2000 });
});

test("nor how often the same is heard", () => {
  fc.assert(
    fc.property(account, account, (a, b) => {
      const both = merge(a, b);
      expect(merge(both, b)).toEqual(both);
      expect(merge(both, both)).toEqual(both);
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

test("at one revision the deadline is the earlier one, and whoever told somebody outside did so for both", () => {
  fc.assert(
    fc.property(account, account, (a, b) => {
      const [one, other] = [a.standing, { ...b.standing, revision: a.standing.revision }];
      const { due, reached } = merge(a, { ...b, standing: other }).standing;
      expect(due).toBe(Math.min(one.due, other.due));
      expect(reached).toBe(one.reached || other.reached);
    }),
    { seed: SEED, numRuns: 1000 },
  );
});

describe("which word counts", () => {
  const raised = anAlarm({ id: "A", severity: "major" });
  const cleared = (alarm: Alarm, by: string): Alarm => stamped(alarm, { ...alarm, clearedAt: 5, life: { ...alarm.life, condition: "cleared" } }, by);
  const back = (alarm: Alarm, by: string): Alarm => stamped(alarm, { ...alarm, clearedAt: undefined, life: { ...alarm.life, condition: "raised" } }, by);
  const taken = (alarm: Alarm, by: string, operator: string): Alarm => stamped(alarm, {
    ...alarm, life: { ...alarm.life, attention: "acknowledged" }, acknowledgement: { operator, at: 3, comment: "", way: "listener", told: true, revision: 1 },
  }, by);
  const met = (one: Alarm, other: Alarm): Account => merge(accountOf(one), accountOf(other));

  test("a clear that only one of them heard ends it for both", () => {
    expect(met(raised, cleared(raised, "b")).condition.clearedAt).toBe(5);
  });

  test("a raise after that clear begins it again for both", () => {
    expect(met(cleared(raised, "b"), back(cleared(raised, "b"), "a")).condition.clearedAt).toBeUndefined();
  });

  test("under one stamp, which an older file repeats, it is raised", () => {
    const again = cleared(raised, "b");
    expect(met(again, { ...again, clearedAt: undefined, life: { ...again.life, condition: "raised" } }).condition.clearedAt).toBeUndefined();
  });

  test("of two who took it apart from each other both agents name the same one", () => {
    const [li, zhao] = [taken(raised, "a", "li"), taken(raised, "b", "zhao")];
    expect(met(li, zhao).standing.taken?.acknowledgement.operator).toBe("li");
    expect(met(zhao, li).standing.taken?.acknowledgement.operator).toBe("li");
  });

  test("whoever took a lower revision has not taken the higher one", () => {
    const higher = { ...raised, life: { ...raised.life, revision: 2, ackFrom: 2, ring: 2 } };
    expect(met(taken(raised, "a", "li"), higher).standing).toMatchObject({ revision: 2, taken: undefined });
  });

  test("the earlier of two raise times names it, then the lower id", () => {
    expect(met({ ...raised, id: "B", generatedAt: 5 }, { ...raised, id: "C", generatedAt: 4 }).names.map(({ id }) => id)).toEqual(["C", "B"]);
    expect(met({ ...raised, id: "B" }, { ...raised, id: "A" }).names.map(({ id }) => id)).toEqual(["A", "B"]);
  });

  test("what the later report says is what both say", () => {
    const worded = stamped(raised, { ...raised, text: "disk is fuller" }, "b");
    expect(met(raised, worded).report.said.text).toBe("disk is fuller");
    expect(met(worded, stamped(worded, { ...worded, text: "disk is full" }, "a")).report.said.text).toBe("disk is full");
  });
});
