/** Two laptops and an agent, all three executables: who rings, who lists, what is on the wire, and what both print after a change of the rules. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Prng } from "../../lib/base/prng.ts";
import { decodeHeader } from "../../lib/wire/packet.ts";
import { aLanOfLaptops, type Laptop, type LanOfLaptops } from "../support/a-lan-of-laptops.ts";
import { client, spawnClient } from "../support/client-process.ts";
import { parseStrace, SENDS, straceWords } from "../support/strace.ts";

const RULES = `rules:
  - {name: osd, match: ['alertname=~"CephOSD.*"'], module: osd, item: "{ceph_daemon}"}
  - {name: net, match: ['alertname=~"NodeNetwork.*"'], module: net, item: "{instance} {device}"}
  - {name: both, match: [alertname=RackDown], module: rack, item: "{rack}", severity: critical}
  - {name: default, module: general, item: "{alertname}"}
`;
const ROSTER = `operators:
  li: {modules: [osd, rack], mail: li@example.org}
  zhao: {modules: [net, rack], mail: zhao@example.org}
last_resort: [li]
`;
/** No word of a report may be read off the wire. */
const SECRET = "confidential-7f3a";
const OSD_DOWN = { labels: { alertname: "CephOSDDown", ceph_daemon: "osd.12", hostname: "stor-03" }, severity: "critical", text: `osd.12 is down ${SECRET}` };
const LINK_DOWN = { labels: { alertname: "NodeNetworkDown", instance: "stor-05", device: "ens3" }, severity: "major", text: `ens3 has no carrier ${SECRET}` };
const RACK_DOWN = { labels: { alertname: "RackDown", rack: "r7" }, text: `rack r7 is dark ${SECRET}` };

const strace = Bun.which("strace");
const mayStrace = strace !== null || process.env["CI"] === "true";

let lan: LanOfLaptops;
let li: Laptop;
let zhao: Laptop;
let trace: string;

beforeAll(async () => {
  lan = await aLanOfLaptops({ rules: RULES, roster: ROSTER });
  trace = lan.folder.at("trace");
  [li, zhao] = await Promise.all([
    lan.aLaptop("li", { by: "line" }),
    lan.aLaptop("zhao", { by: "file", ...(strace === null ? {} : { under: straceWords(trace) }) }),
  ]);
}, 60_000);

afterAll(() => lan[Symbol.asyncDispose]());

test("each laptop rings for its own operator and lists what is the other's", async () => {
  const osd = await lan.raise(OSD_DOWN);
  const net = await lan.raise(LINK_DOWN);
  for (const { listener } of [li, zhao]) for (const id of [osd, net]) await listener.says(short(id));
  expect(li.listener.out()).toContain(`● ${short(osd)} [CRITICAL] osd/osd.12: osd.12 is down`);
  expect(li.listener.out()).not.toContain(`● ${short(net)}`);
  expect(li.listener.out()).toContain("For zhao: listed only");
  expect(zhao.listener.out()).toContain(`● ${short(net)} [MAJOR] net/stor-05 ens3: ens3 has no carrier`);
  expect(zhao.listener.out()).not.toContain(`● ${short(osd)}`);
  expect(await mine(li)).toEqual({ [osd]: true, [net]: false });
  expect(await mine(zhao)).toEqual({ [osd]: false, [net]: true });
  expect(await toldOnWire(osd)).toEqual(["li"]);
  expect(await toldOnWire(net)).toEqual(["zhao"]);
}, 20_000);

test("an alarm for both rings both", async () => {
  const rack = await lan.raise(RACK_DOWN);
  for (const { listener } of [li, zhao]) await listener.says(`● ${short(rack)} [CRITICAL] rack/r7`);
  expect(await toldOnWire(rack)).toEqual(["li", "zhao"]);
}, 20_000);

test("whoever listens on the LAN reads no word of an alarm: all is sealed but the beacons, and those name the rules by their digest", async () => {
  await until(async () => beaconRules() !== "");
  const datagrams = lan.heard();
  const kinds = new Set<string>();
  for (const datagram of datagrams) {
    const header = decodeHeader(datagram);
    if (!header.ok) throw new Error(`A datagram on the LAN is none of ours: ${header.fault}`);
    kinds.add(`${header.value.kind} ${header.value.suite === 1 ? "sealed" : "clear"}`);
    const text = Buffer.from(datagram).toString("latin1");
    for (const word of [SECRET, "CephOSD", "osd.12", "stor-0", "ens3", "r7 is dark"]) expect(text).not.toContain(word);
  }
  expect([...kinds].sort()).toEqual(["alarm sealed", "beacon clear"]);
  const { rules } = await li.json("status");
  expect(beaconRules()).toBe(String(rules));
});

