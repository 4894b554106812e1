/** How long each wait is and whom each step tells: defaults, bounds and where they come from. */

import { days, hours, type Ms, minutes, seconds } from "../base/units.ts";
import type { Severity } from "./severity.ts";

/** Bounds of the acknowledgement deadline (design §10). `check` warns below `ACK_MS_WARN`. */
export const ACK_MS_LEAST: Ms = seconds(1);
export const ACK_MS_MOST: Ms = hours(24);
export const ACK_MS_WARN: Ms = seconds(60);
export const ACK_MS_DEFAULT: Ms = minutes(5);

/** A raise this soon after the clear continues the occurrence (RFC 8632 leaves it open; design §2). */
export const CONTINUE_MS: Ms = minutes(10);

/** How often people are alerted again while nobody has acknowledged; other severities ring once. */
export const REALERT_MS: Readonly<Partial<Record<Severity, Ms>>> = { critical: minutes(1), major: minutes(5) };

/** From the last lease of a responsible operator to leaving the LAN, for these severities only. */
export const NOBODY_HOME_MS: Ms = seconds(10);
export const NOBODY_HOME_SEVERITIES: readonly Severity[] = ["critical", "major", "indeterminate"];

/** How often the last step of the ladder repeats: four times, then hourly. */
export const LAST_STEP_REPEAT_MS: Ms = minutes(30);
export const LAST_STEP_REPEATS = 4;
export const LAST_STEP_HOURLY_MS: Ms = hours(1);

/** How long an operator may go unheard on the LAN before it counts as a gap: over a weekend nobody is missed. */
export const UNHEARD_MS = { least: hours(1), most: days(90), usual: days(3) } as const;

export const STEPS_MOST = 16;
/** The last rung may wait a week: beyond that nobody remembers why it is there. */
export const STEP_AFTER_MS_MOST: Ms = hours(168);

/** Bounds of the waits for the relay: long enough for one round trip, short enough that the LAN is told the same hour. */
export const PROBE_TIMEOUT_MS = { least: seconds(1), most: minutes(5) } as const;
export const VERDICT_TIMEOUT_MS = { least: seconds(1), most: minutes(30) } as const;
/** Bounds of the wait between two tries of a broken way out; each of them rings. */
export const RETRY_MS = { least: seconds(1), most: hours(1) } as const;

/** `mail`, `wecom` (application message, one person), `wecom-robot` (a group robot that mentions people). */
export const CHANNELS = ["wecom", "wecom-robot", "mail"] as const;
export type ChannelName = (typeof CHANNELS)[number];

/** One rung of the ladder. */
export type Step = {
  /** `responsible`, `last_resort`, or the name of a team or operator. */
  readonly to: string;
  readonly via: readonly ChannelName[];
  /** Milliseconds after the deadline of the alarm; the first step is 0. */
  readonly afterMs: Ms;
};

export type Policy = {
  readonly ackMs: Readonly<Record<Severity, Ms>>;
  readonly steps: readonly Step[];
  /** `any`: every enrolled person's acknowledgement counts; `responsible`: only those responsible. */
  readonly ack: "any" | "responsible";
  /** Whether a robot's acknowledgement stops the clock. */
  readonly robotAck: boolean;
  readonly probeTimeoutMs: Ms;
  readonly verdictTimeoutMs: Ms;
  readonly retryMs: Ms;
  readonly retryMostMs: Ms;
};

export const DEFAULT_POLICY: Policy = {
  ackMs: {
    critical: ACK_MS_DEFAULT,
    major: ACK_MS_DEFAULT,
    indeterminate: ACK_MS_DEFAULT,
    minor: ACK_MS_DEFAULT,
    warning: ACK_MS_DEFAULT,
  },
  steps: [
    { to: "responsible", via: CHANNELS, afterMs: 0 },
    { to: "last_resort", via: CHANNELS, afterMs: minutes(15) },
  ],
  ack: "any",
  robotAck: false,
  probeTimeoutMs: seconds(10),
  verdictTimeoutMs: seconds(60),
  retryMs: seconds(60),
  retryMostMs: minutes(10),
};

/** From step `step` to the next one; the last step repeats. Steps beyond the ladder are repeats of its last rung. */
export function untilNextStep(policy: Policy, step: number): Ms {
  return Math.max(ACK_MS_LEAST, afterDeadline(policy, step + 1) - afterDeadline(policy, step));
}

/** When step `step` comes by the ladder, counted from the deadline of the alarm. */
export function afterDeadline({ steps }: Policy, step: number): Ms {
  const last = steps.length - 1;
  const rung = steps[Math.min(step, last)]?.afterMs ?? 0;
  const repeats = Math.max(0, step - last);
  const early = Math.min(repeats, LAST_STEP_REPEATS);
  return rung + early * LAST_STEP_REPEAT_MS + (repeats - early) * LAST_STEP_HOURLY_MS;
}

/** The rung that step `step` stands on. */
export function rungOf(policy: Policy, step: number): Step | undefined {
  return policy.steps[Math.min(step, policy.steps.length - 1)];
}
