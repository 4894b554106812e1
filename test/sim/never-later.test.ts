/** What the invariant S10 takes for a deadline: what lies on a disk, not what a crash kept from it. */

import { expect, test } from "bun:test";
import { utf8 } from "../../lib/base/bytes.ts";
import { minutes, seconds } from "../../lib/base/units.ts";
import { NEVER_LATER } from "./invariants/s10-never-later.ts";
import { FAULT_NAMES, NO_CUTS, planOf } from "./plan.ts";
import { World } from "./world.ts";

test("a deadline that no disk has seen may be decided anew, later", () => {
  const plan = planOf(1, { days: 1, cuts: { ...NO_CUTS, without: [...FAULT_NAMES], resources: 0 } });
  const world = new World(plan, { lines: 0, invariants: [NEVER_LATER] });
  const { host } = world.agent;
  const passes = (ms: number): boolean => world.run(world.agenda.now + ms);
  const says = (report: object): boolean => world.agent.report("reports", utf8(JSON.stringify({ condition: "raised", labels: { module: "osd" }, text: "full", ...report })), () => {});
  passes(seconds(10));
  says({ severity: "minor" });
  passes(seconds(10));
  const [alarm] = world.agent.alarms();
  world.people.takeAtConsole("chief", alarm?.id ?? "");
  passes(seconds(10));
  host.disk.crashAt = () => "before";
  host.disk.onCrash = () => host.kill(seconds(20));
  says({ severity: "critical" });
  passes(seconds(5));
  host.disk.crashAt = () => undefined;
  passes(minutes(1));
  says({ severity: "critical" });
  passes(seconds(5));
  expect(world.failure).toBeUndefined();
  expect([...world.agent.alarms()].map(({ life: { revision, attention } }) => ({ revision, attention }))).toEqual([{ revision: 2, attention: "unacknowledged" }]);
});
