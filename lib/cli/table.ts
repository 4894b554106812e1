/** Tables for a terminal: columns as wide as what stands in them, nothing that could move the cursor. */

/** Between two columns. */
const GAP = "  ";

/**
 * @param head the titles; left out where there is no row
 * @returns lines without trailing blanks
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const lines = [head, ...rows].map((cells) => cells.map(plain));
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => Bun.stringWidth(cells[column] ?? ""))));
  return lines.map((cells) =>
    cells.map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - Bun.stringWidth(cell)))).join(GAP).trimEnd(),
  );
}

/** What a source or another host has said, without control characters. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

/** Cut to a number of columns, with an ellipsis. A Chinese character takes two. */
export function cut(text: string, columns: number): string {
  if (Bun.stringWidth(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const character of text) {
    width += Bun.stringWidth(character);
    if (width > columns - 1) return `${kept}…`;
    kept += character;
  }
  return kept;
}
