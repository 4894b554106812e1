/**
 * Records what this version says and stores: `bun test/golden/record-v1.ts` plays one story with the executables on loopback and
 * leaves its datagrams, the keys that open them, and three state folders in `v1/`. Needs strace. Later versions must open the one
 * and start from the others, so once version 1 is frozen this is not run again.
 */

import { Database } from "bun:sqlite";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBase64, toHex } from "../../lib/base/bytes.ts";
import { decodeHeader } from "../../lib/wire/packet.ts";
import { aCommand } from "../support/a-process.ts";
import { aRelayProcess } from "../support/a-relay-process.ts";
import { initAgent, passphraseOf, startAgent } from "../support/agent-process.ts";
import { programs } from "../support/built.ts";
import { client, runningClient } from "../support/client-process.ts";
import { openMailStandIn } from "../support/mail-stand-in.ts";
import { type Datagram, hearersOf, identityOf, type Seeds, TRAFFIC, type Traffic, V1 } from "../support/recorded-v1.ts";
import { parseStrace, READS, SENDS, straceWords } from "../support/strace.ts";
import { tempFolder } from "../support/temp-folder.ts";

const RULES = `rules:\n  - {name: default, module: "{module}", item: "{item}"}\n`;
const ROSTER = `operators:
  li: {language: en, timezone: UTC, modules: [osd], mail: li@example.org}
  zhao: {language: zh, timezone: Asia/Shanghai, modules: [osd, net], mail: zhao@example.org}
last_resort: [li]
`;
const POLICIES = `policies:
  default:
    ack: {critical: 2s, major: 1h}
    steps: [{to: responsible, via: [mail], after: 0}]
    probe_timeout: 5s
    verdict_timeout: 5s
`;
const PATIENCE_MS = 30_000;

/** Plays the story. @returns the trace of what the agent sent and received */
async function play(at: (name: string) => string): Promise<string> {
  const binaries = await programs();
  const mail = await openMailStandIn();
  await using relay = await aRelayProcess({ program: [binaries.relay] });
  const { port, broadcastPort } = await initAgent(binaries.agent, at("agent"));
  const yaml = readFileSync(at("agent/agent.yaml"), "utf8");
  writeFileSync(at("agent/agent.yaml"), `${yaml.slice(0, yaml.indexOf("policies:"))}${POLICIES}`);
  writeFileSync(at("agent/rules.yaml"), RULES);
  writeFileSync(at("agent/roster.yaml"), ROSTER);
  const run = async (program: string, state: string, ...words: readonly string[]): Promise<string> => {
    const { code, out, err } = await client([...words, "--state", at(state)], { program: [program] });
    if (code !== 0) throw new Error(`${program} ${words[0] ?? ""} ended with ${code}: ${err}${out}`);
    return out;
  };
  const onAgent = (...words: readonly string[]): Promise<string> => run(binaries.agent, "agent", ...words);
  const passphrase = ["--passphrase-file", passphraseOf(at("agent"))];

  const init = await relay.command("init");
  if (init.code !== 0) throw new Error(init.err);
  relay.configures(`  mail: {host: 127.0.0.1, port: ${mail.port}, security: none, from: bell@example.org, name: jump1.example.org}\n`);
  const relayRuns = await relay.runs();
  const agent = await startAgent(binaries.agent, at("agent"), { under: straceWords(at("trace")) });
  const joinString = await relay.command("invite");
  writeFileSync(at("relay.join"), joinString.out, { mode: 0o600 });
  await onAgent("join-relay", at("relay.join"));

  const raise = async (report: Readonly<Record<string, unknown>>): Promise<string> => {
    const answered = await fetch(`http://127.0.0.1:${agent.apiPort}/v1/reports`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ condition: "raised", ...report }) });
    return ((await answered.json()) as { readonly occurrences: readonly string[] }).occurrences[0] ?? "";
  };
  const laptop = (name: string): void => {
    mkdirSync(at(name), { mode: 0o700 });
    writeFileSync(at(`${name}/client.yaml`), `lan:\n  interfaces: [{name: lo, broadcast: 127.255.255.255}]\n  broadcast_port: ${broadcastPort}\n  agent_port: ${port}\n`);
  };
  const listens = async (name: string) => {
    const running = runningClient(["--seat", "person", "--state", at(name)], { program: [binaries.client] });
    await running.says("Listening to c1");
    return running;
  };
  for (const name of ["li", "stolen"]) {
    laptop(name);
    await onAgent("invite", "--operator", "li", ...passphrase, "--file", at(`${name}.gapbell`));
    await run(binaries.client, name, "join", at(`${name}.gapbell`));
  }
  laptop("zhao");
  const asking = aCommand([binaries.client, "join", "--approve", "--json", "--state", at("zhao"), "--operator", "zhao"]);
  const { code } = JSON.parse((await asking.nextLine()) ?? "{}") as { readonly code: string };
  await until("the agent lists who asks", async () => (await onAgent("approve", "--json")).includes(code));
  await onAgent("approve", code, "--operator", "zhao", ...passphrase);
  await asking.end();
  const [li, zhao, stolen] = await Promise.all([listens("li"), listens("zhao"), listens("stolen")]);

  // One is taken, one leaves by mail, one is cleared, one stays open.
  const taken = await raise({ labels: { alertname: "OsdDown", module: "osd", item: "osd.12" }, severity: "critical", text: "osd.12 is down" });
  await zhao.says(taken.slice(0, 6));
  await run(binaries.client, "zhao", "ack", taken, "--comment", "换盘，在路上");
  const escalated = await raise({ labels: { alertname: "OsdFull", module: "osd", item: "osd.13" }, severity: "critical", text: "osd.13 已满" });
  await until("mail has been accepted", async () => (JSON.parse(await onAgent("show", escalated, "--json")) as { readonly phase: string }).phase === "escalated");
  const over = { labels: { alertname: "LinkDown", module: "net", item: "stor-05 ens3" }, severity: "major", text: "ens3 has no carrier" };
  const cleared = await raise(over);
  await zhao.says(cleared.slice(0, 6));
  await raise({ ...over, condition: "cleared" });
  const open = await raise({ labels: { alertname: "FanFailed", module: "osd", item: "stor-03 fan 2" }, severity: "major", text: "fan 2 stands still" });
  await li.says(open.slice(0, 6));
  const id = String((JSON.parse(await run(binaries.client, "stolen", "status", "--json")) as { readonly listener: string }).listener);
  await onAgent("revoke", id, ...passphrase);
  await stolen.kill();
  const after = await raise({ labels: { alertname: "OsdSlow", module: "osd", item: "osd.14" }, severity: "major", text: "osd.14 is slow" });
  await Promise.all([li, zhao].map((listener) => listener.says(after.slice(0, 6))));
  for (const listener of [li, zhao]) await listener.stop();
  agent.kill("SIGTERM");
  await agent.ended;
  relayRuns.kill("SIGTERM");
  await relayRuns.end();
  await mail.close();
  keepState("relay", relay.folder.path);
  return readFileSync(at("trace"), "utf8");
}

