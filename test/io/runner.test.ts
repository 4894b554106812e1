import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { openRunner, RUNS_MOST, RUNS_WAITING_MOST } from "../../lib/io/runner.ts";
import type { Log } from "../../lib/port/log.ts";
import { tempFolder } from "../support/temp-folder.ts";

function aLog(): Log & { readonly lines: { readonly event: string; readonly facts: Readonly<Record<string, unknown>> | undefined }[] } {
  const lines: { event: string; facts: Readonly<Record<string, unknown>> | undefined }[] = [];
  return { lines, write: (_, event, facts) => void lines.push({ event, facts }) };
}

test("each line is one program's standard input, and its end is logged", async () => {
  using folder = tempFolder();
  const log = aLog();
  const runner = openRunner({ argv: ["sh", "-c", `cat > ${folder.at("got")}; exit 3`], log });
  runner.run('{"kind":"alarm"}', "7QK2M9");
  await runner.idle();
  expect(readFileSync(folder.at("got"), "utf8")).toBe('{"kind":"alarm"}\n');
  expect(log.lines).toEqual([{ event: "command ended", facts: { alarm: "7QK2M9", code: 3 } }]);
});

test("nothing goes through a shell", async () => {
  using folder = tempFolder();
  const log = aLog();
  const runner = openRunner({ argv: ["true", `$(touch ${folder.at("hacked")})`, ";", "touch", folder.at("hacked")], log });
  runner.run("x", "x");
  await runner.idle();
  expect(existsSync(folder.at("hacked"))).toBe(false);
});

test("a started program knows that it is a robot", async () => {
  using folder = tempFolder();
  const runner = openRunner({ argv: ["sh", "-c", `printf %s "$GAPBELL_ROBOT" > ${folder.at("robot")}`], log: aLog() });
  runner.run("x", "x");
  await runner.idle();
  expect(readFileSync(folder.at("robot"), "utf8")).toBe("1");
});

test("at most a few run at the same time, and all of them run", async () => {
  using folder = tempFolder();
  // Each program counts who runs beside it; the folder is the meeting place.
  const script = `mkdir "$0/run.$$"; ls -d "$0"/run.* 2>/dev/null | wc -l > "$0/saw.$$"; sleep 0.02; rmdir "$0/run.$$"`;
  const runner = openRunner({ argv: ["sh", "-c", script, folder.path], log: aLog() });
  for (let count = 0; count < 20; count += 1) runner.run("x", String(count));
  await runner.idle();
  const saw = readdirSync(folder.path).filter((name) => name.startsWith("saw.")).map((name) => Number(readFileSync(folder.at(name), "utf8")));
  expect(saw.length).toBe(20);
  expect(Math.max(...saw)).toBeLessThanOrEqual(RUNS_MOST);
});

test("a program that does not end is ended", async () => {
  const log = aLog();
  const runner = openRunner({ argv: ["sleep", "60"], log, timeoutMs: 50 });
  runner.run("x", "7QK2M9");
  await runner.idle();
  expect(log.lines).toMatchObject([{ event: "command ended", facts: { signal: "SIGTERM" } }]);
});

test("a program that is not there is one line in the log", async () => {
  const log = aLog();
  const runner = openRunner({ argv: ["/nonexistent/lamp"], log });
  runner.run("x", "7QK2M9");
  await runner.idle();
  expect(log.lines).toMatchObject([{ event: "command not started" }]);
});

test("more than the limit do not wait, and are named", () => {
  const log = aLog();
  const runner = openRunner({ argv: ["sleep", "60"], log });
  const taken = Array.from({ length: RUNS_MOST + RUNS_WAITING_MOST + 1 }, (_, at) => runner.run("x", String(at)));
  expect(taken.filter((one) => one).length).toBe(RUNS_MOST + RUNS_WAITING_MOST);
  expect(log.lines).toMatchObject([{ event: "command left out" }]);
  runner.stop();
});
