/** Changes bytes the way accidents and attackers do, from seeded dice: the same seed makes the same inputs. */

import { concat, utf8 } from "../../lib/base/bytes.ts";
import type { Prng } from "../../lib/base/prng.ts";
import { HEADER_BYTES } from "../../lib/wire/constants.ts";

/** What parsers stumble over, whatever the format. */
const WORDS: readonly string[] = [
  "null", "true", "-1", "0", "1e999", "9007199254740993", "18446744073709551616", '""', "[]", "{}", "[[[[[[[[[[", '{"a":{"a":{"a":{"a":', "__proto__", "constructor", "\u0000", "\u2028", "\ud83d\ude00",
  "告警", "\r\n", "\t", '"', "\\", "\\ud800", "\\u0000", ":", ",", "- ", "  ", "&a ", "*a", "<<: ", "!!binary ", "? ", "|", ">", "#", "%YAML 1.2\n---\n", "---\n", "...\n", "0x7f", "1_000", "5m", "31d", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00Z",
];

/** One changed input: in its bytes or, where it is JSON, in its form. */
export function another(input: Uint8Array, { dice, others }: { readonly dice: Prng; readonly others: readonly Uint8Array[] }): Uint8Array {
  return dice.fraction() < 0.5 ? mutate(input, { dice, others }) : (reshape(input, dice) ?? mutate(input, { dice, others }));
}

/** Where the fields of a header begin, and how many bytes each has (docs/protocol.md, Datagram); the last is the seal's or the body's first. */
const FIELDS: readonly (readonly [at: number, bytes: number])[] = [[0, 2], [2, 1], [3, 1], [4, 1], [5, 1], [6, 2], [8, 8], [16, 8], [24, 8], [32, 16]];

/** A changed datagram: mostly one that is whole but for a field, a byte or its end, because whatever is no datagram at all is dropped at once. */
export function anotherDatagram(input: Uint8Array, { dice, others }: { readonly dice: Prng; readonly others: readonly Uint8Array[] }): Uint8Array {
  if (input.length <= HEADER_BYTES) return mutate(input, { dice, others });
  const upTo = (most: number): number => Math.floor(dice.fraction() * most);
  const bytes = input.slice();
  const [at, length] = FIELDS[upTo(FIELDS.length)] ?? [0, 1];
  switch (upTo(8)) {
    case 0:
      return mutate(input, { dice, others });
    case 1:
      return bytes.subarray(0, upTo(bytes.length));
    case 2: {
      // Another's field: a kind, a number of a key, a sender, a counter that exists.
      const other = others[upTo(others.length)] ?? input;
      bytes.set(other.subarray(at, Math.min(at + length, bytes.length)), at);
      return bytes;
    }
    case 3:
      for (let nth = at; nth < at + length; nth += 1) bytes[nth] = upTo(256);
      return bytes;
    case 4: {
      // Its end belongs to another: the signature of one, the body of the other.
      const other = others[upTo(others.length)] ?? input;
      const from = HEADER_BYTES + upTo(bytes.length - HEADER_BYTES);
      return concat(bytes.subarray(0, from), other.subarray(Math.min(from, other.length)));
    }
    case 5:
      // Fresh for the window, whatever the seal says.
      new DataView(bytes.buffer).setUint32(at === 16 ? 20 : 28, dice.uint32());
      break;
    default:
  }
  const bit = upTo(bytes.length * 8);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytes;
}

/** @param others whole inputs to splice with; at least one */
function mutate(input: Uint8Array, { dice, others }: { readonly dice: Prng; readonly others: readonly Uint8Array[] }): Uint8Array {
  const upTo = (most: number): number => Math.floor(dice.fraction() * most);
  let bytes = input;
  for (let left = 1 + upTo(4); left > 0; left -= 1) {
    const at = upTo(bytes.length + 1);
    const end = Math.min(bytes.length, at + 1 + upTo(32));
    const before = bytes.subarray(0, at);
    switch (upTo(8)) {
      case 0:
        bytes = concat(before, new Uint8Array([(bytes[at] ?? 0) ^ (1 << upTo(8))]), bytes.subarray(at + 1));
        break;
      case 1:
        bytes = concat(before, bytes.subarray(end));
        break;
      case 2:
        bytes = concat(bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end));
        break;
      case 3:
        bytes = concat(before, utf8(WORDS[upTo(WORDS.length)] ?? ""), bytes.subarray(at));
        break;
      case 4:
        bytes = concat(before, utf8(WORDS[upTo(WORDS.length)] ?? ""), bytes.subarray(end));
        break;
      case 5: {
        const other = others[upTo(others.length)] ?? input;
        bytes = concat(before, other.subarray(upTo(other.length)));
        break;
      }
      case 6:
        bytes = concat(before, new Uint8Array(1 + upTo(8)).map(() => upTo(256)), bytes.subarray(at));
        break;
      default:
        bytes = before;
    }
    // A repeat of repeats would only test how long it takes.
    if (bytes.length > INPUT_BYTES_MOST) bytes = bytes.subarray(0, INPUT_BYTES_MOST);
  }
  return bytes;
}

const INPUT_BYTES_MOST = 16_384;

/** What may stand where something else belongs. */
const VALUES: readonly unknown[] = [
  null, true, 0, -1, 1.5, 1e21, 2 ** 53, "", "x", "*", "{a}", "{", "5m", "-5m", "999999999d", "2026-01-10T12:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "critical", "info",
  "\u0000\u001b[2J", "告警🔥".repeat(200), "x".repeat(5000), "\ud800", [], {}, [[]], [null], { "": "" }, { a: { a: { a: { a: {} } } } }, Array.from({ length: 300 }, (_, at) => at),
  Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`k${at}`, "v"])), 'a=~"(a+)+$"', "a=~(", "127.0.0.1:99999", "[::1]:1", "::ffff:1.2.3.4",
];

/** Puts something else into one place of a JSON text. @returns undefined where it is no JSON */
function reshape(input: Uint8Array, dice: Prng): Uint8Array | undefined {
  const upTo = (most: number): number => Math.floor(dice.fraction() * most);
  const change = (value: unknown): unknown => {
    const parts = typeof value === "object" && value !== null ? Object.entries(value) : [];
    if (parts.length === 0 || upTo(5) === 0) return VALUES[upTo(VALUES.length)];
    const at = upTo(parts.length);
    const list = Array.isArray(value);
    const [name = "", inner] = parts[at] ?? [];
    const how = upTo(8);
    const changed: [string, unknown][] = how === 0 ? [] : how === 1 ? [[name, inner], [`${name}x`, inner]] : how === 2 ? [[`${name} `, inner]] : [[name, change(inner)]];
    const whole = [...parts.slice(0, at), ...changed, ...parts.slice(at + 1)];
    return list ? whole.map(([, one]) => one) : Object.fromEntries(whole);
  };
  try {
    let json: unknown = JSON.parse(new TextDecoder().decode(input));
    for (let left = 1 + upTo(3); left > 0; left -= 1) json = change(json);
    return utf8(JSON.stringify(json) ?? "");
  } catch {
    return undefined;
  }
}
