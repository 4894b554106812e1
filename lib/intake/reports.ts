/**
 * Gapbell's own JSON (`POST /v1/reports`): one report or a list of them. Who writes it knows Gapbell, so that an unknown
 * field or severity is a mistake worth telling rather than something to be guessed.
 */

import { z } from "zod";
import type { Report } from "../alarm/alarm.ts";
import { SEVERITIES, type Weight, weightOf } from "../alarm/severity.ts";
import { nearest } from "../base/nearest.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type Lack, parseBatch } from "./batch.ts";
import { quote, readJson } from "./json.ts";
import { LabelSet } from "./labels.ts";
import { Moment, plausible, readDuration, STALE_MOST_MS } from "./moment.ts";
import type { IntakeContext, Parse } from "./parsed.ts";
import { DETAIL_CHARACTERS_MOST, manyLines, oneLine, TEXT_CHARACTERS_MOST } from "./text.ts";

const WEIGHTS: readonly Weight[] = [...SEVERITIES, "info"];
const DURATION = "a duration as in 90s, 5m, 2h, up to 31d";

const Duration = z.string(DURATION).transform((text, context) => {
  const length = readDuration(text);
  if (length !== undefined && length > 0 && length <= STALE_MOST_MS) return length;
  context.addIssue({ code: "custom", message: DURATION });
  return z.NEVER;
});

const SeverityWord = z.string(`one of ${WEIGHTS.join(", ")}`).transform((word, context): Weight => {
  const weight = WEIGHTS.find((known) => known === word);
  if (weight !== undefined) return weight;
  const close = nearest(word, WEIGHTS);
  const hint = close === undefined ? "" : `, perhaps ${JSON.stringify(close)}`;
  context.addIssue({ code: "custom", message: `one of ${WEIGHTS.join(", ")}${hint}` });
  return z.NEVER;
});

/** One report as it comes in; `docs/` and the command line follow this schema. */
const OwnReport = z.strictObject(
  {
    condition: z.enum(["raised", "cleared"], '"raised" or "cleared"'),
    labels: LabelSet,
    text: z.string("a line of text").max(TEXT_CHARACTERS_MOST, `at most ${TEXT_CHARACTERS_MOST} characters`).optional(),
    detail: z.string("a text").max(DETAIL_CHARACTERS_MOST, `at most ${DETAIL_CHARACTERS_MOST} characters`).optional(),
    severity: SeverityWord.optional(),
    generatedAt: Moment.optional(),
    /** A source that repeats itself says after how long its silence means something. */
    staleAfter: Duration.optional(),
    again: z.boolean("true or false").optional(),
    /** Names of the labels that say which alarm this is; all of them where it is absent. */
    identity: z.array(z.string("the name of a label"), "a list of names of labels").min(1, "at least one name").optional(),
  },
  "a report: an object with condition, labels and text",
);
const NAMES = Object.keys(OwnReport.shape);

export const parseReports: Parse = (body, context) => {
  const json = readJson(body);
  if (!json.ok) return json;
  const batch = Array.isArray(json.value);
  if (!batch && (typeof json.value !== "object" || json.value === null)) {
    return fail({ field: "body", position: undefined, expected: "a report or a list of reports", found: quote(json.value) });
  }
  const items: readonly unknown[] = Array.isArray(json.value) ? json.value : [json.value];
  const parsed = parseBatch(items, {
    field: "body", schema: OwnReport, names: NAMES, toReport: (report) => toReport(report, context),
  });
  return parsed.ok ? ok({ ...parsed.value, leftOut: 0 }) : parsed;
};

function toReport(said: z.output<typeof OwnReport>, { now }: IntakeContext): Result<Report, Lack> {
  const { condition, labels, severity } = said;
  const text = oneLine(said.text ?? "");
  if (condition === "raised" && text === "") {
    return fail({ field: "text", expected: "a line of text for people", found: quote(said.text) });
  }
  const identity = said.identity ?? Object.keys(labels);
  const strange = identity.find((name) => !Object.hasOwn(labels, name));
  if (strange !== undefined) {
    const close = nearest(strange, Object.keys(labels));
    const hint = close === undefined ? "" : `, perhaps ${JSON.stringify(close)}`;
    return fail({ field: "identity", expected: `names of labels that the report has${hint}`, found: quote(strange) });
  }
  return ok({
    condition, source: "report", labels, text,
    identity: Object.fromEntries(identity.map((name) => [name, labels[name] ?? ""])),
    detail: manyLines(said.detail ?? ""),
    weight: severity ?? (labels["severity"] === undefined ? undefined : weightOf(labels["severity"])),
    generatedAt: plausible(said.generatedAt, now),
    staleAt: condition === "raised" && said.staleAfter !== undefined ? now + said.staleAfter : undefined,
    again: said.again ?? false,
  });
}
