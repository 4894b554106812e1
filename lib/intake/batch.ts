/** Takes a list item by item, so that a bad one does not keep its neighbours out. */

import type { z } from "zod";
import type { Report } from "../alarm/alarm.ts";
import { assert } from "../base/assert.ts";
import { fit, type Misfit, pathText } from "../base/misfit.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { BATCH_MOST, type BodyFault, type Parsed, type Refused } from "./parsed.ts";

/** A name of a field may come from outside; it is quoted short. */
const FIELD_CHARACTERS_MOST = 120;

/**
 * @param field what an error calls the list: `body`, `alerts`
 * @param toReport makes a report of an item whose form is right
 */
export function parseBatch<Item>(
  items: readonly unknown[],
  { field, schema, toReport }: {
    readonly field: string;
    readonly schema: z.ZodType<Item>;
    readonly toReport: (item: Item) => Result<Report, Misfit>;
  },
): Result<Pick<Parsed, "reports" | "refused">, BodyFault> {
  if (items.length > BATCH_MOST) {
    return fail({ field, position: undefined, expected: `a list of at most ${BATCH_MOST}`, found: `a list of ${items.length}` });
  }
  const reports: Parsed["reports"][number][] = [];
  const refused: Refused[] = [];
  for (const [index, item] of items.entries()) {
    const report = read(item, { schema, toReport });
    if (report.ok) reports.push({ index, report: report.value });
    else refused.push({ index, ...refusalOf(report.fault) });
  }
  return ok({ reports, refused });
}

/** What does not fit, as an answer names it. */
export function refusalOf({ path, found, expected, nearest }: Misfit): Omit<Refused, "index"> {
  const field = path.length === 0 ? "item" : pathText(path).replace(/\p{Cc}/gu, " ");
  return {
    field: field.length <= FIELD_CHARACTERS_MOST ? field : `${field.slice(0, FIELD_CHARACTERS_MOST - 1).toWellFormed()}…`,
    expected: nearest === undefined ? expected : `${expected}; did you mean "${nearest}"?`,
    found,
  };
}

/** One misfit is enough: the next attempt shows the next one. */
function read<Item>(
  item: unknown,
  { schema, toReport }: { readonly schema: z.ZodType<Item>; readonly toReport: (item: Item) => Result<Report, Misfit> },
): Result<Report, Misfit> {
  const fitted = fit(schema, item);
  if (fitted.ok) return toReport(fitted.value);
  const [first] = fitted.fault;
  assert(first !== undefined, "what does not fit has a misfit");
  return fail(first);
}
