/** A cluster and its jump host on loopback: the compiled agent and relay, a real sshd between them, a mail server outside. */

import { readFileSync, writeFileSync } from "node:fs";
import { type AgentProcess, initAgent, startAgent } from "./agent-process.ts";
import { aCommand, type Running } from "./a-process.ts";
import { anSshd, type TestSshd } from "./an-sshd.ts";
import { askLocal } from "../../lib/io/local.ts";
import { built } from "./built.ts";
import { type MailStandIn, openMailStandIn } from "./mail-stand-in.ts";
import { type TempFolder, tempFolder } from "./temp-folder.ts";
import { freePort } from "./free-port.ts";

export type Ended = Awaited<ReturnType<Running["end"]>>;

export type SshWorld = AsyncDisposable & {
  readonly folder: TempFolder;
  readonly sshd: TestSshd;
  readonly mail: MailStandIn;
  readonly relayPort: number;
  /** One command of each to its end. */
  readonly agent: (...words: readonly string[]) => Promise<Ended>;
  readonly relay: (...words: readonly string[]) => Promise<Ended>;
  readonly startRelay: () => Promise<Running>;
  readonly startAgent: () => Promise<AgentProcess>;
  /** Adds YAML to agent.yaml. */
  readonly configures: (yaml: string) => void;
  /** `invite --ssh` with the agent's key, and the line that it prints into authorized_keys. @returns the join string's file */
  readonly invites: (options?: { readonly words?: readonly string[] }) => Promise<{ readonly file: string; readonly line: string }>;
  /** Raises an alarm that nobody acknowledges. */
  readonly raises: (agent: AgentProcess, name: string) => Promise<void>;
};

/** An alarm waits a second, and so does the next try; probe and verdict get five. What it is called may leave the room. */
const POLICIES = `policies:
  default:
    ack: 1s
    steps: [{to: responsible, via: [mail], after: 0}]
    probe_timeout: 5s
    verdict_timeout: 5s
    retry: 1s
    retry_most: 1s
`;
const CONTENT = "content: [severity, module, item, text, times, id]";

export async function anSshWorld(options: Parameters<typeof anSshd>[0] = {}): Promise<SshWorld> {
  const folder = tempFolder();
  const [agentProgram, relayProgram] = [await built("agent", folder.path), await built("relay", folder.path)];
  const [mail, sshd, relayPort] = [await openMailStandIn(), await anSshd(options), await freePort()];
  const started: { readonly kill: (signal: "SIGKILL") => void }[] = [];
  const [agentState, relayState] = [folder.at("agent"), folder.at("relay")];
  const command = (program: string, state: string) => (...words: readonly string[]): Promise<Ended> => aCommand([program, ...words, "--state", state]).end();
  const [agent, relay] = [command(agentProgram, agentState), command(relayProgram, relayState)];

  await initAgent(agentProgram, agentState);
  const agentYaml = `${agentState}/agent.yaml`;
  writeFileSync(agentYaml, readFileSync(agentYaml, "utf8").replace(/^content:.*$/m, CONTENT).replace(/^policies:[\s\S]*/m, POLICIES));
  await relay("init");
  writeFileSync(`${relayState}/relay.yaml`, [
    `listen: 127.0.0.1:${relayPort}`, "name: jump1", `channels: {mail: {host: 127.0.0.1, port: ${mail.port}, security: none, from: bell@example.org}}`,
    'recipients: {mail: ["*@example.org"]}', "",
  ].join("\n"));

  return {
    folder, sshd, mail, relayPort, agent, relay,
    configures: (yaml) => writeFileSync(agentYaml, `${readFileSync(agentYaml, "utf8")}${yaml}`),
    startRelay: async () => {
      const running = aCommand([relayProgram, "run", "--state", relayState]);
      started.push(running);
      const ended = running.end();
      for (;;) {
        const asked = await askLocal(`${relayState}/relay.sock`, { method: "GET", route: "/v1/ability" });
        if (asked.ok) return { ...running, end: () => ended };
        const gone = await Promise.race([ended, Bun.sleep(20)]);
        if (gone !== undefined) throw new Error(`The relay ended with ${gone.code}: ${gone.err}`);
      }
    },
    startAgent: async () => {
      const running = await startAgent(agentProgram, agentState);
      started.push(running);
      return running;
    },
    invites: async ({ words = [] } = {}) => {
      const key = await agent("ssh-key");
      writeFileSync(folder.at("agent.pub"), key.out);
      const invited = await relay("invite", "--ssh", `${sshd.user}@127.0.0.1:${sshd.port}`, "--key", folder.at("agent.pub"), "--host-key", sshd.hostKeyFile, ...words);
      if (invited.code !== 0) throw new Error(`invite ended with ${invited.code}: ${invited.err}`);
      const line = /^# authorized_keys: (.*)$/m.exec(invited.out)?.[1] ?? "";
      sshd.lets(line);
      writeFileSync(folder.at("join.txt"), invited.out);
      return { file: folder.at("join.txt"), line };
    },
    raises: async ({ apiPort }, name) => {
      const body = JSON.stringify({ condition: "raised", labels: { alertname: name }, severity: "major", text: `${name} happened` });
      const answer = await fetch(`http://127.0.0.1:${apiPort}/v1/reports`, { method: "POST", headers: { "content-type": "application/json" }, body });
      if (answer.status !== 200) throw new Error(`The report was answered ${answer.status}`);
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of started) kills(one);
      await sshd[Symbol.asyncDispose]();
      await mail.close();
      folder[Symbol.dispose]();
    },
  };
}

function kills(one: { readonly kill: (signal: "SIGKILL") => void }): void {
  try {
    one.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Looks again and again until it is so; says what it was waiting for when it gives up. */
export async function until(what: string, look: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`Within ${withinMs / 1000} s it did not come to this: ${what}`);
    await Bun.sleep(20);
  }
}
