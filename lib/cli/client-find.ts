/** The command that lists the clusters heard on this LAN: needs no enrolment, sees no alarm. */

import type { Command } from "commander";
import { fromBase64, toHex } from "../base/bytes.ts";
import { type Ms, seconds } from "../base/units.ts";
import { dice } from "../io/dice.ts";
import { systemInterfaces } from "../io/interfaces.ts";
import { identityFrom } from "../trust/keys.ts";
import { addState, type ClientConfig, folderOf, readClientConfig, type StateOptions } from "./client-folders.ts";
import { readClientKeys } from "./client-keys.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";
import { openStranger } from "./stranger.ts";
import { table } from "./table.ts";

const SECONDS_DEFAULT = 3;
const SECONDS_MOST = 60;
/** Agents listed; a LAN on which more answer is under attack. */
const FOUND_MOST = 256;

type FindOptions = StateOptions & {
  readonly seconds: string; readonly interface?: string; readonly broadcast?: string; readonly broadcastPort?: string; readonly agentPort?: string;
};
export type FoundAgent = { readonly cluster: string; readonly name: string; readonly agent: string; readonly host: string; readonly port: number; readonly voice: string };

export function addFind(program: Command): void {
  const find = addState(program.command("find"))
    .description("list the clusters and agents heard on this LAN; works before joining")
    .option("--seconds <count>", "how long to listen", String(SECONDS_DEFAULT))
    .option("--interface <name>", "ask on this interface only")
    .option("--broadcast <address>", "broadcast address to ask on it")
    .option("--broadcast-port <port>", "UDP port of broadcasts")
    .option("--agent-port <port>", "UDP port of agents")
    .action(findAgents);
  withExample(find, "gapbell-client find\ngapbell-client find --interface lo --broadcast 127.255.255.255 --json");
}

async function findAgents(options: FindOptions): Promise<void> {
  if (options.interface !== undefined) mustExist(options.interface);
  const state = folderOf(options);
  const { lan, agents } = readClientConfig(state);
  const found = await agentsHeard({
    lan: {
      ...lan, broadcastPort: portOf(options.broadcastPort, lan.broadcastPort), agentPort: portOf(options.agentPort, lan.agentPort),
      interfaces: options.interface === undefined ? lan.interfaces : [{ name: options.interface, broadcast: options.broadcast }],
    },
    agents, forMs: secondsOf(options.seconds) * 1000,
  });
  print(found, { json: options.json === true, joined: readClientKeys(state) });
}

/** Asks who is here, by broadcast and at known addresses. @returns the clusters in order; each says of itself what it likes */
export async function agentsHeard({ lan, agents, forMs }: Pick<ClientConfig, "lan" | "agents"> & { readonly forMs: Ms }): Promise<readonly FoundAgent[]> {
  const found = new Map<string, FoundAgent>();
  const stranger = await openStranger({ identity: identityFrom({ ed: dice.bytes(32), x: dice.bytes(32) }), lan }, ({ message, sender: voice }, { host }) => {
    if (message.kind !== "beacon" || found.size >= FOUND_MOST) return;
    const { cluster, clusterName: name, agent, port } = message.body;
    found.set(`${voice} ${host}`, { cluster, name, agent, host, port, voice });
  });
  const again = setInterval(() => stranger.seek(agents), seconds(1));
  setTimeout(() => stranger.seek(agents), 50);
  await Bun.sleep(forMs);
  clearInterval(again);
  stranger.close();
  return [...found.values()].sort((a, b) => `${a.name} ${a.cluster} ${a.agent}`.localeCompare(`${b.name} ${b.cluster} ${b.agent}`));
}

/** One line for each agent. */
export function foundLines(found: readonly FoundAgent[], isJoined: (one: FoundAgent) => boolean = () => false): readonly string[] {
  const rows = found.map((one) => [one.name, toHex(fromBase64(one.cluster) ?? new Uint8Array()).slice(0, 8), one.agent, `${one.host}:${one.port}`, isJoined(one) ? "yes" : ""]);
  return table(["CLUSTER", "ID", "AGENT", "ADDRESS", "JOINED"], rows);
}

function print(found: readonly FoundAgent[], { json, joined }: { readonly json: boolean; readonly joined: ReturnType<typeof readClientKeys> }): void {
  // A stranger's name is only what it says of itself: the joined one is known by its key.
  const isJoined = (one: FoundAgent): boolean => joined !== undefined && one.cluster === joined.cluster && one.voice === joined.agent.peer.id;
  if (json) {
    return printJson({ agents: found.map((one) => ({ cluster: one.cluster, clusterName: one.name, agent: one.agent, address: `${one.host}:${one.port}`, voice: one.voice, joined: isJoined(one) })) });
  }
  if (found.length === 0) throw nobodyHeard();
  process.stdout.write(`${foundLines(found, isJoined).join("\n")}\n`);
  if (joined === undefined) process.stdout.write(`${HOW_TO_JOIN}\n`);
}

/** The two ways in, for whoever has not joined. */
export const HOW_TO_JOIN = `To join with nothing to type here: gapbell-client join --approve
With an invite (there: gapbell-agent invite --operator NAME): gapbell-client join`;

export function nobodyHeard(): ExitFault {
  return new ExitFault(EXIT.unavailable, "No agent is heard here", "Is this host on the cluster's LAN? An agent elsewhere is named in client.yaml (agents:), or by join --agent");
}

function mustExist(name: string): void {
  const names = [...new Set(systemInterfaces().map((one) => one.name))];
  if (!names.includes(name)) throw new ExitFault(EXIT.usage, `--interface is "${name}", must be one that is up and has an IPv4 address here: ${names.join(", ")}`);
}

function portOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new ExitFault(EXIT.usage, `Cannot use the port "${text}": must be 1 to 65535`);
  return port;
}

function secondsOf(text: string): number {
  const count = Number(text);
  if (!Number.isFinite(count) || count <= 0 || count > SECONDS_MOST) throw new ExitFault(EXIT.usage, `Cannot listen for "${text}" seconds: must be more than 0 and at most ${SECONDS_MOST}`);
  return count;
}