test("after a change of the rules both laptops print the same module, item and severity, by rules that they have fetched", async () => {
  const before = beaconRules();
  lan.reload("rules.yaml", RULES.replace('module: osd, item: "{ceph_daemon}"', 'module: osd, item: "{hostname} {ceph_daemon}", severity: minor'));
  await until(async () => (await Promise.all([li, zhao].map(async (laptop) => rowOf(laptop, "CephOSDDown")))).every((row) => row?.["item"] === "stor-03 osd.12" && row["rules"] === "same"));
  expect(beaconRules()).not.toBe(before);
  const rows = await Promise.all([li, zhao].map(async (laptop) => (await listed(laptop)).map(({ id, module, item, severity, rules }) => ({ id, module, item, severity, rules }))));
  expect(rows[0]).toEqual(rows[1] ?? []);
  expect(rows[0]).toContainEqual({ id: expect.any(String), module: "osd", item: "stor-03 osd.12", severity: "minor", rules: "same" });
  for (const laptop of [li, zhao]) {
    const { rules, alarms } = await laptop.json("status");
    expect({ rules, alarms }).toMatchObject({ rules: beaconRules(), alarms: { differing: 0 } });
  }
  const log = JSON.parse(await lan.agentCommand("list", "--json")) as { readonly alarms: readonly Readonly<Record<string, unknown>>[] };
  expect(log.alarms.find(({ item }) => item === "stor-03 osd.12")).toMatchObject({ module: "osd", severity: "minor" });
}, 30_000);

test("rules that are broken are refused as a whole, and the agent goes on with those that it has", async () => {
  const before = beaconRules();
  const good = readFileSync(join(lan.agentState, "rules.yaml"), "utf8");
  lan.reload("rules.yaml", good.replace("severity: minor", "severity: urgent"));
  const id = await lan.raise({ ...OSD_DOWN, labels: { ...OSD_DOWN.labels, ceph_daemon: "osd.13" } });
  await li.listener.says(`${short(id)} [MINOR] osd/stor-03 osd.13`);
  expect(beaconRules()).toBe(before);
  writeFileSync(join(lan.agentState, "rules.yaml"), good);
}, 20_000);

test("what one operator acknowledges the other hears, with name and comment, on screen, in the list and in the lines for scripts", async () => {
  const rack = (await rowOf(li, "RackDown"))?.["id"];
  const tap = spawnClient(["listen", "--json", "--state", zhao.state], { program: [lan.clientProgram] });
  const lines = linesOf(tap.stdout);
  await raisedUntil(lines.find(({ kind }) => kind === "alarm"));
  const acked = await li.command("ack", String(rack).slice(0, 8), "--comment", "on my way; $(reboot)");
  expect(acked).toMatchObject({ code: 0, err: "" });
  await zhao.listener.says("Acknowledged by li: on my way; $(reboot)");
  await until(async () => (await rowOf(zhao, "RackDown"))?.["attention"] === "acknowledged");
  expect(await rowOf(zhao, "RackDown")).toMatchObject({ by: "li", comment: "on my way; $(reboot)" });
  const line = await lines.find(({ occurrence, kind }) => occurrence === rack && kind === "settled");
  expect(line).toMatchObject({ v: 1, by: "li", attention: "acknowledged" });
  expect((await zhao.command("ack", String(rack).slice(0, 8))).out).toContain("Already taken by li");
  tap.kill("SIGTERM");
  expect(await tap.exited).toBe(0);
}, 20_000);

