/** The lines for people that a report brings along, made safe to print and short enough to keep. */

/** The LAN shows 256 characters of it, the mail 512. */
export const TEXT_CHARACTERS_MOST = 512;
export const DETAIL_CHARACTERS_MOST = 4000;

/** One line: control characters, which could move a terminal's cursor, become spaces; cut where it is too long. */
export function oneLine(text: string): string {
  return clip(text.toWellFormed().replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim(), TEXT_CHARACTERS_MOST);
}

/** Several lines: line breaks stay, other control characters become spaces; cut where it is too long. */
export function manyLines(text: string): string {
  const plain = text.toWellFormed().replace(/\r\n?|[\u2028\u2029]/gu, "\n").replace(/[^\P{Cc}\n]/gu, " ");
  return clip(plain.trim(), DETAIL_CHARACTERS_MOST);
}

/** Never inside a code point. */
function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = most - 1;
  const high = text.charCodeAt(end - 1);
  return `${text.slice(0, high >= 0xd800 && high < 0xdc00 ? end - 1 : end)}…`;
}
