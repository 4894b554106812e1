/** What does not fit in a document that somebody wrote: the place, what was found there and what belongs there. */

import type { z } from "zod";
import { jsonLine } from "./json-line.ts";
import { nearest } from "./nearest.ts";
import { fail, ok, type Result } from "./result.ts";

/** Names and 0-based indices from the root of the document to the place. */
export type Path = readonly (string | number)[];

export type Misfit = {
  readonly path: Path;
  /** Whether the name of the field is to blame or what it holds. */
  readonly blames: "name" | "value";
  /** After "is": `"urgent"`, `a list`, `missing`, `unknown here`. */
  readonly found: string;
  /** After "must be". */
  readonly expected: string;
  /** The valid word that was probably meant. */
  readonly nearest: string | undefined;
};

/** Longer values are cut where they are quoted. */
export const FOUND_LENGTH_MOST = 60;
/** More valid words than this are not listed. */
const WORDS_LISTED_MOST = 20;

/** Reads JSON by a schema. Whatever does not fit comes back, all of it at once; never throws. */
export function fit<Value>(schema: z.ZodType<Value>, json: unknown): Result<Value, readonly Misfit[]> {
  // Zod forgets which names an object knows before it reports; as the message they survive, also inside a union.
  const parsed = schema.safeParse(json, {
    error: (issue) => (issue.code === "unrecognized_keys" ? JSON.stringify(namesOf(issue.inst)) : undefined),
  });
  if (parsed.success) return ok(parsed.data);
  return fail(parsed.error.issues.flatMap((issue) => misfitsOf(issue, [], json)));
}

/** A misfit of one value, for the checks that no schema can make. */
export function misfit(
  path: Path,
  {
    found,
    expected,
    valid = [],
    word,
  }: {
    readonly found: string;
    readonly expected: string;
    /** The words among which the nearest to `word` is looked for. */
    readonly valid?: readonly string[];
    readonly word?: string;
  },
): Misfit {
  return {
    path,
    blames: "value",
    found,
    expected,
    nearest: word === undefined ? undefined : nearest(word, valid),
  };
}

/** `lan.interfaces[0].name`, as people write it; "" for the whole document. */
export function pathText(path: Path): string {
  return path
    .map((part, at) => (typeof part === "number" ? `[${part}]` : at === 0 ? part : `.${part}`))
    .join("");
}

/** One line: `rules[6].severity is "urgent", must be one of critical, …; did you mean "major"?` */
export function misfitText({ path, found, expected, nearest: meant }: Misfit): string {
  const place = path.length === 0 ? "The document" : pathText(path);
  return `${place} is ${found}, must be ${expected}${meant === undefined ? "" : `; did you mean "${meant}"?`}`;
}

/** What stands there, in a word; texts quoted and cut, never with control characters. */
export function foundText(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "empty";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object") return "a mapping";
  if (typeof value !== "string") return String(value);
  const characters = [...value];
  const shown =
    characters.length > FOUND_LENGTH_MOST ? `${characters.slice(0, FOUND_LENGTH_MOST).join("")}…` : value;
  return jsonLine(shown);
}

/** `one of a, b, c`, or the first of many. */
export function oneOf(words: readonly string[]): string {
  if (words.length === 0) return "absent";
  const listed = words.slice(0, WORDS_LISTED_MOST).join(", ");
  return words.length === 1 ? listed : `one of ${listed}${words.length > WORDS_LISTED_MOST ? ", …" : ""}`;
}

type Issue = z.core.$ZodIssue;

/** How Zod speaks where a schema says nothing itself. */
const UNSAID_FORM = /^(Invalid|Too small|Too big|Unrecognized)/;

