/** `gapbell-agent init`: all keys of a new cluster and a first configuration. Writes over nothing. */

import { hostname } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { toBase64, utf8 } from "../base/bytes.ts";
import { tlsIdentity } from "../io/certificate.ts";
import { dice } from "../io/dice.ts";
import { issue } from "../trust/certificate.ts";
import { lockClusterKey } from "../trust/cluster-key.ts";
import { clusterIdOf, identityFrom } from "../trust/keys.ts";
import { privateKey, rawPublic } from "../wire/seal.ts";
import { AGENT_FILES, loadAgentConfig } from "./agent-config.ts";
import { type AgentFolders, addFolders, type FolderOptions, foldersOf } from "./agent-folders.ts";
import { foldersText, refuseToOverwrite, setUp } from "./agent-set-up.ts";
import { firstFiles, type FirstSettings } from "./agent-templates.ts";
import { printFaults } from "./config.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";
import { readPassphrase } from "./passphrase.ts";
import { readerOf } from "./terminal.ts";

/** The first group key; a rotation counts up. */
const FIRST_GROUP_KID = 1;
const FIRST_SERIAL = 1;

type Options = FolderOptions & {
  readonly cluster: string;
  readonly operator: string;
  readonly agent?: string;
  readonly mail?: string;
  readonly wecom?: string;
  readonly mobile?: string;
  readonly passphraseFile?: string;
};

export function addInit(program: Command): void {
  const command = addFolders(program.command("init"))
    .description("write the keys of a new cluster and a first configuration; never writes over anything")
    .requiredOption("--cluster <name>", "name of the cluster")
    .requiredOption("--operator <name>", "first operator, told as last resort")
    .option("--mail <address>", "the operator's mail address")
    .option("--wecom <id>", "the operator's user id in the WeCom application")
    .option("--mobile <number>", "the operator's telephone number, for a WeCom group robot")
    .option("--agent <name>", "name of this agent (default: the host's name)")
    .option("--passphrase-file <file>", "file with the passphrase of the cluster key (default: the credential cluster-passphrase, else a prompt)")
    .action(init);
  withExample(command, "gapbell-agent init --cluster c1 --operator li --mail li@example.com");
}

async function init(options: Options): Promise<void> {
  const folders = foldersOf(options);
  const settings = settingsOf(options);
  const files = judgedFiles(settings);
  refuseToOverwrite(folders);
  const passphrase = await readPassphrase({ file: options.passphraseFile, anew: true });
  const { keys, clusterId } = newKeys(settings.agent, passphrase);
  setUp(folders, { keys, files });
  if (options.json === true) {
    printJson({ cluster: settings.cluster, clusterId, agent: settings.agent, state: folders.state, config: folders.config });
    return;
  }
  process.stdout.write(`${told(folders, settings).join("\n")}\n`);
}

function settingsOf({ cluster, operator, agent, mail, wecom, mobile }: Options): FirstSettings {
  if (mail === undefined && wecom === undefined && mobile === undefined) {
    throw new ExitFault(EXIT.usage, `Nobody can be told outside: "${operator}" needs --mail, --wecom or --mobile`);
  }
  const host = hostname().split(".")[0] ?? "";
  return { cluster, operator, agent: agent ?? (host === "" ? "agent" : host), ...readerOf(), mail, wecom, mobile };
}

/** The files are read as `check` would before one byte is written, so that a wrong argument leaves nothing behind. */
function judgedFiles(settings: FirstSettings): ReadonlyMap<string, string> {
  const files = firstFiles(settings);
  const read = loadAgentConfig((name) => utf8(files.get(name) ?? ""));
  if (read.ok) return files;
  throw new ExitFault(EXIT.usage, `Cannot write a configuration from these arguments:\n${printFaults(read.fault)}`);
}

/** Everything in `keys/`, as `agent-keys.ts` reads it. */
function newKeys(agent: string, passphrase: string): { readonly keys: ReadonlyMap<string, string>; readonly clusterId: string } {
  const seed = dice.bytes(32);
  const signer = privateKey("ed", seed);
  const clusterKey = rawPublic(signer);
  const seeds = { ed: dice.bytes(32), x: dice.bytes(32) };
  const voice = identityFrom(seeds);
  const paper = { serial: FIRST_SERIAL, agent, ed: toBase64(voice.ed), x: toBase64(voice.x) };
  const relayClient = tlsIdentity(dice.bytes(32));
  const json = (value: unknown): string => `${JSON.stringify(value)}\n`;
  return {
    clusterId: toBase64(clusterIdOf(clusterKey)),
    keys: new Map([
      ["cluster.key", lockClusterKey(seed, { passphrase, salt: dice.bytes(16), nonce: dice.bytes(12) })],
      ["cluster.pub", `${toBase64(clusterKey)}\n`],
      ["cluster.secret", `${toBase64(dice.bytes(32))}\n`],
      ["voice.seeds", json({ ed: toBase64(seeds.ed), x: toBase64(seeds.x) })],
      ["voice.cert", `${issue("voice", paper, signer)}\n`],
      ["group.key", json({ kid: FIRST_GROUP_KID, key: toBase64(dice.bytes(32)) })],
      ["relay-client.pem", relayClient.key],
      ["relay-client.crt", relayClient.certificate],
    ]),
  };
}

function told({ state, config }: AgentFolders, { cluster, agent, operator }: FirstSettings): readonly string[] {
  const where = foldersText({ state, config });
  return [
    `Cluster "${cluster}" is set up on agent "${agent}".`,
    `  configuration  ${Object.values(AGENT_FILES).map((name) => join(config, name)).join(", ")}`,
    `  keys           ${join(state, "keys")} (keep a copy of cluster.key, cluster.secret and the passphrase elsewhere)`,
    "",
    "Next:",
    `  gapbell-agent check ${where}`,
    `  gapbell-agent run ${where}`,
    `  gapbell-agent invite --operator ${operator} ${where}`,
  ];
}
