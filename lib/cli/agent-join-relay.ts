/** `gapbell-agent join-relay`: shows a join string to its relay and hands the running agent what came of it. */

import type { Command } from "commander";
import { toBase64 } from "../base/bytes.ts";
import { Prng } from "../base/prng.ts";
import { joinAddress, type JoinRelayFault, joinRelay } from "../io/relay-link.ts";
import { approachBy, unpinned } from "../io/ssh-approach.ts";
import { tunnelSentence } from "../io/tunnel-fault.ts";
import { clusterIdOf } from "../trust/keys.ts";
import { askAgent } from "./agent-ask.ts";
import { addFolders, type FolderOptions, foldersOf, readAgentConfig } from "./agent-folders.ts";
import { readAgentKeys } from "./agent-keys.ts";
import { sshSettingsOf } from "./agent-ssh.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";
import { readSecretLines } from "./read-line.ts";

export function addJoinRelay(program: Command): void {
  const command = addFolders(program.command("join-relay"))
    .description("make a relay this agent's way out of the room; reads the line that gapbell-relay invite prints")
    .argument("[file]", "file with that line (default: standard input)")
    .action(joinFrom);
  withExample(command, "gapbell-agent join-relay < relay.join");
}

async function joinFrom(file: string | undefined, options: FolderOptions): Promise<void> {
  if (file !== undefined && /^gapbell-relay\d/.test(file)) {
    throw new ExitFault(EXIT.usage, "A join string on the command line is seen by everybody on this host: write it into a file or to standard input, and invite anew, for this one is no secret any more");
  }
  const folders = foldersOf(options);
  const config = readAgentConfig(folders);
  const keys = readAgentKeys(folders.state);
  // A join string is good once: it is not spent while there is no agent to use the relay.
  await askAgent(folders.state, { method: "GET", route: "/healthz" });
  const text = await readSecretLines({ file, question: 'Paste the line that "gapbell-relay invite" printed: ' });
  const address = joinAddress(text);
  if (!address.ok) throw refusal(address.fault);
  const ssh = sshSettingsOf(config, folders);
  const blind = unpinned(address.value, ssh);
  if (blind !== undefined) throw new ExitFault(EXIT.config, tunnelSentence(blind));
  const approach = approachBy(ssh, { dice: new Prng(Date.now()), log: { write: () => {} } })(address.value);
  const joined = await joinRelay(text, {
    tls: keys.relayClient, voice: keys.voice,
    cluster: toBase64(clusterIdOf(keys.clusterKey)), clusterName: config.clusterName, agent: config.agentName,
  }, approach.dial);
  approach.close();
  if (!joined.ok) throw refusal(joined.fault);
  await askAgent(folders.state, { method: "POST", route: "/v1/relay", body: joined.value });
  const place = `${joined.value.host}:${joined.value.port}`;
  if (options.json === true) return printJson({ relay: place, joined: true });
  process.stdout.write(`The relay at ${place} is this agent's way out. What it can reach: gapbell-agent relay --fresh\n`);
}

function refusal({ kind, reason }: JoinRelayFault): ExitFault {
  return new ExitFault(kind === "silent" ? EXIT.unavailable : EXIT.failed, kind === "refused" ? `The relay refuses: ${reason}` : reason);
}
