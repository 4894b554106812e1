/** A second process in a test: a few lines of TypeScript that import the library. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");

export type Running = {
  readonly pid: number;
  readonly kill: (signal: "SIGKILL" | "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGSTOP" | "SIGCONT") => void;
  /** The next line that it prints; undefined once it has ended. */
  readonly nextLine: () => Promise<string | undefined>;
  /** What it has written to standard error so far. */
  readonly said: () => string;
  /** Waits for its end. `out` is what `nextLine` has not taken. */
  readonly end: () => Promise<{ readonly out: string; readonly err: string; readonly code: number }>;
};

/** Imports of `source` are relative to the root of the repository; `args` begin at `Bun.argv[1]`. `under` starts it. */
export function aProcess(source: string, { args = [], under = [] }: { readonly args?: readonly string[]; readonly under?: readonly string[] } = {}): Running {
  return aCommand([...under, process.execPath, "-e", source, ...args]);
}

/** The same for any program. */
export function aCommand(words: readonly string[], { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {}): Running {
  const child = Bun.spawn([...words], { cwd: ROOT, env: { ...process.env, ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  let said = "";
  const err = (async () => {
    const errors = new TextDecoder();
    for await (const chunk of child.stderr) said += errors.decode(chunk, { stream: true });
    return said;
  })();
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let rest = "";

  const more = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    if (!done) rest += decoder.decode(value, { stream: true });
    return !done;
  };

  return {
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    nextLine: async () => {
      while (!rest.includes("\n")) if (!(await more())) return undefined;
      const line = rest.slice(0, rest.indexOf("\n"));
      rest = rest.slice(line.length + 1);
      return line;
    },
    said: () => said,
    end: async () => {
      while (await more());
      return { out: rest, err: await err, code: await child.exited };
    },
  };
}

/** The program that something else has started, as in `strace -f`; what started it may have become the program itself. */
export function programBelow(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return children === "" ? pid : Number(children.split(" ")[0]);
}