function misfitsOf(issue: Issue, above: Path, json: unknown): readonly Misfit[] {
  const path: Path = [
    ...above,
    ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part)),
  ];
  const value = valueAt(json, path);
  const found = foundText(value);
  const word = typeof value === "string" ? value : undefined;
  switch (issue.code) {
    case "unrecognized_keys": {
      const valid = wordsIn(issue.message);
      return issue.keys.map(
        (key): Misfit => ({
          path: [...path, key],
          blames: "name",
          found: "unknown here",
          expected: oneOf(valid),
          nearest: nearest(key, valid),
        }),
      );
    }
    case "invalid_key":
      return [
        {
          path,
          blames: "name",
          found: "a name that does not fit",
          expected: messageOf(issue.issues[0]),
          nearest: undefined,
        },
      ];
    case "invalid_union":
      // A union that says itself what belongs there is one thing in two spellings.
      if (!UNSAID_FORM.test(issue.message)) return [misfit(path, { found, expected: messageOf(issue) })];
      return misfitsOfUnion(issue.errors, { path, json, found });
    case "invalid_value": {
      const valid = issue.values.map(String);
      return [
        misfit(path, { found, expected: oneOf(valid), valid, ...(word === undefined ? {} : { word }) }),
      ];
    }
    default:
      return [misfit(path, { found, expected: messageOf(issue) })];
  }
}

/** The branch that got furthest is the one that was meant; where none got anywhere, all are named. */
function misfitsOfUnion(
  branches: readonly (readonly Issue[])[],
  { path, json, found }: { readonly path: Path; readonly json: unknown; readonly found: string },
): readonly Misfit[] {
  const depth = (issues: readonly Issue[]): number =>
    Math.max(...issues.map((issue) => issue.path.length + (issue.code === "unrecognized_keys" ? 1 : 0)));
  const [meant = []] = [...branches].sort((a, b) => depth(b) - depth(a));
  if (depth(meant) > 0) return meant.flatMap((issue) => misfitsOf(issue, path, json));
  const expected = [...new Set(branches.flatMap((issues) => issues.map(messageOf)))].join(" or ");
  return [misfit(path, { found, expected })];
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a mapping",
  record: "a mapping",
  array: "a list",
  tuple: "a list",
};

/** What belongs there. A schema's own message is written to stand after "must be". */
function messageOf(issue: Issue | undefined): string {
  if (issue === undefined) return "something else";
  if (!UNSAID_FORM.test(issue.message)) return issue.message.replace(/^must be /, "");
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected] ?? issue.expected;
    case "too_small":
      return boundText("at least", issue.minimum, issue.origin);
    case "too_big":
      return boundText("at most", issue.maximum, issue.origin);
    case "invalid_value":
      return oneOf(issue.values.map(String));
    case "invalid_format":
      return `a valid ${issue.format}`;
    default:
      return "something else";
  }
}

const COUNTED: Readonly<Record<string, readonly [whole: string, one: string, many: string]>> = {
  string: ["text of ", " character", " characters"],
  array: ["a list of ", " entry", " entries"],
  record: ["a mapping of ", " name", " names"],
};

function boundText(which: "at least" | "at most", bound: number | bigint, origin: string): string {
  const [whole, one, many] = COUNTED[origin] ?? ["", "", ""];
  return `${whole}${which} ${bound}${Number(bound) === 1 ? one : many}`;
}

/** The names that an object schema knows. */
function namesOf(schema: unknown): readonly string[] {
  const shape = own(own(own(schema, "_zod"), "def"), "shape");
  return typeof shape === "object" && shape !== null ? Object.keys(shape) : [];
}

function wordsIn(message: string): readonly string[] {
  const words: unknown = JSON.parse(message);
  return Array.isArray(words) ? words.map(String) : [];
}

function valueAt(json: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => own(value, part), json);
}

/** Never what an object inherits: a document may hold the name "constructor". Zod keeps parts of a schema behind getters. */
function own(value: unknown, name: string | number): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const property = Object.getOwnPropertyDescriptor(value, name);
  return property?.get === undefined ? property?.value : property.get.call(value);
}
