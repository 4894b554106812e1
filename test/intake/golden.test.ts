/** Bodies recorded from the real programs: Prometheus 2.42, Alertmanager 0.25 and its amtool, as Debian 12 has them. */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { INTAKE } from "../../lib/intake/intake.ts";
import { aContext } from "../support/a-body.ts";

const FOLDER = join(import.meta.dir, "../golden/intake");
/** Shortly after they were recorded. */
const RECORDED = Date.parse("2026-11-24T02:12:45Z");

const GOLDEN: readonly (readonly [file: string, format: keyof typeof INTAKE, wanted: readonly (readonly [condition: string, weight: string | undefined, text: string])[]])[] = [
  ["prometheus-2.42-three-alerts.json", "alertmanager-api", [
    ["raised", "warning", "An OSD has been marked down"],
    ["cleared", "critical", "Pool is full - writes are blocked"],
    ["raised", "critical", "Filesystem has less than 5% space left."],
  ]],
  ["amtool-0.25-raise.json", "alertmanager-api", [["raised", "warning", "An OSD is down"]]],
  ["amtool-0.25-clear.json", "alertmanager-api", [["cleared", undefined, "foo=bar"]]],
  ["alertmanager-0.25-ceph-osd-down.json", "alertmanager-webhook", [["raised", "warning", "An OSD has been marked down"]]],
  ["alertmanager-0.25-ceph-pool-full.json", "alertmanager-webhook", [["raised", "critical", "Pool is full - writes are blocked"]]],
  ["alertmanager-0.25-ceph-pool-full-resolved.json", "alertmanager-webhook", [["cleared", "critical", "Pool is full - writes are blocked"]]],
  ["alertmanager-0.25-node.json", "alertmanager-webhook", [["raised", "critical", "Filesystem has less than 5% space left."]]],
];

async function read(file: string, format: keyof typeof INTAKE) {
  const parsed = INTAKE[format](await Bun.file(join(FOLDER, file)).bytes(), aContext({ now: RECORDED }));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault));
  return parsed.value;
}

test.each(GOLDEN)("%s is read as %s", async (file, format, wanted) => {
  const { reports, refused } = await read(file, format);
  expect(refused).toEqual([]);
  expect(reports.map(({ report }) => [report.condition, report.weight, report.text])).toEqual(wanted as never);
});

test("an alarm that Prometheus raised is found again when Alertmanager clears it", async () => {
  const [, raised] = (await read("prometheus-2.42-three-alerts.json", "alertmanager-api")).reports;
  const [cleared] = (await read("alertmanager-0.25-ceph-pool-full-resolved.json", "alertmanager-webhook")).reports;
  expect(raised?.report.identity).toEqual(cleared?.report.identity ?? {});
  expect(raised?.report.identity).toMatchObject({ alertname: "CephPoolFull" });
  expect(raised?.report.identity).not.toHaveProperty("replica");
});
