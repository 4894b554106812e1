/** `POST /api/v2/alerts`: what clears, what makes stale, what is refused by name. */

import { expect, test } from "bun:test";
import { minutes } from "../../lib/base/units.ts";
import { parseAlertmanagerApi } from "../../lib/intake/alertmanager-api.ts";
import { LABEL_NAME_BYTES_MOST, LABEL_VALUE_BYTES_MOST, LABELS_MOST } from "../../lib/intake/labels.ts";
import { STALE_MOST_MS } from "../../lib/intake/moment.ts";
import { BATCH_MOST, type IntakeContext } from "../../lib/intake/parsed.ts";
import { aBody, aContext, anAlert, READ_AT } from "../support/a-body.ts";

function parse(alerts: unknown, context: Partial<IntakeContext> = {}) {
  const parsed = parseAlertmanagerApi(aBody(alerts), aContext(context));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault));
  return parsed.value;
}

function reportOf(over: Readonly<Record<string, unknown>>, context: Partial<IntakeContext> = {}) {
  const { reports, refused } = parse([anAlert(over)], context);
  expect(refused).toEqual([]);
  return reports[0]?.report;
}

const ENDS: readonly (readonly [name: string, endsAt: unknown, condition: string, staleAt: number | undefined])[] = [
  ["an end that has passed", "2026-11-24T07:59:59Z", "cleared", undefined],
  ["an end at this very moment", "2026-11-24T08:00:00Z", "cleared", undefined],
  ["an end to come", "2026-11-24T08:04:00Z", "raised", READ_AT + minutes(4)],
  ["an end in another zone that has passed", "2026-11-24T15:59:00+08:00", "cleared", undefined],
  ["an end in another zone to come", "2026-11-24T03:04:00-05:00", "raised", READ_AT + minutes(4)],
  ["no end", undefined, "raised", READ_AT + minutes(5)],
  ["null as end", null, "raised", READ_AT + minutes(5)],
  ["an empty end", "", "raised", READ_AT + minutes(5)],
  ["Go's zero time as end, as amtool sends it", "0001-01-01T00:00:00.000Z", "raised", READ_AT + minutes(5)],
  ["an end years ahead", "2099-01-01T00:00:00Z", "raised", READ_AT + STALE_MOST_MS],
];

test.each(ENDS)("%s", (_, endsAt, condition, staleAt) => {
  expect(reportOf({ startsAt: "2026-11-24T07:00:00Z", endsAt })).toMatchObject({ condition, staleAt });
});

const STARTS: readonly (readonly [name: string, startsAt: unknown, generatedAt: number | undefined])[] = [
  ["a start in the past stands", "2026-11-20T08:00:00.5Z", Date.parse("2026-11-20T08:00:00.500Z")],
  ["a start of nanoseconds is read to the millisecond", "2026-11-24T07:00:00.123456789Z", Date.parse("2026-11-24T07:00:00.123Z")],
  ["a start to come is taken as now", "2027-01-01T00:00:00Z", READ_AT],
  ["a start in 1970 comes from a clock that was never set", "1970-01-01T00:10:00Z", undefined],
  ["Go's zero time says nothing", "0001-01-01T00:00:00Z", undefined],
  ["a leap second is the last of its minute", "2016-12-31T23:59:60Z", Date.parse("2016-12-31T23:59:59Z")],
];

test.each(STARTS)("%s", (_, startsAt, generatedAt) => {
  expect(reportOf({ startsAt, endsAt: undefined })?.generatedAt).toBe(generatedAt);
});

const SEVERITIES: readonly (readonly [word: string | undefined, weight: string | undefined])[] = [
  ["critical", "critical"], ["page", "critical"], ["Error", "major"], ["warning", "warning"], ["none", "info"], ["P1", "indeterminate"],
  [undefined, undefined],
];

test.each(SEVERITIES)("the severity label %p weighs %p", (word, weight) => {
  expect(reportOf({ labels: { alertname: "A", ...(word === undefined ? {} : { severity: word }) } })?.weight).toBe(weight as never);
});

test("the replica label stays a label and does not identify the alarm", () => {
  const report = reportOf({ labels: { alertname: "A", replica: "prom-a" } });
  expect(report).toMatchObject({ labels: { alertname: "A", replica: "prom-a" }, identity: { alertname: "A" } });
});

test("a label with an empty value is as good as absent", () => {
  expect(reportOf({ labels: { alertname: "A", pod: "" } })?.labels).toEqual({ alertname: "A" });
});

