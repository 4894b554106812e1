/** The agent's commands against an agent that writes down what it is asked: arguments, exits, and what people read. */

import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { agentProgram } from "../../lib/cli/agent-commands.ts";
import { agentApi } from "../../lib/io/api.ts";
import { serveLocal } from "../../lib/io/local.ts";
import { OWNER } from "../../lib/io/tokens.ts";
import type { Question } from "../../lib/port/agent-door.ts";
import type { Reply } from "../../lib/port/tickets.ts";
import { parseInvite } from "../../lib/trust/invite.ts";
import { encodeJoinString } from "../../lib/wire/join-string.ts";
import { derOf } from "../../lib/io/certificate.ts";
import { openRelayHost } from "../support/a-relay-host.ts";
import { command, type Ended } from "../support/in-process-command.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

const program = () => agentProgram({ run: async () => 0 });
const ID = "7QK2M9ABCDEFGHJKMNPQRSTVWX";
const ALARM = {
  id: ID, short: "7QK2M9", severity: "critical", module: "node", item: "node-3", text: "/var is full", detail: "df says\n100 %",
  labels: { alertname: "DiskFull", instance: "node-3" }, source: "report", raisedAt: 1_795_507_200_000, condition: "raised",
  attention: "unacknowledged", phase: "waiting", sending: "pending", reason: "", responsible: ["li"],
};

type Asked = Question | { readonly kind: "report"; readonly body: unknown };
type World = { readonly folder: TempFolder; readonly asked: Asked[]; readonly run: (...words: readonly string[]) => Promise<Ended> };

/** @param answers to questions, by kind; what is not named is answered {} */
async function withAgent(answers: Readonly<Record<string, Reply>>, use: (world: World) => Promise<void>): Promise<void> {
  using folder = tempFolder();
  const asked: Asked[] = [];
  const answerTo = (question: Asked): Reply => {
    asked.push(question);
    return answers[question.kind] ?? { status: 200, body: {} };
  };
  const app = agentApi({
    report: async (_, body) => answerTo({ kind: "report", body: JSON.parse(new TextDecoder().decode(body)) }),
    ask: async (question) => answerTo(question), admit: () => OWNER, version: "0.1.0",
  });
  const served = await serveLocal(folder.at("agent.sock"), app.fetch);
  if (!served.ok) throw new Error(served.fault.kind);
  try {
    await use({ folder, asked, run: (...words) => command(program(), [...words, "--state", folder.path]) });
  } finally {
    await served.value.stop();
  }
}

const WRONG: readonly (readonly [name: string, words: readonly string[], said: string])[] = [
  ["an unknown command", ["lst"], "unknown command 'lst'"],
  ["an unknown option", ["list", "--al"], "unknown option '--al'"],
  ["show without an id", ["show"], "missing required argument 'id'"],
  ["show with an empty id", ["show", ""], 'The id is empty, must be the first characters of one that "list" prints'],
  ["a forgotten argument", ["show"], "(gapbell-agent show --help prints its arguments and an example)"],
  ["ack without a name", ["ack", "7QK2"], "required option '--as <operator>' not specified"],
  ["raise without a label", ["raise", "--text", "x"], "required option '--label <name=value>' not specified"],
  ["raise without a text", ["raise", "--label", "a=b"], "required option '--text <line>' not specified"],
  ["a label without a value", ["raise", "--text", "x", "--label", "a"], '--label is "a", must be name=value'],
  ["a label without a name", ["raise", "--text", "x", "--label", "=b"], '--label is "=b", must be name=value'],
  ["a label given twice", ["raise", "--text", "x", "--label", "a=b", "--label", "a=c"], '--label names "a" twice'],
  ["a misspelt severity", ["raise", "--text", "x", "--label", "a=b", "--severity", "majr"], 'Did you mean "major"?'],
  ["clear without anything", ["clear"], "Name the alarm either by its id or by --label"],
  ["clear with both", ["clear", "7QK2", "--label", "a=b"], "Name the alarm either by its id or by --label"],
  ["init without a cluster", ["init", "--operator", "li"], "required option '--cluster <name>' not specified"],
  ["invite without an operator", ["invite"], "required option '--operator <name>' not specified"],
];

