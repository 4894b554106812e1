/** The listener as a process, against an agent that is only wire messages: real sockets on loopback, a real disk. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { client, runningClient, spawnClient } from "../support/client-process.ts";
import { type LoopbackAgent, loopbackAgent } from "../support/a-loopback-agent.ts";
import { anId, anItem, aState } from "../support/a-scripted-agent.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { freePort } from "../support/free-port.ts";

let lan: LoopbackAgent;
let folder: TempFolder;
let invites = 0;

beforeAll(async () => {
  lan = await loopbackAgent();
  folder = tempFolder();
});

afterAll(async () => {
  await lan[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** A state folder that knows this LAN. */
function aFolder(name: string): string {
  const path = folder.at(name);
  mkdirSync(path, { mode: 0o700 });
  writeFileSync(`${path}/client.yaml`, lan.yaml);
  return path;
}

/** A listener that has joined. */
async function aMember(name: string, set: { readonly operator?: string; readonly robot?: boolean } = {}): Promise<string> {
  const state = aFolder(name);
  const joined = await client(["join", "--state", state], { input: lan.agent.invite({ number: (invites += 1), ...set }) });
  expect(joined).toMatchObject({ code: 0, err: "" });
  return state;
}

test("find lists the cluster to a stranger and says how to join", async () => {
  const found = await client(["find", "--state", aFolder("stranger"), "--seconds", "1"]);
  expect(found.code).toBe(0);
  expect(found.out).toContain(`127.0.0.1:${lan.port}`);
  expect(found.out).toContain("gapbell-client join");
}, 15_000);

test("find names the joined cluster, and one that nobody answers ends with 69", async () => {
  const state = await aMember("found");
  const found = JSON.parse((await client(["find", "--json", "--state", state, "--seconds", "1"])).out);
  expect(found).toMatchObject({ agents: [{ clusterName: "c1", agent: "node1", joined: true, voice: lan.agent.voice.id }] });
  expect((await client(["find", "--state", folder.at("none"), "--interface", "lo", "--broadcast", "127.255.255.255", "--seconds", "0.2", "--broadcast-port", String(await freePort()), "--agent-port", String(await freePort())])).code).toBe(69);
}, 20_000);

test("join makes the keys here, for their owner only, and keeps what the cluster gave", async () => {
  const state = await aMember("joiner");
  for (const name of ["listener.seeds", "membership"]) expect(statSync(`${state}/keys/${name}`).mode & 0o777).toBe(0o600);
  expect(statSync(`${state}/keys`).mode & 0o077).toBe(0);
  expect(readFileSync(`${state}/keys/membership`, "utf8")).not.toContain("seed");
  const again = await client(["join", "--state", state], { input: lan.agent.invite({ number: (invites += 1) }) });
  expect(again).toMatchObject({ code: 78 });
  expect(again.err).toContain('has joined cluster "c1" as li already');
}, 20_000);

test("an invite is good once: the second listener is refused in the agent's words", async () => {
  const invite = lan.agent.invite({ number: (invites += 1) });
  const file = folder.at("li.gapbell");
  writeFileSync(file, `# for li\n${invite}\n`);
  expect(await client(["join", file, "--state", aFolder("first")])).toMatchObject({ code: 0 });
  const second = await client(["join", "--file", file, "--state", aFolder("second")]);
  expect(second.code).toBe(1);
  expect(second.err).toContain("The agent refuses: used before");
}, 30_000);

test("a lost answer to JOIN is asked for again with the same keys", async () => {
  const state = aFolder("twice");
  const input = lan.agent.invite({ number: (invites += 1) });
  lan.agent.answers.join = false;
  const first = client(["join", "--state", state], { input });
  await until(() => lan.agent.heardOf("join").length > 0 && existsSync(`${state}/keys/listener.seeds`));
  lan.agent.answers.join = true;
  expect((await first).code).toBe(0);
}, 20_000);

test("an approval counts only for the code that stood on the screen", async () => {
  const [cheated, believed] = [aFolder("cheated"), aFolder("believed")];
  lan.agent.approves = { told: 1, signed: 2 };
  const ended = await client(["join", "--approve", "--state", cheated]);
  expect([ended.code, ended.err]).toEqual([1, "gapbell-client: The answer cannot be believed: its warrant is not signed as it must be\n"]);
  expect(ended.out).toMatch(/gapbell-agent approve [0-9A-Z]{4}-[0-9A-Z]{4} --operator NAME/);
  expect(existsSync(`${cheated}/keys/membership`)).toBe(false);
  lan.agent.approves = { told: 3, signed: 3 };
  expect((await client(["join", "--approve", "--state", believed])).out).toContain('Joined cluster "c1" as li');
}, 20_000);