const LINES: readonly (readonly [name: string, annotations: unknown, text: string, detail: string])[] = [
  ["summary and description", { summary: "S", description: "D\nE" }, "S", "D\nE"],
  ["a description alone is the line", { description: "D\n\nE" }, "D E", ""],
  ["a message alone is the line", { message: "M" }, "M", ""],
  ["no annotation: the alert's name", null, "CephOSDDown", ""],
  ["control characters cannot move a cursor", { summary: "a\u001b[2Jb\u0007" }, "a [2Jb", ""],
  ["a long summary is cut between characters", { summary: "🔥".repeat(400) }, `${"🔥".repeat(255)}…`, ""],
];

test.each(LINES)("%s", (_, annotations, text, detail) => {
  expect(reportOf({ annotations })).toMatchObject({ text, detail });
});

const manyLabels = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`label_${i}`, "x"]));
const REFUSED: readonly (readonly [name: string, alert: unknown, field: string, expected: string])[] = [
  ["a number instead of an alert", 7, "item", "a mapping"],
  ["no labels", {}, "labels", "a mapping"],
  ["empty labels", anAlert({ labels: {} }), "labels", "at least one label that is not empty"],
  ["nothing but empty labels", anAlert({ labels: { a: "" } }), "labels", "at least one label that is not empty"],
  ["nothing but replica labels", anAlert({ labels: { replica: "a" } }), "labels", "at least one label beside the replica labels (replica)"],
  ["a label that is a number", anAlert({ labels: { alertname: "A", port: 80 } }), "labels.port", "text"],
  ["labels that are a list", anAlert({ labels: ["a"] }), "labels", "a mapping"],
  ["10,000 labels", anAlert({ labels: manyLabels }), "labels", `at most ${LABELS_MOST} labels`],
  ["a label without a name", anAlert({ labels: { "": "x" } }), "labels.", "a label with a name"],
  ["a label whose name is too long", anAlert({ labels: { ["n".repeat(LABEL_NAME_BYTES_MOST + 1)]: "x" } }), `labels.${"n".repeat(112)}…`, `a name of at most ${LABEL_NAME_BYTES_MOST} bytes`],
  ["a label whose value is too long", anAlert({ labels: { a: "温".repeat(342) } }), "labels.a", `at most ${LABEL_VALUE_BYTES_MOST} bytes`],
  ["an annotation that is no text", anAlert({ annotations: { summary: ["x"] } }), "annotations.summary", "text"],
  ["a start that is no time", anAlert({ startsAt: "yesterday" }), "startsAt", "a time as in 2026-11-24T08:30:00Z"],
  ["a start on a day that does not exist", anAlert({ startsAt: "2026-02-30T00:00:00Z" }), "startsAt", "a time as in 2026-11-24T08:30:00Z"],
  ["a start without a zone", anAlert({ startsAt: "2026-11-24T08:00:00" }), "startsAt", "a time as in 2026-11-24T08:30:00Z"],
  ["an end that is a number", anAlert({ endsAt: 1_795_507_200 }), "endsAt", "a time as in 2026-11-24T08:30:00Z"],
  ["an end before the start", anAlert({ startsAt: "2026-11-24T08:00:00Z", endsAt: "2026-11-24T07:00:00Z" }), "endsAt", "a time not before startsAt, 2026-11-24T08:00:00.000Z"],
];

test.each(REFUSED)("%s is refused by name, and its neighbours are taken", (_, alert, field, expected) => {
  const { reports, refused } = parse([anAlert(), alert, anAlert({ labels: { alertname: "B" } })]);
  expect(refused).toMatchObject([{ index: 1, field, expected }]);
  expect(reports.map(({ index }) => index)).toEqual([0, 2]);
});

test("as many labels as are allowed, each as long as is allowed, are taken", () => {
  const labels = Object.fromEntries(Array.from({ length: LABELS_MOST }, (_, i) => [String(i).padEnd(LABEL_NAME_BYTES_MOST, "n"), "v".repeat(LABEL_VALUE_BYTES_MOST)]));
  expect(reportOf({ labels })?.labels).toEqual(labels);
});

test("a body that is no list is refused as a whole", () => {
  expect(parseAlertmanagerApi(aBody(anAlert()), aContext())).toMatchObject({ ok: false, fault: { field: "body", expected: "a list of alerts", found: "a mapping" } });
});

test("a batch may be as large as the limit and not one larger", () => {
  const alerts = Array.from({ length: BATCH_MOST }, () => anAlert());
  expect(parse(alerts).reports).toHaveLength(BATCH_MOST);
  expect(parseAlertmanagerApi(aBody([...alerts, anAlert()]), aContext())).toMatchObject({ ok: false, fault: { field: "body", expected: `a list of at most ${BATCH_MOST}` } });
});

test("an empty batch is taken as what it is", () => {
  expect(parse([])).toEqual({ reports: [], refused: [], leftOut: 0, group: "" });
});
