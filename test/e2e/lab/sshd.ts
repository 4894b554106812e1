/** A real OpenSSH server on a host of the lab, with configuration and keys in a folder of its own; root logs in, by key alone. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./network.ts";

export type Sshd = {
  /** The file with its public host key. */
  readonly hostKeyFile: string;
  /** Replaces authorized_keys. */
  readonly lets: (line: string) => void;
  readonly start: () => void;
  /** kill -9, with every session that it serves. */
  readonly kill: () => void;
};

/** @param address where it listens, on the usual port */
export function openSshd(host: Host, { folder, address }: { readonly folder: string; readonly address: string }): Sshd {
  const at = (name: string): string => join(folder, "sshd", name);
  mkdirSync(at(""), { recursive: true, mode: 0o700 });
  const made = Bun.spawnSync(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", host.name, "-f", at("host")]);
  if (made.exitCode !== 0) throw new Error(`ssh-keygen: ${made.stderr.toString()}`);
  writeFileSync(at("authorized_keys"), "", { mode: 0o600 });
  writeFileSync(at("config"), `ListenAddress ${address}
HostKey ${at("host")}
AuthorizedKeysFile ${at("authorized_keys")}
StrictModes no
UsePAM no
PidFile none
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
`);
  return {
    hostKeyFile: at("host.pub"),
    lets: (line) => writeFileSync(at("authorized_keys"), `${line}\n`),
    // Where it leaves its rights behind must be there; in a /run of its own, so that nothing stays.
    start: () => void host.start("sshd", ["sh", "-c", `mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec /usr/sbin/sshd -D -e -f ${at("config")}`]),
    kill: () => {
      for (const pid of Bun.spawnSync(["ip", "netns", "pids", host.namespace]).stdout.toString().trim().split("\n").map(Number)) {
        if (nameOf(pid) === "sshd") process.kill(pid, "SIGKILL");
      }
    },
  };
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}
