/**
 * `POST /api/v2/alerts` of Alertmanager: what Prometheus, vmalert, Loki and `amtool alert add` send.
 * They repeat themselves while an alert holds, so that silence makes it stale.
 */

import { foundText } from "../base/misfit.ts";
import { fail, ok } from "../base/result.ts";
import { Alert, reportOfAlert } from "./alert.ts";
import { parseBatch } from "./batch.ts";
import { readJson } from "./json.ts";
import { staleAfter } from "./moment.ts";
import { type Parse, WHOLE } from "./parsed.ts";

/**
 * Only an `endsAt` that has passed when the report is read clears; a future or missing one says when the alarm becomes
 * stale, because nobody knows whether the condition or only its source has gone.
 */
export const parseAlertmanagerApi: Parse = (body, context) => {
  const json = readJson(body);
  if (!json.ok) return json;
  if (!Array.isArray(json.value)) {
    return fail({ field: "body", position: undefined, expected: "a list of alerts", found: foundText(json.value) });
  }
  const parsed = parseBatch(json.value, {
    field: "body", schema: Alert,
    toReport: (alert) => {
      const endsAt = alert.endsAt ?? undefined;
      const cleared = endsAt !== undefined && endsAt <= context.now;
      return reportOfAlert(alert, {
        source: "alertmanager-api",
        condition: cleared ? "cleared" : "raised",
        staleAt: cleared ? undefined : staleAfter(endsAt, context.now),
        endedAt: cleared ? endsAt : undefined,
      }, context);
    },
  });
  return parsed.ok ? ok({ ...parsed.value, ...WHOLE }) : parsed;
};