/** Without what only a running program needs, its database in one file and without gaps. */
function keepState(role: "agent" | "client" | "relay", state: string): void {
  const database = new Database(join(state, `${role}.db`));
  database.run("PRAGMA journal_mode = DELETE");
  database.run("VACUUM");
  database.close();
  const to = join(V1, role);
  rmSync(to, { recursive: true, force: true });
  for (const file of readdirSync(state, { recursive: true, withFileTypes: true })) {
    if (!file.isFile() || file.name.startsWith(".")) continue;
    const folder = join(to, file.parentPath.slice(state.length));
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(file.parentPath, file.name), join(folder, file.name));
  }
}

function seedsIn(file: string): Seeds {
  const seeds = JSON.parse(readFileSync(file, "utf8")) as { readonly ed: string; readonly x: string };
  return { ed: hexOf(seeds.ed), x: hexOf(seeds.x) };
}

function hexOf(text: string): string {
  return toHex(fromBase64(text) ?? new Uint8Array());
}

/** Who said what to whom, opened with the keys of those who heard it. The keys of later groups are in what is sealed for pairs. */
function opened(trace: string, known: Omit<Traffic, "datagrams">): Traffic {
  const names = new Map(Object.entries(known.identities).map(([name, seeds]) => [identityOf(seeds).id, name]));
  const listeners = [...names.values()].filter((name) => name !== "agent");
  let { groups } = known;
  let open = hearersOf({ ...known, groups });
  const datagrams: Datagram[] = [];
  for (const { name, on, bytes } of parseStrace(trace)) {
    if (!on.startsWith("socket:") || ![...READS, ...SENDS].some((call) => call === name)) continue;
    for (const datagram of bytes) {
      const header = decodeHeader(datagram);
      const from = header.ok ? names.get(header.value.sender) : undefined;
      if (!header.ok || from === undefined) continue;
      const heard = (from === "agent" ? listeners : ["agent"]).flatMap((to) => {
        const message = open(to, datagram);
        return typeof message === "string" ? [] : [{ to, message }];
      });
      const [first] = heard;
      if (first === undefined) throw new Error(`Nobody can open a ${header.value.kind} from ${from}`);
      const { kind, body } = first.message;
      if (kind === "rekey" && groups[body.kid] === undefined) {
        groups = { ...groups, [body.kid]: hexOf(body.key) };
        open = hearersOf({ ...known, groups });
      }
      datagrams.push({ from, to: heard.length > 1 ? "all" : first.to, kind, body, datagram: toHex(datagram) });
    }
  }
  return { identities: known.identities, groups, datagrams };
}

async function until(what: string, held: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await held())) {
    if (performance.now() > end) throw new Error(`It did not come to this: ${what}`);
    await Bun.sleep(50);
  }
}

using folder = tempFolder();
const trace = await play(folder.at);
keepState("agent", folder.at("agent"));
keepState("client", folder.at("li"));
const group = JSON.parse(readFileSync(folder.at("agent/keys/group.key"), "utf8")) as { readonly kid: number; readonly key: string };
const identities = { agent: seedsIn(folder.at("agent/keys/voice.seeds")), ...Object.fromEntries(["li", "zhao", "stolen"].map((name) => [name, seedsIn(folder.at(`${name}/keys/listener.seeds`))])) };
const traffic = opened(trace, { identities, groups: { [group.kid]: hexOf(group.key) } });
writeFileSync(TRAFFIC, `${JSON.stringify({ ...traffic, datagrams: undefined }).slice(0, -1)},"datagrams":[\n${traffic.datagrams.map((one) => JSON.stringify(one)).join(",\n")}\n]}\n`);
console.log(`${traffic.datagrams.length} datagrams: ${[...new Set(traffic.datagrams.map(({ kind }) => kind))].sort().join(" ")}`);
