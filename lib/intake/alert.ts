/** One alert as Prometheus and Alertmanager write it, in whichever envelope it comes. */

import { z } from "zod";
import type { Labels, Report } from "../alarm/alarm.ts";
import { weightOf } from "../alarm/severity.ts";
import { type Misfit, misfit } from "../base/misfit.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { LabelSet, without } from "./labels.ts";
import { Moment, plausible } from "./moment.ts";
import type { IntakeContext } from "./parsed.ts";
import { manyLines, oneLine } from "./text.ts";

/** Unknown fields are passed over: newer releases say more. */
export const Alert = z.object({
  labels: LabelSet,
  annotations: z.record(z.string(), z.string()).nullish(),
  startsAt: Moment.nullish(),
  endsAt: Moment.nullish(),
});
export type Alert = z.output<typeof Alert>;

/**
 * @param condition decided by the envelope: the end that has passed, or a status
 * @param staleAt decided by the envelope: whether its sender repeats itself
 */
export function reportOfAlert(
  alert: Alert,
  { source, condition, staleAt, endedAt }: Pick<Report, "source" | "condition" | "staleAt" | "endedAt">,
  { now, replicaLabels }: IntakeContext,
): Result<Report, Misfit> {
  const { labels, startsAt, endsAt } = alert;
  const identity = without(labels, replicaLabels);
  if (Object.keys(identity).length === 0) {
    return fail(misfit(["labels"], {
      found: Object.keys(labels).join(", "),
      expected: `at least one label beside the replica labels (${replicaLabels.join(", ")})`,
    }));
  }
  if (startsAt != null && endsAt != null && endsAt < startsAt) {
    return fail(misfit(["endsAt"], {
      found: JSON.stringify(new Date(endsAt).toISOString()),
      expected: `a time not before startsAt, ${new Date(startsAt).toISOString()}`,
    }));
  }
  return ok({
    condition, source, identity, labels, staleAt, ...(endedAt === undefined ? {} : { endedAt }),
    ...linesOf(alert),
    weight: labels["severity"] === undefined ? undefined : weightOf(labels["severity"]),
    generatedAt: plausible(startsAt ?? endsAt ?? undefined, now),
    again: false,
  });
}

/** The summary is the line and the description the detail; where one is missing, what there is. */
function linesOf({ labels, annotations }: Alert): Pick<Report, "text" | "detail"> {
  const said = ["summary", "message", "description"].map((name) => annotations?.[name] ?? "").filter((line) => line.trim() !== "");
  const [first, ...more] = said;
  return { text: oneLine(first ?? nameOf(labels)), detail: manyLines(more.join("\n")) };
}

function nameOf(labels: Labels): string {
  return labels["alertname"] ?? Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(" ");
}
