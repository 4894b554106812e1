/** Our own JSON: strict, because whoever writes it knows Gapbell. */

import { expect, test } from "bun:test";
import { minutes } from "../../lib/base/units.ts";
import { bodySentence } from "../../lib/intake/parsed.ts";
import { parseReports } from "../../lib/intake/reports.ts";
import { DETAIL_CHARACTERS_MOST, TEXT_CHARACTERS_MOST } from "../../lib/intake/text.ts";
import { aBody, aContext, aReport, READ_AT } from "../support/a-body.ts";

function parse(body: unknown) {
  const parsed = parseReports(aBody(body), aContext());
  if (!parsed.ok) throw new Error(bodySentence(parsed.fault));
  return parsed.value;
}

test("a report alone and a list of one are the same", () => {
  expect(parse(aReport())).toEqual(parse([aReport()]));
});

test("everything that a report may say arrives", () => {
  const report = parse(aReport({
    detail: "df says 100 %\nsince noon", severity: "major", generatedAt: "2026-11-24T07:00:00Z", staleAfter: "10m", again: true, identity: ["instance"],
  })).reports[0]?.report;
  expect(report).toEqual({
    condition: "raised", source: "report", labels: { alertname: "DiskFull", instance: "node-3" }, identity: { instance: "node-3" },
    text: "/var is full", detail: "df says 100 %\nsince noon", weight: "major", generatedAt: Date.parse("2026-11-24T07:00:00Z"),
    staleAt: READ_AT + minutes(10), again: true,
  });
});

test("a report that says little never grows stale, and all its labels identify it", () => {
  const report = parse(aReport()).reports[0]?.report;
  expect(report).toMatchObject({ staleAt: undefined, weight: undefined, generatedAt: undefined, again: false, identity: { alertname: "DiskFull", instance: "node-3" } });
});

test("the severity label counts where there is no severity, and is read as a foreign word", () => {
  expect(parse(aReport({ labels: { a: "b", severity: "page" } })).reports[0]?.report.weight).toBe("critical");
});

test("a clear needs no text", () => {
  expect(parse({ condition: "cleared", labels: { a: "b" } }).reports[0]?.report).toMatchObject({ condition: "cleared", text: "", staleAt: undefined });
});

const REFUSED: readonly (readonly [name: string, report: unknown, field: string, expected: string])[] = [
  ["no condition", aReport({ condition: undefined }), "condition", "one of raised, cleared"],
  ["a misspelt condition", aReport({ condition: "rased" }), "condition", 'one of raised, cleared; did you mean "raised"?'],
  ["an unknown severity", aReport({ severity: "critcal" }), "severity", 'one of critical, major, indeterminate, minor, warning, info; did you mean "critical"?'],
  ["an unknown field", aReport({ sevrity: "major" }), "sevrity", 'one of condition, labels, text, detail, severity, generatedAt, staleAfter, again, identity; did you mean "severity"?'],
  ["no text", aReport({ text: undefined }), "text", "a line of text for people"],
  ["a blank text", aReport({ text: " \n" }), "text", "a line of text for people"],
  ["a text that is too long", aReport({ text: "x".repeat(TEXT_CHARACTERS_MOST + 1) }), "text", `text of at most ${TEXT_CHARACTERS_MOST} characters`],
  ["a detail that is too long", aReport({ detail: "x".repeat(DETAIL_CHARACTERS_MOST + 1) }), "detail", `text of at most ${DETAIL_CHARACTERS_MOST} characters`],
  ["a moment that is a number", aReport({ generatedAt: 1 }), "generatedAt", "a time as in 2026-11-24T08:30:00Z"],
  ["a duration that is a number", aReport({ staleAfter: 300 }), "staleAfter", "a duration as in 90s, 5m, 2h, up to 31d"],
  ["a duration without a unit", aReport({ staleAfter: "5" }), "staleAfter", "a duration as in 90s, 5m, 2h, up to 31d"],
  ["a duration of nothing", aReport({ staleAfter: "0s" }), "staleAfter", "a duration as in 90s, 5m, 2h, up to 31d"],
  ["a duration of a year", aReport({ staleAfter: "365d" }), "staleAfter", "a duration as in 90s, 5m, 2h, up to 31d"],
  ["again as a word", aReport({ again: "yes" }), "again", "true or false"],
  ["an identity of nothing", aReport({ identity: [] }), "identity", "a list of at least 1 entry"],
  ["an identity of a label that is not there", aReport({ identity: ["instanc"] }), "identity", 'names of labels that the report has; did you mean "instance"?'],
  ["a list inside the list", [aReport()], "item", "a mapping"],
];

test.each(REFUSED)("%s is refused by name, and its neighbours are taken", (_, report, field, expected) => {
  const { reports, refused } = parse([aReport(), report, aReport({ labels: { a: "b" } })]);
  expect(refused).toMatchObject([{ index: 1, field, expected }]);
  expect(reports.map(({ index }) => index)).toEqual([0, 2]);
});

test.each([["a text", '"x"'], ["a number", "7"], ["null", "null"]])("%s is no report", (_, body) => {
  expect(parseReports(new TextEncoder().encode(body), aContext())).toMatchObject({ ok: false, fault: { field: "body", expected: "a report or a list of reports" } });
});