const MISTAKES = [
  { name: "no invite at all", words: ["join"], input: "", code: 64, says: "Without an invite: gapbell-client join --approve" },
  { name: "two ways to join at once", words: ["join", "li.gapbell", "--approve"], input: "", code: 64, says: "give one of them" },
  { name: "an operator who is asked for beside an invite", words: ["join", "--operator", "li"], input: "", code: 64, says: "--operator goes with --approve" },
  { name: "a foreign character", words: ["join"], input: "04XZ!", code: 64, says: 'character 5 is "!"' },
  { name: "a file that is not there", words: ["join", "/nonexistent"], input: "", code: 64, says: 'Cannot read "/nonexistent"' },
  { name: "running before joining", words: ["run"], input: "", code: 78, says: "gapbell-client join" },
  { name: "listing without a listener", words: ["list"], input: "", code: 69, says: "gapbell-client join --approve" },
  { name: "acknowledging without one", words: ["ack", "7QK2"], input: "", code: 69, says: "gapbell-client join --approve" },
  { name: "its status without one", words: ["status"], input: "", code: 69, says: "gapbell-client join --approve" },
  { name: "listening without one", words: ["listen", "--json"], input: "", code: 69, says: "gapbell-client join --approve" },
  { name: "a seat that is none", words: ["run", "--seat", "sofa"], input: "", code: 64, says: 'The seat is "sofa", must be person or none' },
  { name: "a word that is no command", words: ["lst"], input: "", code: 64, says: "lst" },
  { name: "a comment that is too long", words: ["ack", "7QK2", "--comment", "x".repeat(201)], input: "", code: 64, says: "at most 200" },
] as const;

for (const { name, words, input, code, says } of MISTAKES) {
  test(`a mistake is named and has its number: ${name}`, async () => {
    const state = folder.at("nothing");
    const ended = await client(words[0] === "lst" ? words : [...words, "--state", state], { input });
    expect(ended.code).toBe(code);
    expect(ended.err).toContain(says);
  });
}

test("a mistake in client.yaml is told with its place", async () => {
  const state = folder.at("broken");
  mkdirSync(state);
  writeFileSync(`${state}/client.yaml`, "lan:\n  broadcast_prot: 7\n");
  const ended = await client(["run", "--state", state]);
  expect(ended.code).toBe(78);
  expect(ended.err).toContain("client.yaml:2:3");
  expect(ended.err).toContain("broadcast_port");
});

test("keys that others could read are not used", async () => {
  const state = await aMember("careless");
  const { chmodSync } = await import("node:fs");
  chmodSync(`${state}/keys/listener.seeds`, 0o644);
  const ended = await client(["run", "--state", state]);
  expect(ended.code).toBe(78);
  expect(ended.err).toContain("chmod 600");
}, 15_000);

test("one alarm, from the wire to the person and back: run, list, status, listen, ack, a second owner, a clean end", async () => {
  const state = await aMember("whole");
  const running = runningClient(["--state", state, "--seat", "person"]);
  await running.says("Listening to c1");
  const tap = spawnClient(["listen", "--json", "--state", state]);
  const lines = tap.stdout.getReader();
  lan.broadcast(lan.agent.alarm(anItem()));
  await running.says("[000001] [CRITICAL] osd/osd.12: disk is full");
  await until(() => lan.agent.heardOf("receipt").some(({ receipts }) => receipts.some(({ level }) => level === "seen")));
  expect(lan.agent.heardOf("hello").at(-1)).toMatchObject({ seat: "person" });

  const listed = JSON.parse((await client(["list", "--json", "--state", state])).out);
  expect(listed).toMatchObject({ alarms: [{ id: anId(1), severity: "critical", module: "osd", item: "osd.12", mine: true, seen: 1 }] });
  const status = await client(["status", "--state", state]);
  expect(status.out).toContain("Listening for li in cluster c1");
  expect(status.out).toContain("1 open, 1 for this operator, 1 that nobody has taken");
  expect(await client(["ack", "FFFF", "--state", state])).toMatchObject({ code: 65 });

  const second = await client(["run", "--state", state]);
  expect(second.code).toBe(75);
  expect(second.err).toContain(`process ${running.pid}`);

  // Until the tap is open nothing would come: the alarm rings again and again.
  let ring = 1;
  const ringer = setInterval(() => lan.broadcast(lan.agent.alarm(anItem({ ring: (ring += 1), why: "re-alert" }))), 100);
  const first = JSON.parse(await lineOf(lines));
  clearInterval(ringer);
  expect(first).toMatchObject({ v: 1, kind: "alarm", occurrence: anId(1), revision: 1, rings: true, cluster: "c1", agent: "node1" });

  lan.agent.acked = { outcome: "taken", reason: "", by: "li" };
  const acked = await client(["ack", "0000", "--comment", "on my way", "--state", state]);
  expect(acked).toMatchObject({ code: 0, out: "Taken: you have it\n" });
  expect(lan.agent.heardOf("ack").at(-1)).toMatchObject({ id: anId(1), comment: "on my way", robot: false });
  await running.says("Acknowledged by you");
  tap.kill();
  await tap.exited;

  const ended = await running.stop();
  expect(ended.code).toBe(0);
  await until(() => lan.agent.heardOf("bye").length > 0);
  expect(existsSync(`${state}/client.sock`)).toBe(false);
}, 30_000);

