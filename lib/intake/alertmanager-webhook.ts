/**
 * The webhook of Alertmanager, version 4. Alertmanager knows when an alert has ended and says so; it is silent in between,
 * so that silence means nothing and no alarm of this way in becomes stale unless it names an end.
 */

import { z } from "zod";
import { fit, misfit } from "../base/misfit.ts";
import { fail, ok } from "../base/result.ts";
import { Alert, reportOfAlert } from "./alert.ts";
import { parseBatch, refusalOf } from "./batch.ts";
import { readJson } from "./json.ts";
import { staleAfter } from "./moment.ts";
import type { Parse } from "./parsed.ts";
import { oneLine } from "./text.ts";

const Envelope = z.object({
  version: z.literal("4"),
  alerts: z.array(z.unknown()),
  truncatedAlerts: z.int().min(0).nullish(),
  groupKey: z.string().nullish(),
});
const StatedAlert = Alert.safeExtend({ status: z.enum(["firing", "resolved"]) });

/** `leftOut` is what Alertmanager says that its `max_alerts` cut away. */
export const parseAlertmanagerWebhook: Parse = (body, context) => {
  const json = readJson(body);
  if (!json.ok) return json;
  const envelope = fit(Envelope, json.value);
  if (!envelope.ok) {
    const [first = misfit([], { found: "something else", expected: "the webhook's body" })] = envelope.fault;
    const { field, expected, found } = refusalOf(first);
    return fail({ field: first.path.length === 0 ? "body" : field, position: undefined, expected, found });
  }
  const { alerts, truncatedAlerts, groupKey } = envelope.value;
  const parsed = parseBatch(alerts, {
    field: "alerts", schema: StatedAlert,
    toReport: (alert) => {
      const endsAt = alert.endsAt ?? undefined;
      const ahead = endsAt !== undefined && endsAt > context.now;
      return reportOfAlert(alert, {
        source: "alertmanager-webhook",
        condition: alert.status === "resolved" ? "cleared" : "raised",
        staleAt: alert.status === "firing" && ahead ? staleAfter(endsAt, context.now) : undefined,
      }, context);
    },
  });
  return parsed.ok ? ok({ ...parsed.value, leftOut: truncatedAlerts ?? 0, group: oneLine(groupKey ?? "") }) : parsed;
};
