/** The webhook of Alertmanager: its word decides, and its silence means nothing. */

import { expect, test } from "bun:test";
import { minutes } from "../../lib/base/units.ts";
import { parseAlertmanagerWebhook } from "../../lib/intake/alertmanager-webhook.ts";
import { aBody, aContext, anAlert, aWebhook, READ_AT } from "../support/a-body.ts";

function parse(body: unknown) {
  return parseAlertmanagerWebhook(aBody(body), aContext());
}

const ZERO = "0001-01-01T00:00:00Z";
const STATUS: readonly (readonly [name: string, over: Readonly<Record<string, unknown>>, condition: string, staleAt: number | undefined])[] = [
  ["firing without an end is raised and never grows stale", { status: "firing", endsAt: ZERO }, "raised", undefined],
  ["firing with an end to come grows stale then", { status: "firing", endsAt: "2026-11-24T08:04:00Z" }, "raised", READ_AT + minutes(4)],
  ["firing whose end has passed on the way is still raised", { status: "firing", endsAt: "2026-11-24T07:59:00Z" }, "raised", undefined],
  ["resolved is cleared", { status: "resolved", endsAt: "2026-11-24T07:59:00Z" }, "cleared", undefined],
  ["resolved by a clock ahead of ours is cleared", { status: "resolved", endsAt: "2026-11-24T09:00:00Z" }, "cleared", undefined],
];

test.each(STATUS)("%s", (_, over, condition, staleAt) => {
  expect(parse(aWebhook([anAlert(over)]))).toMatchObject({ ok: true, value: { reports: [{ index: 0, report: { condition, staleAt } }], refused: [] } });
});

test("each alert has a status of its own, whatever the envelope says", () => {
  const parsed = parse(aWebhook([anAlert({ status: "resolved" }), anAlert({ status: "firing" })], { status: "resolved" }));
  expect(parsed.ok && parsed.value.reports.map(({ report }) => report.condition)).toEqual(["cleared", "raised"]);
});

test("what max_alerts cut away is counted", () => {
  expect(parse(aWebhook([], { truncatedAlerts: 3 }))).toMatchObject({ ok: true, value: { leftOut: 3 } });
});

test("an alert without a status is refused and its neighbour taken", () => {
  const parsed = parse(aWebhook([anAlert(), anAlert({ status: "firing" })]));
  expect(parsed).toMatchObject({ ok: true, value: { refused: [{ index: 0, field: "status", expected: "one of firing, resolved", found: "missing" }], reports: [{ index: 1 }] } });
});

const WHOLE: readonly (readonly [name: string, body: unknown, field: string])[] = [
  ["a list", [], "body"],
  ["no version", { alerts: [] }, "version"],
  ["another version", aWebhook([], { version: "1" }), "version"],
  ["the version as a number", aWebhook([], { version: 4 }), "version"],
  ["no alerts", { version: "4" }, "alerts"],
  ["alerts that are no list", { version: "4", alerts: {} }, "alerts"],
  ["a count below nothing", aWebhook([], { truncatedAlerts: -1 }), "truncatedAlerts"],
];

test.each(WHOLE)("%s is refused as a whole, by the field", (_, body, field) => {
  expect(parse(body)).toMatchObject({ ok: false, fault: { field } });
});
