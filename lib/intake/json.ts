/** A body as a JSON value, or the byte at which it stops being one. What the value means is left to each format. */

import { fromUtf8 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { BodyFault } from "./parsed.ts";

/** Strict UTF-8, strict JSON (RFC 8259), one value. A leading byte order mark is passed over. */
export function readJson(body: Uint8Array): Result<unknown, BodyFault> {
  const text = fromUtf8(body);
  if (text === undefined) return fail(notUtf8(body));
  if (body.length === 0) return fail(bodyFault({ position: 0, expected: "JSON", found: "empty" }));
  try {
    return ok(JSON.parse(text) as unknown);
  } catch {
    // The engine says what it dislikes but not where, so that the place is looked for here. Where the grammar holds,
    // its stack was full.
    const bad = firstBadByte(body) ?? { position: 0, expected: "fewer levels of lists and objects", found: "too deep" };
    return fail(bodyFault(bad));
  }
}

type Bad = { readonly position: number; readonly expected: string; readonly found: string };

function bodyFault({ position, expected, found }: Bad): BodyFault {
  return { field: "body", position, expected, found };
}

function notUtf8(body: Uint8Array): BodyFault {
  const position = firstForeignByte(body);
  return bodyFault({ position, expected: "UTF-8", found: `the byte 0x${(body[position] ?? 0).toString(16).padStart(2, "0")}` });
}

/** Where the first sequence that is not UTF-8 begins (Unicode 15, table 3-7); the length where all are. */
function firstForeignByte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceAt(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return at;
}

/** @returns the length of the well-formed sequence at `at`, or 0 */
function sequenceAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const second = bytes[at + 1] ?? 0;
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let i = 2; i < length; i += 1) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

/** What may come next, and how an error says it. */
const WANTED = {
  value: "a value",
  valueOrEnd: 'a value or "]"',
  name: "a name in double quotes",
  nameOrEnd: 'a name in double quotes or "}"',
  colon: '":"',
  listMore: '"," or "]"',
  objectMore: '"," or "}"',
  nothing: "the end of the body",
} as const;
type Wanted = keyof typeof WANTED;

/** Reads on without building anything. @returns the first byte that breaks the grammar, or undefined where none does */
export function firstBadByte(bytes: Uint8Array): Bad | undefined {
  const open: ("[" | "{")[] = [];
  let wanted: Wanted = "value";
  let at = bytes[0] === 0xef ? 3 : 0;
  const after = (): Wanted => (open.length === 0 ? "nothing" : open.at(-1) === "[" ? "listMore" : "objectMore");
  const bad = (position: number, expected: string): Bad => ({ position, expected, found: foundAt(bytes, position) });
  for (;;) {
    while (SPACES.has(bytes[at] ?? 0)) at += 1;
    if (at >= bytes.length) return wanted === "nothing" ? undefined : bad(at, WANTED[wanted]);
    const character = String.fromCharCode(bytes[at] ?? 0);
    const takesValue: boolean = wanted === "value" || wanted === "valueOrEnd";
    if (takesValue && (character === "[" || character === "{")) {
      open.push(character);
      wanted = character === "[" ? "valueOrEnd" : "nameOrEnd";
      at += 1;
    } else if (
      (character === "]" && (wanted === "valueOrEnd" || wanted === "listMore")) ||
      (character === "}" && (wanted === "nameOrEnd" || wanted === "objectMore"))
    ) {
      open.pop();
      wanted = after();
      at += 1;
    } else if (character === "," && (wanted === "listMore" || wanted === "objectMore")) {
      wanted = wanted === "listMore" ? "value" : "name";
      at += 1;
    } else if (character === ":" && wanted === "colon") {
      wanted = "value";
      at += 1;
    } else if (character === '"' && (takesValue || wanted === "name" || wanted === "nameOrEnd")) {
      const end = stringEnd(bytes, at);
      if (!end.ok) return bad(end.fault.position, end.fault.expected);
      at = end.value;
      wanted = takesValue ? after() : "colon";
    } else if (takesValue) {
      const end = at + (SCALAR.exec(latin(bytes, at, 400))?.[0].length ?? 0);
      if (end === at) return bad(at, WANTED[wanted]);
      at = end;
      wanted = after();
    } else return bad(at, WANTED[wanted]);
  }
}

const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d]);
const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/;
const ESCAPE = /^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/;

function stringEnd(bytes: Uint8Array, start: number): Result<number, { readonly position: number; readonly expected: string }> {
  for (let at = start + 1; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x22) return ok(at + 1);
    if (byte < 0x20) return fail({ position: at, expected: "an escaped control character, as in \\n" });
    if (byte === 0x5c) {
      const escaped = ESCAPE.exec(latin(bytes, at, 6));
      if (escaped === null) return fail({ position: at, expected: 'an escape of JSON: \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX' });
      at += escaped[0].length - 1;
    }
  }
  return fail({ position: bytes.length, expected: "a closing quotation mark" });
}

function foundAt(bytes: Uint8Array, at: number): string {
  if (at >= bytes.length) return "the end of the body";
  const near = fromUtf8(bytes.subarray(at, at + sequenceAt(bytes, at)));
  return JSON.stringify(near ?? "");
}

function latin(bytes: Uint8Array, at: number, count: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + count));
}
