/** The agent's own SSH key: made here, never carried; only its public line leaves. */

import type { ParsedKey } from "ssh2";
import { broken } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { parseSshPublicKey, type SshPublicKey } from "../wire/ssh-public-key.ts";
import { readSecretText, type SecretFault, writeSecret } from "./secrets.ts";
import type { TunnelFault } from "./tunnel-fault.ts";

/** Ten malformed keys in a row come once in 2^80 starts. */
const TRIES_MOST = 10;

export type SshKeyFiles = {
  readonly path: string;
  /** Undefined where the key lies open on disk. */
  readonly passphrasePath: string | undefined;
};

export type SshKey = {
  readonly parsed: ParsedKey;
  readonly publicKey: SshPublicKey;
};

/** Checks who else could read the files before it uses them. Faults: keyFile, keyLocked, wrongPassphrase, notKey. */
export async function readSshKey({ path, passphrasePath }: SshKeyFiles): Promise<Result<SshKey, TunnelFault>> {
  const text = readSecretText(path);
  if (!text.ok) return fail({ kind: "keyFile", fault: text.fault });
  const passphrase = passphrasePath === undefined ? ok(undefined) : readSecretText(passphrasePath);
  if (!passphrase.ok) return fail({ kind: "keyFile", fault: passphrase.fault });
  const { utils } = await import("ssh2");
  const parsed = utils.parseKey(text.value, passphrase.value);
  if (parsed instanceof Error) return fail({ kind: keyFaultIn(parsed.message), path });
  const publicKey = parsed.isPrivateKey()
    ? parseSshPublicKey(`${parsed.type} ${parsed.getPublicSSH().toString("base64")} ${parsed.comment}`)
    : fail(undefined);
  return publicKey.ok ? ok({ parsed, publicKey: publicKey.value }) : fail({ kind: "notKey", path });
}

/** Writes a new Ed25519 key in OpenSSH's form, mode 0600. Faults: exists, unwritable. */
export async function makeSshKey(path: string, comment: string): Promise<Result<void, SecretFault>> {
  return writeSecret(path, await newKeyText(comment));
}

/** ssh2 1.17.0 cuts leading zero bytes off a public key, so that one new key in 256 is malformed and refused by its own parser: such a key is thrown away. */
async function newKeyText(comment: string): Promise<string> {
  const { utils } = await import("ssh2");
  for (let tries = 0; tries < TRIES_MOST; tries += 1) {
    const text = utils.generateKeyPairSync("ed25519", { comment }).private;
    if (!(utils.parseKey(text) instanceof Error)) return text;
  }
  return broken("a new SSH key can be read");
}

function keyFaultIn(message: string): "keyLocked" | "wrongPassphrase" | "notKey" {
  if (/no passphrase given/i.test(message)) return "keyLocked";
  return /bad passphrase/i.test(message) ? "wrongPassphrase" : "notKey";
}
