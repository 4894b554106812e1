/**
 * Gapbell's own JSON (`POST /v1/reports`): one report or a list of them. Who writes it knows Gapbell, so that an unknown
 * field or severity is a mistake worth telling rather than something to be guessed.
 */

import { z } from "zod";
import type { Report } from "../alarm/alarm.ts";
import { SEVERITIES, weightOf } from "../alarm/severity.ts";
import { foundText, type Misfit, misfit } from "../base/misfit.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { parseBatch } from "./batch.ts";
import { readJson } from "./json.ts";
import { LABELS_MOST, LabelSet } from "./labels.ts";
import { Moment, plausible, readDuration, STALE_MOST_MS } from "./moment.ts";
import { type IntakeContext, type Parse, WHOLE } from "./parsed.ts";
import { DETAIL_CHARACTERS_MOST, manyLines, oneLine, TEXT_CHARACTERS_MOST } from "./text.ts";

const DURATION = "a duration as in 90s, 5m, 2h, up to 31d";

const Duration = z.unknown().transform((value, context) => {
  const length = typeof value === "string" ? readDuration(value) : undefined;
  if (length !== undefined && length > 0 && length <= STALE_MOST_MS) return length;
  context.addIssue({ code: "custom", message: DURATION });
  return z.NEVER;
});

/** One report as it comes in; the command line writes the same. */
const OwnReport = z.strictObject({
  condition: z.enum(["raised", "cleared"]),
  labels: LabelSet,
  text: z.string().max(TEXT_CHARACTERS_MOST).optional(),
  detail: z.string().max(DETAIL_CHARACTERS_MOST).optional(),
  severity: z.enum([...SEVERITIES, "info"]).optional(),
  generatedAt: Moment.optional(),
  /** A source that repeats itself says after how long its silence means something. */
  staleAfter: Duration.optional(),
  again: z.boolean().optional(),
  /** Names of the labels that say which alarm this is; all of them where it is absent. */
  identity: z.array(z.string()).min(1).max(LABELS_MOST).optional(),
});

export const parseReports: Parse = (body, context) => {
  const json = readJson(body);
  if (!json.ok) return json;
  const batch = Array.isArray(json.value);
  if (!batch && (typeof json.value !== "object" || json.value === null)) {
    return fail({ field: "body", position: undefined, expected: "a report or a list of reports", found: foundText(json.value) });
  }
  const items: readonly unknown[] = Array.isArray(json.value) ? json.value : [json.value];
  const parsed = parseBatch(items, {
    field: "body", schema: OwnReport, toReport: (report) => toReport(report, context),
  });
  return parsed.ok ? ok({ ...parsed.value, ...WHOLE }) : parsed;
};

function toReport(said: z.output<typeof OwnReport>, { now }: IntakeContext): Result<Report, Misfit> {
  const { condition, labels, severity } = said;
  const text = oneLine(said.text ?? "");
  if (condition === "raised" && text === "") {
    return fail(misfit(["text"], { found: foundText(said.text), expected: "a line of text for people" }));
  }
  const identity = said.identity ?? Object.keys(labels);
  const strange = identity.find((name) => !Object.hasOwn(labels, name));
  if (strange !== undefined) {
    return fail(misfit(["identity"], {
      found: foundText(strange), expected: "names of labels that the report has", word: strange, valid: Object.keys(labels),
    }));
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
