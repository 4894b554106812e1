/** What is said of a document that does not fit. */

import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { fit, FOUND_LENGTH_MOST, foundText, misfit, misfitText, oneOf, pathText } from "../../lib/base/misfit.ts";

const Form = z.strictObject({
  severity: z.enum(["critical", "major"]).default("major"),
  port: z.int().min(1).max(10).optional(),
  name: z.string().min(2).max(4).optional(),
  list: z.array(z.string()).min(1).max(2).optional(),
  people: z.record(z.string().regex(/^[a-z]+$/, "a name in lower case"), z.strictObject({ mail: z.string() })).optional(),
  ack: z.union([z.string().regex(/^\d+m$/, "a duration as in 5m"), z.strictObject({ critical: z.string() })]).optional(),
  own: z.string().regex(/x/, "must be an x").optional(),
  link: z.url().optional(),
});

function said(json: unknown): readonly string[] {
  const read = fit(Form, json);
  return read.ok ? [] : read.fault.map(misfitText);
}

test("what fits comes back with its defaults", () => {
  expect(fit(Form, {})).toEqual({ ok: true, value: { severity: "major" } });
});

describe("what does not fit is told with its place, what is there and what belongs there", () => {
  const rows: readonly [string, unknown, string][] = [
    ["a field that nobody knows", { prot: 1 }, 'prot is unknown here, must be one of severity, port, name, list, people, ack, own, link; did you mean "port"?'],
    ["a word that nobody knows", { severity: "majr" }, 'severity is "majr", must be one of critical, major; did you mean "major"?'],
    ["a word like no other", { severity: "urgent" }, 'severity is "urgent", must be one of critical, major'],
    ["another type", { port: "1" }, 'port is "1", must be a number'],
    ["a broken number", { port: 1.5 }, "port is 1.5, must be a whole number"],
    ["too little", { port: 0 }, "port is 0, must be at least 1"],
    ["too much", { port: 11 }, "port is 11, must be at most 10"],
    ["too short", { name: "a" }, 'name is "a", must be text of at least 2 characters'],
    ["too long", { name: "abcde" }, 'name is "abcde", must be text of at most 4 characters'],
    ["an empty list", { list: [] }, "list is an empty list, must be a list of at least 1 entry"],
    ["a long list", { list: ["a", "b", "c"] }, "list is a list of 3, must be a list of at most 2 entries"],
    ["an entry of a list", { list: [null] }, "list[0] is empty, must be text"],
    ["a name", { people: { Li: { mail: "x" } } }, "people.Li is a name that does not fit, must be a name in lower case"],
    ["a field far down", { people: { li: {} } }, "people.li.mail is missing, must be text"],
    ["a name that objects inherit", { people: { constructor: {} } }, "people.constructor.mail is missing, must be text"],
    ["neither of two forms", { ack: 5 }, "ack is 5, must be text or a mapping"],
    ["the second of two forms", { ack: { critical: "5m", critcal: "5m" } }, 'ack.critcal is unknown here, must be critical; did you mean "critical"?'],
    ["a form of its own", { own: "y" }, 'own is "y", must be an x'],
    ["a form that others have named", { link: "y" }, 'link is "y", must be a valid url'],
    ["no document", undefined, "The document is missing, must be a mapping"],
    ["another document", [1], "The document is a list of 1, must be a mapping"],
  ];
  test.each(rows)("%s", (_, json, text) => {
    expect(said(json)[0]).toBe(text);
  });

  test("all of it at once", () => {
    expect(said({ severity: "x", port: 0, prot: 1 })).toHaveLength(3);
  });
});

describe("what was found", () => {
  test("is cut where it is long, and never inside a character", () => {
    expect(foundText("🔔".repeat(FOUND_LENGTH_MOST))).toBe(`"${"🔔".repeat(FOUND_LENGTH_MOST)}"`);
    expect(foundText("🔔".repeat(FOUND_LENGTH_MOST + 1))).toBe(`"${"🔔".repeat(FOUND_LENGTH_MOST)}…"`);
  });

  test("moves no cursor", () => {
    expect(foundText("a\n\u001b[2J")).toBe('"a\\n\\u001b[2J"');
  });
});

test("a path is written as people write it", () => {
  expect(pathText(["lan", "interfaces", 0, "name"])).toBe("lan.interfaces[0].name");
  expect(pathText([])).toBe("");
});

test("many words are not all listed", () => {
  expect(oneOf(["a"])).toBe("a");
  expect(oneOf(["a", "b"])).toBe("one of a, b");
  expect(oneOf(Array.from({ length: 30 }, (_, at) => `w${at}`))).toEndWith("w19, …");
});

test("a check that no schema makes speaks the same way", () => {
  expect(misfitText(misfit(["to"], { found: '"lee"', expected: "an operator", valid: ["li", "lea"], word: "lee" }))).toBe('to is "lee", must be an operator; did you mean "lea"?');
});
