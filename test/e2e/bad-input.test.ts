/** Whatever is sent to the agent's executable or written into a file of the three: a number, a named field, and everything runs on. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, chmodSync, chownSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { asNobody } from "../support/as-nobody.ts";
import { type AgentProcess, initAgent, startAgent } from "../support/agent-process.ts";
import type { Program } from "../../.ci/compile.ts";
import { built } from "../support/built.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

let folder: TempFolder;
let binaries: Readonly<Record<Program, string>>;
let agent: AgentProcess;
/** What a body that never ends is answered: begun first, because the agent gives it ten seconds. */
let slow: Promise<string>;

beforeAll(async () => {
  folder = tempFolder();
  // Another user must be able to reach what it may not read.
  chmodSync(folder.path, 0o755);
  binaries = { agent: await built("agent", folder.path), client: await built("client", folder.path), relay: await built("relay", folder.path) };
  await initAgent(binaries.agent, folder.at("agent"));
  run("relay", ["init", "--state", folder.at("relay")]);
  mkdirSync(folder.at("client"));
  cpSync(folder.at("agent"), folder.at("running"), { recursive: true });
  agent = await startAgent(binaries.agent, folder.at("running"));
  slow = exchange(Buffer.from(`POST ${REPORTS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{`));
}, 60_000);

afterAll(async () => {
  agent.kill("SIGTERM");
  await agent.ended;
  folder[Symbol.dispose]();
});

const REPORTS = "/v1/reports";
const ALERTS = "/api/v2/alerts";
const WEBHOOK = "/api/v1/webhook/alertmanager";
const JSON_TYPE = { "content-type": "application/json" };

const report = (set: object): object => ({ condition: "raised", labels: { alertname: "A" }, text: "a line", ...set });
const alert = (set: object): readonly object[] => [{ labels: { alertname: "A" }, ...set }];
const many = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, at) => [`label${at}`, "v"]));
const NO_TIMES = ["NaN", "yesterday", "2026-02-30T00:00:00Z", "2026-11-24T25:00:00Z", "-000001-01-01T00:00:00Z", "+275760-09-13T00:00:00Z", 12_345, -1, true, {}];

type Bad = { readonly name: string; readonly route: string; readonly body: string | Uint8Array | object; readonly field: string; readonly status?: number; readonly headers?: Record<string, string> };

