/** The bench measures nothing here: it is run once, small, so that it does not rot. */

import { join } from "node:path";
import { expect, test } from "bun:test";

const BENCH = join(import.meta.dir, "..", "..", "bench", "bench.ts");

test("the bench hands alarms to the agent and to the floor, and both have all of them heard", async () => {
  const ran = Bun.spawn({ cmd: [process.execPath, BENCH, "--quick", "--json"], stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([new Response(ran.stdout).text(), new Response(ran.stderr).text(), ran.exited]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const { limits, agent, floor } = JSON.parse(out) as Readonly<Record<string, Readonly<Record<string, number | null>>>>;
  expect(Object.keys(limits ?? {})).toEqual(["fdatasyncP50Us", "fdatasyncP99Us", "sqliteP50Us", "sqliteP99Us", "httpP50Us", "httpP99Us"]);
  expect(Object.keys(agent ?? {})).toEqual(Object.keys(floor ?? {}));
  for (const figures of [limits, agent, floor]) expect(Object.values(figures ?? {}).every((value) => typeof value === "number")).toBe(true);
  expect([agent?.["stormMissing"], floor?.["stormMissing"]]).toEqual([0, 0]);
}, 60_000);
