/** A real OpenSSH server on loopback with a configuration of its own; whoever runs the test logs in. */

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tempFolder } from "./temp-folder.ts";
import { freePort } from "./free-port.ts";

const SSHD = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].find((path) => existsSync(path));
/** Where sshd of root leaves its rights behind; Debian makes it when the service starts. */
const PRIVILEGE_FOLDER = "/run/sshd";

/** bash under sshd reads the account's .bashrc before any command, unless it takes itself for an inner shell. */
const RC_FREE = "SetEnv SHLVL=2";

/** False only where sshd is missing and need not be there. */
export const maySshd = SSHD !== undefined || process.env["CI"] === "true";

export type TestSshd = AsyncDisposable & {
  readonly port: number;
  /** Who may log in. */
  readonly user: string;
  /** The file with the public host key, and its line. */
  readonly hostKeyFile: string;
  readonly hostKey: string;
  /** Replaces authorized_keys. */
  readonly lets: (...lines: readonly string[]) => void;
  /** What it has written to its log. */
  readonly log: () => string;
  /** Ends it with every session that it serves. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** Every process that serves a session. */
  readonly sessions: () => readonly number[];
};

export type KeyType = "ed25519" | "ecdsa" | "rsa";

/** @param config further lines of sshd_config; the first of a word counts */
export async function anSshd(
  { config = [], hostKeys = ["ed25519"], port: wanted }: { readonly config?: readonly string[]; readonly hostKeys?: readonly KeyType[]; readonly port?: number } = {},
): Promise<TestSshd> {
  const folder = tempFolder();
  const port = wanted ?? await freePort();
  for (const type of hostKeys) makeKey(folder.at(`host_${type}`), { type });
  writeFileSync(folder.at("authorized_keys"), "", { mode: 0o600 });
  writeFileSync(folder.at("sshd_config"), [
    `Port ${port}`, "ListenAddress 127.0.0.1", ...hostKeys.map((type) => `HostKey ${folder.at(`host_${type}`)}`),
    `AuthorizedKeysFile ${folder.at("authorized_keys")}`, "StrictModes no", "UsePAM no", "PidFile none", "PasswordAuthentication no",
    "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", "LogLevel VERBOSE", "PrintMotd no", RC_FREE, ...config, "",
  ].join("\n"));
  if (process.geteuid?.() === 0 && !existsSync(PRIVILEGE_FOLDER)) mkdirSync(PRIVILEGE_FOLDER, { mode: 0o755 });
  let log = "";
  let running: Bun.Subprocess<"ignore", "ignore", "pipe"> | undefined;
  const sessions = (): readonly number[] => (running === undefined ? [] : below(running.pid));
  const start = async (): Promise<void> => {
    const child = Bun.spawn([SSHD ?? "sshd", "-D", "-e", "-f", folder.at("sshd_config")], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    running = child;
    const listening = Promise.withResolvers<void>();
    void (async () => {
      for await (const chunk of child.stderr) {
        log += new TextDecoder().decode(chunk);
        if (log.includes("Server listening on")) listening.resolve();
      }
      listening.reject(new Error(`sshd ended: ${log}`));
    })();
    await listening.promise;
  };
  const kill = async (): Promise<void> => {
    if (running === undefined) return;
    for (const pid of [...sessions(), running.pid]) kills(pid);
    await running.exited;
    running = undefined;
    log = "";
  };
  await start();
  const [first = "ed25519"] = hostKeys;
  const hostKeyFile = folder.at(`host_${first}.pub`);
  return {
    port, hostKeyFile, start, kill, sessions,
    user: Bun.spawnSync(["id", "-un"]).stdout.toString().trim(),
    hostKey: readFileSync(hostKeyFile, "utf8").trim(),
    lets: (...lines) => writeFileSync(folder.at("authorized_keys"), `${lines.join("\n")}\n`),
    log: () => log,
    [Symbol.asyncDispose]: async () => {
      await kill();
      folder[Symbol.dispose]();
    },
  };
}

/** By the real ssh-keygen. @returns the public line */
export function makeKey(path: string, { type = "ed25519", passphrase = "" }: { readonly type?: KeyType; readonly passphrase?: string } = {}): string {
  const made = Bun.spawnSync(["ssh-keygen", "-q", "-t", type, "-N", passphrase, "-C", "test", "-f", path]);
  if (made.exitCode !== 0) throw new Error(`ssh-keygen: ${made.stderr.toString()}`);
  chmodSync(path, 0o600);
  return readFileSync(`${path}.pub`, "utf8").trim();
}

function below(pid: number): readonly number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter((one) => one !== "").map(Number);
    return children.flatMap((child) => [...below(child), child]);
  } catch {
    return [];
  }
}

function kills(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
