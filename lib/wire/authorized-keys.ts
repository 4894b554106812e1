/** The line of authorized_keys that lets one key do one thing. Proven against a real sshd in test/io/authorized-keys.test.ts. */

import { type SshPublicKey, sshKeyLine } from "./ssh-public-key.ts";

export type Permission =
  /** To one port, and nothing else. */
  | { readonly mode: "forward"; readonly host: string; readonly port: number }
  /** One command whatever is asked for. @property command its words, the program's whole path first */
  | { readonly mode: "stdio"; readonly command: readonly string[] };

/** Where the relay's executable usually lies, for advice given on another host. */
export const USUAL_RELAY_COMMAND = ["/opt/gapbell/gapbell-relay", "stdio"] as const;

/**
 * `restrict` forbids everything, `port-forwarding` gives back what `permitopen` then narrows to one port. Without
 * `command=` such a key would still run commands (measured, OpenSSH 9.2).
 */
export function authorizedKeysLine(key: SshPublicKey, permission: Permission): string {
  const comment = key.comment === "" ? "" : ` ${key.comment}`;
  return `${optionsFor(permission)} ${sshKeyLine(key)}${comment}`;
}

function optionsFor(permission: Permission): string {
  if (permission.mode === "stdio") return `restrict,command="${permission.command.map(shellWord).join(" ").replaceAll('"', '\\"')}"`;
  const { host, port } = permission;
  return `restrict,port-forwarding,permitopen="${host}:${port}",command="/bin/false"`;
}

/** The command goes through the account's shell. */
function shellWord(word: string): string {
  return /^[\w./@%+:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
