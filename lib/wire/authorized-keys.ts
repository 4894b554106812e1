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
 * `restrict` forbids everything, `port-forwarding` gives back both directions of it, which `permitopen` narrows to one
 * port and `permitlisten` to one where nobody but root may listen and nobody has a use for it: there is no word for
 * "none". Without `permitlisten` such a key opens listeners on the jump host, without `command=` it runs commands
 * (both measured, OpenSSH 9.2). What no option closes is a unix socket that the key may have made; `sshdAdvice` does.
 * sshd before 7.8 does not know `permitlisten` and refuses the line: docs/operations.md.
 */
export function authorizedKeysLine(key: SshPublicKey, permission: Permission): string {
  const comment = key.comment === "" ? "" : ` ${key.comment}`;
  return `${optionsFor(permission)} ${sshKeyLine(key)}${comment}`;
}

/** For sshd_config: closes what the options of one key cannot. */
export function sshdAdvice(user: string): readonly string[] {
  return [`Match User ${user}`, "    AllowTcpForwarding local", "    AllowStreamLocalForwarding no", "    X11Forwarding no", "    AllowAgentForwarding no", "    PermitTTY no"];
}

function optionsFor(permission: Permission): string {
  if (permission.mode === "stdio") return `restrict,command="${permission.command.map(shellWord).join(" ").replaceAll('"', '\\"')}"`;
  const { host, port } = permission;
  return `restrict,port-forwarding,permitopen="${host}:${port}",permitlisten="127.0.0.1:1",command="/bin/false"`;
}

/** The command goes through the account's shell. */
function shellWord(word: string): string {
  return /^[\w./@%+:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
