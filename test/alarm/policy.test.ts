/** The waits of the ladder. */

import { describe, expect, test } from "bun:test";
import {
  ACK_MS_LEAST, ACK_MS_MOST, ACK_MS_WARN, afterDeadline, DEFAULT_POLICY, LAST_STEP_HOURLY_MS, LAST_STEP_REPEAT_MS, LAST_STEP_REPEATS,
  type Policy, rungOf, untilNextStep,
} from "../../lib/alarm/policy.ts";
import { SEVERITIES } from "../../lib/alarm/severity.ts";
import { hours, minutes, seconds } from "../../lib/base/units.ts";
import { aLife } from "../support/a-life.ts";

const threeRungs: Policy = {
  ...DEFAULT_POLICY,
  steps: [
    { to: "responsible", via: ["mail"], afterMs: 0 },
    { to: "storage", via: ["mail"], afterMs: minutes(10) },
    { to: "last_resort", via: ["mail"], afterMs: minutes(25) },
  ],
};

describe("an acknowledgement deadline", () => {
  test("is between one second and a day, and a warning comes below a minute", () => {
    expect([ACK_MS_LEAST, ACK_MS_MOST, ACK_MS_WARN]).toEqual([seconds(1), hours(24), seconds(60)]);
  });

  test.each([["the shortest", ACK_MS_LEAST], ["the longest", ACK_MS_MOST]])("%s allowed is kept to the millisecond", (_, ms) => {
    const policy = { ...DEFAULT_POLICY, ackMs: { critical: ms, major: ms, indeterminate: ms, minor: ms, warning: ms } };
    const life = aLife({ policy }).quietly();
    expect(life.passes(ms - 1).said()).toEqual([]);
    expect(life.passes(1).said()).toEqual(["probe"]);
  });

  test("is five minutes for every severity where nothing is said", () => {
    expect(SEVERITIES.map((severity) => DEFAULT_POLICY.ackMs[severity])).toEqual(SEVERITIES.map(() => minutes(5)));
  });
});

describe("the ladder", () => {
  test("climbs by the difference between its rungs", () => {
    expect([0, 1].map((step) => untilNextStep(threeRungs, step))).toEqual([minutes(10), minutes(15)]);
  });

  test("repeats its last rung every half hour four times, then hourly", () => {
    const waits = [2, 3, 4, 5, 6, 7, 100].map((step) => untilNextStep(threeRungs, step));
    expect(waits).toEqual([...Array(LAST_STEP_REPEATS).fill(LAST_STEP_REPEAT_MS), ...Array(3).fill(LAST_STEP_HOURLY_MS)]);
  });

  test("counts each step from the deadline of the alarm", () => {
    expect([0, 1, 2, 3, 6, 7].map((step) => afterDeadline(threeRungs, step) / minutes(1))).toEqual([0, 10, 25, 55, 145, 205]);
  });

  test("never goes on at once, even where two rungs stand at the same moment", () => {
    const steps = [{ to: "responsible", via: ["mail" as const], afterMs: 0 }, { to: "last_resort", via: ["mail" as const], afterMs: 0 }];
    expect(untilNextStep({ ...DEFAULT_POLICY, steps }, 0)).toBe(ACK_MS_LEAST);
  });

  test("ends on its last rung, however far the repeats have gone", () => {
    expect([0, 1, 2, 3, 50].map((step) => rungOf(threeRungs, step)?.to)).toEqual(["responsible", "storage", "last_resort", "last_resort", "last_resort"]);
  });

  test("of the default tells those responsible, and a quarter of an hour later the last resort", () => {
    expect(DEFAULT_POLICY.steps.map(({ to, afterMs }) => [to, afterMs])).toEqual([["responsible", 0], ["last_resort", minutes(15)]]);
  });
});
