import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { hours, minutes, type Ms, seconds } from "../../lib/base/units.ts";
import { hostTime, openClock, SLEEP_MS_MOST, type TimeSource } from "../../lib/io/clock.ts";

describe("the boot clock", () => {
  test("counts from the boot, not from the start of the process", () => {
    const host = aHost({ uptime: hours(30) });
    expect(openClock(host).now().mono).toBe(hours(30));
  });

  test("is the same for the next process of the same boot", () => {
    const host = aHost({ uptime: hours(30) });
    const before = openClock(host).now().mono;
    host.pass(minutes(2));
    expect(openClock(host.restarted()).now().mono).toBe(before + minutes(2));
  });

  test("goes on finely between two readings of the host's clock, which has steps of 10 ms", () => {
    const host = aHost({});
    const clock = openClock(host);
    const start = clock.now().mono;
    host.pass(3.25);
    expect(clock.now().mono - start).toBeCloseTo(3.25, 6);
  });

  test("knows at once how long the host slept", () => {
    const host = aHost({});
    const clock = openClock(host);
    const start = clock.now().mono;
    host.sleep(hours(8));
    expect(clock.now().mono - start).toBeCloseTo(hours(8), -2);
  });

  test("is not moved by a wall clock that is set", () => {
    const host = aHost({});
    const clock = openClock(host);
    const start = clock.now();
    host.setWall(hours(1));
    host.pass(seconds(1));
    host.setWall(-hours(9));
    const end = clock.now();
    expect(end.mono - start.mono).toBe(seconds(1));
    expect(end.wall - start.wall).toBe(seconds(1) - hours(8));
  });

  test("never goes back, even if the host's does", () => {
    const host = aHost({ uptime: hours(2) });
    const clock = openClock(host);
    host.setUptime(-hours(1));
    host.setWall(-hours(1));
    host.pass(seconds(1));
    expect(clock.now().mono).toBe(hours(2) + seconds(1));
  });

  test("counts from the start of the process where the host does not tell", () => {
    const host = aHost({});
    const clock = openClock({ ...host, uptime: () => undefined });
    const start = clock.now().mono;
    host.pass(100);
    expect(clock.now().mono - start).toBe(100);
  });
});

describe("the timer", () => {
  test("wakes when it is due, and once", () => {
    const { host, clock, wakes } = anAlarmClock();
    clock.wakeAt(clock.now().mono + 1000, wakes.add);
    host.run(999);
    expect(wakes.count).toBe(0);
    host.run(1);
    expect(wakes.count).toBe(1);
    host.run(hours(1));
    expect(wakes.count).toBe(1);
  });

  test("armed again is armed for the last moment only; disarmed it stays silent", () => {
    const { host, clock, wakes } = anAlarmClock();
    clock.wakeAt(clock.now().mono + 1000, wakes.add);
    clock.wakeAt(clock.now().mono + 5000, wakes.add);
    host.run(4999);
    expect(wakes.count).toBe(0);
    clock.wakeAt(undefined, wakes.add);
    host.run(hours(1));
    expect(wakes.count).toBe(0);
    expect(host.timers).toBe(0);
  });

  test("for a moment that has passed wakes at once", () => {
    const { host, clock, wakes } = anAlarmClock();
    clock.wakeAt(clock.now().mono - 5000, wakes.add);
    host.run(0);
    expect(wakes.count).toBe(1);
  });

  test("for a moment further away than setTimeout can count does not wake early", () => {
    const { host, clock, wakes } = anAlarmClock();
    const days60 = 60 * hours(24);
    clock.wakeAt(clock.now().mono + days60, wakes.add);
    host.run(days60 - 1);
    expect(wakes.count).toBe(0);
    expect(host.longestArmed).toBeLessThanOrEqual(SLEEP_MS_MOST);
    host.run(1);
    expect(wakes.count).toBe(1);
  });

  test("notices soon after waking up that the host slept past the moment", () => {
    const { host, clock, wakes } = anAlarmClock();
    clock.wakeAt(clock.now().mono + minutes(5), wakes.add);
    host.run(seconds(5));
    host.sleep(hours(8));
    host.run(SLEEP_MS_MOST);
    expect(wakes.count).toBe(1);
  });
});

test("the real clock agrees with the kernel's, and names its boot", () => {
  const clock = openClock();
  const kernel = Number.parseFloat(readFileSync("/proc/uptime", "utf8")) * 1000;
  expect(Math.abs(clock.now().mono - kernel)).toBeLessThan(1000);
  expect(Math.abs(clock.now().wall - Date.now())).toBeLessThan(1000);
  expect(clock.boot).toBe(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  expect(hostTime().boot).toBe(clock.boot);
});

test("the real timer wakes within its bounds", async () => {
  const clock = openClock();
  const due = clock.now().mono + 30;
  await new Promise<void>((resolve) => clock.wakeAt(due, resolve));
  expect(clock.now().mono).toBeGreaterThanOrEqual(due - 1);
});

class Host implements TimeSource {
  readonly boot = "boot-1";
  longestArmed: Ms = 0;
  #running: Ms;
  #uptime: Ms;
  #wall = Date.UTC(2026, 10, 24);
  #timers: { readonly due: Ms; readonly then: () => void }[] = [];

  constructor({ uptime, running }: { readonly uptime: Ms; readonly running: Ms }) {
    this.#uptime = uptime;
    this.#running = running;
  }

  readonly uptime = (): Ms => Math.floor(this.#uptime / 10) * 10;
  readonly running = (): Ms => this.#running;
  readonly wall = (): Ms => this.#wall;
  readonly arm = (delayMs: Ms, then: () => void): (() => void) => {
    this.longestArmed = Math.max(this.longestArmed, delayMs);
    const timer = { due: this.#running + delayMs, then };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  };

  get timers(): number {
    return this.#timers.length;
  }

  pass(ms: Ms): void {
    this.#running += ms;
    this.#uptime += ms;
    this.#wall += ms;
  }

  /** Lets time pass and timers ring in their order. */
  run(ms: Ms): void {
    const end = this.#running + ms;
    for (;;) {
      const next = this.#timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.pass(Math.max(0, next.due - this.#running));
      this.#timers = this.#timers.filter((one) => one !== next);
      next.then();
    }
    this.pass(end - this.#running);
  }

  /** The lid is closed: the process's clock stands still. */
  sleep(ms: Ms): void {
    this.#uptime += ms;
    this.#wall += ms;
  }

  setWall(by: Ms): void {
    this.#wall += by;
  }

  setUptime(by: Ms): void {
    this.#uptime += by;
  }

  restarted(): Host {
    return new Host({ uptime: this.#uptime, running: 1 });
  }
}

function aHost({ uptime = hours(1), running = 40 }: { readonly uptime?: Ms; readonly running?: Ms }): Host {
  return new Host({ uptime, running });
}

function anAlarmClock() {
  const host = aHost({});
  const wakes = { count: 0, add: () => void (wakes.count += 1) };
  return { host, clock: openClock(host), wakes };
}
