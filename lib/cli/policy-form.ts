/** `policies:` of `agent.yaml`: how long each wait is and whom each step tells, in people's spelling. */

import { z } from "zod";
import {
  ACK_MS_LEAST,
  ACK_MS_MOST,
  CHANNELS,
  DEFAULT_POLICY,
  type Policy,
  PROBE_TIMEOUT_MS,
  RETRY_MS,
  STEP_AFTER_MS_MOST,
  STEPS_MOST,
  VERDICT_TIMEOUT_MS,
} from "../alarm/policy.ts";
import { type Misfit, misfit, type Path } from "../base/misfit.ts";
import { recipientWords } from "../duty/responsible.ts";
import type { Roster } from "../duty/roster.ts";
import { duration, durationText } from "./duration.ts";

const ack = duration({ least: ACK_MS_LEAST, most: ACK_MS_MOST });

/** One for all, or one for each severity; a severity that is not named keeps the default. */
const AckForm = z.union([
  ack.transform((ms) => ({ critical: ms, major: ms, indeterminate: ms, minor: ms, warning: ms })),
  z.strictObject({
    critical: ack.default(DEFAULT_POLICY.ackMs.critical),
    major: ack.default(DEFAULT_POLICY.ackMs.major),
    indeterminate: ack.default(DEFAULT_POLICY.ackMs.indeterminate),
    minor: ack.default(DEFAULT_POLICY.ackMs.minor),
    warning: ack.default(DEFAULT_POLICY.ackMs.warning),
  }),
]);

const StepForm = z.strictObject({
  to: z.string(),
  via: z
    .array(z.enum(CHANNELS))
    .min(1)
    .max(CHANNELS.length)
    .default([...CHANNELS]),
  after: duration({ least: 0, most: STEP_AFTER_MS_MOST }),
});

export const PolicyForm = z
  .strictObject({
    ack: AckForm.default(DEFAULT_POLICY.ackMs),
    steps: z.array(StepForm).min(1).max(STEPS_MOST).optional(),
    acknowledgement: z.enum(["any", "responsible"]).default(DEFAULT_POLICY.ack),
    robot_ack: z.boolean().default(DEFAULT_POLICY.robotAck),
    probe_timeout: duration(PROBE_TIMEOUT_MS).default(DEFAULT_POLICY.probeTimeoutMs),
    verdict_timeout: duration(VERDICT_TIMEOUT_MS).default(DEFAULT_POLICY.verdictTimeoutMs),
    retry: duration(RETRY_MS).default(DEFAULT_POLICY.retryMs),
    retry_most: duration(RETRY_MS).optional(),
  })
  .transform(
    (form): Policy => ({
      ackMs: form.ack,
      steps: form.steps?.map(({ to, via, after }) => ({ to, via, afterMs: after })) ?? DEFAULT_POLICY.steps,
      ack: form.acknowledgement,
      robotAck: form.robot_ack,
      probeTimeoutMs: form.probe_timeout,
      verdictTimeoutMs: form.verdict_timeout,
      retryMs: form.retry,
      retryMostMs: form.retry_most ?? Math.max(form.retry, DEFAULT_POLICY.retryMostMs),
    }),
  );

/** What no schema can say: whether the people exist, the steps climb and the waits fit together. */
export function policyMisfits(policy: Policy, path: Path, roster: Roster): readonly Misfit[] {
  return [
    ...policy.steps.flatMap((step, at): readonly Misfit[] => {
      const words = recipientWords(roster);
      if (words.includes(step.to)) return [];
      return [
        misfit([...path, "steps", at, "to"], {
          found: JSON.stringify(step.to),
          expected: "responsible, last_resort, or a team or operator of roster.yaml",
          valid: words,
          word: step.to,
        }),
      ];
    }),
    ...policy.steps.flatMap(({ afterMs }, at): readonly Misfit[] => {
      const before = policy.steps[at - 1];
      const place = [...path, "steps", at, "after"];
      if (before === undefined) {
        return afterMs === 0
          ? []
          : [
              misfit(place, {
                found: durationText(afterMs),
                expected: "0 in the first step: it comes at the deadline itself",
              }),
            ];
      }
      if (afterMs > before.afterMs) return [];
      return [
        misfit(place, {
          found: durationText(afterMs),
          expected: `later than the ${durationText(before.afterMs)} of the step before it`,
        }),
      ];
    }),
    ...(policy.retryMostMs >= policy.retryMs
      ? []
      : [
          misfit([...path, "retry_most"], {
            found: durationText(policy.retryMostMs),
            expected: `at least "retry", which is ${durationText(policy.retryMs)}`,
          }),
        ]),
  ];
}
