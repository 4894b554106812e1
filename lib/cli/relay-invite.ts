/** `gapbell-relay invite`: one join string for one agent and, where it comes by SSH, the line that lets its key do nothing else. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { toBase64, toHex } from "../base/bytes.ts";
import type { Ms } from "../base/units.ts";
import { derOf, tlsIdentity } from "../io/certificate.ts";
import { dice } from "../io/dice.ts";
import { askLocal, localSentence } from "../io/local.ts";
import type { RelayQuestion } from "../port/relay-door.ts";
import type { Reply } from "../port/tickets.ts";
import { authorizedKeysLine, sshdAdvice } from "../wire/authorized-keys.ts";
import { encodeJoinString, JOIN_SECRET_BYTES, JOIN_STRING_MOST, joinKeysOf } from "../wire/join-string.ts";
import { parseSshPublicKey, type SshPublicKey, sshKeyLine, sshPublicKeySentence } from "../wire/ssh-public-key.ts";
import { placeOfHop, SSH_PORT, type SshHop, SshWays } from "../wire/ssh-way.ts";
import { durationText, parseDuration } from "./duration.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson } from "./main.ts";
import { type RelaySetup, relayFiles } from "./relay-config.ts";
import { STDIO_TARGET } from "./relay-stdio.ts";
import { refusalIn } from "./relay-table.ts";

const BOUNDS = { least: 60_000, most: 604_800_000, usual: "1h" } as const;
const HOST_KEY_FOLDER = "/etc/ssh";

export type InviteOptions = {
  readonly json?: boolean;
  readonly expires: string;
  readonly address?: string;
  readonly ssh?: readonly string[];
  readonly key?: string;
  readonly hostKey?: readonly string[];
  readonly stdio?: boolean;
};

export function addInviteOptions(command: Command): Command {
  const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
  return command
    .option("--expires <time>", `how long it is good, up to ${durationText(BOUNDS.most)}`, BOUNDS.usual)
    .option("--address <host:port>", "where agents find this relay, if not at its \"listen\"; with --ssh as seen from the last host")
    .option("--ssh <[user@]host[:port]>", "agents come by SSH to this host; several hosts in a row with commas, repeat for further ways", collect)
    .option("--key <file>", "the agent's public key, as gapbell-agent ssh-key prints it; - for standard input")
    .option("--host-key <file>", `public key of this host's sshd, may be repeated (default: ${HOST_KEY_FOLDER}/ssh_host_*_key.pub)`, collect)
    .option("--stdio", "for a sshd without forwarding: the agent's key runs \"gapbell-relay stdio\"");
}

/** @param askStored puts the invite into the store of a relay that does not run */
export async function invite(
  options: InviteOptions, setupOf: () => RelaySetup, askStored: (setup: RelaySetup, question: RelayQuestion) => Promise<Reply>,
): Promise<void> {
  const expiresInMs = expiryOf(options.expires);
  const setup = setupOf();
  const address = addressOf(options.address, setup);
  const way = await wayOf(options, address);
  const secret = dice.bytes(JOIN_SECRET_BYTES);
  const certificate = derOf(setup.identity.certificate);
  if (certificate === undefined) throw new ExitFault(EXIT.software, "Cannot read the relay's own certificate");
  const joinString = encodeJoinString({ ...address, certificate, secret, ssh: way?.ssh });
  if (joinString.length > JOIN_STRING_MOST) throw new ExitFault(EXIT.usage, `So many ways make a join string of ${joinString.length} characters, at most ${JOIN_STRING_MOST} are read; name fewer --ssh or fewer --host-key`);
  // Only now does the relay hear of it: a mistake above leaves no invite behind.
  const { tlsSeed, macKey } = joinKeysOf(secret);
  const question: RelayQuestion & { kind: "invite" } = {
    kind: "invite", id: toHex(dice.bytes(8)), macKey: toBase64(macKey), certificate: tlsIdentity(tlsSeed).certificate, expiresInMs,
  };
  const reply = await askRunning(setup, question) ?? await askStored(setup, question);
  if (reply.status !== 200) throw new ExitFault(EXIT.temporary, `Cannot invite: ${refusalIn(reply)}`);
  if (options.json === true) {
    printJson({ joinString, id: question.id, expiresInMs, ...(way === undefined ? {} : { authorizedKeys: way.line }) });
    return;
  }
  process.stdout.write(`${way === undefined ? "" : `# authorized_keys: ${way.line}\n`}${joinString}\n`);
  const advice = way === undefined ? [] : [
    `Append this line to the authorized_keys of ${way.users.map((user) => `"${user}"`).join(" and ")} on this host:`, way.line,
    ...(options.stdio === true ? [] : ["and to /etc/ssh/sshd_config, for the unix sockets that no line can forbid:", ...way.users.flatMap(sshdAdvice)]),
    ...way.warnings,
  ];
  process.stderr.write([...advice, `The join string is good for one agent and ${durationText(expiresInMs)}; on the cluster: gapbell-agent join-relay < FILE`, ""].join("\n"));
}

type Way = { readonly ssh: SshWays; readonly line: string; readonly users: readonly string[]; readonly warnings: readonly string[] };

/** @returns undefined where agents come without SSH */
async function wayOf({ ssh = [], key, hostKey = [], stdio = false }: InviteOptions, { host, port }: Place): Promise<Way | undefined> {
  if (ssh.length === 0) {
    const idle = key !== undefined ? "--key" : hostKey.length > 0 ? "--host-key" : stdio ? "--stdio" : undefined;
    if (idle !== undefined) throw new ExitFault(EXIT.usage, `${idle} is of no use without --ssh, which names this host as agents reach it`);
    return undefined;
  }
  if (key === undefined) throw new ExitFault(EXIT.usage, "--ssh needs --key FILE: the public key that gapbell-agent ssh-key prints on the cluster");
  const publicKey = parsedKey(key === "-" ? await Bun.stdin.text() : textOf(key), key === "-" ? "standard input" : `"${key}"`);
  const hostKeys = pinsOf(hostKey);
  const mode = stdio ? "stdio" : "forward";
  const read = SshWays.safeParse({ ways: ssh.map((text) => ({ mode, hops: hopsOf(text, hostKeys) })) });
  if (!read.success) throw new ExitFault(EXIT.usage, `--ssh cannot be used: ${read.error.issues[0]?.message ?? "too many"}, as in bell@10.0.0.5:22; at most 8 ways of 4 hosts`);
  const last = read.data.ways.map(({ hops }) => hops.at(-1)).filter((hop) => hop !== undefined);
  const before = read.data.ways.flatMap(({ hops }) => hops.slice(0, -1));
  return {
    ssh: read.data,
    line: authorizedKeysLine(publicKey, stdio ? { mode: "stdio", command: stdioCommand({ host, port }) } : { mode: "forward", host, port }),
    users: [...new Set(last.map(({ user }) => user))],
    warnings: [
      ...(last.some(({ user }) => user === "root") ? ['Warning: the agent would log in as root; an account of its own is safer, as in --ssh bell@10.0.0.5'] : []),
      ...new Set(before.map((hop) => `Note: the key of ${placeOfHop(hop)} is not pinned; let known_hosts of the agent name it, and let its account in there by a line with permitopen`)),
    ],
  };
}

/** `bell@10.1.0.1,bell@10.0.0.5:2222`: the last is this host. */
function hopsOf(text: string, hostKeys: readonly string[]): readonly SshHop[] {
  const words = text.split(",");
  return words.map((word, at) => {
    const form = /^(?:([^@\s]+)@)?(?:\[([0-9A-Fa-f:.]+)\]|([^:@\s]+))(?::(\d{1,5}))?$/.exec(word);
    const host = form?.[2] ?? form?.[3];
    if (host === undefined) throw new ExitFault(EXIT.usage, `--ssh is "${word}", must be as in bell@10.0.0.5:22`);
    return { host, port: Number(form?.[4] ?? SSH_PORT), user: form?.[1] ?? ownAccount(word), hostKeys: at === words.length - 1 ? [...hostKeys] : [] };
  });
}

/** Whoever runs this. Bun's `os.userInfo` believes $USER, which a service has not (measured, 1.4.5). */
function ownAccount(word: string): string {
  const own = process.geteuid?.() ?? -1;
  const row = textOf("/etc/passwd").split("\n").map((line) => line.split(":")).find(([, , uid]) => Number(uid) === own);
  if (row?.[0] === undefined) throw new ExitFault(EXIT.usage, `--ssh is "${word}", and your own account has no name here; write the account as well, as in bell@${word}`);
  return row[0];
}

/** Ed25519 and ECDSA; RSA, which is long, only where there is nothing else. */
function pinsOf(named: readonly string[]): readonly string[] {
  const files = named.length > 0 ? named : hostKeyFiles();
  const keys = files.map((file) => parsedKey(textOf(file), `"${file}"`));
  const short = keys.filter(({ type }) => type !== "ssh-rsa");
  if (keys.length === 0) throw new ExitFault(EXIT.usage, `Found no ssh_host_*_key.pub in "${HOST_KEY_FOLDER}"; name this host's public key by --host-key FILE, so that agents can tell it from another`);
  return (short.length > 0 ? short : keys).map(sshKeyLine);
}

function hostKeyFiles(): readonly string[] {
  try {
    const files = readdirSync(HOST_KEY_FOLDER).filter((name) => /^ssh_host_\w+_key\.pub$/.test(name)).sort().map((name) => join(HOST_KEY_FOLDER, name));
    return files.filter((file) => parseSshPublicKey(textOf(file)).ok);
  } catch {
    return [];
  }
}

function parsedKey(text: string, where: string): SshPublicKey {
  const key = parseSshPublicKey(text);
  if (!key.ok) throw new ExitFault(EXIT.usage, sshPublicKeySentence(key.fault, where));
  return key.value;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (thrown) {
    throw new ExitFault(EXIT.usage, `Cannot read "${file}": ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** This very program, wherever it lies. */
function stdioCommand({ host, port }: Place): readonly string[] {
  const self = Bun.main.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, Bun.main];
  const place = `${host}:${port}`;
  return [...self, "stdio", ...(place === STDIO_TARGET ? [] : ["--to", place])];
}

function expiryOf(text: string): Ms {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= BOUNDS.least && ms <= BOUNDS.most) return ms;
  throw new ExitFault(EXIT.usage, `--expires is "${text}", must be from ${durationText(BOUNDS.least)} to ${durationText(BOUNDS.most)}, as in 30m`);
}

type Place = { readonly host: string; readonly port: number };

function addressOf(text: string | undefined, { config: { listen } }: RelaySetup): Place {
  if (text === undefined) {
    if (listen.host !== "0.0.0.0") return listen;
    throw new ExitFault(EXIT.usage, "The relay listens on every address; name the one that agents use by --address HOST:PORT");
  }
  const place = placeIn(text);
  if (place === undefined) throw new ExitFault(EXIT.usage, `--address is "${text}", must be a name or IPv4 address and a port, as in 10.0.0.5:11117`);
  return place;
}

/** A name or IPv4 address and a port. */
export function placeIn(text: string): Place | undefined {
  const form = /^([A-Za-z0-9.-]{1,253}):(\d{1,5})$/.exec(text);
  const port = Number(form?.[2]);
  return form?.[1] === undefined || port < 1 || port > 65_535 ? undefined : { host: form[1], port };
}

/** @returns undefined where no relay runs */
async function askRunning({ state }: RelaySetup, body: RelayQuestion): Promise<Reply | undefined> {
  const asked = await askLocal(relayFiles(state).socket, { method: "POST", route: "/v1/invites", body });
  if (asked.ok) return asked.value;
  if (asked.fault.kind === "nobody") return undefined;
  throw new ExitFault(EXIT.unavailable, localSentence(asked.fault, "gapbell-relay"));
}
