/** Starts a program for each line, the line on its standard input: few at a time, none for ever, nothing through a shell. */

import { type Ms, seconds } from "../base/units.ts";
import type { Log } from "../port/log.ts";

/** Programs that run at the same time, and lines that wait for one of them to end. */
export const RUNS_MOST = 4;
export const RUNS_WAITING_MOST = 1000;
/** A program that has not ended by then is told to, and a little later made to. */
export const RUN_MS_MOST: Ms = seconds(60);
const KILL_AFTER_MS: Ms = seconds(2);

/** What a started program finds in its environment: whatever it acknowledges, a robot has acknowledged. */
export const ROBOT_ENVIRONMENT = "GAPBELL_ROBOT";

export type Runner = {
  /** @returns false where too many wait: this line starts nothing */
  readonly run: (line: string, name: string) => boolean;
  /** Resolves when everything has ended that was started or waits. */
  readonly idle: () => Promise<void>;
  /** Ends what runs and forgets what waits. */
  readonly stop: () => void;
};

/** @param argv the program and its arguments */
export function openRunner({ argv, log, timeoutMs = RUN_MS_MOST }: { readonly argv: readonly [string, ...string[]]; readonly log: Log; readonly timeoutMs?: Ms }): Runner {
  const waiting: { line: string; name: string }[] = [];
  const running = new Set<Bun.Subprocess>();
  const resting: (() => void)[] = [];
  let busy = 0;

  const next = (): void => {
    for (let one = busy < RUNS_MOST ? waiting.shift() : undefined; one !== undefined; one = busy < RUNS_MOST ? waiting.shift() : undefined) {
      busy += 1;
      void start(one).finally(() => {
        busy -= 1;
        next();
      });
    }
    if (busy === 0) for (const resolve of resting.splice(0)) resolve();
  };

  const start = async ({ line, name }: { readonly line: string; readonly name: string }): Promise<void> => {
    try {
      const child = Bun.spawn([...argv], {
        stdin: new TextEncoder().encode(`${line}\n`), stdout: "inherit", stderr: "inherit", env: { ...process.env, [ROBOT_ENVIRONMENT]: "1" },
      });
      running.add(child);
      const late = setTimeout(() => child.kill("SIGTERM"), timeoutMs);
      const dead = setTimeout(() => child.kill("SIGKILL"), timeoutMs + KILL_AFTER_MS);
      const code = await child.exited;
      clearTimeout(late);
      clearTimeout(dead);
      running.delete(child);
      log.write(code === 0 ? "info" : "warn", "command ended", { alarm: name, code, ...(child.signalCode === null ? {} : { signal: child.signalCode }) });
    } catch (thrown) {
      log.write("error", "command not started", { alarm: name, reason: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  };

  return {
    run: (line, name) => {
      if (waiting.length >= RUNS_WAITING_MOST) {
        log.write("error", "command left out", { alarm: name, reason: `${RUNS_WAITING_MOST} wait already` });
        return false;
      }
      waiting.push({ line, name });
      next();
      return true;
    },
    idle: () => (busy === 0 && waiting.length === 0 ? Promise.resolve() : new Promise((resolve) => resting.push(resolve))),
    stop: () => {
      waiting.length = 0;
      for (const child of running) child.kill("SIGTERM");
    },
  };
}
