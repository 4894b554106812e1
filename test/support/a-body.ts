/** Bodies as sources send them, and what a way in is told besides. */

import { utf8 } from "../../lib/base/bytes.ts";
import type { WallMs } from "../../lib/base/units.ts";
import type { IntakeContext } from "../../lib/intake/parsed.ts";

/** When the bodies of these tests are read. */
export const READ_AT: WallMs = Date.parse("2026-11-24T08:00:00Z");

export function aContext(over: Partial<IntakeContext> = {}): IntakeContext {
  return { now: READ_AT, replicaLabels: ["replica"], ...over };
}

export function aBody(json: unknown): Uint8Array {
  return utf8(JSON.stringify(json));
}

/** One alert of Prometheus that holds. */
export function anAlert(over: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    labels: { alertname: "CephOSDDown", ceph_daemon: "osd.12", severity: "warning" },
    annotations: { summary: "An OSD is down" },
    startsAt: "2026-11-24T07:58:00Z",
    endsAt: "2026-11-24T08:04:00Z",
    ...over,
  };
}

/** The envelope of Alertmanager's webhook. */
export function aWebhook(alerts: readonly unknown[], over: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { receiver: "gapbell", status: "firing", version: "4", groupKey: "{}", truncatedAlerts: 0, alerts, ...over };
}

/** One report of our own. */
export function aReport(over: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { condition: "raised", labels: { alertname: "DiskFull", instance: "node-3" }, text: "/var is full", ...over };
}
