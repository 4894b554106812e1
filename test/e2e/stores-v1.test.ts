/** The three executables of today start from the state folders of version 1, know what was in them, and know each other. */

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { type AgentProcess, PASSPHRASE, startAgent } from "../support/agent-process.ts";
import { aRelayProcess, type RelayProcess } from "../support/a-relay-process.ts";
import { programs } from "../support/built.ts";
import { client, runningClient } from "../support/client-process.ts";
import { copyState } from "../support/recorded-v1.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { freePort } from "../support/free-port.ts";

type Listed = { readonly id: string; readonly text: string; readonly attention: string };

let folder: TempFolder;
let relay: RelayProcess;
let agent: AgentProcess;
let binaries: Awaited<ReturnType<typeof programs>>;

beforeAll(async () => {
  folder = tempFolder();
  binaries = await programs();
  copyState("agent", folder.at("agent"));
  copyState("client", folder.at("client"));
  relay = await aRelayProcess({ program: [binaries.relay] });
  copyState("relay", relay.folder.path);
  // The ports of then may be somebody else's today.
  const relayPort = replacePort(relay.folder.at("relay.yaml"), /listen: 127\.0\.0\.1:(\d+)/, relay.port);
  const known = new Database(folder.at("agent/agent.db"));
  known.run("UPDATE meta SET row = replace(row, ?, ?) WHERE id = 'relay'", [`"port":${relayPort}`, `"port":${relay.port}`]);
  known.close();
  const [port, broadcastPort] = [await freePort(), await freePort()];
  for (const [file, field] of [["agent/agent.yaml", "port"], ["client/client.yaml", "agent_port"]] as const) {
    replacePort(folder.at(file), new RegExp(`^  ${field}: (\\d+)`, "m"), port);
    replacePort(folder.at(file), /^ {2}broadcast_port: (\d+)/m, broadcastPort);
  }
  await relay.runs();
  agent = await startAgent(binaries.agent, folder.at("agent"));
}, 60_000);

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

test("the agent has every alarm that was open, and what happened to it", async () => {
  const alarms = await listed();
  expect(new Set(alarms.map(({ text }) => text))).toEqual(new Set(["osd.12 is down", "osd.13 已满", "fan 2 stands still", "osd.14 is slow"]));
  const told = alarms.find(({ text }) => text === "osd.13 已满");
  const { timeline } = JSON.parse(await onAgent("show", told?.id ?? "", "--json")) as { readonly timeline: readonly { readonly body: Readonly<Record<string, unknown>> }[] };
  expect(timeline.map(({ body }) => body["kind"])).toEqual(expect.arrayContaining(["reported", "receipt", "seen", "probed", "escalated", "verdict"]));
});

test("it knows its listeners, and the one that was revoked", async () => {
  const { listeners } = JSON.parse(await onAgent("listeners", "--json")) as { readonly listeners: readonly { readonly operator: string; readonly state: string }[] };
  expect(listeners.map(({ operator, state }) => `${operator} ${state === "revoked"}`).sort()).toEqual(["li false", "li true", "zhao false"]);
});

test("its cluster key opens with the passphrase of then", async () => {
  writeFileSync(folder.at("passphrase"), PASSPHRASE, { mode: 0o600 });
  expect(await onAgent("invite", "--operator", "li", "--passphrase-file", folder.at("passphrase"))).toMatch(/^([0-9A-Z]{5}-){10}/m);
});

test("relay and agent still trust each other", async () => {
  await until(async () => (await onAgent("relay", "--json").catch(() => "")).includes('"channels"'));
});

test("the listener has its alarms before it hears the agent, is believed, and acknowledges", async () => {
  const state = ["--state", folder.at("client")];
  const listener = runningClient(["--seat", "person", ...state], { program: [binaries.client] });
  await listener.says("Listening to c1");
  const held = await client(["list", "--json", ...state], { program: [binaries.client] });
  expect(held.out).toContain("fan 2 stands still");
  const fan = (await listed()).find(({ text }) => text === "fan 2 stands still");
  await until(async () => (await client(["status", "--json", ...state], { program: [binaries.client] })).out.includes('"hearing":"heard"'));
  expect(await client(["ack", fan?.id ?? "", "--comment", "still mine", ...state], { program: [binaries.client] })).toMatchObject({ code: 0, err: "" });
  expect((await listed()).find(({ id }) => id === fan?.id)?.attention).toBe("acknowledged");
  await listener.stop();
}, 30_000);

/** @returns the port that stood there */
function replacePort(file: string, where: RegExp, port: number): string {
  const text = readFileSync(file, "utf8");
  const [line = "", before = ""] = where.exec(text) ?? [];
  writeFileSync(file, text.replace(line, line.replace(before, String(port))));
  return before;
}

async function onAgent(...words: readonly string[]): Promise<string> {
  const { code, out, err } = await client([...words, "--state", folder.at("agent")], { program: [binaries.agent] });
  if (code !== 0) throw new Error(`${words[0] ?? ""} ended with ${code}: ${err}`);
  return out;
}

async function listed(): Promise<readonly Listed[]> {
  return (JSON.parse(await onAgent("list", "--json")) as { readonly alarms: readonly Listed[] }).alarms;
}

/** Waits for what other processes do; the test's own limit ends it. */
async function until(held: () => Promise<boolean>): Promise<void> {
  while (!(await held())) await Bun.sleep(50);
}
