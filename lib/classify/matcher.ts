/** One condition on one label, as Alertmanager writes it: `alertname=~"CephOSD.*"`. */

import { RE2JS, RE2JSException } from "re2js";
import { fail, ok, type Result } from "../base/result.ts";

/**
 * `=` and `!=` compare whole texts; `=~` and `!~` are regular expressions of RE2, anchored at both ends, a dot matching a
 * line end too, as in Prometheus. A missing label is "".
 */
export const OPERATORS = ["=", "!=", "=~", "!~"] as const;

export type Matcher = {
  /** A label's name, or `source`, `severity` or `text` of the report itself where it has no label of that name. */
  readonly label: string;
  readonly operator: (typeof OPERATORS)[number];
  readonly value: string;
};

/** The same as a label's name on the wire (`AlarmItem` of wire/message.ts). */
export const LABEL_LENGTH_MOST = 128;
/** Long enough for a list of names; a longer one is several rules. */
export const VALUE_LENGTH_MOST = 1024;

/**
 * Instructions of a compiled expression: a match takes at most so many steps for each character of a label, so that the
 * worst expression on the longest label costs about 60 ms (measured, 1024 characters). A list of names always fits.
 */
export const EXPRESSION_SIZE_MOST = 2000;

/** What stands after "must be" where a matcher cannot be read. */
export type MatcherFault = { readonly expected: string };

const FORM = /^\s*([^\s"'=!~{},]+)\s*(=~|!~|!=|=)\s*(.*?)\s*$/su;

/** Reads `label=~"value"`; the quotes may be left out, and inside them `\"`, `\\` and `\n` are escapes. */
export function parseMatcher(text: string): Result<Matcher, MatcherFault> {
  const form = FORM.exec(text);
  const operator = OPERATORS.find((one) => one === form?.[2]);
  const label = form?.[1] ?? "";
  if (form === null || operator === undefined) {
    return fail({
      expected: 'a matcher as in alertname=~"CephOSD.*", with =, !=, =~ or !~ between a label and a value',
    });
  }
  if (label.length > LABEL_LENGTH_MOST)
    return fail({ expected: `a matcher whose label has at most ${LABEL_LENGTH_MOST} characters` });
  const value = unquoted(form[3] ?? "");
  if (value === undefined)
    return fail({
      expected: 'a matcher whose value has both its quotes, and a backslash before each " inside',
    });
  if (value.length > VALUE_LENGTH_MOST)
    return fail({ expected: `a matcher whose value has at most ${VALUE_LENGTH_MOST} characters` });
  const matcher = { label, operator, value };
  const broken = whyBroken(matcher);
  return broken === undefined
    ? ok(matcher)
    : fail({ expected: `a matcher whose regular expression can be read (${broken})` });
}

/** The one spelling that every program writes: what is hashed must not depend on the author's quotes. */
export function matcherText({ label, operator, value }: Matcher): string {
  return `${label}${operator}"${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}

/** @returns the test that a label's value must pass. Asserts nothing: the matcher has been parsed. */
export function testOf({ operator, value }: Matcher): (found: string) => boolean {
  switch (operator) {
    case "=":
      return (found) => found === value;
    case "!=":
      return (found) => found !== value;
    case "=~": {
      const expression = expressionOf(value);
      return (found) => expression.testExact(found);
    }
    case "!~": {
      const expression = expressionOf(value);
      return (found) => !expression.testExact(found);
    }
  }
}

function whyBroken({ operator, value }: Matcher): string | undefined {
  if (operator === "=" || operator === "!=") return undefined;
  try {
    const size = expressionOf(value).programSize();
    return size <= EXPRESSION_SIZE_MOST ? undefined : `it has ${size} steps, at most ${EXPRESSION_SIZE_MOST} can be tried on every alarm: split it`;
  } catch (thrown) {
    if (thrown instanceof RE2JSException) return thrown.message.replace("error parsing regexp: ", "").replaceAll("`", "");
    throw thrown;
  }
}

/** Runs in linear time whatever the expression: it decides on every alarm, on the agent and on every listener. */
function expressionOf(value: string): RE2JS {
  return RE2JS.compile(value, RE2JS.DOTALL);
}

/** @returns undefined where a quote has no partner or stands in the middle */
function unquoted(text: string): string | undefined {
  if (!text.startsWith('"')) return text.includes('"') ? undefined : text;
  const inside = /^"((?:[^"\\]|\\.)*)"$/s.exec(text)?.[1];
  // Any other backslash stands as it is, so that "\d" needs no doubling.
  return inside?.replace(/\\([\\"n])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
}
