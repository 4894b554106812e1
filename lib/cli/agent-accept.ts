/** `gapbell-agent pair accept`: what `init` writes, from a grant of the first agent. */

import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { toBase64, utf8 } from "../base/bytes.ts";
import { tlsIdentity } from "../io/certificate.ts";
import { dice } from "../io/dice.ts";
import { openStore, storeSentence } from "../io/store.ts";
import { clusterIdOf, type Identity } from "../trust/keys.ts";
import { type Granted, openGrant, requestCode } from "../trust/pairing.ts";
import { AGENT_FILES, loadAgentConfig } from "./agent-config.ts";
import { type AgentFolders, type FolderOptions, foldersOf } from "./agent-folders.ts";
import { AGENT_DATABASE } from "./agent-keys.ts";
import { foldersText, refuseToOverwrite, setUp } from "./agent-set-up.ts";
import { renamed } from "./agent-templates.ts";
import { printFaults } from "./config.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson } from "./main.ts";
import { readRequest, REQUEST_FILE } from "./pair-request.ts";
import { readSecretLines } from "./read-line.ts";

/** Three files of configuration and some thousand listeners. */
const GRANT_CHARACTERS_MOST = 16 * 1024 * 1024;

export async function acceptGrant(options: FolderOptions & { readonly file?: string }): Promise<void> {
  const folders = foldersOf(options);
  refuseToOverwrite(folders);
  const { agent, identity, seeds } = readRequest(folders);
  const granted = grantedBy(await readSecretLines({ file: options.file, question: "Paste the grant: ", charactersMost: GRANT_CHARACTERS_MOST }), identity);
  const files = filesOf(granted, agent);
  const relayClient = tlsIdentity(dice.bytes(32));
  const { grant, clusterKey } = granted;
  setUp(folders, {
    files,
    keys: new Map([
      ["cluster.pub", `${grant.cluster}\n`],
      ["cluster.secret", `${grant.secret}\n`],
      ["voice.seeds", `${JSON.stringify(seeds)}\n`],
      ["voice.cert", `${grant.voice}\n`],
      ["group.key", `${JSON.stringify(grant.group)}\n`],
      ["relay-client.pem", relayClient.key],
      ["relay-client.crt", relayClient.certificate],
    ]),
  });
  await keepOthers(folders, granted);
  unlinkSync(join(folders.state, REQUEST_FILE));
  const clusterId = toBase64(clusterIdOf(clusterKey));
  if (options.json === true) return printJson({ cluster: grant.clusterName, clusterId, agent, state: folders.state, config: folders.config });
  process.stdout.write(`${told(folders, { agent, clusterId, granted }).join("\n")}\n`);
}

function grantedBy(text: string, own: Identity): Granted {
  const granted = openGrant(text, own);
  if (granted.ok) return granted.value;
  switch (granted.fault) {
    case "not a grant":
      throw new ExitFault(EXIT.usage, 'Cannot read the grant: it is not what "gapbell-agent pair grant" prints');
    case "for another request":
      throw new ExitFault(EXIT.failed, `The grant is not for the request of this host, whose code is ${requestCode(own)}, or a character of it is wrong`, "The grant names the code of its request in its first line");
    case "of another form":
      throw new ExitFault(EXIT.failed, "The grant is of another release: give both hosts the same one and ask again");
    case "not signed by its cluster":
      throw new ExitFault(EXIT.failed, "The grant is not signed by the cluster that it names: do not use it");
  }
}

/** The first agent's files under this agent's name, read as `check` would before one byte is written. */
function filesOf({ grant }: Granted, agent: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>(Object.values(AGENT_FILES).map((name) => [name, grant.files[name] ?? ""]));
  files.set(AGENT_FILES.agent, renamed(files.get(AGENT_FILES.agent) ?? "", agent));
  const read = loadAgentConfig((name) => utf8(files.get(name) ?? ""));
  if (!read.ok) throw new ExitFault(EXIT.config, `Cannot use the configuration in the grant:\n${printFaults(read.fault)}`, "Give both hosts the same release");
  if (read.value.agentName !== agent) throw new ExitFault(EXIT.config, `Cannot give the configuration in the grant the name ${JSON.stringify(agent)}: its agent.yaml has no line of its own that begins with "agent:"`);
  return files;
}

/** The machine takes them in when it starts, and checks each certificate then. */
async function keepOthers({ state }: AgentFolders, { grant, agents }: Granted): Promise<void> {
  const store = openStore({ path: join(state, AGENT_DATABASE), role: "agent" });
  if (!store.ok) throw new ExitFault(EXIT.unavailable, storeSentence(store.fault));
  const written = await store.value.commit([
    ...agents.map(({ peer, voice }, at) => ({ kind: "put", table: "peers", id: peer.id, row: { voice, address: grant.agents[at]?.address } } as const)),
    { kind: "put", table: "meta", id: "granted", row: { members: grant.members, invites: grant.invites } },
  ]);
  store.value.close();
  if (!written.ok) throw new ExitFault(EXIT.temporary, `Cannot write "${AGENT_DATABASE}": ${written.fault.reason}`);
}

function told(folders: AgentFolders, { agent, clusterId, granted }: { readonly agent: string; readonly clusterId: string; readonly granted: Granted }): readonly string[] {
  const where = foldersText(folders);
  const [first] = granted.agents;
  return [
    `Agent "${agent}" rings for cluster "${granted.grant.clusterName}" (${clusterId}) together with "${first?.name ?? ""}".`,
    `  configuration  ${Object.values(AGENT_FILES).map((name) => join(folders.config, name)).join(", ")}: as on ${first?.name ?? ""}, under its own name`,
    `  keys           ${join(folders.state, "keys")} (the cluster key stays on the first agent)`,
    "",
    "Next:",
    "  copy the files that agent.yaml names (tokens, certificates), if it names any",
    `  gapbell-agent check ${where}`,
    `  gapbell-agent run ${where}`,
    `  gapbell-agent join-relay ${where}      # its own way out, with a join string of its own`,
    "  let every source send to both agents",
  ];
}