test.each(WRONG)("%s is a mistake of usage", async (_, words, said) => {
  const { code, out, err } = await command(program(), [...words]);
  expect(code).toBe(64);
  expect(out).toBe("");
  expect(err).toContain(said);
});

const NEEDS_AGENT: readonly (readonly [words: readonly string[]])[] = [
  [["list"]], [["show", "7QK2"]], [["ack", "7QK2", "--as", "li"]], [["listeners"]], [["coverage"]], [["relay"]],
  [["raise", "--label", "a=b", "--text", "x"]], [["clear", "--label", "a=b"]], [["clear", "7QK2"]],
];

test.each(NEEDS_AGENT)("without a running agent %p says how to start one", async (words) => {
  using folder = tempFolder();
  const { code, err } = await command(program(), [...words, "--state", folder.path]);
  expect(code).toBe(69);
  expect(err).toContain('start it with "gapbell-agent run"');
});

test.each(["run", "check", "init", "invite", "approve", "listeners", "coverage", "join-relay", "raise", "clear", "list", "show", "ack", "relay", "revoke", "floor"])("%s has help with an example, --json, --state and what its exit codes mean", async (name) => {
  const { code, out } = await command(program(), [name, "--help"]);
  expect(code).toBe(0);
  for (const part of ["Example:", `gapbell-agent ${name}`, "--json", "--state", "Exit codes:", "69  nobody answers there"]) expect(out).toContain(part);
});

test("list shows the open alarms as a table, and --json what the agent said", async () => {
  await withAgent({ list: { status: 200, body: { alarms: [ALARM] } } }, async ({ asked, run }) => {
    const { code, out } = await run("list");
    expect(code).toBe(0);
    expect(out).toContain("7QK2M9  critical  node    node-3");
    expect(out).not.toContain("\u001b");
    const json = await run("list", "--all", "--json");
    expect(JSON.parse(json.out)).toEqual({ alarms: [ALARM] });
    expect(asked).toEqual([{ kind: "list", all: false }, { kind: "list", all: true }]);
  });
});

