/** The passphrase of the cluster key: from a file, from systemd, or from a person; never from the command line. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { readSecretText, secretSentence } from "../io/secrets.ts";
import { PASSPHRASE_CHARACTERS_LEAST } from "../trust/cluster-key.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { askHidden, canAsk } from "./terminal.ts";

/** The name of the systemd credential (`LoadCredential=cluster-passphrase:…`). */
export const PASSPHRASE_CREDENTIAL = "cluster-passphrase";

/**
 * @param file `--passphrase-file`
 * @param anew a new passphrase is asked for twice and must be long enough
 */
export async function readPassphrase(
  { file, anew }: { readonly file: string | undefined; readonly anew: boolean },
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const folder = env["CREDENTIALS_DIRECTORY"] ?? "";
  const credential = folder === "" ? undefined : join(folder, PASSPHRASE_CREDENTIAL);
  const path = file ?? (credential !== undefined && existsSync(credential) ? credential : undefined);
  if (path !== undefined) return judged(fromFile(path), { anew, where: `"${path}"` });
  if (!canAsk()) {
    throw new ExitFault(
      EXIT.usage,
      "The passphrase of the cluster key is needed, and there is no terminal to ask for it",
      `Give it by --passphrase-file FILE or as the systemd credential ${PASSPHRASE_CREDENTIAL}`,
    );
  }
  const question = anew ? "New passphrase of the cluster key: " : "Passphrase of the cluster key: ";
  const first = judged(await asked(question), { anew, where: "The passphrase" });
  if (anew && (await asked("The same again: ")) !== first) throw new ExitFault(EXIT.usage, "The two passphrases differ");
  return first;
}

function fromFile(path: string): string {
  const read = readSecretText(path);
  if (!read.ok) throw new ExitFault(EXIT.config, secretSentence(read.fault));
  return read.value;
}

async function asked(question: string): Promise<string> {
  const answer = await askHidden(question);
  if (answer === undefined) throw new ExitFault(EXIT.failed, "No passphrase was given");
  return answer;
}

function judged(passphrase: string, { anew, where }: { readonly anew: boolean; readonly where: string }): string {
  if (anew && [...passphrase].length < PASSPHRASE_CHARACTERS_LEAST) {
    throw new ExitFault(EXIT.usage, `${where} has ${[...passphrase].length} characters, must have at least ${PASSPHRASE_CHARACTERS_LEAST}`);
  }
  return passphrase;
}
