/** What every way in makes of a body: reports, the items that it refuses, or one fault of the whole body. */

import type { Report } from "../alarm/alarm.ts";
import type { Result } from "../base/result.ts";
import type { WallMs } from "../base/units.ts";

/** What a parser must be told; `now` decides whether an `endsAt` has passed when the report is read. */
export type IntakeContext = {
  readonly now: WallMs;
  /** Labels that do not identify an alarm of Alertmanager: the replicas of a pair of Prometheus. */
  readonly replicaLabels: readonly string[];
};

/** One item that was not taken. `index` counts from 0 in the batch; `field` is a path inside the item. */
export type Refused = {
  readonly index: number;
  readonly field: string;
  readonly expected: string;
  readonly found: string;
};

export type Parsed = {
  readonly reports: readonly { readonly index: number; readonly report: Report }[];
  /** Neighbours of valid items: those are taken all the same, and the answer names these. */
  readonly refused: readonly Refused[];
  /** How many alerts the sender says that it left out (Alertmanager's `max_alerts`); otherwise 0. */
  readonly leftOut: number;
  /** What the sender calls these alerts together, so that it can be told when it leaves none out any more; or "". */
  readonly group: string;
};

/** A body from which nothing was left out, of a sender that has no groups. */
export const WHOLE = { leftOut: 0, group: "" } as const satisfies Partial<Parsed>;

/** Why nothing of the body could be taken. `position` is a byte offset from 0 where one place is to blame. */
export type BodyFault = {
  readonly field: string;
  readonly position: number | undefined;
  readonly expected: string;
  readonly found: string;
};

/** One way in. Never throws: whatever a source sends is data. */
export type Parse = (body: Uint8Array, context: IntakeContext) => Result<Parsed, BodyFault>;

/** Prometheus sends at most 256 at a time; a gateway that has stored them up may send far more. */
export const BATCH_MOST = 20_000;

/** What is wrong with the whole body, for a person. */
export function bodySentence({ field, position, expected, found }: BodyFault): string {
  return position === undefined
    ? `Cannot read the body: ${field} is ${found}, must be ${expected}`
    : `Cannot read the body: found ${found} at byte ${position}, expected ${expected}`;
}