const BAD: readonly Bad[] = [
  { name: "nothing", route: REPORTS, body: "", field: "body" },
  { name: "half an object", route: REPORTS, body: "{", field: "body" },
  { name: "a number that JSON does not have", route: REPORTS, body: '{"generatedAt":NaN}', field: "body" },
  { name: "bytes that are not UTF-8", route: REPORTS, body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), field: "body" },
  { name: "UTF-16", route: REPORTS, body: new Uint8Array([0xff, 0xfe, 0x7b, 0x00]), field: "body" },
  { name: "a raw NUL", route: REPORTS, body: '{"text":"a\u0000b"}', field: "body" },
  { name: "a bare number", route: REPORTS, body: "42", field: "body" },
  { name: "null", route: REPORTS, body: "null", field: "body" },
  { name: "a list of null", route: REPORTS, body: "[null]", field: "item" },
  { name: "100,000 lists in each other", route: REPORTS, body: "[".repeat(100_000) + "]".repeat(100_000), field: "item" },
  { name: "100,000 objects in each other", route: REPORTS, body: '{"a":'.repeat(100_000) + "1" + "}".repeat(100_000), field: "condition" },
  { name: "an object as a list of alerts", route: ALERTS, body: {}, field: "body" },
  { name: "20,001 items", route: REPORTS, body: `[${Array(20_001).fill("0").join(",")}]`, field: "body" },
  { name: "more bytes than are taken", route: REPORTS, body: "x".repeat(17 * 1024 * 1024), field: "body", status: 413 },
  { name: "an unknown field", route: REPORTS, body: report({ lables: {} }), field: "lables" },
  { name: "an unknown field made of escapes", route: REPORTS, body: report({ "\u001b[31m\u009b": 1 }), field: " [31m " },
  { name: "an unknown severity", route: REPORTS, body: report({ severity: "urgent\u001b[2J\u009b" }), field: "severity" },
  { name: "a condition that is none", route: REPORTS, body: report({ condition: "burning" }), field: "condition" },
  { name: "no text", route: REPORTS, body: report({ text: "\u0000\u001b" }), field: "text" },
  { name: "no labels", route: REPORTS, body: report({ labels: {} }), field: "labels" },
  { name: "labels as a list", route: REPORTS, body: report({ labels: ["a"] }), field: "labels" },
  { name: "a label that is a number", route: REPORTS, body: report({ labels: { a: 1 } }), field: "labels.a" },
  { name: "a label that is 5,000 lists deep", route: REPORTS, body: `{"condition":"raised","text":"t","labels":{"a":${"[".repeat(5000)}${"]".repeat(5000)}}}`, field: "labels.a" },
  { name: "10,000 labels", route: REPORTS, body: report({ labels: many(10_000) }), field: "labels" },
  { name: "10,000 labels of an alert", route: ALERTS, body: alert({ labels: many(10_000) }), field: "labels" },
  { name: "a label that is too long", route: REPORTS, body: report({ labels: { a: "x".repeat(1025) } }), field: "labels.a" },
  { name: "a label named __proto__ alone", route: REPORTS, body: '{"condition":"raised","text":"t","labels":{"__proto__":"x"}}', field: "labels" },
  { name: "a body whose fields come from __proto__", route: REPORTS, body: '{"__proto__":{"condition":"raised"},"text":"t","labels":{"a":"x"}}', field: "condition" },
  { name: "an identity of labels that are not there", route: REPORTS, body: report({ identity: ["alertnam"] }), field: "identity" },
  ...NO_TIMES.map((at): Bad => ({ name: `the time ${JSON.stringify(at)} of a report`, route: REPORTS, body: report({ generatedAt: at }), field: "generatedAt" })),
  ...NO_TIMES.map((at): Bad => ({ name: `the start ${JSON.stringify(at)} of an alert`, route: ALERTS, body: alert({ startsAt: at }), field: "startsAt" })),
  ...NO_TIMES.map((at): Bad => ({ name: `the end ${JSON.stringify(at)} of an alert`, route: ALERTS, body: alert({ endsAt: at }), field: "endsAt" })),
  ...["-5m", 5, "999999999d", "0s"].map((length): Bad => ({ name: `silence after ${length}`, route: REPORTS, body: report({ staleAfter: length }), field: "staleAfter" })),
  { name: "an annotation that is a number", route: ALERTS, body: alert({ annotations: { summary: 5 } }), field: "annotations.summary" },
  { name: "a webhook of another version", route: WEBHOOK, body: { version: "3", alerts: [] }, field: "version" },
  { name: "a webhook without alerts", route: WEBHOOK, body: { version: "4" }, field: "alerts" },
  { name: "a webhook's alert in no state", route: WEBHOOK, body: { version: "4", alerts: [{ status: "burning", labels: { a: "b" } }] }, field: "status" },
  { name: "plain text", route: REPORTS, body: report({}), headers: { "content-type": "text/plain" }, field: "Content-Type", status: 415 },
  { name: "Latin-1", route: REPORTS, body: report({}), headers: { "content-type": "application/json; charset=latin1" }, field: "Content-Type", status: 415 },
  { name: "a compressed body", route: REPORTS, body: report({}), headers: { ...JSON_TYPE, "content-encoding": "gzip" }, field: "Content-Encoding", status: 415 },
];

for (const { name, route, body, field, status = 400, headers = JSON_TYPE } of BAD) {
  test(`what cannot be taken is answered ${status} and names "${field}": ${name}`, async () => {
    const bytes = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
    const answered = await fetch(base(route), { method: "POST", headers, body: bytes });
    const text = await answered.text();
    expect(answered.status).toBe(status);
    expect(answered.headers.get("content-type")).toBe("application/json");
    expect(text).not.toMatch(CONTROLS);
    expect(JSON.parse(text)).toMatchObject({ error: expect.any(String), field, expected: expect.any(String) });
  });
}

