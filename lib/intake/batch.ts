/** Takes a list item by item, so that a bad one does not keep its neighbours out. */

import type { z } from "zod";
import type { Report } from "../alarm/alarm.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { quote } from "./json.ts";
import { BATCH_MOST, type BodyFault, type Parsed, type Refused } from "./parsed.ts";
import { refusalOf } from "./refusal.ts";

/** What one item lacks, found after its form was right: the field and what it should be. */
export type Lack = { readonly field: string; readonly expected: string; readonly found: string };

/**
 * @param field what an error calls the list: `body`, `alerts`
 * @param names the fields of one item
 * @param toReport makes a report of an item whose form is right
 */
export function parseBatch<Schema extends z.ZodType>(
  items: readonly unknown[],
  { field, schema, names, toReport }: {
    readonly field: string;
    readonly schema: Schema;
    readonly names: readonly string[];
    readonly toReport: (item: z.output<Schema>) => Result<Report, Lack>;
  },
): Result<Pick<Parsed, "reports" | "refused">, BodyFault> {
  if (items.length > BATCH_MOST) {
    return fail({ field, position: undefined, expected: `a list of at most ${BATCH_MOST}`, found: quote(items) });
  }
  const reports: Parsed["reports"][number][] = [];
  const refused: Refused[] = [];
  for (const [index, item] of items.entries()) {
    const read = schema.safeParse(item);
    const report = read.success ? toReport(read.data) : undefined;
    if (report === undefined) {
      if (read.error !== undefined) refused.push(refusalOf(read.error, { item, index, names }));
    } else if (report.ok) reports.push({ index, report: report.value });
    else refused.push({ index, ...report.fault });
  }
  return ok({ reports, refused });
}
