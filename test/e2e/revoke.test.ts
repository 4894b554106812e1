/** A laptop is stolen, all executables: it is revoked, hears nothing more, says so to whoever has it, and comes back by a new invite only. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { passphraseOf, startAgent } from "../support/agent-process.ts";
import { aLanOfLaptops, type Laptop, type LanOfLaptops } from "../support/a-lan-of-laptops.ts";
import { runningClient } from "../support/client-process.ts";

const RULES = "rules:\n  - {name: default, module: osd, item: \"{alertname}\"}\n";
const ROSTER = "operators:\n  li: {modules: [osd], mail: li@example.org}\nlast_resort: [li]\n";

let lan: LanOfLaptops;
let kept: Laptop;
let stolen: Laptop;

beforeAll(async () => {
  lan = await aLanOfLaptops({ rules: RULES, roster: ROSTER });
  kept = await lan.aLaptop("li", { by: "line" });
  stolen = await lan.aLaptop("li", { by: "file" });
}, 60_000);

afterAll(() => lan[Symbol.asyncDispose]());

async function revokes(id: string): Promise<string> {
  return lan.agentCommand("revoke", id, "--passphrase-file", passphraseOf(lan.agentState));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(50);
}

async function hearing(laptop: Laptop): Promise<string> {
  const { agents } = (await laptop.json("status")) as { readonly agents: readonly { readonly hearing: string }[] };
  return agents[0]?.hearing ?? "";
}

test("the stolen laptop hears nothing of the next alarm, the other one rings at once", async () => {
  const both = await lan.raise({ labels: { alertname: "Before" }, severity: "critical", text: "both hear it" });
  await Promise.all([kept, stolen].map(({ listener }) => listener.says(both.slice(0, 6))));
  const id = String((await stolen.json("status"))["listener"]);
  expect(await revokes(id.slice(0, 12))).toContain(`of li (${id.slice(0, 8)})`);
  const after = await lan.raise({ labels: { alertname: "After" }, severity: "critical", text: "one hears it" });
  await kept.listener.says(`● [${after.slice(0, 6)}] [CRITICAL]`);
  // Receipts for the alarm of before had come from both; of this one from who is left.
  await until(async () => (JSON.parse(await lan.agentCommand("show", after, "--json")).timeline as readonly { readonly body: { readonly kind: string } }[]).some(({ body }) => body.kind === "seen"));
  expect(stolen.listener.out()).not.toContain(after.slice(0, 6));
  expect(JSON.parse(await lan.agentCommand("listeners", "--json")).listeners).toMatchObject([{ state: "present" }, { id, state: "revoked" }]);
  expect(await revokes(id)).toContain("was revoked before");
}, 30_000);

test("whoever has it reads that it is unknown, and what to do", async () => {
  await until(async () => (await hearing(stolen)) === "unknown");
  await stolen.listener.says("does not know this listener");
  expect((await stolen.command("status")).out).toContain("gapbell-client join --anew");
  expect(await hearing(kept)).toBe("heard");
  expect((await lan.agentCommand("listeners"))).toMatch(/revoked \d+/);
}, 60_000);

test("its key comes in by no invite; with new keys and a new invite the laptop is back", async () => {
  const invite = lan.folder.at("again.gapbell");
  await lan.agentCommand("invite", "--operator", "li", "--passphrase-file", passphraseOf(lan.agentState), "--file", invite);
  expect((await stolen.command("join", invite)).err).toContain("give --anew");
  expect(await stolen.command("join", invite, "--anew")).toMatchObject({ code: 75, err: expect.stringContaining("Stop it, join, and start it again") });
  await stolen.listener.stop();
  const before = readFileSync(join(stolen.state, "keys", "listener.seeds"), "utf8");
  expect(await stolen.command("join", invite, "--anew")).toMatchObject({ code: 0, out: expect.stringContaining('Joined cluster "c1" as li') });
  expect(readFileSync(join(stolen.state, "keys", "listener.seeds"), "utf8")).not.toBe(before);
  const back = runningClient(["--seat", "person", "--state", stolen.state], { program: [lan.clientProgram] });
  try {
    await back.says("Listening to c1");
    const last = await lan.raise({ labels: { alertname: "Again" }, severity: "critical", text: "both hear it again" });
    await Promise.all([kept.listener, back].map((one) => one.says(`● [${last.slice(0, 6)}] [CRITICAL]`)));
  } finally {
    await back.stop();
  }
}, 60_000);

test("a restart of the agent keeps the new key, and whom it has revoked", async () => {
  lan.agent.kill("SIGTERM");
  await lan.agent.ended;
  await using again = await startAgent(lan.agentProgram, lan.agentState);
  expect(again.apiPort).toBeGreaterThan(0);
  await lan.agentCommand("raise", "--label", "alertname=Restarted", "--severity", "critical", "--text", "it rings after a restart");
  await kept.listener.says("it rings after a restart");
  expect((await kept.json("status"))["refused"]).toEqual({});
  expect((JSON.parse(await lan.agentCommand("listeners", "--json")) as { readonly listeners: readonly { readonly state: string }[] }).listeners.filter(({ state }) => state === "revoked")).toHaveLength(1);
}, 30_000);