const WRONG_WAYS = [
  ...["PUT", "DELETE", "PATCH", "OPTIONS", "GET"].map((method) => ({ method, path: REPORTS, status: 405, field: "method" })),
  { method: "POST", path: "/v1/alarms", status: 405, field: "method" },
  { method: "GET", path: "/v1/nothing", status: 404, field: "path" },
  { method: "GET", path: "/%2e%2e/%2e%2e/etc/passwd", status: 404, field: "path" },
  { method: "GET", path: `/v1/alarms/${"a".repeat(7000)}`, status: 404, field: "id" },
  { method: "GET", path: "/v1/alarms/%1b%5b2J%00%ff", status: 404, field: "id" },
  { method: "GET", path: "/v1/alarms?al=1", status: 400, field: "al" },
  { method: "GET", path: "/v1/alarms?all=perhaps", status: 400, field: "all" },
] as const;

for (const { method, path, status, field } of WRONG_WAYS) {
  test(`${method} ${path.slice(0, 40)} is answered ${status} and names "${field}"`, async () => {
    const answered = await fetch(base(path), { method });
    const text = await answered.text();
    expect(answered.status).toBe(status);
    expect(text.length).toBeLessThan(500);
    expect(text).not.toMatch(CONTROLS);
    expect(JSON.parse(text)).toMatchObject({ error: expect.any(String), field });
  });
}

test("HEAD is answered like GET, without a body", async () => {
  expect((await fetch(base("/v1/alarms"), { method: "HEAD" })).status).toBe(200);
  expect((await fetch(base(REPORTS), { method: "HEAD" })).status).toBe(405);
});

