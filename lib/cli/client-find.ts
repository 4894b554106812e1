/** The command that lists the clusters heard on this LAN: needs no enrolment, sees no alarm. */

import type { Command } from "commander";
import { fromBase64, toHex } from "../base/bytes.ts";
import { seconds } from "../base/units.ts";
import { dice } from "../io/dice.ts";
import { systemInterfaces } from "../io/interfaces.ts";
import { lanSentence, openClientLan } from "../io/lan.ts";
import { identityFrom, KeyRing, peerIdOf } from "../trust/keys.ts";
import { Opener } from "../trust/opener.ts";
import { nextEpoch, Sealer } from "../trust/sealer.ts";
import { addState, folderOf, readClientConfig, type StateOptions } from "./client-folders.ts";
import { readClientKeys } from "./client-keys.ts";
import { seekBody } from "./client-seek.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";
import { table } from "./table.ts";

const SECONDS_DEFAULT = 3;
const SECONDS_MOST = 60;
/** Agents listed; a LAN on which more answer is under attack. */
const FOUND_MOST = 256;

type FindOptions = StateOptions & {
  readonly seconds: string; readonly interface?: string; readonly broadcast?: string; readonly broadcastPort?: string; readonly agentPort?: string;
};
type FoundAgent = { readonly cluster: string; readonly name: string; readonly agent: string; readonly host: string; readonly port: number; readonly voice: string };

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
  const { lan: configured } = readClientConfig(state);
  const own = readClientKeys(state);
  const identity = identityFrom({ ed: dice.bytes(32), x: dice.bytes(32) });
  const ring = new KeyRing(identity);
  const opener = new Opener({ ring, side: "client" });
  const sealer = new Sealer({ ring, epoch: nextEpoch({ stored: 0n, wallMs: Date.now(), random16: 0 }) });
  const found = new Map<string, FoundAgent>();
  const lan = await openClientLan({
    broadcastPort: portOf(options.broadcastPort, configured.broadcastPort), agentPort: portOf(options.agentPort, configured.agentPort),
    named: options.interface === undefined ? configured.interfaces : [{ name: options.interface, broadcast: options.broadcast }], multicast: configured.multicast, onChange: () => {},
    onDatagram: (datagram, from) => {
      const opened = opener.open(datagram, from.host, performance.now());
      if (!opened.ok || opened.value.message.kind !== "beacon" || found.size >= FOUND_MOST) return;
      const { cluster, clusterName, agent, port, key } = opened.value.message.body;
      found.set(`${opened.value.sender} ${from.host}`, { cluster, name: clusterName, agent, host: from.host, port, voice: peerIdOf(fromBase64(key) ?? new Uint8Array()) });
    },
  });
  if (!lan.ok) throw new ExitFault(EXIT.unavailable, lanSentence(lan.fault));
  const ask = (): void => {
    const seek = sealer.seal({ kind: "seek", body: seekBody(identity) }, { kind: "clear" }, { broadcast: true, repeat: false, deflate: false });
    if (seek.ok) lan.value.broadcast(seek.value);
  };
  const again = setInterval(ask, seconds(1));
  setTimeout(ask, 50);
  await Bun.sleep(secondsOf(options.seconds) * 1000);
  clearInterval(again);
  lan.value.close();
  print([...found.values()], { json: options.json === true, joined: own });
}

function print(found: readonly FoundAgent[], { json, joined }: { readonly json: boolean; readonly joined: ReturnType<typeof readClientKeys> }): void {
  const sorted = [...found].sort((a, b) => `${a.name} ${a.cluster} ${a.agent}`.localeCompare(`${b.name} ${b.cluster} ${b.agent}`));
  // A stranger's name is only what it says of itself: the joined one is known by its key.
  const isJoined = (one: FoundAgent): boolean => joined !== undefined && one.cluster === joined.cluster && one.voice === joined.agent.peer.id;
  if (json) {
    return printJson({ agents: sorted.map(({ cluster, name, agent, host, port, voice }) => ({ cluster, clusterName: name, agent, address: `${host}:${port}`, voice, joined: isJoined({ cluster, name, agent, host, port, voice }) })) });
  }
  if (sorted.length === 0) throw new ExitFault(EXIT.unavailable, "No agent is heard here", "Is this host on the cluster's LAN? An agent elsewhere is named in client.yaml (agents:), or by join --agent");
  const rows = sorted.map((one) => [one.name, toHex(fromBase64(one.cluster) ?? new Uint8Array()).slice(0, 8), one.agent, `${one.host}:${one.port}`, isJoined(one) ? "yes" : ""]);
  process.stdout.write(`${table(["CLUSTER", "ID", "AGENT", "ADDRESS", "JOINED"], rows).join("\n")}\n`);
  if (joined === undefined) process.stdout.write('To join: ask for an invite (there: "gapbell-agent invite --operator NAME"), then here: gapbell-client join\n');
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
