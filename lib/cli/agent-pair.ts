/** `gapbell-agent pair`: a second agent gets the cluster's voice by two texts that the administrator carries; no network is needed. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { equalBytes, toBase64 } from "../base/bytes.ts";
import { dice } from "../io/dice.ts";
import { issue } from "../trust/certificate.ts";
import { clusterIdOf } from "../trust/keys.ts";
import { Grant, parseRequest, printRequest, type Request, requestCode, sealGrant } from "../trust/pairing.ts";
import { privateKey, rawPublic } from "../wire/seal.ts";
import { acceptGrant } from "./agent-accept.ts";
import { askAgent, records } from "./agent-ask.ts";
import { AGENT_FILES } from "./agent-config.ts";
import { addFolders, type FolderOptions, foldersOf, readAgentConfig } from "./agent-folders.ts";
import { ownAddress } from "./agent-invite.ts";
import { readAgentKeys, readClusterSecret } from "./agent-keys.ts";
import { refuseToOverwrite } from "./agent-set-up.ts";
import { clusterSeed, PASSPHRASE_OPTION } from "./cluster-seed.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";
import { keepRequest } from "./pair-request.ts";
import { readSecretLines } from "./read-line.ts";

export function addPair(program: Command): void {
  const pair = program.command("pair").description("let a second agent ring for this cluster: ask there, grant here, accept there");
  withExample(pair, "gapbell-agent pair ask --agent b > b.ask          # on the new host b\ngapbell-agent pair grant --file b.ask > b.grant   # on the first agent\ngapbell-agent pair accept --file b.grant          # on b");

  const ask = addFolders(pair.command("ask"))
    .description("on the new host: make this agent's keys and print its request, which is no secret")
    .option("--agent <name>", "name of the new agent (default: the host's name)")
    .action(askPair);
  withExample(ask, "gapbell-agent pair ask --agent b > b.ask");

  const grant = addFolders(pair.command("grant"))
    .description("on the first agent: let the agent of a request in, and print the grant that only it can open")
    .option("--file <file>", "file with the request (default: standard input)")
    .option("--address <ipv4>", "where the new agent finds this one (default: its first address on the LAN)")
    .option(...PASSPHRASE_OPTION)
    .action(grantPair);
  withExample(grant, "gapbell-agent pair grant --file b.ask > b.grant");

  const accept = addFolders(pair.command("accept"))
    .description("on the new host: write keys and configuration from the grant; never writes over anything")
    .option("--file <file>", "file with the grant (default: standard input)")
    .action(acceptGrant);
  withExample(accept, "gapbell-agent pair accept --file b.grant");

  const end = addFolders(pair.command("end"))
    .description("on each agent that is left: forget one that is gone for good; laptops then wait for it no more")
    .requiredOption("--agent <name>", "the agent that is gone")
    .action(async (options: FolderOptions & { readonly agent: string }) => {
      const answer = await askAgent(foldersOf(options).state, { method: "POST", route: "/v1/peers/ended", body: { agent: options.agent } });
      if (options.json === true) return printJson(answer);
      process.stdout.write(`Agent ${options.agent} is forgotten here. If its host was stolen, begin the cluster anew: it has the cluster's secret.\n`);
    });
  withExample(end, "gapbell-agent pair end --agent b");
}

async function askPair(options: FolderOptions & { readonly agent?: string }): Promise<void> {
  const folders = foldersOf(options);
  refuseToOverwrite(folders);
  const { agent, identity } = keepRequest(folders, options.agent);
  const request = printRequest(agent, identity);
  const code = requestCode(identity);
  if (options.json === true) return printJson({ agent, request, code });
  process.stdout.write(`# Request of agent ${agent} to ring for a cluster; its code is ${code}.\n${request}\n`);
  process.stderr.write(`The code of this request is ${code}. On the first agent: gapbell-agent pair grant --file FILE\n`);
}

type GrantOptions = FolderOptions & { readonly file?: string; readonly address?: string; readonly passphraseFile?: string };

async function grantPair(options: GrantOptions): Promise<void> {
  const folders = foldersOf(options);
  const config = readAgentConfig(folders);
  const keys = readAgentKeys(folders.state);
  const request = requestOf(await readSecretLines({ file: options.file, question: "Paste the request: " }));
  if (request.peer.id === keys.voice.id || request.agent === config.agentName) {
    throw new ExitFault(EXIT.failed, `The request is of an agent called ${JSON.stringify(request.agent)}, and so is this one`, "On the new host, ask under another name: gapbell-agent pair ask --agent NAME");
  }
  const address = { host: ownAddress(options.address, config), port: config.lan.port };
  // Nothing is signed, and nobody asked for a passphrase, while there is no agent that learns of the other.
  const known = await askAgent(folders.state, { method: "GET", route: "/v1/peers" });
  const peers = records(known["peers"]);
  refuseImpostor(request, peers);
  const seed = await clusterSeed(folders.state, { passphraseFile: options.passphraseFile, why: "Agents are let in" });
  const signer = privateKey("ed", seed);
  if (!equalBytes(rawPublic(signer), keys.clusterKey)) throw new ExitFault(EXIT.config, "The cluster key that lies here is of another cluster than this agent", 'Compare "keys/cluster.key" and "keys/cluster.pub" with their copies');
  const before = peers.find(({ id }) => id === request.peer.id);
  const serial = Number(before?.["serial"] ?? Number(known["serial"]) + 1);
  const voice = String(before?.["voice"] ?? issue("voice", { serial, agent: request.agent, ed: toBase64(request.peer.ed), x: toBase64(request.peer.x) }, signer));
  const answer = await askAgent(folders.state, { method: "POST", route: "/v1/peers", body: { voice } });
  const grant: Grant = {
    cluster: toBase64(keys.clusterKey), clusterName: config.clusterName, secret: readClusterSecret(folders.state), group: groupOf(answer),
    voice, agents: [{ voice: keys.voiceCertificate, address }, ...peers.filter(({ id, name }) => id !== request.peer.id && name !== request.agent).map((one) => ({ voice: String(one["voice"]) }))],
    members: [...records(answer["members"])], invites: [...records(answer["invites"])],
    files: Object.fromEntries(Object.values(AGENT_FILES).map((name) => [name, readFileSync(join(folders.config, name), "utf8")])),
  };
  const line = sealGrant(grant, { to: request.peer, seed: dice.bytes(32), nonce: dice.bytes(12) });
  const code = requestCode(request.peer);
  if (options.json === true) return printJson({ agent: request.agent, serial, code, clusterId: toBase64(clusterIdOf(keys.clusterKey)), grant: line });
  process.stdout.write(`# Grant for agent ${request.agent} to ring for cluster ${config.clusterName}; for the request with code ${code}.\n${line}\n`);
  process.stderr.write(
    `Agent ${request.agent} is let in. The code of its request is ${code}: if "pair ask" showed another one there, throw the grant away.\n` +
    `Cluster ${config.clusterName} is ${toBase64(clusterIdOf(keys.clusterKey))}. On ${request.agent}: gapbell-agent pair accept --file FILE\n`,
  );
}

/** The present group key: that of the file was the first. */
function groupOf(answer: Readonly<Record<string, unknown>>): Grant["group"] {
  const group = Grant.shape.group.safeParse(answer["group"]);
  if (group.success) return group.data;
  throw new ExitFault(EXIT.failed, "The running agent does not tell its group key: it is of another release than this command", "Restart it");
}

function requestOf(text: string): Request {
  const request = parseRequest(text);
  if (request.ok) return request.value;
  throw request.fault === "mistyped"
    ? new ExitFault(EXIT.usage, "Cannot read the request: a character of it is wrong or missing")
    : new ExitFault(EXIT.usage, 'Cannot read the request: it is not what "gapbell-agent pair ask" prints');
}

/** One of that name that is heard now is no lost host that comes back with new keys. */
function refuseImpostor({ agent, peer }: Request, peers: readonly Readonly<Record<string, unknown>>[]): void {
  const other = peers.find(({ name, id, present }) => name === agent && id !== peer.id && present === true);
  if (other === undefined) return;
  throw new ExitFault(EXIT.failed, `Another agent called ${JSON.stringify(agent)} is heard now, at ${String(other["address"])}`, "On the new host, ask under another name; or stop that agent first, if the new one is to replace it");
}
