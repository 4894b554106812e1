/** An alarm that was just raised; a test sets what it is about. */

import type { Alarm } from "../../lib/alarm/alarm.ts";
import { UNSTAMPED } from "../../lib/alarm/account.ts";
import { begin } from "../../lib/alarm/lifecycle.ts";
import { DEFAULT_POLICY } from "../../lib/alarm/policy.ts";
import type { Severity } from "../../lib/alarm/severity.ts";

export function anAlarm({ id, severity }: { readonly id: string; readonly severity: Severity }): Alarm {
  return {
    id, key: id, source: "report", identity: [], labels: {}, text: "disk is full", detail: "", weight: severity,
    generatedAt: 0, raisedAt: 0, staleAt: undefined, clearedAt: undefined,
    classification: { module: "osd", item: "osd.12", severity, policy: "default", rule: { name: "default", line: 1 } },
    responsible: ["li"], life: begin(severity, 0, DEFAULT_POLICY).life, acknowledgement: undefined, sending: "pending", reason: "",
    aliases: [], stamps: UNSTAMPED,
  };
}
