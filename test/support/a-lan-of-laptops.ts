/** One agent and listeners of several operators, all of them executables with state folders of their own, on loopback's broadcast. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Message } from "../../lib/wire/message.ts";
import { LOOPBACK_BROADCAST } from "./a-loopback-agent.ts";
import { openerOf } from "./agent-datagrams.ts";
import { type AgentProcess, initAgent, passphraseOf, startAgent } from "./agent-process.ts";
import { built } from "./built.ts";
import { client, type ClientEnd, runningClient, type RunningClient } from "./client-process.ts";
import { tempFolder, type TempFolder } from "./temp-folder.ts";

export type Laptop = {
  readonly operator: string;
  readonly state: string;
  /** `gapbell-client run`. */
  readonly listener: RunningClient;
  /** Any other command, to its end. */
  readonly command: (...words: readonly string[]) => Promise<ClientEnd>;
  /** The same for one that prints JSON. */
  readonly json: (...words: readonly string[]) => Promise<Readonly<Record<string, unknown>>>;
};

export type LanOfLaptops = AsyncDisposable & {
  readonly folder: TempFolder;
  readonly agent: AgentProcess;
  readonly agentState: string;
  /** Runs one command of the agent. Throws where it fails. */
  readonly agentCommand: (...words: readonly string[]) => Promise<string>;
  readonly agentProgram: string;
  readonly clientProgram: string;
  /** Where listeners hear broadcasts, and where the agent hears theirs. */
  readonly broadcastPort: number;
  readonly agentPort: number;
  /** What client.yaml says of this LAN. */
  readonly yaml: string;
  /** Every datagram that was broadcast so far, as anybody on the LAN hears it. */
  readonly heard: () => readonly Uint8Array[];
  /** Those of the agent, opened with its keys. */
  readonly opened: () => readonly Message[];
  /** Sends to every listener and to the agent, a few at a time. */
  readonly sends: (datagrams: readonly Uint8Array[]) => Promise<void>;
  /** A state folder that knows this LAN and has joined nothing. */
  readonly aState: (name: string) => string;
  /** Joins by a file or by a line on standard input, and listens. @param under what starts it, as in `strace -f` */
  readonly aLaptop: (operator: string, set: { readonly by: "file" | "line"; readonly under?: readonly string[] }) => Promise<Laptop>;
  /** Hands one report in over HTTP. @returns the occurrence's id */
  readonly raise: (report: Readonly<Record<string, unknown>>) => Promise<string>;
  /** Replaces a file of the agent's configuration and has it read again. */
  readonly reload: (file: string, text: string) => void;
};

export async function aLanOfLaptops({ rules, roster }: { readonly rules: string; readonly roster: string }): Promise<LanOfLaptops> {
  const folder = tempFolder();
  const agentProgram = await built("agent", folder.path);
  const clientProgram = await built("client", folder.path);
  const agentState = folder.at("agent");
  const { port, broadcastPort } = await initAgent(agentProgram, agentState);
  writeFileSync(join(agentState, "rules.yaml"), rules);
  writeFileSync(join(agentState, "roster.yaml"), roster);
  const yaml = `lan:\n  interfaces: [{name: lo, broadcast: ${LOOPBACK_BROADCAST}}]\n  broadcast_port: ${broadcastPort}\n  agent_port: ${port}\n`;

  const datagrams: Uint8Array[] = [];
  const ear = createSocket({ type: "udp4", reuseAddr: true });
  ear.on("message", (datagram) => datagrams.push(new Uint8Array(datagram)));
  ear.bind(broadcastPort);
  await once(ear, "listening");
  const agent = await startAgent(agentProgram, agentState);
  const open = openerOf(agentState);
  const laptops: Laptop[] = [];

  const agentCommand = async (...words: readonly string[]): Promise<string> => {
    const ran = Bun.spawn([agentProgram, ...words, "--state", agentState], { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...process.env, LC_ALL: "C" } });
    const [out, err, code] = await Promise.all([new Response(ran.stdout).text(), new Response(ran.stderr).text(), ran.exited]);
    if (code !== 0) throw new Error(`gapbell-agent ${words[0] ?? ""} ended with ${code}: ${err}`);
    return out;
  };
  const aState = (name: string): string => {
    mkdirSync(folder.at(name), { mode: 0o700 });
    writeFileSync(join(folder.at(name), "client.yaml"), yaml);
    return folder.at(name);
  };

  return {
    folder, agent, agentState, agentCommand, agentProgram, clientProgram, broadcastPort, agentPort: port, yaml, aState,
    heard: () => datagrams,
    sends: async (noise) => {
      ear.setBroadcast(true);
      const before = datagrams.length;
      for (let at = 0; at < noise.length; at += 50) {
        for (const datagram of noise.slice(at, at + 50)) {
          ear.send(datagram, broadcastPort, LOOPBACK_BROADCAST);
          ear.send(datagram, port, "127.0.0.1");
        }
        // Buffers are let empty, so that what is judged has arrived.
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      datagrams.splice(before);
    },
    opened: () => datagrams.flatMap((datagram) => open(datagram) ?? []),
    aLaptop: async (operator, { by, under = [] }) => {
      const state = aState(`${operator}-${laptops.length}`);
      const file = folder.at(`${operator}-${laptops.length}.gapbell`);
      const command = (...words: readonly string[]): Promise<ClientEnd> => client([...words, "--state", state], { program: [clientProgram] });
      await agentCommand("invite", "--operator", operator, "--passphrase-file", passphraseOf(agentState), "--file", file);
      const joined = by === "file" ? await command("join", file) : await client(["join", "--state", state], { program: [clientProgram], input: inviteIn(file) });
      if (joined.code !== 0) throw new Error(`Cannot join: ${joined.err}`);
      const listener = runningClient(["--seat", "person", "--state", state], { program: [...under, clientProgram] });
      await listener.says("Listening to c1");
      const laptop = {
        operator, state, listener, command,
        json: async (...words: readonly string[]) => JSON.parse((await command(...words, "--json")).out) as Record<string, unknown>,
      };
      laptops.push(laptop);
      return laptop;
    },
    raise: async (report) => {
      const answered = await fetch(`http://127.0.0.1:${agent.apiPort}/v1/reports`, {
        method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ condition: "raised", ...report }),
      });
      const { occurrences } = (await answered.json()) as { readonly occurrences?: readonly string[] };
      const [id] = occurrences ?? [];
      if (id === undefined) throw new Error(`The agent answers ${answered.status}`);
      return id;
    },
    reload: (file, text) => {
      writeFileSync(join(agentState, file), text);
      agent.kill("SIGHUP");
    },
    [Symbol.asyncDispose]: async () => {
      for (const { listener } of laptops) await listener.stop();
      await agent[Symbol.asyncDispose]();
      ear.close();
      folder[Symbol.dispose]();
    },
  };
}

/** The line without the remarks around it. */
function inviteIn(file: string): string {
  return readFileSync(file, "utf8").split("\n").find((line) => line !== "" && !line.startsWith("#")) ?? "";
}
