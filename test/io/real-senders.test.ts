/** The real amtool and the real Prometheus of Debian hand alarms in. Skipped by name where they are not installed. */

import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { INTAKE } from "../../lib/intake/intake.ts";
import type { Report } from "../../lib/alarm/alarm.ts";
import { agentApi } from "../../lib/io/api.ts";
import { listen, plainCaller } from "../../lib/io/serve.ts";
import { tempFolder } from "../support/temp-folder.ts";

const WITHIN_MS = 30_000;

/** An agent that takes in as the machine does, and whoever waits for a report gets it. */
function aTaker() {
  const taken: Report[] = [];
  const waiting: { readonly fits: (report: Report) => boolean; readonly resolve: (report: Report) => void }[] = [];
  const app = agentApi({
    report: async (format, body) => {
      const parsed = INTAKE[format](body, { now: Date.now(), replicaLabels: ["replica"] });
      if (!parsed.ok) return { status: 400, body: { error: parsed.fault.expected } };
      for (const { report } of parsed.value.reports) {
        taken.push(report);
        for (const { fits, resolve } of waiting) if (fits(report)) resolve(report);
      }
      return { status: parsed.value.refused.length === 0 ? 200 : 400, body: parsed.value };
    },
    ask: async () => ({ status: 200, body: {} }),
    admit: () => plainCaller({ host: "127.0.0.1", tls: undefined }),
    version: "0.25.0",
  });
  const opened = listen({ host: "127.0.0.1", port: 0, tokens: [], tls: undefined }, app.fetch);
  if (!opened.ok) throw new Error("no port");
  const report = (fits: (report: Report) => boolean): Promise<Report> =>
    new Promise((resolve) => {
      const there = taken.find(fits);
      if (there === undefined) waiting.push({ fits, resolve });
      else resolve(there);
    });
  return { url: `http://127.0.0.1:${opened.value.port}`, host: `127.0.0.1:${opened.value.port}`, report, stop: () => opened.value.stop(true) };
}

async function amtool(url: string, ...words: readonly string[]) {
  const child = Bun.spawn(["amtool", `--alertmanager.url=${url}`, "alert", "add", ...words], { stdout: "pipe", stderr: "pipe" });
  return { code: await child.exited, said: await new Response(child.stderr).text() };
}

test.skipIf(Bun.which("amtool") === null)("amtool raises and clears (needs amtool of prometheus-alertmanager)", async () => {
  const taker = aTaker();
  try {
    expect(await amtool(taker.url, "alertname=CephOSDDown", "severity=warning", "--annotation=summary=An OSD is down")).toEqual({ code: 0, said: "" });
    expect(await taker.report(() => true)).toMatchObject({ condition: "raised", text: "An OSD is down", weight: "warning" });
    expect((await amtool(taker.url, "alertname=CephOSDDown", "--end=2026-01-01T00:00:00Z", "--start=2025-12-31T00:00:00Z")).code).toBe(0);
    expect(await taker.report(({ condition }) => condition === "cleared")).toMatchObject({ labels: { alertname: "CephOSDDown" } });
    expect((await amtool(taker.url, "alertname=")).code).not.toBe(0);
  } finally {
    await taker.stop();
  }
}, WITHIN_MS);

test.skipIf(Bun.which("prometheus") === null)("a real Prometheus raises, and clears when the rule no longer holds (needs prometheus)", async () => {
  using folder = tempFolder();
  const taker = aTaker();
  const rule = (expression: string): string => JSON.stringify({
    groups: [{ name: "g", interval: "1s", rules: [{ alert: "CephPoolFull", expr: expression, labels: { severity: "critical" }, annotations: { summary: "Pool is full" } }] }],
  });
  writeFileSync(folder.at("rules.yml"), rule("vector(1)"));
  writeFileSync(folder.at("prometheus.yml"), JSON.stringify({
    global: { evaluation_interval: "1s", external_labels: { replica: "a" } }, rule_files: [folder.at("rules.yml")],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [taker.host] }] }] },
  }));
  const child = Bun.spawn([
    "prometheus", `--config.file=${folder.at("prometheus.yml")}`, `--storage.tsdb.path=${folder.at("data")}`, "--web.listen-address=127.0.0.1:0",
    "--rules.alert.resend-delay=1s",
  ], { stdout: "ignore", stderr: "ignore" });
  try {
    const raised = await taker.report(({ condition }) => condition === "raised");
    expect(raised).toMatchObject({ text: "Pool is full", weight: "critical", identity: { alertname: "CephPoolFull", severity: "critical" } });
    expect(raised.staleAt).toBeGreaterThan(Date.now());
    writeFileSync(folder.at("rules.yml"), rule("vector(1) < 0"));
    child.kill("SIGHUP");
    expect((await taker.report(({ condition }) => condition === "cleared")).identity).toEqual(raised.identity);
  } finally {
    child.kill();
    await child.exited;
    await taker.stop();
  }
}, WITHIN_MS);
