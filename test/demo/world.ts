/** The demonstration's world: three executables as separate processes, a mail server and a WeCom stand-in, all on loopback. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, PROGRAMS } from "../../.ci/build.ts";
import { type MailStandIn, openMailStandIn } from "../support/mail-stand-in.ts";
import { openWecomStandIn, WECOM_STAND_IN, type WecomStandIn } from "../support/wecom-stand-in.ts";
import type { Account } from "./account.ts";
import { freePort } from "../support/free-port.ts";

const PATIENCE_MS = 15_000;
const LOOK_MS = 100;
/** A program that has not ended by then is made to. */
const END_MS_MOST = 3000;

/** What `gapbell-agent show --json` prints of one alarm, as far as the stories look at it. */
export type Shown = {
  readonly attention: string;
  readonly phase: string;
  readonly sending: string;
  readonly reason?: string;
  readonly ring: number;
  readonly acknowledgement?: { readonly operator: string };
  readonly timeline: readonly unknown[];
};

export type Ports = { readonly udp: number; readonly broadcast: number; readonly api: number; readonly relay: number };

type Command = (...words: readonly string[]) => Promise<string>;

export class World {
  readonly account: Account;
  readonly folder: string;
  readonly #stop: AbortSignal;
  readonly #running = new Set<Bun.Subprocess>();
  readonly #told = new Map<string, number>();
  #ports: Ports | undefined;
  #mail: MailStandIn | undefined;
  #wecom: WecomStandIn | undefined;
  #relay: Bun.Subprocess | undefined;
  #binaries: readonly string[] = [];
  #listened = "";
  #printed = { mails: 0, messages: 0 };
  /** Why a program that should run on has ended. */
  #ended = "";
  #closed = false;

  constructor(account: Account, stop: AbortSignal) {
    this.account = account;
    this.#stop = stop;
    this.folder = mkdtempSync(join(tmpdir(), "gapbell-demo-"));
  }

  get apiPort(): number {
    return this.#ports?.api ?? 0;
  }

