/** The account that the demonstration gives: who did what and when, in lines that fit a terminal. */

import { wrapped } from "./wrap.ts";

/** On a wider screen lines would be hard to read. */
const COLUMNS_MOST = 100;
const COLUMNS_USUAL = 80;
const WHO_COLUMNS = 10;

export type Account = {
  /** A title with a line of its own. */
  readonly heading: (text: string) => void;
  /** `who` did or said `text`. */
  readonly tell: (who: string, text: string) => void;
  /** What somebody received, word by word. */
  readonly quote: (text: string) => void;
  /** As it is. */
  readonly print: (text: string) => void;
};

export function openAccount(stream: NodeJS.WriteStream = process.stdout): Account {
  const began = performance.now();
  const columns = Math.min(COLUMNS_MOST, stream.isTTY ? stream.columns : COLUMNS_USUAL) - 1;
  const colour = stream.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb";
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const write = (line: string): void => void stream.write(`${line}\n`);
  return {
    heading: (text) => write(`\n${paint(BOLD, text)}`),
    tell: (who, text) => {
      const head = `${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  `;
      const [first = "", ...rest] = wrapped(plain(text), columns - head.length - WHO_COLUMNS);
      write(`${paint(DIM, head)}${paint(COLOURS[who] ?? DIM, who.padEnd(WHO_COLUMNS))}${first}`);
      for (const line of rest) write(" ".repeat(head.length + WHO_COLUMNS) + line);
    },
    quote: (text) => {
      for (const line of text.split("\n").flatMap((one) => wrapped(plain(one), columns - INDENT.length - 2))) write(`${INDENT}${paint(DIM, "│")} ${line}`.trimEnd());
    },
    print: write,
  };
}

const BOLD = 1;
const DIM = 2;
const COLOURS: Readonly<Record<string, number>> = { agent: 36, relay: 35, listener: 33, li: 32, mail: 34, WeCom: 34 };
const INDENT = " ".repeat(9);

/** What programs print may hold what a terminal would act on. */
function plain(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ").trimEnd();
}
