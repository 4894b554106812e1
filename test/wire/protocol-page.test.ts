/** The page of the protocol says what the code does, and the limits that it prints are those that the schemas hold. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { toBase64 } from "../../lib/base/bytes.ts";
import { type MessageKind, SCHEMAS } from "../../lib/wire/message.ts";
import { ANY_BODY, MESSAGE_KINDS } from "../support/any-message.ts";
import { type Field, fieldsOf, made, meaningsOf, PROTOCOL_PAGE, TABLES } from "../support/protocol-page.ts";

const PAGE = readFileSync(PROTOCOL_PAGE, "utf8");

test("every table of docs/protocol.md is as the code makes it, and none is missing", () => {
  expect(made(PAGE)).toBe(PAGE);
  for (const name of Object.keys(TABLES)) expect(PAGE).toContain(`<!-- made: ${name} -->`);
});

test.each(MESSAGE_KINDS)("every field of %s has its meaning, and no other has", (kind) => {
  expect([...meaningsOf(kind)]).toEqual(fieldsOf(kind).map(({ path }) => path));
  expect(fieldsOf(kind).map(({ form }) => form)).not.toContain("?");
});

type Limited = { readonly kind: MessageKind; readonly path: string; readonly field: Field };
const LIMITED: readonly Limited[] = MESSAGE_KINDS.flatMap((kind) =>
  fieldsOf(kind).filter(({ characters, bytes }) => characters !== undefined || bytes !== undefined).map((field) => ({ kind, path: field.path, field })));

test.each([...LIMITED])("the limit of $kind $path is what the page says", ({ kind, field: { path, characters, bytes } }) => {
  const takes = (value: string): boolean => SCHEMAS[kind].safeParse(withField(kind, path, value)).success;
  if (characters !== undefined) {
    const [least, most] = characters;
    for (const unit of ["a", "告", "𝔊"]) {
      expect(takes(unit.repeat(most))).toBe(true);
      expect(takes(unit.repeat(most + 1))).toBe(false);
    }
    expect(takes("")).toBe(least === 0);
  }
  if (bytes !== undefined) {
    const [least, most] = bytes;
    expect(takes(toBase64(new Uint8Array(most)))).toBe(true);
    expect(takes(toBase64(new Uint8Array(most + 1)))).toBe(false);
    expect(takes(toBase64(new Uint8Array(Math.max(0, least - 1))))).toBe(least === 0);
    expect(takes("!".repeat(toBase64(new Uint8Array(most)).length))).toBe(false);
  }
});

/** Some body of this kind in which one field has this value. */
function withField(kind: MessageKind, path: string, value: string): unknown {
  const parts = path.split(/\[\]\.|\./);
  const last = parts.pop() ?? "";
  for (const body of fc.sample(ANY_BODY[kind] as fc.Arbitrary<object>, { seed: 1, numRuns: 40 })) {
    const whole = JSON.parse(JSON.stringify(body)) as Record<string, unknown>;
    const place = placeIn(whole, parts);
    if (place === undefined) continue;
    place[last] = value;
    return whole;
  }
  throw new Error(`no body of ${kind} has ${path}`);
}

/** @returns undefined where one on the way is missing, as an optional one may be */
function placeIn(whole: Record<string, unknown>, parts: readonly string[]): Record<string, unknown> | undefined {
  let place: unknown = whole;
  for (const part of parts) {
    const inner: unknown = (place as Record<string, unknown> | undefined)?.[part];
    place = Array.isArray(inner) ? inner[0] : inner;
  }
  return place as Record<string, unknown> | undefined;
}
