/** The listener that was written from `docs/protocol.md` alone, beside a real one, with a real agent. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { aLanOfLaptops, type Laptop, type LanOfLaptops } from "../support/a-lan-of-laptops.ts";
import { LOOPBACK_BROADCAST } from "../support/a-loopback-agent.ts";
import { passphraseOf } from "../support/agent-process.ts";
import { LISTENER_PY, missingPython, python } from "../support/python.ts";

const RULES = "rules:\n  - {name: default, module: general, item: \"{alertname}\"}\n";
const ROSTER = "operators:\n  li: {modules: [general], mail: li@example.org}\n  wang: {modules: [general], mail: wang@example.org}\nlast_resort: [li]\n";

/** `listener.py run`, as a person has it before him. */
type Screen = { readonly says: (text: string) => Promise<void>; readonly types: (line: string) => void; readonly out: () => string; readonly ends: (signal: "SIGINT" | "SIGKILL") => Promise<number> };

describe.skipIf(missingPython !== "")(`a listener from the document alone${missingPython === "" ? "" : ` (skipped: ${missingPython})`}`, () => {
  let lan: LanOfLaptops;
  let li: Laptop;
  let wang: Screen;
  const state = (): string => lan.folder.at("wang-python");
  const screens: Screen[] = [];

  beforeAll(async () => {
    lan = await aLanOfLaptops({ rules: RULES, roster: ROSTER });
    li = await lan.aLaptop("li", { by: "line" });
    const invite = lan.folder.at("wang.gapbell");
    await lan.agentCommand("invite", "--operator", "wang", "--passphrase-file", passphraseOf(lan.agentState), "--file", invite);
    const joined = Bun.spawn([python ?? "python3", LISTENER_PY, "--state", state(), "join"], { stdin: Bun.file(invite), stdout: "pipe", stderr: "pipe" });
    expect(await new Response(joined.stderr).text()).toBe("");
    expect(await new Response(joined.stdout).text()).toBe("Joined c1\n");
    wang = runs("--seat", "person");
    await wang.says("Listening to c1 for wang");
  }, 60_000);

  afterAll(async () => {
    for (const screen of screens) await screen.ends("SIGKILL");
    await lan[Symbol.asyncDispose]();
  });

  test("its keys and what it heard are for its owner alone", () => {
    for (const name of ["keys.json", "member.json", "heard.json", "lock"]) expect(statSync(join(state(), name)).mode & 0o777).toBe(0o600);
  });

  test("it is present, shows an alarm and gives receipt and seen", async () => {
    await until(async () => (await listeners()).some(({ operator, state, seat }) => operator === "wang" && state === "present" && seat === "person"));
    const id = await lan.raise({ labels: { alertname: "DiskFull" }, severity: "critical", text: "osd.12 is full" });
    await wang.says(`● [${id.slice(0, 6)}] CRITICAL general/DiskFull: osd.12 is full`);
    await until(async () => (await timeline(id)).includes("seen wang"));
    expect(await timeline(id)).toContain("receipt wang");
  }, 20_000);

  test("what its operator acknowledges stops the clock, and the other listener drops it", async () => {
    const id = await lan.raise({ labels: { alertname: "LinkDown" }, severity: "major", text: "ens3 has no carrier" });
    await wang.says(`● [${id.slice(0, 6)}]`);
    await li.listener.says(`● [${id.slice(0, 6)}]`);
    wang.types(`ack ${id.slice(0, 8).toLowerCase()} 换盘, on my way`);
    await wang.says(`[${id.slice(0, 6)}] taken by wang`);
    await li.listener.says("Acknowledged by wang: 换盘, on my way");
    expect(JSON.parse(await lan.agentCommand("show", id, "--json"))).toMatchObject({
      attention: "acknowledged", timeline: expect.arrayContaining([expect.objectContaining({ body: expect.objectContaining({ kind: "acknowledged", operator: "wang", way: "listener", counts: true, comment: "换盘, on my way" }) })]),
    });
  }, 20_000);

  test("what another listener acknowledges it shows, and what is cleared it drops", async () => {
    const report = { labels: { alertname: "FanFailed" }, severity: "minor", text: "fan 2 stands still" };
    const id = await lan.raise(report);
    await li.listener.says(`● [${id.slice(0, 6)}]`);
    await wang.says(`● [${id.slice(0, 6)}]`);
    await li.command("ack", id, "--comment", "mine");
    await wang.says("fan 2 stands still (since ");
    await wang.says("(taken by li: mine)");
    await lan.raise({ ...report, condition: "cleared" });
    await wang.says(`[${id.slice(0, 6)}] cleared`);
  }, 20_000);

  test("after kill -9 it rings for nothing that it has rung for, and has what came meanwhile", async () => {
    const before = await lan.raise({ labels: { alertname: "PowerLost" }, severity: "major", text: "one feed is dark" });
    await wang.says(`● [${before.slice(0, 6)}]`);
    await until(async () => (await timeline(before)).includes("seen wang"));
    await wang.ends("SIGKILL");
    const meanwhile = await lan.raise({ labels: { alertname: "TooHot" }, severity: "critical", text: "row 4 is hot" });
    wang = runs("--seat", "person");
    await wang.says(`● [${meanwhile.slice(0, 6)}]`);
    await wang.says(`[${before.slice(0, 6)}]`);
    expect(wang.out()).not.toContain(`● [${before.slice(0, 6)}]`);
  }, 30_000);

  test("a storm, in which alarms travel deflated, it has whole, and lists the worst first", async () => {
    const severities = ["warning", "minor", "critical", "major"];
    const ids = await Promise.all(Array.from({ length: 100 }, (_, nth) => lan.raise({ labels: { alertname: "Storm", nth: String(nth) }, severity: severities[nth % 4], text: `storm ${nth}` })));
    for (const id of ids) await wang.says(`● [${id.slice(0, 6)}]`);
    const before = wang.out().length;
    const listed = (): readonly string[] => wang.out().slice(before).match(/(?<=\] )[A-Z]+(?= general\/Storm)/g) ?? [];
    wang.types("list");
    await until(async () => listed().length === 100);
    expect(listed()).toEqual(["CRITICAL", "MAJOR", "MINOR", "WARNING"].flatMap((severity) => Array<string>(25).fill(severity)));
  }, 30_000);

  test("when a stolen laptop is revoked it takes the next group key and hears on", async () => {
    const stolen = await lan.aLaptop("li", { by: "file" });
    await revokes(String((await stolen.json("status"))["listener"]));
    const id = await lan.raise({ labels: { alertname: "DoorOpen" }, severity: "major", text: "the door is open" });
    await wang.says(`● [${id.slice(0, 6)}]`);
    const { groups } = JSON.parse(readFileSync(join(state(), "member.json"), "utf8")) as { readonly groups: readonly (readonly [number, string])[] };
    expect(groups.map(([kid]) => kid)).toEqual([1, 17]);
  }, 30_000);

  test("a second process on one state folder does not start", () => {
    const second = Bun.spawnSync([python ?? "python3", LISTENER_PY, "--state", state(), "run"], { stdin: "ignore" });
    expect([second.exitCode, second.stderr.toString()]).toEqual([1, `listener.py: Another process owns ${state()}\n`]);
  });

  test("with Ctrl-C it says BYE, and the agent counts it as gone at once", async () => {
    expect(await wang.ends("SIGINT")).toBe(0);
    await until(async () => (await listeners()).some(({ operator, state }) => operator === "wang" && state === "away"));
  }, 10_000);

  test("with --ack-all it acknowledges as a robot whatever rings for its operator", async () => {
    wang = runs("--ack-all", "the script has it");
    const id = await lan.raise({ labels: { alertname: "LampTest" }, severity: "warning", text: "a lamp is lit" });
    await wang.says(`[${id.slice(0, 6)}] recorded, and the clock runs on`);
    expect(await timeline(id)).toContain("acknowledged wang");
  }, 20_000);

  test("once it is revoked itself, it says that it must join anew", async () => {
    await wang.ends("SIGINT");
    await revokes(String((await listeners()).find(({ operator }) => operator === "wang")?.["id"]));
    wang = runs();
    await wang.says("The agent does not know this listener any more: join anew");
  }, 20_000);

  async function revokes(id: string): Promise<void> {
    await lan.agentCommand("revoke", id, "--passphrase-file", passphraseOf(lan.agentState));
  }

  function runs(...words: readonly string[]): Screen {
    const lanWords = ["--broadcast", LOOPBACK_BROADCAST, "--broadcast-port", String(lan.broadcastPort), "--agent-port", String(lan.agentPort)];
    const screen = aScreen([python ?? "python3", LISTENER_PY, "--state", state(), "run", ...lanWords, ...words]);
    screens.push(screen);
    return screen;
  }

  async function listeners(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return (JSON.parse(await lan.agentCommand("listeners", "--json")) as { readonly listeners: readonly Readonly<Record<string, unknown>>[] }).listeners;
  }

  /** What happened to an alarm, each with whom it is about. */
  async function timeline(id: string): Promise<readonly string[]> {
    const shown = JSON.parse(await lan.agentCommand("show", id, "--json")) as { readonly timeline: readonly { readonly body: Readonly<Record<string, unknown>> }[] };
    return shown.timeline.map(({ body }) => `${body["kind"]} ${body["operator"]}`);
  }
});

/** Starts it, and reads what it prints as it prints it. */
function aScreen(words: readonly string[]): Screen {
  const child = Bun.spawn([...words], { stdin: "pipe", stdout: "pipe", stderr: "inherit", env: { ...process.env, PYTHONIOENCODING: "utf-8" } });
  let out = "";
  const waiting: { readonly text: string; readonly resolve: () => void }[] = [];
  void (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      out += decoder.decode(chunk, { stream: true });
      for (const { text, resolve } of waiting) if (out.includes(text)) resolve();
    }
  })();
  return {
    out: () => out,
    says: (text) => (out.includes(text) ? Promise.resolve() : new Promise((resolve) => waiting.push({ text, resolve }))),
    types: (line) => {
      child.stdin.write(`${line}\n`);
      child.stdin.flush();
    },
    ends: (signal) => {
      child.kill(signal);
      return child.exited;
    },
  };
}

/** Waits for what other processes do; the test's own limit ends it. */
async function until(held: () => Promise<boolean>): Promise<void> {
  while (!(await held())) await Bun.sleep(50);
}
