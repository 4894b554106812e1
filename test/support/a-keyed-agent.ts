/** A state folder with a cluster key, and an agent's socket that answers as told: for commands that sign. */

import { mkdirSync, writeFileSync } from "node:fs";
import { agentProgram } from "../../lib/cli/agent-commands.ts";
import { agentApi } from "../../lib/io/api.ts";
import { serveLocal } from "../../lib/io/local.ts";
import { OWNER } from "../../lib/io/tokens.ts";
import type { Question } from "../../lib/port/agent-door.ts";
import type { Reply } from "../../lib/port/tickets.ts";
import { lockClusterKey } from "../../lib/trust/cluster-key.ts";
import { privateKey, rawPublic } from "../../lib/wire/seal.ts";
import { fill } from "./a-cluster.ts";
import { command, type Ended } from "./in-process-command.ts";
import { tempFolder } from "./temp-folder.ts";

const SEED = fill(1);
/** Vouches for what the commands sign. */
export const SIGNED_BY = rawPublic(privateKey("ed", SEED));

/** Runs one command of gapbell-agent; the passphrase is given to it in a file. */
export async function signs(words: readonly string[], answer: (question: Question) => Reply): Promise<Ended> {
  using folder = tempFolder();
  mkdirSync(folder.at("keys"), { mode: 0o700 });
  writeFileSync(folder.at("keys/cluster.key"), lockClusterKey(SEED, { passphrase: "long enough", salt: fill(2, 16), nonce: fill(3, 12) }), { mode: 0o600 });
  writeFileSync(folder.at("passphrase"), "long enough", { mode: 0o600 });
  const served = await serveLocal(folder.at("agent.sock"), agentApi({
    report: async () => ({ status: 500, body: undefined }), admit: () => OWNER, version: "0.1.0", ask: async (question) => answer(question),
  }).fetch);
  if (!served.ok) throw new Error(served.fault.kind);
  try {
    return await command(agentProgram({ run: async () => 0 }), [...words, "--passphrase-file", folder.at("passphrase"), "--state", folder.path]);
  } finally {
    await served.value.stop();
  }
}
