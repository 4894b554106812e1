/** `gapbell-agent invite`: unlocks the cluster key once, signs for whom an invite is good, and prints the invite. */

import type { Command } from "commander";
import { toBase64 } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import { nearest } from "../base/nearest.ts";
import { days, minutes } from "../base/units.ts";
import { dice } from "../io/dice.ts";
import { systemRoads } from "../io/interfaces.ts";
import { secretSentence, writeSecret } from "../io/secrets.ts";
import { issue } from "../trust/certificate.ts";
import { inviteName, joinKeyOf, printInvite } from "../trust/invite.ts";
import { clusterIdOf } from "../trust/keys.ts";
import { privateKey, rawPublic } from "../wire/seal.ts";
import { askAgent } from "./agent-ask.ts";
import type { AgentConfig } from "./agent-config.ts";
import { addFolders, type FolderOptions, foldersOf, readAgentConfig } from "./agent-folders.ts";
import { clusterSeed, PASSPHRASE_OPTION } from "./cluster-seed.ts";
import { durationText, parseDuration } from "./duration.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";

const TTL = { least: minutes(1), most: days(30), usual: "1h" } as const;

type Options = FolderOptions & {
  readonly operator: string;
  readonly robot?: boolean;
  readonly ttl: string;
  readonly file?: string;
  readonly address?: string;
  readonly passphraseFile?: string;
};

export function addInvite(program: Command): void {
  const command = addFolders(program.command("invite"))
    .description("invite one listener: prints a string that is good once")
    .requiredOption("--operator <name>", "whose listener it is; must be in the roster")
    .option("--robot", "for a script: what it acknowledges does not count as a person")
    .option("--ttl <duration>", `how long the invite is good, ${durationText(TTL.least)} to ${durationText(TTL.most)}`, TTL.usual)
    .option("--file <file>", "write the invite to this new file, for gapbell-client join --file")
    .option("--address <ipv4>", "where the listener finds this agent (default: its first address on the LAN)")
    .option(...PASSPHRASE_OPTION)
    .action(invite);
  withExample(command, "gapbell-agent invite --operator li --file li.gapbell");
}

async function invite(options: Options): Promise<void> {
  const folders = foldersOf(options);
  const config = readAgentConfig(folders);
  refuseStranger(options.operator, config);
  const ttlMs = ttlOf(options.ttl);
  const host = ownAddress(options.address, config);
  // Nothing is signed, and nobody asked for a passphrase, while there is no agent to honour the invite.
  await askAgent(folders.state, { method: "GET", route: "/healthz" });
  const seed = await clusterSeed(folders.state, { passphraseFile: options.passphraseFile, why: "Invites are made" });
  const signer = privateKey("ed", seed);
  const secret = dice.bytes(16);
  const id = dice.bytes(8);
  const expires = Date.now() + ttlMs;
  const warrant = issue("warrant", {
    id: inviteName(id), operator: options.operator, robot: options.robot === true, hash: toBase64(sha256(secret)), expires,
  }, signer);
  await askAgent(folders.state, { method: "POST", route: "/v1/invites", body: { warrant, joinKey: toBase64(joinKeyOf(secret)) } });
  const line = printInvite({ cluster: clusterIdOf(rawPublic(signer)), secret, address: { host, port: config.lan.port }, id });
  const whose = `${options.robot === true ? "a robot of " : ""}${options.operator}`;
  const about = `${whose} in cluster ${config.clusterName}, good once within ${durationText(ttlMs)}`;
  const { file } = options;
  if (file !== undefined) writeInvite(file, `# Invite for ${about}.\n# gapbell-client join --file ${file}\n${line}\n`);
  if (options.json === true) {
    const where = file === undefined ? { invite: line } : { file };
    return printJson({ operator: options.operator, robot: options.robot === true, expires, ...where });
  }
  process.stderr.write(`Invite for ${about}. On the listener's host: gapbell-client join\n`);
  process.stdout.write(file === undefined ? `${line}\n` : `Written to ${file}\n`);
}

/** Throws an `ExitFault` (64) where the roster does not have this operator. */
export function refuseStranger(operator: string, { settings: { roster } }: AgentConfig): void {
  const known = Object.keys(roster.operators);
  if (known.includes(operator)) return;
  const close = nearest(operator, known);
  throw new ExitFault(
    EXIT.usage,
    `--operator is ${JSON.stringify(operator)}, must be in roster.yaml: ${known.slice(0, 20).join(", ")}`,
    close === undefined ? "" : `Did you mean "${close}"?`,
  );
}

function ttlOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= TTL.least && ms <= TTL.most) return ms;
  const bounds = `${durationText(TTL.least)} to ${durationText(TTL.most)}`;
  throw new ExitFault(EXIT.usage, `--ttl is ${JSON.stringify(text)}, must be a duration from ${bounds}, as in 1h`);
}

/** @param given `--address`; else the first address on the LAN. Throws an `ExitFault` where there is none */
export function ownAddress(given: string | undefined, { lan }: AgentConfig): string {
  if (given !== undefined) {
    const parts = given.split(".");
    if (parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return given;
    throw new ExitFault(EXIT.usage, `--address is ${JSON.stringify(given)}, must be an IPv4 address as in 10.11.131.32`);
  }
  const [road] = systemRoads({ named: lan.interfaces, exclude: lan.exclude });
  if (road !== undefined) return road.address;
  throw new ExitFault(
    EXIT.unavailable,
    "No interface of the LAN has an IPv4 address",
    "Name the address by --address, or the interface by lan.interfaces in agent.yaml",
  );
}

function writeInvite(path: string, text: string): void {
  const written = writeSecret(path, text);
  if (!written.ok) throw new ExitFault(EXIT.failed, secretSentence(written.fault));
}
