/** The listener as a process, from its source or from its executable: one command, or one that runs on. */

import { join } from "node:path";
import { programBelow } from "./a-process.ts";

const CLIENT = join(import.meta.dir, "..", "..", "client.ts");

/** What is started; from its source unless told otherwise. */
const SOURCE: readonly string[] = [process.execPath, CLIENT];

export type ClientEnd = { readonly code: number; readonly out: string; readonly err: string };

type Starting = {
  readonly input?: string;
  /** An environment for the process beside our own. */
  readonly under?: Readonly<Record<string, string>>;
  /** The executable, with what starts it in front. */
  readonly program?: readonly string[];
};

export function spawnClient(words: readonly string[], { input = "", under = {}, program = SOURCE }: Starting = {}) {
  return Bun.spawn([...program, ...words], {
    stdin: new TextEncoder().encode(input), stdout: "pipe", stderr: "pipe", env: { ...process.env, LC_ALL: "C", ...under },
  });
}

/** Runs one command to its end. */
export async function client(words: readonly string[], options: Starting = {}): Promise<ClientEnd> {
  const child = spawnClient(words, options);
  const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { code, out, err };
}

export type RunningClient = {
  readonly out: () => string;
  readonly pid: number;
  readonly stop: () => Promise<ClientEnd>;
  readonly kill: () => Promise<void>;
  readonly says: (text: string) => Promise<void>;
};

/** A listener that runs on: what it has printed so far, and how it is told to end. */
export function runningClient(words: readonly string[], options: Starting = {}): RunningClient {
  const child = spawnClient(["run", "--no-desktop", ...words], options);
  let printed = "";
  const waiting: { text: string; resolve: () => void }[] = [];
  const read = (async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      printed += decoder.decode(chunk, { stream: true });
      for (const one of waiting.filter(({ text }) => printed.includes(text))) one.resolve();
    }
  })();
  const err = new Response(child.stderr).text();
  return {
    pid: child.pid, out: () => printed,
    says: (text) => (printed.includes(text) ? Promise.resolve() : new Promise((resolve) => waiting.push({ text, resolve }))),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(programBelow(child.pid), "SIGTERM");
      const code = await child.exited;
      await read;
      return { code, out: printed, err: await err };
    },
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
