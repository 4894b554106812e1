/**
 * The webhook of Alertmanager, version 4. Alertmanager knows when an alert has ended and says so; it is silent in between,
 * so that silence means nothing and no alarm of this way in becomes stale unless it names an end.
 */

import { z } from "zod";
import { fail, ok } from "../base/result.ts";
import { Alert, ALERT_NAMES, reportOfAlert } from "./alert.ts";
import { parseBatch } from "./batch.ts";
import { readJson } from "./json.ts";
import { staleAfter } from "./moment.ts";
import type { Parse } from "./parsed.ts";
import { refusalOf } from "./refusal.ts";

const Envelope = z.object(
  {
    version: z.literal("4", '"4"'),
    alerts: z.array(z.unknown(), "a list of alerts"),
    truncatedAlerts: z.int("a count").min(0, "a count").nullish(),
  },
  "an object with version and alerts",
);
const StatedAlert = Alert.safeExtend({ status: z.enum(["firing", "resolved"], '"firing" or "resolved"') });

/** `leftOut` is what Alertmanager says that its `max_alerts` cut away. */
export const parseAlertmanagerWebhook: Parse = (body, context) => {
  const json = readJson(body);
  if (!json.ok) return json;
  const envelope = Envelope.safeParse(json.value);
  if (!envelope.success) {
    const { field, expected, found } = refusalOf(envelope.error, { item: json.value, index: 0, names: [] });
    return fail({ field: field === "item" ? "body" : field, position: undefined, expected, found });
  }
  const { alerts, truncatedAlerts } = envelope.data;
  const parsed = parseBatch(alerts, {
    field: "alerts", schema: StatedAlert, names: ALERT_NAMES,
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
  return parsed.ok ? ok({ ...parsed.value, leftOut: truncatedAlerts ?? 0 }) : parsed;
};
