/** One command of a program run in this process: what it printed where, and how it ended. */

import { spyOn } from "bun:test";
import type { Command } from "commander";
import { EXIT } from "../../lib/cli/exit.ts";
import { runProgram } from "../../lib/cli/main.ts";

export type Ended = { readonly code: number; readonly out: string; readonly err: string };

/** Two at a time would hear each other. */
export async function command(program: Command, words: readonly string[]): Promise<Ended> {
  const out: string[] = [];
  const err: string[] = [];
  const into = (lines: string[]) => (chunk: string | Uint8Array): boolean => {
    lines.push(typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk));
    return true;
  };
  // People's words are English here, wherever the tests run.
  const locale = process.env["LC_ALL"];
  process.env["LC_ALL"] = "C";
  const spies = [spyOn(process.stdout, "write").mockImplementation(into(out)), spyOn(process.stderr, "write").mockImplementation(into(err))];
  try {
    const code = await runProgram(program, words, (line) => err.push(`${line}\n`));
    return { code, out: out.join(""), err: err.join("") };
  } finally {
    for (const spy of spies) spy.mockRestore();
    // What one command has set is not how the next one, or the tests, end.
    process.exitCode = EXIT.done;
    if (locale === undefined) delete process.env["LC_ALL"];
    else process.env["LC_ALL"] = locale;
  }
}
