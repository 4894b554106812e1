/** Joining by approval with the executables: nothing is typed on the laptop, and nobody comes in whose code was not. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { aCommand, type Running } from "../support/a-process.ts";
import { type AgentPorts, type AgentProcess, initAgent, passphraseOf, startAgent } from "../support/agent-process.ts";
import { programs } from "../support/built.ts";
import { client, type ClientEnd, runningClient } from "../support/client-process.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

type Joining = { readonly code: string; readonly running: Running };

let folder: TempFolder;
let agentProgram: string;
let clientProgram: string;
let ports: AgentPorts;
let agent: AgentProcess;

beforeAll(async () => {
  folder = tempFolder();
  ({ agent: agentProgram, client: clientProgram } = await programs());
  ports = await initAgent(agentProgram, folder.at("agent"));
  agent = await startAgent(agentProgram, folder.at("agent"));
}, 60_000);

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** A laptop that knows the ports of this LAN and nothing else. */
function aLaptop(name: string, more = ""): string {
  const state = folder.at(name);
  mkdirSync(state, { mode: 0o700 });
  writeFileSync(`${state}/client.yaml`, `lan:\n  interfaces: [{name: lo, broadcast: 127.255.255.255}]\n  broadcast_port: ${ports.broadcastPort}\n  agent_port: ${ports.port}\n${more}`);
  return state;
}

/** Starts to join. An agent takes one request of a host every ten seconds: a second one waits for its turn by itself. */
async function joining(state: string, ...words: readonly string[]): Promise<Joining> {
  const running = aCommand([clientProgram, "join", "--approve", "--json", "--state", state, ...words]);
  const line = await running.nextLine();
  if (line === undefined) throw new Error(`no code: ${(await running.end()).err}`);
  return { code: (JSON.parse(line) as { readonly code: string }).code, running };
}

const agentCommand = (...words: readonly string[]): Promise<ClientEnd> => client([...words, "--state", folder.at("agent")], { program: [agentProgram] });
const approve = (code: string, operator = "li"): Promise<ClientEnd> => agentCommand("approve", code, "--operator", operator, "--passphrase-file", passphraseOf(folder.at("agent")));
async function pending(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (JSON.parse((await agentCommand("approve", "--json")).out) as { readonly pending: readonly Readonly<Record<string, unknown>>[] }).pending;
}
const isPending = async (asked: string): Promise<boolean> => (await pending()).some(({ code }) => code === asked);
const members = async (): Promise<number> => (JSON.parse((await agentCommand("listeners", "--json")).out) as { readonly listeners: readonly unknown[] }).listeners.length;

test("of two that wait at once the code of one lets in that one, though the agent is killed before it could tell it", async () => {
  const [one, two] = await Promise.all([joining(aLaptop("one")), joining(aLaptop("two"))]);
  for (const { code } of [one, two]) await until(() => isPending(code));
  const before = await members();
  // Stopped, it cannot ask: whatever the agent has to say is said after the agent's next life has begun.
  two.running.kill("SIGSTOP");
  expect(await approve(two.code)).toMatchObject({ code: 0 });
  agent.kill("SIGKILL");
  await agent.ended;
  agent = await startAgent(agentProgram, folder.at("agent"));
  two.running.kill("SIGCONT");
  const ended = await two.running.end();
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(ended.out)).toMatchObject({ operator: "li" });
  expect(await members()).toBe(before + 1);

  const lost = await one.running.end();
  expect(lost).toMatchObject({ code: 75, out: "" });
  expect(lost.err).toContain("it has been restarted, or 10 minutes are over");
  expect(lost.err).toContain("Ask again, for another code: gapbell-client join --approve");
}, 60_000);

test("both sides show the same code, the administrator types it, and the laptop rings", async () => {
  const state = aLaptop("first");
  const { code, running } = await joining(state, "--operator", "li");
  expect(code).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  await until(() => isPending(code));
  expect(await pending()).toMatchObject([{ code, address: "127.0.0.1", operator: "li", host: expect.any(String), since: expect.any(Number) }]);
  expect((await agentCommand("approve")).out).toContain(code);
  expect((await agentCommand("listeners")).out).toContain("Waiting for approval: 1");

  const before = await members();
  const wrong = await approve("ZZZZ-ZZZZ");
  expect(wrong).toMatchObject({ code: 1, out: "" });
  expect(wrong.err).toContain("Nobody who asks to join has the code ZZZZ-ZZZZ");
  expect(wrong.err).not.toContain(code);
  expect(await approve(code, "zhang")).toMatchObject({ code: 64, err: expect.stringContaining('--operator is "zhang"') });
  expect(await members()).toBe(before);

  const typed = code.toLowerCase().replace("-", " ");
  expect(await approve(typed)).toMatchObject({ code: 0, out: expect.stringContaining("listens for li") });
  const ended = await running.end();
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(ended.out)).toMatchObject({ cluster: "c1", operator: "li", robot: false });
  expect(await approve(code)).toMatchObject({ code: 1, err: expect.stringContaining("was approved before") });

  const listener = runningClient(["--state", state], { program: [clientProgram] });
  await listener.says("Listening to c1");
  await fetch(`http://127.0.0.1:${agent.apiPort}/v1/reports`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ condition: "raised", labels: { alertname: "DiskFull" }, severity: "critical", text: "osd.12 is full" }),
  });
  await listener.says("osd.12 is full");
  await listener.stop();
}, 60_000);

test("two clusters on one LAN are two lines, and a laptop that asks for approval has to choose", async () => {
  const other = folder.at("other");
  const { port } = await initAgent(agentProgram, other);
  await using _ = await startAgent(agentProgram, other);
  const state = aLaptop("between", `agents: ["127.0.0.1:${port}"]\n`);
  const found = await client(["find", "--state", state, "--seconds", "1"], { program: [clientProgram] });
  expect(found.out.split("\n").filter((line) => line.startsWith("c1 "))).toHaveLength(2);
  expect(found.out).toContain("gapbell-client join --approve");
  const undecided = await client(["join", "--approve", "--state", state], { program: [clientProgram] });
  expect(undecided).toMatchObject({ code: 64, out: "" });
  for (const said of ["2 clusters are heard here", `127.0.0.1:${port}`, `127.0.0.1:${ports.port}`, "--agent ADDRESS"]) expect(undecided.err).toContain(said);
  const { code, running } = await joining(state, "--agent", `127.0.0.1:${port}`);
  // The other cluster's agent knows nothing of it.
  expect(await approve(code)).toMatchObject({ code: 1 });
  running.kill("SIGINT");
  await running.end();
}, 60_000);

/** Waits for what another process does; the test's own limit ends it. */
async function until(held: () => Promise<boolean>): Promise<void> {
  while (!(await held())) await Bun.sleep(50);
}