test("a program started for an alarm gets it as JSON on standard input, its arguments as they were written, and only our own environment", async () => {
  const script = lan.folder.at("lamp.sh");
  writeFileSync(script, `#!/bin/sh\ncat >"$0.json"; printf '%s\\n' "$@" >"$0.args"; env >"$0.env"; : >"$0.done"\n`, { mode: 0o755 });
  const listening = spawnClient(["listen", "--exec", script, "--state", li.state, "--", "$(id)", "; id", "two words"], { program: [lan.clientProgram], under: { LAMP: "red" } });
  await raisedUntil(until(() => Bun.file(`${script}.done`).exists()));
  expect(JSON.parse(readFileSync(`${script}.json`, "utf8"))).toMatchObject({ v: 1, kind: "alarm", module: "osd", text: HOSTILE, rings: true });
  expect(readFileSync(`${script}.args`, "utf8")).toBe("$(id)\n; id\ntwo words\n");
  const environment = Object.fromEntries(readFileSync(`${script}.env`, "utf8").trim().split("\n").map((line) => line.split(/=(.*)/s)));
  const added = Object.keys(environment).filter((name) => process.env[name] === undefined && !["PWD", "_", "SHLVL", "OLDPWD"].includes(name));
  expect(added.sort()).toEqual(["GAPBELL_ROBOT", "LAMP", "LC_ALL"].filter((name) => process.env[name] === undefined));
  expect(readFileSync(`${script}.env`, "utf8")).not.toContain("reboot");
  listening.kill("SIGTERM");
  expect(await listening.exited).toBe(0);
}, 30_000);

test("a second owner of one identity does not start and names the process that has it", async () => {
  const second = await client(["run", "--no-desktop", "--state", li.state], { program: [lan.clientProgram] });
  expect(second.code).toBe(75);
  expect(second.err).toContain(`process ${li.listener.pid} owns it`);
  const agent = Bun.spawnSync([lan.agentProgram, "run", "--state", lan.agentState]);
  expect(agent.exitCode).toBe(75);
  expect(agent.stderr.toString()).toContain(`process ${lan.agent.pid} owns it`);
});

test("find lists the cluster to whoever asks, and to a member as the one that it has joined", async () => {
  const stranger = await client(["find", "--state", lan.aState("stranger"), "--seconds", "0.5", "--json"], { program: [lan.clientProgram] });
  expect(JSON.parse(stranger.out)).toMatchObject({ agents: [{ clusterName: "c1", agent: "a1", joined: false }] });
  expect(await li.json("find", "--seconds", "0.5")).toMatchObject({ agents: [{ clusterName: "c1", agent: "a1", joined: true }] });
}, 10_000);

test("the agent names both listeners as present, with operator, host and address", async () => {
  const { listeners } = JSON.parse(await lan.agentCommand("listeners", "--json")) as { readonly listeners: readonly Readonly<Record<string, unknown>>[] };
  expect(listeners.map(({ operator, state, seat }) => ({ operator, state, seat })).sort((a, b) => String(a.operator).localeCompare(String(b.operator)))).toEqual([
    { operator: "li", state: "present", seat: "person" }, { operator: "zhao", state: "present", seat: "person" },
  ]);
});

test("coverage names the module that nobody answers for, and ends with 1", async () => {
  const ran = Bun.spawnSync([lan.agentProgram, "coverage", "--state", lan.agentState], { env: { ...process.env, LC_ALL: "C" } });
  expect(ran.exitCode).toBe(1);
  const out = ran.stdout.toString();
  expect(out).toMatch(/^rack +li, zhao +li, zhao +somebody is here$/m);
  expect(out).toMatch(/^general +li \(last resort\) +li +NOBODY ANSWERS FOR IT$/m);
  expect(out).toMatch(/^zhao +\S+ +present +person +127\.0\.0\.1:\d+ .* mail$/m);
});