test("a source cannot write on the operator's terminal", async () => {
  const hostile = { ...ALARM, text: "\u001b[2J\u001b]0;x\u0007gone", item: "a\r\nb", labels: { "a\u001b[1m": "\u009b31m" } };
  await withAgent({ list: { status: 200, body: { alarms: [hostile] } }, show: { status: 200, body: { ...hostile, timeline: [] } } }, async ({ run }) => {
    for (const { out } of [await run("list"), await run("show", ID)]) expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});

test("an alarm that stands in a way unknown here is listed all the same", async () => {
  const strange = { ...ALARM, attention: "acknowledged", acknowledgement: { operator: "li", way: "telepathy" } };
  await withAgent({ list: { status: 200, body: { alarms: [strange, { id: ID }] } } }, async ({ run }) => {
    const { code, out } = await run("list");
    expect(code).toBe(0);
    expect(out.split("\n")[1]).toContain("Acknowledged by li");
    expect(out.split("\n")[2]).toStartWith("7QK2M9");
  });
});

test("show tells the timeline line by line, and survives what a newer agent adds", async () => {
  const timeline = [
    { at: ALARM.raisedAt, kind: "reported", source: "report", text: "/var is full", condition: "raised", again: false },
    { at: ALARM.raisedAt, kind: "classified", module: "node", item: "node-3", severity: "critical", policy: "default", rule: "node", line: 12 },
    { at: ALARM.raisedAt + 1000, kind: "hologram", colour: "green" },
  ];
  await withAgent({ show: { status: 200, body: { ...ALARM, timeline } } }, async ({ run }) => {
    const lines = (await run("show", "7QK2")).out.trimEnd().split("\n");
    expect(lines.at(-3)).toContain("Reported by report: /var is full");
    expect(lines.at(-2)).toContain('by rule "node" (line 12)');
    expect(lines.at(-1)).toContain("hologram");
    expect(lines).toContain("  100 %");
  });
});

const REFUSALS: readonly (readonly [name: string, reply: Reply, code: number, said: string])[] = [
  ["an unknown id", { status: 404, body: { error: 'No alarm begins with "7QK2"', field: "id" } }, 1, 'No alarm begins with "7QK2"'],
  ["an ambiguous id", { status: 409, body: { error: '2 alarms begin with "7": give more characters', field: "id", expected: "7QK2, 7ZZZ" } }, 1, "give more characters; expected 7QK2, 7ZZZ"],
  ["a full disk", { status: 503, body: { error: "Nothing can be stored: disk is full" } }, 75, "disk is full"],
  ["an answer without words", { status: 500, body: "x" }, 75, "The agent answers 500 without a reason"],
];

test.each(REFUSALS)("%s ends with its own code and sentence", async (_, reply, code, said) => {
  await withAgent({ show: reply }, async ({ run }) => {
    const ended = await run("show", "7QK2");
    expect(ended.code).toBe(code);
    expect(ended.err).toContain(said);
  });
});

test("ack names the operator and passes the comment on", async () => {
  await withAgent({ ack: { status: 200, body: { outcome: "taken", reason: "", by: "li" } } }, async ({ asked, run }) => {
    expect(await run("ack", "7QK2", "--as", "li", "--comment", "on it")).toMatchObject({ code: 0, out: "Acknowledged (li)\n" });
    expect(asked).toEqual([{ kind: "ack", id: "7QK2", operator: "li", comment: "on it", way: "console" }]);
  });
});

test("raise hands in one report of our own form", async () => {
  await withAgent({ report: { status: 200, body: { stored: [0], occurrences: [ID] } } }, async ({ asked, run }) => {
    const { out } = await run("raise", "--label", "alertname=DiskFull", "--label", "query=a=b", "--text", "/var is full", "--severity", "major", "--stale-after", "5m", "--again");
    expect(out).toContain("7QK2M9");
    expect(asked).toEqual([{ kind: "report", body: { condition: "raised", labels: { alertname: "DiskFull", query: "a=b" }, text: "/var is full", severity: "major", staleAfter: "5m", again: true } }]);
  });
});

test("what the agent refuses of a report is told by its field", async () => {
  const body = { error: "1 of 1 items are refused", stored: [], refused: [{ index: 0, field: "labels.a", found: '"x"', expected: "at most 1024 bytes" }] };
  await withAgent({ report: { status: 400, body } }, async ({ run }) => {
    expect(await run("raise", "--label", "a=x", "--text", "t")).toMatchObject({ code: 1, err: 'gapbell-agent: The agent refuses the report: labels.a is "x", must be at most 1024 bytes\n' });
  });
});

test("clear by id reports the labels of that alarm", async () => {
  await withAgent({ show: { status: 200, body: ALARM }, report: { status: 200, body: { stored: [0], occurrences: [ID] } } }, async ({ asked, run }) => {
    expect(await run("clear", "7QK2")).toMatchObject({ code: 0, out: "Cleared 7QK2M9.\n" });
    expect(asked.at(-1)).toEqual({ kind: "report", body: { condition: "cleared", text: "", labels: ALARM.labels } });
  });
});

test("clear says so when nothing was cleared", async () => {
  await withAgent({ show: { status: 200, body: ALARM }, report: { status: 200, body: { stored: [0], occurrences: [null] } } }, async ({ run }) => {
    expect(await run("clear", "--label", "a=b")).toMatchObject({ code: 1, err: "gapbell-agent: No alarm has these labels; nothing was cleared\n" });
    expect((await run("clear", "7QK2")).err).toContain("its source must clear it");
  });
});

/** @returns the words that open the cluster key */
async function init(folder: TempFolder): Promise<readonly string[]> {
  const secret = ["--passphrase-file", folder.at("passphrase")];
  writeFileSync(folder.at("passphrase"), "correct horse battery\n", { mode: 0o600 });
  await command(program(), ["init", "--cluster", "c1", "--operator", "li", "--mail", "li@example.com", "--state", folder.path, ...secret]);
  return secret;
}

test("join-relay shows the string to the relay and hands the agent its address, once", async () => {
  const relay = await openRelayHost();
  try {
    await withAgent({}, async ({ folder, asked, run }) => {
      await init(folder);
      writeFileSync(folder.at("relay.join"), `# from the jump host\n${await relay.invites()}\n`);
      expect(await run("join-relay", folder.at("relay.join"), "--json")).toMatchObject({ code: 0, out: `{"relay":"127.0.0.1:${relay.address.port}","joined":true}\n` });
      expect(asked).toEqual([{ kind: "joinedRelay", relay: relay.address }]);
    });
  } finally {
    await relay.close();
  }
});

test("join-relay does not show the string to anybody while no agent runs", async () => {
  using folder = tempFolder();
  await init(folder);
  const relay = await openRelayHost();
  try {
    writeFileSync(folder.at("relay.join"), await relay.invites());
    expect((await command(program(), ["join-relay", folder.at("relay.join"), "--state", folder.path])).code).toBe(69);
    await withAgent({}, async ({ folder: other, asked, run }) => {
      await init(other);
      expect((await run("join-relay", folder.at("relay.join"))).code).toBe(0);
      expect(asked).toHaveLength(1);
    });
  } finally {
    await relay.close();
  }
});

test("join-relay tells a string that is none from a relay that does not answer", async () => {
  const relay = await openRelayHost();
  const certificate = derOf(relay.identity.certificate) ?? new Uint8Array();
  await relay.close();
  await withAgent({}, async ({ folder, asked, run }) => {
    await init(folder);
    writeFileSync(folder.at("foreign"), "hello\n");
    expect(await run("join-relay", folder.at("foreign"))).toMatchObject({ code: 1, err: expect.stringContaining("gapbell-relay1.") });
    const gone = encodeJoinString({ host: "127.0.0.1", port: await aClosedPort(), certificate, secret: new Uint8Array(16).fill(5), ssh: undefined });
    writeFileSync(folder.at("gone"), gone);
    expect(await run("join-relay", folder.at("gone"))).toMatchObject({ code: 69, err: expect.stringContaining("Nothing listens at 127.0.0.1:") });
    expect(await run("join-relay", folder.at("missing"))).toMatchObject({ code: 64, err: expect.stringContaining("Cannot read") });
    expect(asked).toEqual([]);
  });
});

test("invite hands the agent a warrant and prints a string that can be read back", async () => {
  await withAgent({}, async ({ folder, asked, run }) => {
    const secret = await init(folder);
    const { code, out } = await run("invite", "--operator", "li", "--address", "10.11.131.32", ...secret);
    expect(code).toBe(0);
    expect(parseInvite(out)).toMatchObject({ ok: true, value: { address: { host: "10.11.131.32", port: 11_115 } } });
    expect(asked).toMatchObject([{ kind: "invited" }]);
    expect((await run("invite", "--operator", "lii", ...secret)).err).toContain('Did you mean "li"?');
    expect((await run("invite", "--operator", "li", "--ttl", "1y", ...secret)).code).toBe(64);
    writeFileSync(folder.at("wrong"), "wrong horse battery\n", { mode: 0o600 });
    expect(await run("invite", "--operator", "li", "--address", "10.11.131.32", "--passphrase-file", folder.at("wrong"))).toMatchObject({ code: 1, err: expect.stringContaining("does not open") });
    expect(asked).toHaveLength(1);
    await run("invite", "--operator", "li", "--address", "10.11.131.32", "--file", folder.at("li.gapbell"), ...secret);
    expect(parseInvite(await Bun.file(folder.at("li.gapbell")).text())).toMatchObject({ ok: true });
    expect((await run("invite", "--operator", "li", "--address", "10.11.131.32", "--file", folder.at("li.gapbell"), ...secret)).code).toBe(1);
  });
});

test("relay says how both legs and each channel stand, and what to do where there is none", async () => {
  const channel = { channel: "mail", configured: true, able: false, level: "none", reason: "535 refused", checkedAt: ALARM.raisedAt };
  const leg = { name: "outside", up: true, interface: "eth1", address: "192.0.2.7", route: "192.0.2.1", dns: "ok", reason: "", checkedAt: ALARM.raisedAt };
  const body = { relay: { address: "127.0.0.1:11117", joined: true }, answeredAt: ALARM.raisedAt, reason: "", ability: { relay: "jump1", version: "0.1.0", legs: [leg], channels: [channel] } };
  await withAgent({ relay: { status: 200, body } }, async ({ run }) => {
    const { out } = await run("relay");
    for (const part of ["Relay at 127.0.0.1:11117", "outside", "eth1", "mail", "535 refused"]) expect(out).toContain(part);
  });
  await withAgent({}, async ({ run }) => expect((await run("relay")).out).toContain("gapbell-agent join-relay"));
});

test("listeners shows who is heard and who is not", async () => {
  const listeners = [
    { id: "3f2a90b1c4d5e6f7", operator: "li", host: "laptop", state: "present", seat: "person", address: "10.0.0.5:40000", lastHeardAt: ALARM.raisedAt, build: "0.1.0", robot: false },
    { operator: "zhao", host: "wall", state: "never heard", robot: true },
    { operator: "li", host: "stolen", state: "revoked", revokedAt: ALARM.raisedAt, robot: false },
  ];
  const agents = [{ name: "node2", present: false, address: "10.0.0.2:11115", lastHeardAt: ALARM.raisedAt, serial: 2 }];
  await withAgent({ listeners: { status: 200, body: { listeners, agents } } }, async ({ run }) => {
    const lines = (await run("listeners")).out.split("\n");
    expect(lines[1]).toMatch(/^3f2a90b1 +li +laptop +present +person +10\.0\.0\.5:40000/);
    expect(lines[2]).toMatch(/^ +zhao \(robot\) +wall +never heard/);
    expect(lines[3]).toMatch(/^ +li +stolen +revoked 20\d\d-/);
    expect(lines[6]).toMatch(/^node2 +not heard +10\.0\.0\.2:11115/);
  });
});

const COVER = { module: "osd", responsible: ["li"], lastResort: false, here: ["li"], verdict: "here", gap: false };
const PERSON = { operator: "li", modules: ["osd"], verdict: "here", outside: ["mail"], missing: false, listeners: [{ host: "laptop", state: "present", seat: "person", address: "10.0.0.5:40000", lastHeardAt: ALARM.raisedAt }] };

test("coverage ends with 0 where every module has somebody", async () => {
  await withAgent({ coverage: { status: 200, body: { covered: true, modules: [COVER], operators: [PERSON] } } }, async ({ run }) => {
    const { code, out } = await run("coverage");
    expect(code).toBe(0);
    expect(out).toMatch(/^osd +li +li +somebody is here$/m);
    expect(out).toMatch(/^li +laptop +present +person +10\.0\.0\.5:40000 .* mail$/m);
    expect(out).toContain("Every module has somebody who is heard");
  });
});

test("coverage ends with 1 and says what to do where something is missing", async () => {
  const modules = [{ ...COVER, module: "mds", responsible: ["chief"], lastResort: true, here: [], verdict: "nobody", gap: true }, { ...COVER, here: [], verdict: "unheard", gap: true }];
  const operators = [{ ...PERSON, verdict: "unheard", missing: true, outside: [], listeners: [] }];
  await withAgent({ coverage: { status: 200, body: { covered: false, modules, operators } } }, async ({ run }) => {
    const { code, out } = await run("coverage");
    expect(code).toBe(1);
    for (const said of ["chief (last resort)", "Nobody answers for module mds", "Nobody who answers for osd has been heard", "gapbell-agent invite --operator li", "li cannot be reached outside"]) expect(out).toContain(said);
    expect((await run("coverage", "--json")).code).toBe(1);
  });
});

/** A port that was free a moment ago. */
function aClosedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 1));
    });
  });
}