/** What is no HTTP is turned away by the server itself, before there is a request to answer. */
const NO_HTTP: Readonly<Record<string, string>> = {
  "bytes of something else": "\u0000\u0001\u0002garbage\r\n\r\n",
  "the start of TLS": "\u0016\u0003\u0001\u0000\u00c8\u0001\u0000\u0000\u00c4\u0003\u0003",
  "a negative length": `POST ${REPORTS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: -5\r\n\r\n{}`,
  "two lengths": `POST ${REPORTS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\n{}`,
  "a length beside chunks": `POST ${REPORTS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  "a chunk of no size": `POST ${REPORTS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n`,
  "a header without end": `GET /v1/alarms HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(100_000)}\r\n\r\n`,
};

for (const [name, bytes] of Object.entries(NO_HTTP)) {
  test(`what is no HTTP is turned away: ${name}`, async () => {
    expect(await exchange(Buffer.from(bytes, "latin1"))).toMatch(/^HTTP\/1\.1 4\d\d /);
  });
}

test("a health check of HTTP/1.0, which names no host, is answered", async () => {
  expect(await exchange(Buffer.from("GET /healthz HTTP/1.0\r\n\r\n"))).toStartWith("HTTP/1.1 200 OK");
});

test("hundreds of connections that say nothing, or never end, keep nobody else out", async () => {
  const idle = await Promise.all(Array.from({ length: 400 }, (_, nth) => opened(nth % 2 === 0 ? "" : `POST ${REPORTS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Le`)));
  const began = performance.now();
  expect((await raise({ labels: { crowd: "1" } })).status).toBe(200);
  expect(performance.now() - began).toBeLessThan(2000);
  for (const socket of idle) socket.destroy();
}, 30_000);

test("clocks far in the past and in the future are taken, and what is shown of them is a time", async () => {
  for (const at of ["0000-01-01T00:00:00Z", "0001-01-02T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z"]) {
    const answered = await raise({ labels: { clock: at }, generatedAt: at });
    expect(answered.status).toBe(200);
    const { occurrences } = (await answered.json()) as { readonly occurrences: readonly string[] };
    const { generatedAt } = (await (await fetch(base(`/v1/alarms/${occurrences[0] ?? ""}`))).json()) as { readonly generatedAt: number };
    expect(Math.abs(generatedAt - Date.now())).toBeLessThan(60_000);
  }
});

test("valid neighbours in a batch are stored, and each that is not is named by its place", async () => {
  const batch = [report({ labels: { batch: "0" } }), { nonsense: 1 }, report({ labels: { batch: "2" } }), null, report({ labels: { batch: "4" }, severity: "urgent" })];
  const answered = await fetch(base(REPORTS), { method: "POST", headers: JSON_TYPE, body: JSON.stringify(batch) });
  expect(answered.status).toBe(400);
  const answer = (await answered.json()) as { readonly stored: readonly number[]; readonly occurrences: readonly string[]; readonly refused: readonly object[] };
  expect(answer.stored).toEqual([0, 2]);
  expect(answer.refused).toMatchObject([{ index: 1, field: "condition" }, { index: 3, field: "item" }, { index: 4, field: "severity" }]);
  for (const id of answer.occurrences) expect((await fetch(base(`/v1/alarms/${id}`))).status).toBe(200);
});

test("a batch of 5,000 of which each second one is bad stores the others, all of them", async () => {
  const batch = Array.from({ length: 5000 }, (_, nth) => (nth % 2 === 0 ? report({ labels: { huge: String(nth) }, severity: "warning" }) : { labels: nth }));
  const answered = await fetch(base(REPORTS), { method: "POST", headers: JSON_TYPE, body: JSON.stringify(batch) });
  const { stored, refused } = (await answered.json()) as { readonly stored: readonly number[]; readonly refused: readonly object[] };
  expect([answered.status, stored.length, refused.length]).toEqual([400, 2500, 2500]);
  const { alarms } = (await (await fetch(base("/v1/alarms"))).json()) as { readonly alarms: readonly { readonly labels: Readonly<Record<string, string>> }[] };
  expect(alarms.filter(({ labels }) => labels["huge"] !== undefined).length).toBe(2500);
}, 30_000);

test("no control character of a source reaches a terminal, from no command", async () => {
  const nasty = "\u0000\u001b[31mred\u001b]0;title\u0007\u009b2J\r\n\u2028\u007f";
  const answered = await raise({ labels: { [`name${nasty}`]: `value${nasty}`, alertname: `n${nasty}` }, text: `text${nasty}`, detail: `detail${nasty}` });
  const { occurrences: [id = ""] } = (await answered.json()) as { readonly occurrences: readonly string[] };
  run("agent", ["ack", id, "--as", "li", "--comment", `seen${nasty.replaceAll("\u0000", "")}`, "--state", folder.at("running")]);
  for (const words of [["list"], ["list", "--json"], ["show", id], ["show", id, "--json"], ["show", nasty.slice(1)], ["ack", `x${nasty.slice(1)}`, "--as", "li"]]) {
    const { out, err } = run("agent", [...words, "--state", folder.at("running")]);
    expect(`${words.join(" ")}: ${out}`.slice(words.join(" ").length)).not.toMatch(CONTROLS);
    expect(err).not.toMatch(CONTROLS);
  }
});

type Mistake = { readonly name: string; readonly file: string; readonly text: string | Uint8Array; readonly says: readonly string[] };

/** The same whatever the file is for. */
const anyFile = (file: string): readonly Mistake[] => [
  { name: "broken YAML", file, text: "a: [1, 2\nb: }\n", says: [`${file}:2:1: `, "must be YAML"] },
  { name: "a tab", file, text: "a:\n\tb: 1\n", says: [`${file}:2:1: `, "Tabs"] },
  { name: "a bare word", file, text: "hello\n", says: [`${file}:1:1: `, "must be a mapping"] },
  { name: "a name twice", file, text: "a: 1\na: 2\n", says: [`${file}:2:1: `, "one value for each name"] },
  { name: "two documents", file, text: "a: 1\n---\nb: 2\n", says: [`${file}:2:1: `, "one document"] },
  { name: "a tag", file, text: 'a: !!js/function "x"\n', says: [`${file}:1:4: `, "plain YAML without tags"] },
  { name: "bytes that are not UTF-8", file, text: new Uint8Array([0x61, 0x3a, 0x20, 0xff, 0x0a]), says: [`${file}:1:4: `, "must be UTF-8"] },
  { name: "a name made of escapes", file, text: '"\\e[31mfoo\\x9b": 1\n', says: [`${file}:1:1: `, "unknown here"] },
  { name: "aliases that multiply", file, text: `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${"*a,".repeat(9)}]\nc: &c [${"*b,".repeat(9)}]\nd: [${"*c,".repeat(9)}]\n`, says: [`${file}:1:1: `, "aliases"] },
];

const MISTAKES: Readonly<Record<Program, readonly Mistake[]>> = {
  agent: [
    ...anyFile("agent.yaml"), ...anyFile("rules.yaml"), ...anyFile("roster.yaml"),
    { name: "an unknown word", file: "agent.yaml", text: "cluster: c1\nagent: a1\nlan: {prot: 5}\n", says: ["agent.yaml:3:7: lan.prot is unknown here", 'did you mean "port"?'] },
    { name: "a port that is a word", file: "agent.yaml", text: "cluster: c1\nagent: a1\nlan: {port: abc}\n", says: ['agent.yaml:3:13: lan.port is "abc", must be a port from 1 to 65535'] },
    { name: "a deadline without unit", file: "agent.yaml", text: "cluster: c1\nagent: a1\npolicies: {default: {ack: 5}}\n", says: ["agent.yaml:3:27: policies.default.ack is 5, must be a duration from 1s to 1d"] },
    { name: "a severity with a mistake", file: "rules.yaml", text: "rules:\n  - {name: a, module: m, item: i, severity: critcal}\n", says: ['rules.yaml:2:45: rules[0].severity is "critcal"', 'did you mean "critical"?'] },
    { name: "no default rule", file: "rules.yaml", text: "rules:\n  - {name: a, match: [x=y], module: m, item: i}\n", says: ["rules.yaml:2:5: ", "default rule"] },
    { name: "two rules of one name", file: "rules.yaml", text: "rules:\n  - {name: a, match: [x=y], module: m, item: i}\n  - {name: a, module: m, item: i}\n", says: ["rules.yaml:3:12: rules[1].name", "a name of its own"] },
    { name: "an expression without end", file: "rules.yaml", text: 'rules:\n  - {name: a, match: ["x=~(("], module: m, item: i}\n  - {name: b, module: m, item: i}\n', says: ["rules.yaml:2:23: rules[0].match[0]", "regular expression"] },
    { name: "a last resort that is nobody", file: "roster.yaml", text: 'operators:\n  li: {modules: ["*"], mail: li@example.org}\nlast_resort: [lj]\n', says: ['roster.yaml:3:15: last_resort[0] is "lj"', 'did you mean "li"?'] },
    { name: "no last resort", file: "roster.yaml", text: 'operators:\n  li: {modules: ["*"], mail: li@example.org}\n', says: ["roster.yaml:1:1: last_resort is missing"] },
    { name: "a mail address that is none", file: "roster.yaml", text: 'operators:\n  li: {modules: ["*"], mail: li}\nlast_resort: [li]\n', says: ['roster.yaml:2:30: operators.li.mail is "li"'] },
  ],
  client: [
    ...anyFile("client.yaml"),
    { name: "an unknown word", file: "client.yaml", text: "lan:\n  broadcast_prot: 7\n", says: ["client.yaml:2:3: ", 'did you mean "broadcast_port"?'] },
    { name: "a seat that is none", file: "client.yaml", text: "seat: sofa\n", says: ['client.yaml:1:7: seat is "sofa", must be one of person, none'] },
    { name: "an address that cannot be", file: "client.yaml", text: "agents: [10.0.0.300]\n", says: ['client.yaml:1:10: agents[0] is "10.0.0.300", must be an IPv4 address'] },
  ],
  relay: [
    ...anyFile("relay.yaml"),
    { name: "an unknown channel", file: "relay.yaml", text: "channels:\n  mial: {}\n", says: ["relay.yaml:2:3: channels.mial is unknown here", 'did you mean "mail"?'] },
    { name: "a mail host that is a number", file: "relay.yaml", text: "channels:\n  mail: {host: 1}\n", says: ["relay.yaml:2:16: channels.mail.host is 1, must be text", "channels.mail.from is missing"] },
    { name: "a secret that is not there", file: "relay.yaml", text: "channels:\n  wecom: {corp: wwaaaaaaaaaaaaaaaa, agent: 1, secret_file: nothere}\n", says: ["Cannot find", "nothere"] },
  ],
};
/** The command of each that reads its configuration and nothing else first. */
const READS: Readonly<Record<Program, string>> = { agent: "check", client: "run", relay: "check" };
const FILES: Readonly<Record<Program, readonly string[]>> = { agent: ["agent.yaml", "rules.yaml", "roster.yaml"], client: ["client.yaml"], relay: ["relay.yaml"] };

for (const program of ["agent", "client", "relay"] as const) {
  describe(`gapbell-${program} refuses its configuration with 78 and the place`, () => {
    for (const { name, file, text, says } of MISTAKES[program]) {
      test(`${file}: ${name}`, () => {
        const { code, out, err } = ranWith(program, (state) => writeFileSync(join(state, file), text));
        expect({ code, out }).toEqual({ code: 78, out: "" });
        for (const word of says) expect(err).toContain(word);
        expect(err).not.toMatch(CONTROLS);
        expect(err).not.toMatch(/\n\s+at /);
      });
    }

    for (const file of FILES[program]) {
      test(`${file} is a folder`, () => {
        const { code, err } = ranWith(program, (state) => {
          rmSync(join(state, file), { force: true });
          mkdirSync(join(state, file));
        });
        expect(code).toBe(78);
        expect(err).toContain(`${file}": it is a folder, must be a file`);
      });

      test(`${file} may not be read`, () => {
        const { code, err } = ranWith(program, (state) => {
          writeFileSync(join(state, file), "");
          chmodSync(join(state, file), 0);
        }, true);
        expect(code).toBe(78);
        expect(err).toContain(`${file}": this user may not, and must be allowed to read it`);
      });
    }

    if (program !== "client") {
      test("nothing has been set up", () => {
        const { code, err } = run(program, ["run", "--state", folder.at("nowhere")]);
        expect(code).toBe(78);
        expect(err).toContain(`gapbell-${program} init`);
      });
    }
  });
}

