/** What a command prints into a pipe arrives whole, however long it is and however slow its reader. */

import { expect, test } from "bun:test";
import { initAgent, startAgent } from "../support/agent-process.ts";
import { built } from "../support/built.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** About 1 MB as JSON; a pipe of Linux takes 64 KiB at a time. */
const ALARMS = 2_000;

test("two thousand alarms go through a pipe whole, and a reader that leaves early holds nobody up", async () => {
  using folder = tempFolder();
  const program = await built("agent", folder.path);
  const state = folder.at("agent");
  await initAgent(program, state);
  await using agent = await startAgent(program, state);
  for (const first of [0, ALARMS / 2]) {
    const reports = Array.from({ length: ALARMS / 2 }, (_, n) => ({ condition: "raised", labels: { alertname: "Many", n: String(first + n) }, text: "one of many", severity: "minor" }));
    const answer = await fetch(`http://127.0.0.1:${agent.apiPort}/v1/reports`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(reports) });
    expect(answer.status).toBe(200);
  }
  const whole = Bun.spawnSync(["sh", "-c", '"$0" list --json --state "$1" | cat', program, state]).stdout.toString();
  expect(whole.length).toBeGreaterThan(500_000);
  expect(JSON.parse(whole).alarms).toHaveLength(ALARMS);
  const cut = Bun.spawnSync(["sh", "-c", '"$0" list --state "$1" | head -n 1', program, state]);
  expect({ code: cut.exitCode, lines: cut.stdout.toString().split("\n").length, err: cut.stderr.toString() }).toEqual({ code: 0, lines: 2, err: "" });
}, 60_000);
