/** A laptop that is opened late, with executables on loopback: everything that is open reaches it, and it is told at once. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { tapLocal } from "../../lib/io/local.ts";
import { aLanOfLaptops, type Laptop, type LanOfLaptops } from "../support/a-lan-of-laptops.ts";
import { type RunningClient, runningClient } from "../support/client-process.ts";

const RULES = `rules:
  - {name: default, module: osd, item: "{n}"}
`;
const ROSTER = `operators:
  li: {modules: [osd], mail: li@example.org}
last_resort: [li]
`;

let lan: LanOfLaptops;
let li: Laptop;

beforeAll(async () => {
  lan = await aLanOfLaptops({ rules: RULES, roster: ROSTER });
  li = await lan.aLaptop("li", { by: "file" });
  await li.listener.stop();
}, 60_000);

afterAll(() => lan[Symbol.asyncDispose]());

/** Raises so many, the first few critical. */
async function raise(from: number, to: number): Promise<void> {
  const reports = Array.from({ length: to - from }, (_, at) => ({
    condition: "raised", labels: { alertname: "Many", n: String(from + at) }, text: `disk ${from + at} of the long list is slow`, severity: at < 3 ? "critical" : "minor",
  }));
  const answer = await fetch(`http://127.0.0.1:${lan.agent.apiPort}/v1/reports`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(reports) });
  expect(answer.status).toBe(200);
}

/** Starts the listener, and follows its lines from the first moment on. */
function opened(): { readonly listener: RunningClient; readonly lines: Record<string, unknown>[] } {
  const listener = runningClient(["--seat", "person", "--state", li.state], { program: [lan.clientProgram] });
  const lines: Record<string, unknown>[] = [];
  const follow = async (): Promise<void> => {
    const tapped = await tapLocal(join(li.state, "client.sock"), "/v1/lines", (line) => void lines.push(JSON.parse(line) as Record<string, unknown>), new AbortController().signal);
    if (!tapped.ok && tapped.fault.kind === "nobody") return Bun.sleep(5).then(follow);
  };
  void follow();
  return { listener, lines };
}

async function openHere(): Promise<{ readonly open: number; readonly seen: number }> {
  const status = await li.json("status");
  const { alarms } = (await li.json("list")) as { readonly alarms?: readonly { readonly seen: number }[] };
  return { open: Number((status["alarms"] as { readonly open?: number } | undefined)?.open ?? 0), seen: (alarms ?? []).filter(({ seen }) => seen > 0).length };
}

test("a laptop opened where a thousand alarms are open is told once, and has them all", async () => {
  await raise(0, 1000);
  const begun = performance.now();
  const { listener, lines } = opened();
  await listener.says("● 1000 open alarms, 3 critical\n");
  const tookMs = performance.now() - begun;
  await listener.says("disk 999 of the long list");
  console.log(`    1,000 open alarms told after ${Math.round(tookMs)} ms, all listed after ${Math.round(performance.now() - begun)} ms, from the start of the process`);
  const out = listener.out();
  expect(out.match(/●/g)?.length).toBe(1);
  expect(out.match(/disk \d+ of the long list/g)?.length).toBe(1000 + 5);
  expect(out.indexOf("disk 0 of")).toBeLessThan(out.indexOf("and 995 more: gapbell-client list"));
  while (lines.filter(({ kind }) => kind === "alarm").length < 1000) await Bun.sleep(10);
  expect(lines.filter(({ kind }) => kind === "summary")).toMatchObject([{ open: 1000, fresh: 1000, severities: { critical: 3 }, rings: true }]);
  expect(lines.filter(({ kind, listed, rings }) => kind === "alarm" && listed === true && rings === false).length).toBe(1000);
  // In a pipe each is a line that a person reads.
  for (let here = await openHere(); here.seen < 1000 || here.open < 1000; here = await openHere()) await Bun.sleep(50);
  await listener.stop();
}, 60_000);

test("started again it tells them at once, rings none of them for itself, and what is new alone", async () => {
  const { listener } = opened();
  await listener.says("● 1000 open alarms, 3 critical\n");
  const id = await lan.raise({ labels: { alertname: "Late", n: "late" }, text: "a new one", severity: "major" });
  await listener.says(`● [${id.slice(0, 6)}] [MAJOR] osd/late: a new one`);
  expect(listener.out().match(/●/g)?.length).toBe(2);
  await listener.stop();
}, 60_000);