test("a body that never ends is answered 408", async () => {
  const answer = await slow;
  expect(answer).toStartWith("HTTP/1.1 408 ");
  expect(answer).toContain('"field":"body"');
}, 15_000);

test("after all this the agent is the same process and answers", async () => {
  expect((await fetch(base("/readyz"))).status).toBe(200);
  expect(() => process.kill(agent.pid, 0)).not.toThrow();
});

const CONTROLS = /[^\P{Cc}\n]|\p{Zl}|\p{Zp}/u;

function base(path: string): string {
  return `http://127.0.0.1:${agent.apiPort}${path}`;
}

function raise(set: object): Promise<Response> {
  return fetch(base(REPORTS), { method: "POST", headers: JSON_TYPE, body: JSON.stringify(report(set)) });
}

type Ended = { readonly code: number; readonly out: string; readonly err: string };

function run(program: Program, words: readonly string[], binary = binaries[program]): Ended {
  const ran = Bun.spawnSync([binary, ...words], { stdin: "ignore", env: { ...process.env, LC_ALL: "C" }, timeout: 10_000 });
  return { code: ran.exitCode, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

/** On a copy of the program's state folder that `change` has made a mistake in. @param nobody as a user who owns the copy */
function ranWith(program: Program, change: (state: string) => void, nobody = false): Ended {
  const state = folder.at(`${program}-changed`);
  rmSync(state, { recursive: true, force: true });
  cpSync(folder.at(program), state, { recursive: true });
  change(state);
  if (!nobody) return run(program, [READS[program], "--state", state]);
  if (process.geteuid?.() === 0) for (const path of [".", ...readdirSync(state, { recursive: true, encoding: "utf8" })]) chownSync(join(state, path), 65_534, 65_534);
  const binary = inReach(program);
  return asNobody(() => run(program, [READS[program], "--state", state], binary));
}

/** The sources may lie in a folder that only their owner enters. */
function inReach(program: Program): string {
  const copy = folder.at(`gapbell-${program}`);
  if (!existsSync(copy)) copyFileSync(binaries[program], copy);
  return copy;
}

function opened(bytes: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(agent.apiPort, "127.0.0.1", () => {
      socket.write(bytes);
      resolve(socket);
    });
    socket.on("error", reject);
  });
}

/** Everything that is said until the agent closes the connection or has answered. */
function exchange(bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(agent.apiPort, "127.0.0.1", () => socket.write(bytes));
    socket.once("error", reject);
    socket.once("data", (answer) => {
      socket.destroy();
      resolve(answer.toString("latin1"));
    });
    socket.once("close", () => reject(new Error("closed without an answer")));
  });
}
