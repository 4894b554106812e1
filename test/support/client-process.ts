/** The listener as a process from its source: one command, or one that runs on. */

import { join } from "node:path";

const CLIENT = join(import.meta.dir, "..", "..", "client.ts");

export type ClientEnd = { readonly code: number; readonly out: string; readonly err: string };

/** @param under an environment for the process beside our own */
export function spawnClient(words: readonly string[], { input = "", under = {} }: { readonly input?: string; readonly under?: Readonly<Record<string, string>> } = {}) {
  return Bun.spawn([process.execPath, CLIENT, ...words], {
    stdin: new TextEncoder().encode(input), stdout: "pipe", stderr: "pipe", env: { ...process.env, LC_ALL: "C", ...under },
  });
}

/** Runs one command to its end. */
export async function client(words: readonly string[], options: Parameters<typeof spawnClient>[1] = {}): Promise<ClientEnd> {
  const child = spawnClient(words, options);
  const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { code, out, err };
}

/** A listener that runs on: what it has printed so far, and how it is told to end. */
export function runningClient(words: readonly string[]): { readonly out: () => string; readonly pid: number; readonly stop: () => Promise<ClientEnd>; readonly kill: () => Promise<void>; readonly says: (text: string) => Promise<void> } {
  const child = spawnClient(["run", "--no-desktop", ...words]);
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
      child.kill("SIGTERM");
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
