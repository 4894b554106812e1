import { describe, expect, test } from "bun:test";
import { FAULTS_KEPT, LOG_LEVELS, openLog, REPEAT_MS } from "../../lib/io/log.ts";
import type { LogLevel } from "../../lib/port/log.ts";
import { aProcess } from "../support/a-process.ts";

test("an event is one JSON line with time, level, name and facts", () => {
  const { log, text } = aLog();
  log.write("info", "raised", { alarm: "c1/osd.12", phase: ["idle", "waiting"] });
  expect(text()).toBe('{"at":"2026-11-24T03:00:00.000Z","level":"info","event":"raised","alarm":"c1/osd.12","phase":["idle","waiting"]}\n');
});

describe("the level says what is written", () => {
  for (const [index, level] of LOG_LEVELS.entries()) {
    test(`${level}: what is as grave or graver`, () => {
      const { log, lines } = aLog({ level });
      for (const one of LOG_LEVELS) log.write(one, one);
      expect(lines().map(({ event }) => String(event))).toEqual(LOG_LEVELS.slice(0, index + 1));
    });
  }
});

describe("a fault that comes again", () => {
  test("is one line, and a second one with the count when its time is over", () => {
    const { log, lines, clock } = aLog();
    for (let i = 0; i < 500; i += 1) log.write("warn", "relay silent", { reason: "timed out" });
    expect(lines()).toHaveLength(1);
    clock.wall += REPEAT_MS;
    log.write("warn", "relay silent", { reason: "timed out" });
    expect(lines().map(({ times }) => times)).toEqual([undefined, 499, undefined]);
  });

  test("is counted also where it stops and others go on", () => {
    const { log, lines, clock } = aLog();
    log.write("error", "disk full");
    log.write("error", "disk full");
    clock.wall += REPEAT_MS;
    log.write("info", "raised");
    expect(lines().map(({ event, times }) => [event, times])).toEqual([["disk full", undefined], ["disk full", 1], ["raised", undefined]]);
  });

  test("is counted before the program ends", () => {
    const { log, lines } = aLog();
    for (let i = 0; i < 3; i += 1) log.write("error", "disk full");
    log.flush();
    log.flush();
    expect(lines().map(({ times }) => times)).toEqual([undefined, 2]);
  });

  test("with another reason is another fault", () => {
    const { log, lines } = aLog();
    log.write("warn", "relay silent", { reason: "timed out" });
    log.write("warn", "relay silent", { reason: "refused" });
    log.write("error", "relay silent", { reason: "refused", more: 1 });
    expect(lines()).toHaveLength(3);
  });

  test("is written anew when the wall clock is set back", () => {
    const { log, lines, clock } = aLog();
    log.write("warn", "relay silent");
    clock.wall -= 1;
    log.write("warn", "relay silent");
    expect(lines()).toHaveLength(2);
  });

  test("never costs more memory than its limit", () => {
    const { log, lines } = aLog();
    for (let i = 0; i < 2; i += 1) for (let fault = 0; fault <= FAULTS_KEPT; fault += 1) log.write("warn", `fault ${fault}`);
    expect(lines()).toHaveLength(2 * (FAULTS_KEPT + 1));
  });

  test("is not held back where it is only information", () => {
    const { log, lines } = aLog();
    for (let i = 0; i < 3; i += 1) log.write("info", "tick");
    expect(lines()).toHaveLength(3);
  });
});

test("what JSON cannot say never stops the program", () => {
  const { log, lines } = aLog({ level: "debug" });
  const loop: Record<string, unknown> = {};
  loop["loop"] = loop;
  log.write("debug", "odd", { epoch: 2n ** 60n, cause: new Error("no such file"), nothing: undefined });
  log.write("error", "odder", loop);
  expect(lines()[0]).toMatchObject({ epoch: "1152921504606846976", cause: "no such file" });
  expect(lines()[1]).toMatchObject({ event: "odder" });
});

test("a reader of standard error that goes away does not stop the bell", async () => {
  const child = aProcess(
    `import { openLog } from "./lib/io/log.ts";
     const log = openLog({ level: "info" });
     for (let i = 0; i < 10; i += 1) { log.write("info", "line"); await Bun.sleep(10); }
     console.log("survived");`,
    { under: ["bash", "-c", '"$@" 2> >(head -n 1 > /dev/null)', "bash"] },
  );
  expect(await child.end()).toMatchObject({ out: "survived\n", code: 0 });
});

function aLog({ level = "info" }: { readonly level?: LogLevel } = {}) {
  const clock = { wall: Date.UTC(2026, 10, 24, 3, 0, 0) };
  const printed: string[] = [];
  return {
    log: openLog({ level, print: (line) => void printed.push(line), wall: () => clock.wall }),
    clock,
    text: () => printed.map((line) => `${line}\n`).join(""),
    lines: () => printed.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
