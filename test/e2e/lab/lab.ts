/**
 * The lab: a cluster's room, a jump host with a leg on each side, and an outside, from real hosts; Gapbell's compiled
 * programs on them, set up by their public commands. `aLab` builds one; a story reads like what happened to it.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { askLocal } from "../../../lib/io/local.ts";
import { programs } from "../../support/built.ts";
import { WECOM_STAND_IN } from "../../support/wecom-stand-in.ts";
import { Alarm } from "./lab-alarm.ts";
import { JUMP_ADDRESS, type LabPlan, PEOPLE, planned, writeAgentFiles, writeClientFiles, writeRelayFiles } from "./lab-files.ts";
import { type Circumstances, etc, type Host, type Network, openNetwork, type Program } from "./network.ts";
import { MAIL_LOGIN, openOutside, OUTSIDE_ADDRESS, type Outside } from "./outside.ts";
import { OUTSIDE_TLS } from "./outside-tls.ts";
import { startPostfix } from "./postfix.ts";
import { openSshd, type Sshd } from "./sshd.ts";

/** Everything of a lab happens within seconds; a machine that is shared by many takes longer. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 50;
const LOG_LINES = 12;

/** One of our programs on its host: its commands, and the process that runs on. */
export class Station {
  readonly host: Host;
  readonly state: string;
  readonly #binary: string;
  readonly #label: string;
  readonly #words: readonly string[];
  #program: Program | undefined;

  constructor({ host, state, binary, label, words = [] }: {
    readonly host: Host; readonly state: string; readonly binary: string; readonly label: string; readonly words?: readonly string[];
  }) {
    this.host = host;
    this.state = state;
    this.#binary = binary;
    this.#label = label;
    this.#words = words;
  }

