/** Whatever happens in whatever order: no alarm is lost, none is put off, none ends in silence. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { begin, type LifecycleEvent, step, wantsPerson } from "../../lib/alarm/lifecycle.ts";
import { ACK_MS_LEAST, ACK_MS_MOST, type Policy } from "../../lib/alarm/policy.ts";
import { SEVERITIES } from "../../lib/alarm/severity.ts";
import { hours, minutes, seconds } from "../../lib/base/units.ts";

const SEED = 20_261_124;

const severity = fc.constantFrom(...SEVERITIES);
const ackMs = fc.integer({ min: ACK_MS_LEAST, max: ACK_MS_MOST });
const policy: fc.Arbitrary<Policy> = fc
  .record({
    critical: ackMs, major: ackMs, indeterminate: ackMs, minor: ackMs, warning: ackMs,
    gaps: fc.array(fc.integer({ min: 1, max: hours(2) }), { maxLength: 4 }),
    retryMs: fc.integer({ min: seconds(1), max: minutes(5) }),
  })
  .map(({ gaps, retryMs, ...ack }) => ({
    ackMs: ack,
    steps: [0, ...gaps].map((_, at, all) => ({ to: "responsible", via: ["mail" as const], afterMs: all.slice(0, at + 1).reduce((sum, gap) => sum + gap, 0) })),
    ack: "any" as const, robotAck: false,
    probeTimeoutMs: seconds(10), verdictTimeoutMs: seconds(60), retryMs, retryMostMs: retryMs * 8,
  }));

/** `deadline` stands for the passing of time up to what falls due next. */
const happening: fc.Arbitrary<LifecycleEvent> = fc.oneof(
  fc.record({ kind: fc.constant("raise" as const), severity, again: fc.boolean() }),
  fc.record({ kind: fc.constant("reclassify" as const), severity }),
  fc.constant({ kind: "silence" as const }),
  fc.constant({ kind: "clear" as const }),
  fc.constant({ kind: "acknowledge" as const }),
  fc.record({ kind: fc.constant("nobodyHome" as const), due: fc.integer({ min: 0, max: hours(48) }) }),
  { weight: 4, arbitrary: fc.constant({ kind: "deadline" as const }) },
  fc.record({ kind: fc.constant("probed" as const), answer: fc.constantFrom("able" as const, "unable" as const, "silent" as const) }),
  fc.record({
    kind: fc.constant("told" as const), cleared: fc.boolean(), taken: fc.boolean(), severity,
    // The machine hands in what is merged: never less than what stands.
    revision: fc.integer({ min: 0, max: 1 }), ackFrom: fc.constant(1), ring: fc.integer({ min: 0, max: 3 }), ackDue: fc.integer({ min: -ACK_MS_MOST, max: ACK_MS_MOST }),
  }),
  fc.record({ kind: fc.constant("verdict" as const), verdict: fc.constantFrom("accepted" as const, "refused" as const) }),
);
const history = fc.array(fc.record({ event: happening, afterMs: fc.integer({ min: 0, max: hours(1) }) }), { maxLength: 80 });

test("in every history an alarm that wants a person has a deadline, and the deadline never moves later", () => {
  fc.assert(
    fc.property(severity, policy, history, (first, rules, events) => {
      let now = 0;
      let { life } = begin(first, now, rules);
      for (const { event: drawn, afterMs } of events) {
        const event = drawn.kind === "told" ? { ...drawn, revision: life.revision + drawn.revision, ring: life.ring + drawn.ring, ackDue: now + drawn.ackDue } : drawn;
        if (event.kind === "deadline") {
          if (life.due === undefined) continue;
          now = Math.max(now, life.due);
        } else now += afterMs;
        const before = life;
        const moved = step(before, event, now, rules);
        life = moved.life;
        expect(life.due !== undefined).toBe(wantsPerson(life));
        if (before.attention === "unacknowledged" && life.attention === "unacknowledged") {
          expect(life.ackDue).toBeLessThanOrEqual(before.ackDue);
        }
        expect(life.revision - before.revision).toBeOneOf([0, 1]);
        const pushed = moved.effects.some(({ kind }) => kind === "push");
        if (event.kind === "told") expect(life.ring > before.ring).toBe(pushed || event.ring > before.ring);
        else expect(life.ring - before.ring).toBe(pushed ? 1 : 0);
        expect(life.given).toBeGreaterThanOrEqual(0);
        // What falls due does so within the longest wait that anybody has set, so that no alarm sleeps for ever.
        if (life.due !== undefined) expect(life.due - now).toBeLessThanOrEqual(ACK_MS_MOST);
      }
    }),
    { seed: SEED, numRuns: 1500 },
  );
});

test("once nothing more happens, an alarm that nobody takes rings again and again, however the relay answers", () => {
  const answers = fc.array(fc.constantFrom("able", "unable", "silent", "accepted", "refused", "nothing"), { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(severity, policy, answers, (first, rules, relay) => {
      let { life } = begin(first, 0, rules);
      let now = 0;
      let rings = 0;
      for (const answer of relay) {
        const event: LifecycleEvent =
          answer === "able" || answer === "unable" || answer === "silent" ? { kind: "probed", answer }
          : answer === "accepted" || answer === "refused" ? { kind: "verdict", verdict: answer }
          : { kind: "deadline" };
        for (const one of [event, { kind: "deadline" } as const]) {
          if (one.kind === "deadline") now = Math.max(now, life.due ?? now);
          const moved = step(life, one, now, rules);
          life = moved.life;
          rings += moved.effects.filter(({ kind }) => kind === "push").length;
        }
      }
      expect(wantsPerson(life)).toBe(true);
      expect(rings).toBeGreaterThanOrEqual(8);
    }),
    { seed: SEED, numRuns: 500 },
  );
});
