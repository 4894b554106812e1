/** Both clocks of the host, and the one timer. */

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { BootId, Ms, WallMs } from "../base/units.ts";
import type { Clock } from "../port/clock.ts";

/** What the host tells of time; tests give their own. */
export type TimeSource = {
  /** Since the boot, time asleep included, in steps of 10 ms; undefined where the host does not tell. */
  readonly uptime: () => Ms | undefined;
  /** Since the start of this process, time asleep not included. */
  readonly running: () => Ms;
  readonly wall: () => WallMs;
  readonly boot: BootId;
  /** Calls `then` after `delayMs` of running time. @returns what disarms it */
  readonly arm: (delayMs: Ms, then: () => void) => () => void;
};

/** A host that slept is noticed at the latest after this long; also far below the 2^31 ms that `setTimeout` can take. */
export const SLEEP_MS_MOST: Ms = 15_000;

/** Smaller differences are the steps of /proc/uptime and the time it takes to read it. */
const SLEPT_MS_LEAST: Ms = 50;

/** The two clocks of a process move together; when they part by more, one was set or the host slept. */
const PARTED_MS: Ms = 500;

/**
 * A clock that counts from the boot and goes on while the host sleeps. Between two readings of /proc/uptime it follows
 * the process's own clock, which is finer and costs nothing, and it never goes back.
 */
export function openClock(source: TimeSource = hostTime()): Clock {
  let offset = (source.uptime() ?? source.running()) - source.running();
  let parting = source.wall() - source.running();
  let disarm = (): void => {};

  const measure = (): void => {
    const uptime = source.uptime();
    const slept = uptime === undefined ? 0 : uptime - source.running() - offset;
    if (slept > SLEPT_MS_LEAST) offset += slept;
  };

  const now = () => {
    const wall = source.wall();
    const running = source.running();
    if (Math.abs(wall - running - parting) > PARTED_MS) {
      parting = wall - running;
      measure();
    }
    return { mono: offset + running, wall };
  };

  const wakeAt = (due: Ms | undefined, wake: () => void): void => {
    disarm();
    disarm = () => {};
    if (due === undefined) return;
    const leftMs = Math.max(0, due - now().mono);
    disarm = source.arm(Math.min(Math.ceil(leftMs), SLEEP_MS_MOST), () => {
      measure();
      if (now().mono >= due) wake();
      else wakeAt(due, wake);
    });
  };

  return { boot: source.boot, now, wakeAt };
}

/** The clocks of Linux. */
export function hostTime(): TimeSource {
  return {
    uptime: readUptime,
    running: () => performance.now(),
    wall: () => Date.now(),
    boot: readBoot(),
    arm: (delayMs, then) => {
      const timer = setTimeout(then, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

function readUptime(): Ms | undefined {
  const seconds = Number.parseFloat(readOr("/proc/uptime", ""));
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

/** Where the kernel names no boot, each start counts as one, and deadlines go by the wall clock. */
function readBoot(): BootId {
  const text = readOr("/proc/sys/kernel/random/boot_id", "").trim();
  return text === "" ? randomUUID() : text;
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}