test("thousands of datagrams that are noise, cut short or sent again harm nobody", async () => {
  const [own] = lan.heard().filter((datagram) => decodeHeader(datagram).ok);
  const dice = new Prng(20_261_125);
  const noise = Array.from({ length: 3000 }, (_, nth) => {
    const bytes = Uint8Array.from({ length: 1 + Math.floor(dice.fraction() * 1300) }, () => Math.floor(dice.fraction() * 256));
    // A third looks like ours, a third is ours cut short or changed.
    if (nth % 3 === 0) bytes.set([0x47, 0x42, 1, 1 + (nth % 14), 0, 1 + (nth % 2)].slice(0, bytes.length));
    return nth % 3 === 1 && own !== undefined ? own.map((byte, at) => (at === nth % own.length ? byte ^ 1 : byte)).slice(0, nth % 2 === 0 ? own.length : nth % own.length) : bytes;
  });
  await lan.sends([...noise, ...lan.heard().slice(0, 200)]);
  const before = li.listener.out().length;
  const id = await lan.raise({ ...OSD_DOWN, labels: { ...OSD_DOWN.labels, ceph_daemon: "osd.77" } });
  await li.listener.says(`● ${short(id)} [MINOR] osd/stor-03 osd.77`);
  expect(li.listener.out().slice(before).match(/●/g)?.length).toBe(1);
  const { drops } = await li.json("status");
  expect(Object.values(drops as Record<string, number>).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(1000);
}, 20_000);

describe.skipIf(!mayStrace)(`on the wire of one laptop${strace === null ? " (skipped: strace is not installed)" : ""}`, () => {
  test("the rules are fetched, and nothing but JOIN, SEEK and BEACON travels in clear", async () => {
    await zhao.listener.stop();
    const calls = parseStrace(readFileSync(trace, "utf8"));
    const sent = calls.filter(({ name }) => SENDS.some((send) => send === name)).flatMap(({ bytes }) => bytes).flatMap(kindOf);
    expect(sent).toContain("fetch sealed");
    expect(sent).toContain("receipt sealed");
    expect(sent).toContain("hello sealed");
    expect(new Set(sent.filter((kind) => kind.endsWith("clear")))).toEqual(new Set(["seek clear"]));
    const got = calls.filter(({ name }) => name.startsWith("recv")).flatMap(({ bytes }) => bytes).flatMap(kindOf);
    expect(got.filter((kind) => kind === "data sealed").length).toBeGreaterThanOrEqual(2);
  }, 20_000);
});

function short(id: string): string {
  return `[${id.slice(0, 6)}]`;
}

function kindOf(bytes: Uint8Array): readonly string[] {
  const header = decodeHeader(bytes);
  return header.ok ? [`${header.value.kind} ${header.value.suite === 1 ? "sealed" : "clear"}`] : [];
}

/** Whom the last ALARM about this occurrence names, in the agent's own datagrams. */
async function toldOnWire(id: string): Promise<readonly string[]> {
  const said = () => lan.opened().flatMap((message) => (message.kind === "alarm" ? message.body.alarms : [])).findLast((alarm) => alarm.id === id);
  await until(async () => said() !== undefined);
  return said()?.to ?? [];
}

function beaconRules(): string {
  return lan.opened().findLast((message) => message.kind === "beacon")?.body.rules ?? "";
}

async function listed(laptop: Laptop): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (await laptop.json("list"))["alarms"] as readonly Readonly<Record<string, unknown>>[];
}

async function rowOf(laptop: Laptop, alertname: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  return (await listed(laptop)).find(({ labels }) => (labels as Record<string, unknown>)["alertname"] === alertname);
}

async function mine(laptop: Laptop): Promise<Readonly<Record<string, unknown>>> {
  return Object.fromEntries((await listed(laptop)).map(({ id, mine }) => [id, mine]));
}

const HOSTILE = '$(reboot) `reboot` "; reboot';

/** Raises one alarm after the other, as long as nobody can say whether a tap is open already. */
async function raisedUntil(done: Promise<unknown>): Promise<void> {
  let over = false;
  const ended = done.finally(() => {
    over = true;
  });
  for (let nth = 100; !over; nth += 1) {
    await lan.raise({ ...OSD_DOWN, labels: { ...OSD_DOWN.labels, ceph_daemon: `osd.${nth}` }, text: HOSTILE });
    await Promise.race([ended, Bun.sleep(50)]);
  }
  await ended;
}

/** Waits for what other processes do; the test's own limit ends it. */
async function until(held: () => Promise<boolean>): Promise<void> {
  while (!(await held())) await Bun.sleep(50);
}

/** The JSON lines of a running command. */
function linesOf(stream: ReadableStream<Uint8Array>): { readonly find: (wanted: (line: Readonly<Record<string, unknown>>) => boolean) => Promise<Readonly<Record<string, unknown>>> } {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  return {
    find: async (wanted) => {
      for (;;) {
        for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
          const line = JSON.parse(rest.slice(0, end)) as Record<string, unknown>;
          rest = rest.slice(end + 1);
          if (wanted(line)) return line;
        }
        const { done, value } = await reader.read();
        if (done) throw new Error("The lines ended");
        rest += decoder.decode(value, { stream: true });
      }
    },
  };
}