test("what --exec starts gets the alarm on its standard input and acknowledges as a robot", async () => {
  const state = await aMember("scripted");
  const running = runningClient(["--state", state]);
  await running.says("Listening to c1");
  const script = folder.at("lamp.sh");
  writeFileSync(script, `#!/bin/sh\ncat > ${folder.at("lamp.json")}.$$\nmv ${folder.at("lamp.json")}.$$ ${folder.at("lamp.json")}\nexec "${process.execPath}" "${import.meta.dir}/../../client.ts" ack 000002 --state "${state}"\n`, { mode: 0o755 });
  const listening = spawnClient(["listen", "--exec", script, "--state", state]);
  lan.agent.acked = { outcome: "recorded", reason: "a robot does not count here", by: "" };
  let ring = 0;
  const ringer = setInterval(() => lan.broadcast(lan.agent.alarm(anItem({ id: anId(2), ring: (ring += 1) }))), 200);
  await until(() => lan.agent.heardOf("ack").some(({ id }) => id === anId(2)));
  clearInterval(ringer);
  expect(lan.agent.heardOf("ack").find(({ id }) => id === anId(2))).toMatchObject({ robot: true });
  expect(JSON.parse(readFileSync(folder.at("lamp.json"), "utf8"))).toMatchObject({ kind: "alarm", occurrence: anId(2) });
  listening.kill("SIGTERM");
  await listening.exited;
  await running.stop();
}, 30_000);

test("a listener that is killed keeps what it gave receipts for, and rings nothing twice", async () => {
  const state = await aMember("killed");
  const id = anId(3);
  const running = runningClient(["--state", state]);
  await running.says("Listening to c1");
  lan.broadcast(lan.agent.alarm(anItem({ id, ring: 5 })));
  await until(() => lan.agent.heardOf("receipt").some(({ receipts }) => receipts.some((one) => one.id === id)));
  await running.kill();
  const again = runningClient(["--state", state]);
  await again.says("Listening to c1");
  lan.broadcast(lan.agent.alarm(anItem({ id, ring: 5 })));
  // Until it has challenged the agent it believes no state: a real agent repeats it as well.
  const settling = setInterval(() => lan.broadcast(lan.agent.state(aState({ id, ring: 5, attention: "acknowledged", by: "zhao", settled: true }))), 100);
  await again.says("Acknowledged by zhao");
  clearInterval(settling);
  expect(again.out()).toContain(`[${id.slice(0, 6)}]`);
  expect(again.out()).not.toContain(`● [${id.slice(0, 6)}]`);
  await again.stop();
}, 30_000);

test("two listeners of one host with two identities both hear", async () => {
  const states = [await aMember("two-li"), await aMember("two-zhao", { operator: "zhao" })];
  const running = states.map((state) => runningClient(["--state", state]));
  for (const one of running) await one.says("Listening to c1");
  lan.broadcast(lan.agent.alarm(anItem({ id: anId(4), to: ["li"] })));
  for (const one of running) await one.says("[000004]");
  expect(running.map((one) => one.out().includes("● [000004]"))).toEqual([true, false]);
  for (const one of running) await one.stop();
}, 30_000);

test("a robot's listener sits nobody and rings no terminal bell", async () => {
  const state = await aMember("robot", { robot: true });
  const running = runningClient(["--state", state, "--seat", "person"]);
  await running.says("Listening to c1");
  expect(lan.agent.heardOf("hello").at(-1)?.seat).toBe("robot");
  await running.stop();
}, 20_000);

test("listen ends when nobody reads it any more", async () => {
  const state = await aMember("unread");
  const running = runningClient(["--state", state, "--seat", "person"]);
  await running.says("Listening to c1");
  const tap = spawnClient(["listen", "--json", "--state", state]);
  const lines = tap.stdout.getReader();
  let ring = 0;
  const ringer = setInterval(() => lan.broadcast(lan.agent.alarm(anItem({ id: anId(11), ring: (ring += 1), why: "re-alert" }))), 100);
  expect(await lineOf(lines)).toContain(anId(11));
  await lines.cancel();
  expect(await tap.exited).toBe(0);
  clearInterval(ringer);
  await running.stop();
}, 20_000);

test("each command has help with an example", async () => {
  for (const word of ["run", "join", "find", "doctor", "listen", "list", "ack", "status"]) {
    const help = await client([word, "--help"]);
    expect(help.code).toBe(0);
    expect(help.out).toContain(`Example:\n  gapbell-client ${word}`);
  }
  expect((await client(["--version"])).out).toMatch(/^gapbell-client \d/);
}, 30_000);

/** Waits for what another process does; the test's own limit ends it. */
async function until(held: () => boolean): Promise<void> {
  while (!held()) await Bun.sleep(10);
}

async function lineOf(reader: { read: () => Promise<{ value?: Uint8Array | undefined; done: boolean }> }): Promise<string> {
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the listener has stopped");
    text += new TextDecoder().decode(value);
  }
  return text.slice(0, text.indexOf("\n"));
}
