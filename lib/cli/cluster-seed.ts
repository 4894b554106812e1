/** The cluster key, unlocked for one command: whoever may sign in the name of the cluster has its passphrase. */

import { join } from "node:path";
import { readSecretText, secretSentence } from "../io/secrets.ts";
import { unlockClusterKey } from "../trust/cluster-key.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { readPassphrase } from "./passphrase.ts";

/** For every command that signs with the cluster key. */
export const PASSPHRASE_OPTION = [
  "--passphrase-file <file>",
  "file with the passphrase of the cluster key (default: the credential cluster-passphrase, else a prompt)",
] as const;

/**
 * @param why what is done with the key, as in "Invites are made", for whoever asks on an agent where it does not lie
 * @returns the 32-byte seed
 */
export async function clusterSeed(state: string, { passphraseFile, why }: { readonly passphraseFile: string | undefined; readonly why: string }): Promise<Uint8Array> {
  const path = join(state, "keys", "cluster.key");
  const locked = readSecretText(path);
  if (!locked.ok) throw new ExitFault(EXIT.config, secretSentence(locked.fault), `${why} where the cluster key lies: on the first agent`);
  const seed = unlockClusterKey(locked.value, await readPassphrase({ file: passphraseFile, anew: false }));
  if (seed.ok) return seed.value;
  throw seed.fault === "wrong passphrase"
    ? new ExitFault(EXIT.failed, `The passphrase does not open "${path}"`)
    : new ExitFault(EXIT.config, `Cannot use "${path}": it is not the file that init wrote`);
}
