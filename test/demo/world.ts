/** The demonstration's world: three compiled programs as separate processes, a mail server and a WeCom stand-in, all on loopback. */

import { createSocket } from "node:dgram";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../../.ci/build.ts";
import { type MailStandIn, openMailStandIn } from "../support/mail-stand-in.ts";
import { openWecomStandIn, WECOM_STAND_IN, type WecomStandIn } from "../support/wecom-stand-in.ts";

const PATIENCE_MS = 15_000;
const LOOK_MS = 100;

export type World = {
  readonly apiPort: number;
  readonly mail: MailStandIn;
  readonly wecom: WecomStandIn;
  /** Runs one public command to its end. Throws with what it said where it fails. */
  readonly agent: (...words: readonly string[]) => Promise<string>;
  readonly client: (...words: readonly string[]) => Promise<string>;
  /** What the listener has printed so far. */
  readonly heard: () => string;
  readonly killRelay: () => void;
  readonly close: () => Promise<void>;
};

/** Builds, sets up by public commands alone, and starts everything. */
export async function openWorld(say: (line: string) => void): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "gapbell-demo-"));
  const started: Bun.Subprocess[] = [];
  const mail = await openMailStandIn();
  const wecom = openWecomStandIn({ users: ["li", "chief"] });
  const close = async (): Promise<void> => {
    for (const one of started) one.kill();
    await Promise.all(started.map(({ exited }) => exited));
    await Promise.all([mail.close().catch(() => {}), wecom.close().catch(() => {})]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    say("Building the three executables");
    const [agentBinary = "", clientBinary = "", relayBinary = ""] = build(join(folder, "bin"));
    const at = (name: string): string => join(folder, name);
    for (const name of ["agent", "client", "relay"]) mkdirSync(at(name), { mode: 0o700 });
    const command = (binary: string, state: string) => (...words: readonly string[]) => run([binary, ...words, "--state", state], folder);
    const agent = command(agentBinary, at("agent"));
    const client = command(clientBinary, at("client"));
    const relay = command(relayBinary, at("relay"));
    const [udp, broadcast, apiPort, relayPort] = [await freePort("udp"), await freePort("udp"), await freePort("tcp"), await freePort("tcp")];

    writeFileSync(at("passphrase"), "only for the demonstration\n", { mode: 0o600 });
    say("gapbell-agent init, gapbell-relay init");
    await agent("init", "--cluster", "demo", "--operator", "li", "--mail", "li@example.org", "--wecom", "li", "--passphrase-file", at("passphrase"));
    await relay("init");
    writeFileSync(at("agent/agent.yaml"), AGENT_YAML({ udp, broadcast, apiPort }));
    writeFileSync(at("agent/rules.yaml"), RULES_YAML);
    writeFileSync(at("client/client.yaml"), CLIENT_YAML({ udp, broadcast }));
    writeFileSync(at("relay/relay.yaml"), RELAY_YAML({ relayPort, mailPort: mail.port, base: wecom.base }));
    writeFileSync(at("relay/wecom.secret"), WECOM_STAND_IN.secret, { mode: 0o600 });
    await agent("check");
    await relay("check");

    const start = (cmd: readonly string[]): Bun.Subprocess<"ignore", "pipe", "ignore"> => {
      const one = Bun.spawn({ cmd: [...cmd], cwd: folder, stdin: "ignore", stdout: "pipe", stderr: "ignore" });
      started.push(one);
      return one;
    };
    start([agentBinary, "run", "--state", at("agent")]);
    const relayProcess = start([relayBinary, "run", "--state", at("relay")]);
    await until("the agent answers", async () => (await agent("list").catch(() => undefined)) !== undefined);

    say("gapbell-relay invite, gapbell-agent join-relay");
    await until("the relay is joined", async () => {
      const line = await relay("invite").catch(() => undefined);
      if (line === undefined) return false;
      writeFileSync(at("join.txt"), line, { mode: 0o600 });
      return (await agent("join-relay", at("join.txt")).catch(() => undefined)) !== undefined;
    });
    say("gapbell-agent invite, gapbell-client join");
    await agent("invite", "--operator", "li", "--passphrase-file", at("passphrase"), "--file", at("li.gapbell"));
    await client("join", at("li.gapbell"));
    const listener = start([clientBinary, "run", "--state", at("client"), "--seat", "person", "--no-desktop"]);
    let printed = "";
    void (async () => {
      for await (const chunk of listener.stdout) printed += new TextDecoder().decode(chunk);
    })();
    await until("the listener is heard", async () => (await agent("listeners")).includes("present"));
    return { apiPort, mail, wecom, agent, client, heard: () => printed, killRelay: () => relayProcess.kill("SIGKILL"), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Looks again and again; gives up with the name of what did not come. */
export async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`Within ${PATIENCE_MS / 1000} s it did not come to this: ${what}`);
    await Bun.sleep(LOOK_MS);
  }
}

async function run(cmd: readonly string[], cwd: string): Promise<string> {
  const ran = Bun.spawn({ cmd: [...cmd], cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([new Response(ran.stdout).text(), new Response(ran.stderr).text(), ran.exited]);
  if (code !== 0) throw new Error(`${cmd.slice(0, 2).join(" ")} ended with ${code}: ${err}${out}`);
  return out;
}

async function freePort(kind: "udp" | "tcp"): Promise<number> {
  if (kind === "tcp") {
    const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    const { port } = server;
    server.stop(true);
    return port;
  }
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  const { port } = socket.address();
  socket.close();
  return port;
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
    ack: 5s
    steps:
      - {to: responsible, via: [wecom, mail], after: 0}
    probe_timeout: 5s
    verdict_timeout: 5s
`;

const RULES_YAML = `rules:
  - {name: ceph-osd, match: ['alertname=~"CephOSD.*"'], module: osd, item: "{ceph_daemon}"}
  - {name: ceph-pool, match: ['alertname=~"CephPool.*"'], module: pool, item: "{name}"}
  - {name: node, match: ['alertname=~"Node.*"'], module: node, item: "{instance}"}
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
