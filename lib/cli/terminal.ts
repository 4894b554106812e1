/** What is known of the person at the terminal: language, timezone, colours; and the questions that can be put to them. */

import type { Language } from "../alarm/language.ts";

export type Reader = { readonly language: Language; readonly timezone: string };

/** From the locale, as every program of a Unix host takes it; Chinese where it begins with zh. */
export function readerOf(env: NodeJS.ProcessEnv = process.env): Reader {
  const locale = [env["LC_ALL"], env["LC_MESSAGES"], env["LANG"]].find((word) => word !== undefined && word !== "") ?? "";
  return { language: locale.toLowerCase().startsWith("zh") ? "zh" : "en", timezone: Intl.DateTimeFormat().resolvedOptions().timeZone };
}

/** Colours only for eyes: on a terminal, and not where the person has said no (no-color.org). */
export function coloured(stream: { readonly isTTY?: boolean } = process.stdout, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

/** Text in a colour of SGR (ECMA-48), where colours are wanted. */
export function paint(text: string, { code, on }: { readonly code: number; readonly on: boolean }): string {
  return on ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** Whether somebody can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * Asks for one line without showing what is typed. The question goes to standard error, so that the output can be piped.
 *
 * @returns undefined where the person gives up (Ctrl-C, Ctrl-D)
 */
export function askHidden(question: string): Promise<string | undefined> {
  // Before the question: whoever types ahead must not be shown either.
  process.stdin.setRawMode(true);
  process.stderr.write(question);
  process.stdin.resume();
  return new Promise((resolve) => {
    const characters: string[] = [];
    const end = (answer: string | undefined): void => {
      process.stdin.off("data", take);
      process.stdin.setRawMode(false);
      process.stdin.pause();
      process.stderr.write("\n");
      resolve(answer);
    };
    const take = (bytes: Buffer): void => {
      for (const character of bytes.toString("utf8")) {
        if (character === "\r" || character === "\n") return end(characters.join(""));
        if (character === "\u0003" || character === "\u0004") return end(undefined);
        if (character === "\u007f" || character === "\b") characters.pop();
        else if (character >= " ") characters.push(character);
      }
    };
    process.stdin.on("data", take);
  });
}
