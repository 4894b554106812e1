/** The ways in by name: one parser for each format. */

import { parseAlertmanagerApi } from "./alertmanager-api.ts";
import { parseAlertmanagerWebhook } from "./alertmanager-webhook.ts";
import type { Parse } from "./parsed.ts";
import { parseReports } from "./reports.ts";

export const INTAKE = {
  "alertmanager-api": parseAlertmanagerApi,
  "alertmanager-webhook": parseAlertmanagerWebhook,
  reports: parseReports,
} as const satisfies Readonly<Record<string, Parse>>;