  get mail(): MailStandIn {
    return there(this.#mail);
  }

  get wecom(): WecomStandIn {
    return there(this.#wecom);
  }

  readonly agent: Command = (...words) => this.#command(0, "agent", words);
  readonly client: Command = (...words) => this.#command(1, "client", words);
  readonly relay: Command = (...words) => this.#command(2, "relay", words);

  /**
   * Builds, sets up by public commands alone, and starts everything.
   *
   * @param programs a folder of executables that are there already
   * @param ports free ones unless told otherwise
   */
  async setUp(programs?: string, ports?: Ports): Promise<void> {
    const { account } = this;
    account.heading("Setting up");
    if (programs === undefined) account.tell("demo", "Building gapbell-agent, gapbell-client and gapbell-relay");
    this.#binaries = programs === undefined ? await build(join(this.folder, "bin"), this.#stop) : PROGRAMS.map((program) => join(programs, `gapbell-${program}`));
    this.#mail = await openMailStandIn();
    this.#wecom = openWecomStandIn({ users: ["li"] });
    this.#ports = ports ?? { udp: await freePort(), broadcast: await freePort(), api: await freePort(), relay: await freePort() };
    const { udp, broadcast, api, relay: relayPort } = this.#ports;
    account.tell("demo", `State folders in ${this.folder}; agent on UDP ${udp}, broadcast ${broadcast}, HTTP ${api}; relay on ${relayPort}; SMTP ${this.#mail.port}; WeCom ${new URL(this.#wecom.base).port}`);
    for (const name of PROGRAMS) mkdirSync(this.#at(name), { mode: 0o700 });
    writeFileSync(this.#at("passphrase"), "only for the demonstration\n", { mode: 0o600 });

    this.#typed('gapbell-agent init --cluster demo --operator li --mail li@example.org');
    await this.agent("init", "--cluster", "demo", "--operator", "li", "--mail", "li@example.org", "--wecom", "li", "--passphrase-file", this.#at("passphrase"));
    this.#typed("gapbell-relay init");
    await this.relay("init");
    writeFileSync(this.#at("agent/agent.yaml"), AGENT_YAML({ udp, broadcast, apiPort: api }));
    writeFileSync(this.#at("agent/rules.yaml"), RULES_YAML);
    writeFileSync(this.#at("client/client.yaml"), CLIENT_YAML({ udp, broadcast }));
    writeFileSync(this.#at("relay/relay.yaml"), RELAY_YAML({ relayPort, mailPort: this.#mail.port, base: this.#wecom.base }));
    writeFileSync(this.#at("relay/wecom.secret"), WECOM_STAND_IN.secret, { mode: 0o600 });
    await this.agent("check");
    await this.relay("check");

    this.#typed("gapbell-agent run");
    this.#start(0, "agent");
    this.#typed("gapbell-relay run");
    this.#relay = this.#start(2, "relay");
    await this.until("the agent answers", () => succeeds(this.agent("list")));
    await this.until("the relay answers", () => succeeds(this.#command(2, "relay", ["probe"], [0, 1])));
    this.#typed("gapbell-relay invite | gapbell-agent join-relay");
    writeFileSync(this.#at("join.txt"), await this.relay("invite"), { mode: 0o600 });
    await this.agent("join-relay", this.#at("join.txt"));
    this.#typed("gapbell-agent invite --operator li --file li.gapbell");
    await this.agent("invite", "--operator", "li", "--passphrase-file", this.#at("passphrase"), "--file", this.#at("li.gapbell"));
    this.#typed("gapbell-client join li.gapbell");
    await this.client("join", this.#at("li.gapbell"));
    this.#typed("gapbell-client run");
    void this.#listen(this.#start(1, "client", ["--seat", "person", "--no-desktop"]));
    await this.until("the listener is heard", async () => (await this.agent("listeners")).includes("present"));
  }

  /** What the listener has printed so far. */
  listened(): string {
    return this.#listened;
  }

  async shown(id: string): Promise<Shown> {
    return JSON.parse(await this.agent("show", id, "--json")) as Shown;
  }

  /** Tells what happens to an alarm, as it happens, until it has come to what is awaited. */
  async follow(id: string, what: string, held: (shown: Shown) => boolean): Promise<void> {
    await this.until(what, async () => {
      const shown = await this.shown(id);
      const told = this.#told.get(id) ?? 0;
      if (shown.timeline.length > told) {
        const lines = (await this.agent("show", id)).split("\n").filter((line) => TIMELINE.test(line));
        for (const line of lines.slice(told)) this.account.tell("agent", line.replace(TIMELINE, ""));
        this.#told.set(id, lines.length);
      }
      this.#printReceived();
      return held(shown);
    });
  }

  /** Looks again and again; gives up with the name of what did not come. */
  async until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!(await look())) {
      this.goOn();
      if (performance.now() > end) throw new Error(`Within ${PATIENCE_MS / 1000} s it did not come to this: ${what}`);
      await Bun.sleep(LOOK_MS);
    }
  }

  /** Throws where somebody has interrupted, or a program has ended that should run. */
  goOn(): void {
    if (this.#stop.aborted || this.#closed) throw new Error("Interrupted");
    if (this.#ended !== "") throw new Error(this.#ended);
  }

  /** Mail server and WeCom go away. */
  async cutOff(): Promise<void> {
    await Promise.all([this.#mail?.close(), this.#wecom?.close()]);
  }

  killRelay(): void {
    const relay = this.#relay;
    if (relay === undefined) return;
    this.#running.delete(relay);
    relay.kill("SIGKILL");
  }

  async close(): Promise<void> {
    this.#closed = true;
    const running = [...this.#running];
    for (const one of running) one.kill("SIGTERM");
    const late = setTimeout(() => {
      for (const one of running) one.kill("SIGKILL");
    }, END_MS_MOST);
    await Promise.all(running.map(({ exited }) => exited));
    clearTimeout(late);
    await this.cutOff().catch(() => {});
    rmSync(this.folder, { recursive: true, force: true });
  }

  #at(name: string): string {
    return join(this.folder, name);
  }

  #typed(line: string): void {
    this.account.tell("demo", `$ ${line}`);
  }

  /** Runs one public command to its end. Throws with what it said where it fails. */
  async #command(binary: number, state: string, words: readonly string[], good: readonly number[] = [0]): Promise<string> {
    this.goOn();
    const ran = Bun.spawn([this.#binaries[binary] ?? "", ...words, "--state", this.#at(state)], { cwd: this.folder, env: ENVIRONMENT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    this.#running.add(ran);
    const [out, err, code] = await Promise.all([new Response(ran.stdout).text(), new Response(ran.stderr).text(), ran.exited]);
    this.#running.delete(ran);
    if (!good.includes(code)) throw new Error(`gapbell-${state} ${words[0] ?? ""} ended with ${code}: ${(err + out).trim()}`);
    return out;
  }

  #start(binary: number, state: string, words: readonly string[] = []): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    this.goOn();
    const one = Bun.spawn([this.#binaries[binary] ?? "", "run", ...words, "--state", this.#at(state)], { cwd: this.folder, env: ENVIRONMENT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    this.#running.add(one);
    void Promise.all([new Response(one.stderr).text(), one.exited]).then(([err, code]) => {
      if (this.#running.delete(one) && !this.#closed) this.#ended = `gapbell-${state} run has ended with ${code}: ${err.trim().split("\n").findLast((line) => !line.startsWith("{")) ?? ""}`;
    });
    return one;
  }

  async #listen({ stdout }: Bun.Subprocess<"ignore", "pipe", "pipe">): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stdout) {
      const text = decoder.decode(chunk, { stream: true });
      this.#listened += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (!this.#closed) this.account.tell("listener", line.replace(CLOCK, ""));
    }
  }

  /** Mail and messages that have come since the last look. */
  #printReceived(): void {
    const { mail, wecom, account } = this;
    for (const { to, subject, text, raw } of mail.mails.slice(this.#printed.mails)) {
      account.tell("mail", `The mail server has taken ${raw.length} bytes for ${to.join(", ")}:`);
      account.quote(`Subject: ${subject}\n\n${text}`);
    }
    for (const { to, title, text, bytes } of wecom.messages.slice(this.#printed.messages)) {
      account.tell("WeCom", `WeCom has taken ${bytes.length} bytes for ${to.join(", ")}:`);
      account.quote([title, text].filter((part) => part !== "").join("\n"));
    }
    this.#printed = { mails: mail.mails.length, messages: wecom.messages.length };
  }
}

/** How a line of `gapbell-agent show` about something that happened begins. */
const TIMELINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC {2}/;
const CLOCK = /^\d\d:\d\d:\d\d /;
/** The account is in English and in one timezone, whatever this host speaks. */
const ENVIRONMENT = { ...process.env, LC_ALL: "C", TZ: "UTC" };

function there<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("Not set up yet");
  return value;
}

function succeeds(command: Promise<unknown>): Promise<boolean> {
  return command.then(() => true, () => false);
}

const AGENT_YAML = ({ udp, broadcast, apiPort }: { readonly udp: number; readonly broadcast: number; readonly apiPort: number }): string => `cluster: demo
agent: node1
lan:
  interfaces: [{name: lo, broadcast: 127.255.255.255}]
  port: ${udp}
  broadcast_port: ${broadcast}
api:
  listen: 127.0.0.1:${apiPort}
content: [severity, module, item, text, times, id]
policies:
  default:
    ack: {critical: 5s, warning: 60s}
    steps:
      - {to: responsible, via: [wecom, mail], after: 0}
    probe_timeout: 5s
    verdict_timeout: 5s
`;

const RULES_YAML = `rules:
  - {name: ceph-osd, match: ['alertname=~"CephOSD.*"'], module: osd, item: "{ceph_daemon}"}
  - {name: ceph-pool, match: ['alertname=~"CephPool.*"'], module: pool, item: "{cluster}"}
  - {name: node, match: ['alertname=~"Node.*"'], module: node, item: "{instance} {mountpoint}"}
  - {name: default, module: general, item: "{alertname}"}
`;

const CLIENT_YAML = ({ udp, broadcast }: { readonly udp: number; readonly broadcast: number }): string => `lan:
  interfaces: [{name: lo, broadcast: 127.255.255.255}]
  agent_port: ${udp}
  broadcast_port: ${broadcast}
`;

const RELAY_YAML = ({ relayPort, mailPort, base }: { readonly relayPort: number; readonly mailPort: number; readonly base: string }): string => `listen: 127.0.0.1:${relayPort}
name: jump1
channels:
  mail: {host: 127.0.0.1, port: ${mailPort}, security: none, from: bell@example.org, name: jump1.example.org}
  wecom: {corp: ${WECOM_STAND_IN.corp}, agent: ${WECOM_STAND_IN.agent}, secret_file: wecom.secret, base: "${base}"}
recipients: {mail: ["*@example.org"]}
`;
