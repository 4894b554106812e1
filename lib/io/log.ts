/** The program's log: one JSON line to standard error for each event, and one with a count for a fault that comes again and again. */

import { escapeControls } from "../base/json-line.ts";
import { type Ms, minutes, type WallMs } from "../base/units.ts";
import type { Log, LogLevel } from "../port/log.ts";

export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const satisfies readonly LogLevel[];

/** The same fault is written at most once in this time; what came between is counted in `times`. */
export const REPEAT_MS: Ms = minutes(1);

/** Different faults whose repeats are counted; with more, the oldest starts anew. */
export const FAULTS_KEPT = 64;

type Repeated = { readonly line: Line; readonly writtenAt: WallMs; times: number };
type Line = { readonly level: LogLevel; readonly event: string; readonly facts: Readonly<Record<string, unknown>> };

/**
 * Keys of a line: `at` (ISO 8601, UTC), `level`, `event`, then the facts; `times` where the line stands for several.
 *
 * @param level the least grave level that is written
 */
export function openLog({
  level,
  print = printer(),
  wall = () => Date.now(),
}: {
  readonly level: LogLevel;
  readonly print?: (line: string) => void;
  readonly wall?: () => WallMs;
}): Log & {
  /** Writes the counts that are still held back: before the process ends. */
  readonly flush: () => void;
} {
  const shown = LOG_LEVELS.indexOf(level);
  const repeated = new Map<string, Repeated>();

  const put = (line: Line, times?: number): void => print(jsonOf(line, { at: wall(), times }));

  const settle = (due: (held: Repeated) => boolean): void => {
    for (const [key, held] of repeated) {
      if (!due(held)) continue;
      repeated.delete(key);
      if (held.times > 0) put(held.line, held.times);
    }
  };

  return {
    write: (level, event, facts = {}) => {
      if (LOG_LEVELS.indexOf(level) > shown) return;
      const line = { level, event, facts };
      const at = wall();
      settle(({ writtenAt }) => at - writtenAt >= REPEAT_MS || at < writtenAt);
      if (level === "info" || level === "debug") return put(line);
      const key = jsonOf(line, { at: 0 });
      const held = repeated.get(key);
      if (held !== undefined) {
        held.times += 1;
        return;
      }
      put(line);
      if (repeated.size >= FAULTS_KEPT) {
        const oldest = repeated.values().next().value;
        settle((one) => one === oldest);
      }
      repeated.set(key, { line, writtenAt: at, times: 0 });
    },
    flush: () => settle(() => true),
  };
}

/** Standard error; a reader that has gone away must not stop the bell. */
function printer(): (line: string) => void {
  process.stderr.on("error", () => {});
  return (line) => void process.stderr.write(`${line}\n`);
}

/** Never throws: no log line can stop the program. */
function jsonOf({ level, event, facts }: Line, { at, times }: { readonly at: WallMs; readonly times?: number | undefined }): string {
  const head = { at: new Date(at).toISOString(), level, event };
  try {
    return escapeControls(JSON.stringify({ ...head, ...facts, times }, plain));
  } catch {
    return JSON.stringify({ ...head, facts: "cannot be written as JSON", times });
  }
}

/** What JSON has no word for. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Error ? value.message : value;
}
