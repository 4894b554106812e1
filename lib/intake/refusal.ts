/** From what a schema dislikes to the field, what was found there and what was expected. */

import type { z } from "zod";
import { nearest } from "../base/nearest.ts";
import { quote } from "./json.ts";
import type { Refused } from "./parsed.ts";

/** Fields named at most in one path: a path comes from outside and goes into an error text. */
const PATH_CHARACTERS_MOST = 120;

/**
 * The first thing that is wrong with an item. Each schema of this room says what it expects in its own `error`,
 * so that an issue's message is the expectation.
 *
 * @param names the fields that the format knows, for the nearest word of one that it does not know
 */
export function refusalOf(
  error: z.core.$ZodError,
  { item, index, names }: { readonly item: unknown; readonly index: number; readonly names: readonly string[] },
): Refused {
  const issue = error.issues[0];
  if (issue === undefined) return { index, field: "", expected: "a valid item", found: quote(item) };
  if (issue.code === "unrecognized_keys") {
    const name = issue.keys[0] ?? "";
    const close = nearest(name, names);
    const hint = close === undefined ? "" : `, perhaps ${JSON.stringify(close)}`;
    return { index, field: pathOf([...issue.path, name]), expected: `one of ${names.join(", ")}${hint}`, found: "an unknown field" };
  }
  const field = issue.path.length === 0 ? "item" : pathOf(issue.path);
  return { index, field, expected: issue.message, found: quote(valueAt(item, issue.path)) };
}

/** `labels.severity`, `alerts[3].startsAt`; a name that is not a plain word stands in quotes. */
export function pathOf(path: readonly PropertyKey[]): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(String(part))) text += text === "" ? String(part) : `.${String(part)}`;
    else text += `[${JSON.stringify(String(part))}]`;
  }
  return text.length <= PATH_CHARACTERS_MOST ? text : `${text.slice(0, PATH_CHARACTERS_MOST - 1).toWellFormed()}…`;
}

function valueAt(item: unknown, path: readonly PropertyKey[]): unknown {
  let value = item;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[part];
  }
  return value;
}
