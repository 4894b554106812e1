/** Breaks a text into lines of a number of columns; a Chinese character takes two. */

/** At blanks; a longer word is cut. @returns at least one line */
export function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((one) => cut(one, columns))) {
    if (line !== "" && Bun.stringWidth(line) + 1 + Bun.stringWidth(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function cut(word: string, columns: number): readonly string[] {
  if (Bun.stringWidth(word) <= columns) return [word];
  const parts: string[] = [];
  let part = "";
  for (const character of word) {
    if (Bun.stringWidth(part + character) > columns) {
      parts.push(part);
      part = "";
    }
    part += character;
  }
  return [...parts, part];
}
