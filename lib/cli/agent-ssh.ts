/** The SSH part of agent.yaml, and `gapbell-agent ssh-key`, which prints what the jump host must let in. */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { sshKeyOf, type SshSettings } from "../io/ssh-approach.ts";
import { tunnelSentence } from "../io/tunnel-fault.ts";
import { sshFingerprint, sshKeyLine } from "../wire/ssh-public-key.ts";
import type { AgentConfig } from "./agent-config.ts";
import { addFolders, type AgentFolders, type FolderOptions, foldersOf, readAgentConfig } from "./agent-folders.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";

/** Names of systemd credentials (`LoadCredential=ssh-key:…`). */
const CREDENTIALS = { key: "ssh-key", passphrase: "ssh-passphrase" } as const;

/** Relative names are meant from the folder of `agent.yaml`; without a key of one's own, the agent makes one in its state folder. */
export function sshSettingsOf(
  { relay: { ssh }, agentName }: Pick<AgentConfig, "relay" | "agentName">,
  { state, config }: AgentFolders,
  env: NodeJS.ProcessEnv = process.env,
): SshSettings {
  const at = (name: string | undefined): string | undefined => (name === undefined ? undefined : resolve(config, name));
  const key = at(ssh.key) ?? credential(CREDENTIALS.key, env);
  return {
    files: {
      path: key ?? join(state, "keys", "ssh.key"),
      passphrasePath: at(ssh.passphraseFile) ?? credential(CREDENTIALS.passphrase, env),
    },
    newKeyComment: key === undefined ? `gapbell-agent@${agentName}` : undefined,
    knownHostsPath: at(ssh.knownHosts),
    ways: ssh.ways,
  };
}

export function addSshKey(program: Command): void {
  const command = addFolders(program.command("ssh-key"))
    .description("print the public SSH key of this agent, for gapbell-relay invite on the jump host; makes the key where there is none")
    .action(printKey);
  withExample(command, "gapbell-agent ssh-key > agent.pub    # then, on the jump host: gapbell-relay invite --ssh bell@10.0.0.5 --key agent.pub");
}

async function printKey(options: FolderOptions): Promise<void> {
  const folders = foldersOf(options);
  const settings = sshSettingsOf(readAgentConfig(folders), folders);
  const key = await sshKeyOf(settings);
  if (!key.ok) throw new ExitFault(EXIT.config, tunnelSentence(key.fault));
  const { publicKey } = key.value;
  const line = `${sshKeyLine(publicKey)}${publicKey.comment === "" ? "" : ` ${publicKey.comment}`}`;
  if (options.json === true) printJson({ publicKey: line, fingerprint: sshFingerprint(publicKey.blob), file: settings.files.path });
  else process.stdout.write(`${line}\n`);
}

function credential(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const folder = env["CREDENTIALS_DIRECTORY"] ?? "";
  const path = join(folder, name);
  return folder !== "" && existsSync(path) ? path : undefined;
}
