/** Sources that fall silent or cannot make up their mind: what they raised still reaches somebody. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { aLab, missingForLab } from "./lab.ts";

const missing = missingForLab(["prometheus"]);

describe.skipIf(missing !== "")(`sources${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent("a real Prometheus is killed: its alarm becomes stale, says so on the LAN, and still goes outside", async () => {
    await using lab = await aLab();
    const folder = join(lab.network.folder, "prometheus");
    mkdirSync(folder);
    writeFileSync(join(folder, "rules.yml"), 'groups: [{name: g, rules: [{alert: AlwaysOn, expr: vector(1), labels: {severity: critical, module: osd, item: osd.12, policy: calm}}]}]\n');
    writeFileSync(join(folder, "prometheus.yml"), `global: {evaluation_interval: 1s}\nrule_files: [${folder}/rules.yml]\nalerting: {alertmanagers: [{static_configs: [{targets: ["127.0.0.1:11116"]}]}]}\n`);
    const prometheus = lab.host("node1").start("prometheus", [
      "prometheus", `--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, "--web.listen-address=127.0.0.1:9090", "--rules.alert.resend-delay=1s",
    ]);
    const alarm = await lab.hears("AlwaysOn");
    await prometheus.kill("SIGKILL");
    await alarm.becomes("stale", ({ condition }) => condition === "stale");
    const { timeline } = await alarm.becomes("told outside", ({ condition, phase }) => condition === "stale" && phase === "escalated");
    const kinds = timeline.map(({ body }) => body.kind);
    expect(kinds.indexOf("stale")).toBeLessThan(kinds.indexOf("escalated"));
    expect(await lab.agent.command("list")).toContain("source lost: nothing more is heard of it");
    await lab.until("li's laptop says so", async () => (await lab.laptop("li").command("list")).includes("source lost"));
    await lab.until("the mail has come", () => alarm.mails().length === 1);
  }, 90_000);

  test.concurrent("an alarm that flaps goes outside at the deadline of its first raise", async () => {
    await using lab = await aLab();
    const alarm = await lab.raises({ policy: "calm" });
    const began = (await alarm.now())?.timeline[0]?.at ?? 0;
    let flaps = 0;
    await lab.until("somebody outside is told", async () => {
      await alarm.clears();
      flaps += 1;
      expect((await lab.raises({ policy: "calm" })).id).toBe(alarm.id);
      return alarm.mails().length + alarm.messages().length > 0;
    });
    const { timeline } = await alarm.becomes("known to be told", (shown) => shown.timeline.some(({ body }) => body.kind === "verdict"));
    const told = timeline.find(({ body }) => body.kind === "verdict")?.at ?? 0;
    expect(flaps).toBeGreaterThan(10);
    expect(told - began).toBeGreaterThan(11_000);
    expect(told - began).toBeLessThan(20_000);
  }, 90_000);
});
