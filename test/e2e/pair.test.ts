/** Two agents of one cluster and a laptop, all executables on loopback: paired by two texts, heard as one, and either may die. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AgentProcess, passphraseOf, startAgent } from "../support/agent-process.ts";
import { aLanOfLaptops, type Laptop, type LanOfLaptops } from "../support/a-lan-of-laptops.ts";
import { freePort } from "../support/free-port.ts";

const RULES = "rules:\n  - {name: default, module: osd, item: \"{ceph_daemon}\"}\n";
const ROSTER = "operators:\n  li: {modules: [osd], mail: li@example.org}\nlast_resort: [li]\n";
/** Three HELLOs, and some more. */
const PATIENCE_MS = 55_000;

let lan: LanOfLaptops;
let li: Laptop;
let b: AgentProcess;
let stateB: string;

beforeAll(async () => {
  lan = await aLanOfLaptops({ rules: RULES, roster: ROSTER });
  li = await lan.aLaptop("li", { by: "line" });
  stateB = lan.folder.at("b");
  await atB("pair", "ask", "--agent", "b").then((request) => writeFileSync(lan.folder.at("b.ask"), request));
  writeFileSync(lan.folder.at("b.grant"), await lan.agentCommand("pair", "grant", "--file", lan.folder.at("b.ask"), "--address", "127.0.0.1", "--passphrase-file", passphraseOf(lan.agentState)));
  await atB("pair", "accept", "--file", lan.folder.at("b.grant"));
  // On one host each needs a port of its own.
  const file = join(stateB, "agent.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace(/^ {2}port: \d+$/m, `  port: ${await freePort()}`));
  b = await startAgent(lan.agentProgram, stateB);
}, 120_000);

afterAll(async () => {
  await b[Symbol.asyncDispose]();
  await lan[Symbol.asyncDispose]();
});

test("each agent shows the other as heard", async () => {
  await until(async () => [await lan.agentCommand("listeners"), await atB("listeners")].every((text) => /^(a1|b) +heard +127\.0\.0\.1:/m.test(text)));
}, 60_000);

test("the laptop, which had joined before, hears both by itself", async () => {
  await until(async () => {
    const { green, agents } = await li.json("status");
    return green === true && (agents as readonly unknown[]).length === 2;
  });
}, 60_000);

test("an alarm sent to both is shown once, rung once, and acknowledged once", async () => {
  const [first, second] = await Promise.all([raise(lan.agent, "osd.1"), raise(b, "osd.1")]);
  expect(second.slice(0, 10)).toBe(first.slice(0, 10));
  await li.listener.says(`● [${first.slice(0, 6)}]`);
  await until(async () => (await receiptsAt(b, first)) && (await receiptsAt(lan.agent, first)));
  expect(timesRung(first)).toBe(1);
  expect(await li.command("ack", first.slice(0, 8))).toMatchObject({ code: 0, err: "" });
  await until(async () => (await attentionAt(lan.agent, first)) === "acknowledged" && (await attentionAt(b, first)) === "acknowledged");
  expect((await li.json("status"))["acknowledgements"]).toEqual([]);
}, 60_000);

test("where one agent is killed the other rings and takes the acknowledgement, and the one that returns is heard again", async () => {
  b.kill("SIGKILL");
  await b.ended;
  const id = await raise(lan.agent, "osd.2");
  await li.listener.says(`● [${id.slice(0, 6)}]`);
  expect(await li.command("ack", id.slice(0, 8))).toMatchObject({ code: 0 });
  expect((await li.json("status"))["acknowledgements"]).toEqual([]);
  b = await startAgent(lan.agentProgram, stateB);
  await until(async () => /^b +heard/m.test(await lan.agentCommand("listeners")));
}, 60_000);

test("where the first agent is killed the second rings and takes the acknowledgement", async () => {
  lan.agent.kill("SIGKILL");
  await lan.agent.ended;
  const id = await raise(b, "osd.3");
  await li.listener.says(`● [${id.slice(0, 6)}]`);
  expect(await li.command("ack", id.slice(0, 8))).toMatchObject({ code: 0 });
  expect(await attentionAt(b, id)).toBe("acknowledged");
}, 60_000);

/** What a command of the second agent prints. Throws where it fails. */
async function atB(...words: readonly string[]): Promise<string> {
  const ran = Bun.spawn([lan.agentProgram, ...words, "--state", stateB], { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...process.env, LC_ALL: "C" } });
  const [out, err, code] = await Promise.all([new Response(ran.stdout).text(), new Response(ran.stderr).text(), ran.exited]);
  if (code !== 0) throw new Error(`gapbell-agent ${words.join(" ")} ended with ${code}: ${err}`);
  return out;
}

/** One moment for all: both agents give the same episode the same name. */
const GENERATED = new Date().toISOString();

async function raise({ apiPort }: AgentProcess, daemon: string): Promise<string> {
  const answered = await fetch(`http://127.0.0.1:${apiPort}/v1/reports`, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ condition: "raised", labels: { ceph_daemon: daemon }, severity: "critical", text: `${daemon} is down`, generatedAt: GENERATED }),
  });
  const { occurrences } = (await answered.json()) as { readonly occurrences?: readonly string[] };
  return occurrences?.[0] ?? `nothing but ${answered.status}`;
}

function timesRung(id: string): number {
  return li.listener.out().split(`● [${id.slice(0, 6)}]`).length - 1;
}

async function receiptsAt(agent: AgentProcess, id: string): Promise<boolean> {
  const { timeline } = (await (await fetch(`http://127.0.0.1:${agent.apiPort}/v1/alarms/${id}`)).json()) as { readonly timeline: readonly { readonly body: { readonly kind: string } }[] };
  return timeline.some(({ body }) => body.kind === "seen");
}

async function attentionAt({ apiPort }: AgentProcess, id: string): Promise<string> {
  return String(((await (await fetch(`http://127.0.0.1:${apiPort}/v1/alarms/${id}`)).json()) as Record<string, unknown>)["attention"]);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("It did not come to that");
    await Bun.sleep(200);
  }
}
