/** An escalation and the people in it as builders: every field has a value, a test sets what it is about. */

import type { Dispatch } from "../../lib/channel/channel.ts";
import type { Escalation, Recipient } from "../../lib/wire/relay-api.ts";

export function aRecipient(fields: Partial<Recipient> = {}): Recipient {
  return { operator: "li", language: "en", timezone: "Asia/Shanghai", mail: "li@example.com", wecom: "li", mobile: "13800001111", ...fields };
}

export function anEscalation(fields: Partial<Escalation> = {}): Escalation {
  return {
    id: "e1", occurrence: "7F3K2ANW5T8QH4R9XZ0BCDEFGH", revision: 1, step: 0,
    clusterName: "c1", severity: "critical",
    module: "osd", item: "osd.12", text: "OSD 12 is down", detail: "host node3, out in 600 s",
    generatedAt: Date.UTC(2026, 10, 24, 8, 30, 5), raisedAt: Date.UTC(2026, 10, 24, 8, 30, 5),
    via: ["wecom", "wecom-robot", "mail"], recipients: [aRecipient()],
    expiresInMs: 86_400_000,
    ...fields,
  };
}

/** A first attempt at the alarm itself, to the escalation's own first recipient. */
export function aDispatch(fields: Partial<Dispatch> = {}): Dispatch {
  const escalation = fields.escalation ?? anEscalation();
  return {
    escalation, about: { kind: "alarm" }, recipients: [escalation.recipients[0] ?? aRecipient()],
    plain: false, renewed: false, resent: false,
    ...fields,
  };
}