  /** Runs one public command to its end. Throws with what it said where it fails. */
  command(...words: readonly string[]): Promise<string> {
    return this.host.run([this.#binary, ...words, "--state", this.state]);
  }

  /** The same command as a person types it who stands before the machine that carries the lab. */
  by(...words: readonly string[]): string {
    return `ip netns exec ${this.host.namespace} ${this.#binary} ${words.join(" ")} --state ${this.state}`;
  }

  /** Starts `run`. @param under what starts it, as in `strace -f` */
  start({ under = [], ...circumstances }: Circumstances & { readonly under?: readonly string[] } = {}): void {
    this.#program = this.host.start(this.#label, [...under, this.#binary, "run", "--state", this.state, ...this.#words], circumstances);
  }

  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    await this.#program?.kill(signal);
    this.#program = undefined;
  }

  async restarts(circumstances: Circumstances = {}): Promise<void> {
    await this.kill();
    this.start(circumstances);
  }

  /** What it has printed, or logged, since the lab was built. */
  said(stream: "out" | "log" = "out"): string {
    return this.host.said(this.#label, stream);
  }

  /** The same JSON that its commands print, asked for over the socket in its state folder. */
  async ask(route: string, call: { readonly method: string; readonly body?: unknown } = { method: "GET" }): Promise<Readonly<Record<string, unknown>> | undefined> {
    const socket = readSocket(this.state);
    const asked = await askLocal(socket, { route, ...call });
    return asked.ok && asked.value.status === 200 ? (asked.value.body as Readonly<Record<string, unknown>>) : undefined;
  }
}

function readSocket(state: string): string {
  return join(state, `${state.endsWith("agent") ? "agent" : state.endsWith("relay") ? "relay" : "client"}.sock`);
}

export class Lab implements AsyncDisposable {
  readonly network: Network;
  readonly outside: Outside;
  readonly agent: Station;
  readonly relay: Station;
  readonly sshd: Sshd;
  readonly #laptops: ReadonlyMap<string, Station>;
  readonly #alarms: Alarm[] = [];
  /** Further programs, whose logs are part of the account. */
  readonly others: Station[] = [];

  constructor({ network, outside, agent, relay, sshd, laptops }: {
    readonly network: Network; readonly outside: Outside; readonly agent: Station; readonly relay: Station; readonly sshd: Sshd;
    readonly laptops: ReadonlyMap<string, Station>;
  }) {
    this.network = network;
    this.outside = outside;
    this.agent = agent;
    this.relay = relay;
    this.sshd = sshd;
    this.#laptops = laptops;
  }

  host(name: string): Host {
    return this.network.host(name);
  }

  laptop(operator: string): Station {
    const station = this.#laptops.get(operator);
    if (station === undefined) throw new Error(`The lab has no laptop of "${operator}"`);
    return station;
  }

  /** A source on the cluster node reports. The agent has answered when this returns. */
  async raises({ module = "osd", item = "osd.12", severity = "critical", text = "osd.12 is full", policy = "quick" }: {
    readonly module?: string; readonly item?: string; readonly severity?: string; readonly text?: string; readonly policy?: string;
  } = {}): Promise<Alarm> {
    const labels = { alertname: "DiskFull", module, item, policy };
    const answered = await this.agent.ask("/v1/reports", { method: "POST", body: { condition: "raised", labels, severity, text } });
    const [id] = (answered?.["occurrences"] ?? []) as readonly string[];
    if (id === undefined) throw new Error(`The agent does not take an alarm in: ${JSON.stringify(answered)}${await this.account()}`);
    return this.#follow(id, labels);
  }

  /** Waits for an alarm that a source of its own hands in. */
  async hears(alertname: string): Promise<Alarm> {
    type Listed = { readonly id: string; readonly labels: Readonly<Record<string, string>> };
    let found: Listed | undefined;
    await this.until(`the agent has ${alertname}`, async () => {
      const { alarms = [] } = (await this.agent.ask("/v1/alarms")) ?? {};
      found = (alarms as readonly Listed[]).find(({ labels }) => labels["alertname"] === alertname);
      return found !== undefined;
    });
    return this.#follow(found?.id ?? "", found?.labels ?? {});
  }

  #follow(id: string, labels: Readonly<Record<string, string>>): Alarm {
    const held = this.#alarms.find((alarm) => alarm.id === id);
    if (held !== undefined) return held;
    const alarm = new Alarm({ id, labels, agent: this.agent, outside: this.outside, until: (what, look) => this.until(what, look) });
    this.#alarms.push(alarm);
    return alarm;
  }

  /** Looks again and again; gives up with the name of what did not come, every alarm's timeline and the last of every log. */
  async until(what: string, look: () => Promise<boolean> | boolean, patienceMs = PATIENCE_MS): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!(await look())) {
      if (performance.now() > end) throw new Error(`Within ${patienceMs / 1000} s it did not come to this: ${what}\n${await this.account()}`);
      await Bun.sleep(LOOK_MS);
    }
  }

  /** What there is to know when something has gone wrong. */
  async account(): Promise<string> {
    const timelines = await Promise.all(this.#alarms.map((alarm) => alarm.account()));
    const stations = [this.agent, this.relay, ...this.others, ...this.#laptops.values()];
    const logs = stations.flatMap((station) => (["out", "log"] as const).map((stream) => {
      const lines = station.said(stream).trimEnd().split("\n").slice(-LOG_LINES);
      return lines.join("") === "" ? "" : `── ${station.host.name} ${station.state.split("/").at(-1) ?? ""} ${stream}\n${lines.join("\n")}`;
    }));
    return ["", ...timelines, ...logs].filter((part) => part !== "").join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.outside.close().catch(() => {});
    await this.network.close();
  }
}

/** Builds, sets up by public commands alone, and starts everything. */
export async function aLab(wish: Partial<LabPlan> = {}): Promise<Lab> {
  const plan = planned(wish);
  const binaries = await programs();
  const network = await openNetwork(plan.hosts, { seed: plan.seed });
  let outside: Outside | undefined;
  try {
    outside = await openOutside(network.host("outside").namespace, { users: [...PEOPLE, ...plan.told.map(({ name }) => name)] });
    outside.names.dead = plan.nameless;
    for (const [name, rules] of Object.entries(plan.firewalls)) network.host(name).nft(rules);
    const folder = (name: string): string => {
      const path = join(network.folder, name);
      mkdirSync(path, { recursive: true, mode: 0o700 });
      return path;
    };
    const [node, jump] = [network.host("node1"), network.host("jump1")];
    etc(jump, "resolv.conf", `nameserver ${OUTSIDE_ADDRESS}\noptions timeout:1 attempts:1\n`);
    const agent = new Station({ host: node, state: folder("agent"), binary: binaries.agent, label: "agent" });
    const relay = new Station({ host: jump, state: folder("relay"), binary: binaries.relay, label: "relay" });
    const laptops = new Map(plan.listeners.map(({ operator, host, words }) => [
      operator, new Station({ host: network.host(host), state: folder(`${operator}-client`), binary: binaries.client, label: "client", words }),
    ]));
    const sshd = openSshd(jump, { folder: network.folder, address: JUMP_ADDRESS });
    const lab = new Lab({ network, outside, agent, relay, sshd, laptops });
    if (plan.mailServer === "postfix") await startPostfix(network.host("outside"), network.folder);
    await furnish(lab, plan);
    return lab;
  } catch (thrown) {
    await outside?.close().catch(() => {});
    await network.close();
    throw thrown;
  }
}

async function furnish(lab: Lab, plan: LabPlan): Promise<void> {
  const { agent, relay, network } = lab;
  const at = (name: string): string => join(network.folder, name);
  writeFileSync(at("passphrase"), "a passphrase of the lab\n", { mode: 0o600 });
  const first = PEOPLE[0];
  await Promise.all([
    agent.command("init", "--cluster", "lab", "--agent", "node1", "--operator", first, "--mail", `${first}@example.org`, "--passphrase-file", at("passphrase")),
    relay.command("init"),
  ]);
  writeAgentFiles(agent.state, plan);
  writeRelayFiles(relay.state, plan);
  for (const [name, text] of [["mail.password", MAIL_LOGIN.password], ["wecom.secret", WECOM_STAND_IN.secret], ["outside.crt", OUTSIDE_TLS.certificate]] as const) {
    writeFileSync(join(relay.state, name), text, { mode: 0o600 });
  }
  agent.start();
  relay.start();
  if (plan.leg === "ssh") lab.sshd.start();
  await lab.until("the agent and the relay answer", async () => (await agent.ask("/v1/alarms")) !== undefined && (await relay.ask("/v1/ability")) !== undefined);
  await joinRelay(lab, agent, plan);
  if (plan.joined) await joinListeners(lab, plan);
}

/** Gives an agent its way out. */
export async function joinRelay({ relay, sshd, network }: Lab, agent: Station, { leg }: Pick<LabPlan, "leg">): Promise<void> {
  const [file, key] = [join(network.folder, `${agent.host.name}.join`), join(network.folder, `${agent.host.name}.pub`)];
  if (leg === "ssh") writeFileSync(key, await agent.command("ssh-key"));
  const words = leg === "ssh" ? ["--ssh", `root@${JUMP_ADDRESS}`, "--key", key, "--host-key", sshd.hostKeyFile] : [];
  const invited = await relay.command("invite", ...words);
  sshd.lets(/^# authorized_keys: (.*)$/m.exec(invited)?.[1] ?? "");
  writeFileSync(file, invited, { mode: 0o600 });
  await agent.command("join-relay", file);
}

/** Invites every listener, and starts it. */
export async function joinListeners(lab: Lab, plan: LabPlan): Promise<void> {
  const at = (name: string): string => join(lab.network.folder, name);
  await Promise.all(plan.listeners.map(({ operator }) => joinListener(lab, plan, { operator, passphrase: at("passphrase"), invite: at(`${operator}.gapbell`) })));
}

async function joinListener(lab: Lab, plan: LabPlan, { operator, passphrase, invite }: { readonly operator: string; readonly passphrase: string; readonly invite: string }): Promise<void> {
  const laptop = lab.laptop(operator);
  writeClientFiles(laptop.state, plan);
  await lab.agent.command("invite", "--operator", operator, "--passphrase-file", passphrase, "--file", invite);
  await laptop.command("join", invite);
  laptop.start();
  await lab.until(`the agent hears the listener of ${operator}`, async () => {
    const { listeners = [] } = (await lab.agent.ask("/v1/listeners")) ?? {};
    return (listeners as readonly { readonly operator: string; readonly state: string }[]).some((one) => one.operator === operator && one.state === "present");
  });
}

const ALWAYS_NEEDED = ["ip", "nft", "/usr/sbin/sshd", "ssh-keygen"];

/** What is missing for a lab, or "" where one can be built. */
export function missingForLab(needed: readonly string[] = []): string {
  if (process.env["CI"] === "true") return "";
  if (process.geteuid?.() !== 0) return "not root";
  const absent = [...ALWAYS_NEEDED, ...needed].filter((program) => Bun.which(program) === null);
  return absent.length === 0 ? "" : `${absent.join(", ")} not installed`;
}

