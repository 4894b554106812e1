/** What a paired agent tells of an alarm moves it here as well. */

import { describe, expect, test } from "bun:test";
import { begin, type Lifecycle, type LifecycleEvent, step, type Told } from "../../lib/alarm/lifecycle.ts";
import { DEFAULT_POLICY } from "../../lib/alarm/policy.ts";

describe("what a paired agent tells", () => {
  const told = (life: Lifecycle, set: Partial<Told> = {}): LifecycleEvent => ({
    kind: "told", cleared: false, taken: false, severity: life.severity, revision: life.revision, ackFrom: life.ackFrom, ring: life.ring, ackDue: life.ackDue, ...set,
  });
  const fresh = begin("major", 0, DEFAULT_POLICY).life;
  const kinds = (effects: readonly { readonly kind: string }[]): readonly string[] => effects.map(({ kind }) => kind);

  test("nothing new changes nothing", () => {
    expect(step(fresh, told(fresh), 5, DEFAULT_POLICY)).toEqual({ life: fresh, effects: [] });
  });

  test("somebody has taken it there: it waits for nobody here either", () => {
    const { life, effects } = step(fresh, told(fresh, { taken: true }), 5, DEFAULT_POLICY);
    expect(life).toMatchObject({ attention: "acknowledged", phase: "idle", due: undefined });
    expect(kinds(effects)).toEqual(["settle"]);
  });

  test("what the relay was given here is withdrawn once it was taken there", () => {
    const given: Lifecycle = { ...fresh, phase: "escalating", due: 9, submitted: true, given: 1 };
    expect(kinds(step(given, told(given, { taken: true }), 5, DEFAULT_POLICY).effects)).toEqual(["settle", "withdraw"]);
  });

  test("an earlier deadline is taken over, a later one is not", () => {
    expect(step(fresh, told(fresh, { ackDue: 100 }), 5, DEFAULT_POLICY).life).toMatchObject({ ackDue: 100, due: 100 });
    expect(step(fresh, told(fresh, { ackDue: fresh.ackDue + 100 }), 5, DEFAULT_POLICY).life).toEqual(fresh);
  });

  test("its ring is rung under its number, not once more under the next", () => {
    const { life, effects } = step(fresh, told(fresh, { ring: 4 }), 5, DEFAULT_POLICY);
    expect(life.ring).toBe(4);
    expect(effects).toEqual([{ kind: "push", why: "again" }]);
  });

  test("a higher revision wants a person again, under a number that rings", () => {
    const taken = step(fresh, { kind: "acknowledge" }, 1, DEFAULT_POLICY).life;
    const higher = { revision: 2, ackFrom: 2, severity: "critical", ackDue: 900 } as const;
    expect(step(taken, told(taken, { ...higher, ring: 2 }), 5, DEFAULT_POLICY).life).toMatchObject({ attention: "unacknowledged", phase: "waiting", due: 900, ring: 2, worst: "critical" });
    expect(step(taken, told(taken, { ...higher, ring: taken.ring }), 5, DEFAULT_POLICY).life.ring).toBe(taken.ring + 1);
  });

  test("raised again there, it is raised again here, under the deadline that nobody has stopped", () => {
    const cleared = step(fresh, { kind: "clear" }, 1, DEFAULT_POLICY).life;
    expect(step(cleared, told(cleared, { ackDue: fresh.ackDue + 5000 }), 5, DEFAULT_POLICY).life).toMatchObject({ condition: "raised", phase: "waiting", ackDue: fresh.ackDue });
  });
});
