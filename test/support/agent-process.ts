/** The agent's executable as a process of its own, set up by its public commands, on loopback. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programBelow } from "./a-process.ts";
import { freePort } from "./free-port.ts";

/** Disposed of, it is gone, however it was left. */
export type AgentProcess = AsyncDisposable & {
  /** Of the agent itself, also where something else started it. */
  readonly pid: number;
  /** Where its API listens, on 127.0.0.1. */
  readonly apiPort: number;
  readonly kill: (signal: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT" | "SIGHUP") => void;
  /** Resolves with what it wrote to standard error, once it and whatever started it have ended. */
  readonly ended: Promise<string>;
  /** The exit code of whatever started it; of itself where nothing did, or where that hands it on. */
  readonly code: Promise<number>;
};

export type AgentPorts = { readonly port: number; readonly broadcastPort: number };

/** What unlocks the cluster key of every agent under test. */
export const PASSPHRASE = "correct horse battery staple";

/** The file that `initAgent` leaves beside the state folder: what unlocks its cluster key. */
export function passphraseOf(state: string): string {
  return `${state}.passphrase`;
}

/** Writes keys and configuration into `state`. The API takes whatever port is free, the LAN is loopback's broadcast. */
export async function initAgent(program: string, state: string): Promise<AgentPorts> {
  const passphrase = passphraseOf(state);
  writeFileSync(passphrase, PASSPHRASE, { mode: 0o600 });
  const words = [program, "init", "--state", state, "--cluster", "c1", "--agent", "a1", "--operator", "li", "--mail", "li@example.org", "--passphrase-file", passphrase];
  const init = Bun.spawn(words, { stdout: "ignore", stderr: "pipe" });
  const complaint = await new Response(init.stderr).text();
  if ((await init.exited) !== 0) throw new Error(`Cannot set the agent up: ${complaint}`);
  const file = join(state, "agent.yaml");
  const [port, broadcastPort] = [await freePort(), await freePort()];
  const lan = `lan:\n  interfaces: [{name: lo, broadcast: 127.255.255.255}]\n  broadcast_port: ${broadcastPort}\n  port: ${port}\n`;
  writeFileSync(file, readFileSync(file, "utf8").replace(/^lan:\n/m, lan).replace(/^ {2}listen: .*$/m, "  listen: 127.0.0.1:0"));
  return { port, broadcastPort };
}

/** Starts it and returns when its API listens. @param under what starts it, as in `strace -f` */
export async function startAgent(program: string, state: string, { under = [] }: { readonly under?: readonly string[] } = {}): Promise<AgentProcess> {
  const child = Bun.spawn([...under, program, "run", "--state", state], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const listening = Promise.withResolvers<number>();
  const ended = (async () => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) {
      text += decoder.decode(chunk, { stream: true });
      const port = /"event":"listening","api":"127\.0\.0\.1:(\d+)"/.exec(text)?.[1];
      if (port !== undefined) listening.resolve(Number(port));
    }
    await child.exited;
    listening.reject(new Error(`The agent ended before it listened: ${text}`));
    return text;
  })();
  const apiPort = await listening.promise;
  const pid = under.length === 0 ? child.pid : programBelow(child.pid);
  return {
    pid, apiPort, ended, code: child.exited, kill: (signal) => process.kill(pid, signal),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(pid, "SIGKILL");
      await ended;
    },
  };
}

/** The texts of all its alarms, also of those that are over. */
export async function textsListed({ apiPort }: Pick<AgentProcess, "apiPort">): Promise<ReadonlySet<string>> {
  const response = await fetch(`http://127.0.0.1:${apiPort}/v1/alarms?all=1`);
  const { alarms } = (await response.json()) as { alarms: readonly { readonly text: string }[] };
  return new Set(alarms.map(({ text }) => text));
}
