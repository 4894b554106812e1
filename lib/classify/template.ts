/** Texts with holes: `{ceph_daemon}` in a rule's module or item is filled with that label's value. */

/** What stands where a label is missing or empty. */
export const NOTHING = "-";

/** Alternating: text, label, text, … */
export type Template = { readonly pieces: readonly string[] };

const HOLES = /\{([^\s"'=!~{},]{1,128})\}/u;

/** @returns undefined where a brace has no partner or its label could not be one */
export function parseTemplate(text: string): Template | undefined {
  const pieces = text.split(HOLES);
  return pieces.some((piece, at) => at % 2 === 0 && /[{}]/.test(piece)) ? undefined : { pieces };
}

export function labelsOf({ pieces }: Template): readonly string[] {
  return pieces.filter((_, at) => at % 2 === 1);
}

/**
 * @param lengthMost in UTF-16 units, as schemas count; a cut never falls inside a character
 * @returns at least one character, and none that could move a terminal's cursor
 */
export function fill({ pieces }: Template, label: (name: string) => string, lengthMost: number): string {
  const filled = pieces.map((piece, at) => (at % 2 === 0 ? piece : label(piece) || NOTHING)).join("");
  return (
    cut(
      filled
        .toWellFormed()
        .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
        .trim(),
      lengthMost,
    ) || NOTHING
  );
}

function cut(text: string, lengthMost: number): string {
  if (text.length <= lengthMost) return text;
  const high = text.charCodeAt(lengthMost - 1);
  return text.slice(0, high >= 0xd800 && high < 0xdc00 ? lengthMost - 1 : lengthMost);
}
