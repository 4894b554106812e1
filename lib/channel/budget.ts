/** Makes a text fit what a provider takes: clean characters, and a length in UTF-8 bytes that never cuts a character. */

import { utf8Length } from "../base/bytes.ts";

const ELLIPSIS = "…";

/**
 * Shortens a text to `bytesMost` UTF-8 bytes, with an ellipsis where something was cut; at a line break where one is near.
 *
 * @param bytesMost at least 0; below 3 there is no room for the ellipsis and the text is cut without it
 */
export function fit(text: string, bytesMost: number): string {
  if (utf8Length(text) <= bytesMost) return text;
  const room = bytesMost - utf8Length(ELLIPSIS);
  if (room < 0) return cut(text, bytesMost);
  const kept = cut(text, room);
  const lineEnd = kept.lastIndexOf("\n");
  // A cut at a line break reads better, unless it would throw away more than a tenth.
  return (lineEnd > kept.length * 0.9 ? kept.slice(0, lineEnd) : kept) + ELLIPSIS;
}

/** The longest beginning of whole code points within the budget. */
function cut(text: string, bytesMost: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += utf8Length(character);
    if (bytes > bytesMost) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/**
 * Text that every provider takes: no control characters but the line break, no lone surrogates.
 * JSON writes those as `\uXXXX`, which WeCom refuses (errcode 40033).
 */
export function clean(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, "\n")
    .replace(/\t/g, " ")
    .replace(/[\p{Cc}\u2028\u2029]/gu, (character) => (character === "\n" ? "\n" : ""));
}

/** One clean line: what may stand in a header or a headline, whatever a label held. */
export function line(text: string): string {
  return clean(text).replace(/\s+/gu, " ").trim();
}
