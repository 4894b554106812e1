/** Where a command of the listener finds its state and its configuration; client.yaml may be missing, a broken one is an error. */

import { join } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { LANGUAGES } from "../alarm/language.ts";
import type { Multicast } from "../io/multicast.ts";
import { stateFolder } from "../io/state.ts";
import type { Address } from "../port/lan.ts";
import { ADDRESS_CHARACTERS_MOST, addressIn } from "./address.ts";
import { configBytes } from "./config-bytes.ts";
import { printFaults, readYaml } from "./config.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { multicastOf, ROADS } from "./lan-form.ts";
import { PORTS } from "./ports.ts";

/** The words of `addState`, as commander hands them to an action. */
export type StateOptions = { readonly state?: string; readonly json?: boolean };

export const CLIENT_FILES = { config: "client.yaml", store: "client.db", socket: "client.sock" } as const;

const INTERFACES_MOST = 32;
const AGENTS_MOST = 16;
const port = z.int().min(1).max(65_535);
const ipv4 = z.ipv4();

/** As client.yaml has it; every field may be missing. */
const ClientForm = z.strictObject({
  lan: z.strictObject({
    interfaces: z.array(z.strictObject({ name: z.string().min(1).max(15), broadcast: ipv4.optional() })).min(1).max(INTERFACES_MOST).optional(),
    broadcast_port: port.default(PORTS.broadcast),
    agent_port: port.default(PORTS.agent),
    ...ROADS,
  }).prefault({}),
  /** Agents that broadcasts do not reach: HOST or HOST:PORT. */
  agents: z.array(z.string().max(ADDRESS_CHARACTERS_MOST).refine((text) => addressIn(text, PORTS.agent) !== undefined, "an IPv4 address, with :PORT where it is not the usual one")).max(AGENTS_MOST).default([]),
  language: z.enum(LANGUAGES).optional(),
  /** Whether a person sits before this listener; otherwise that is found out. */
  seat: z.enum(["person", "none"]).optional(),
});

export type ClientConfig = {
  readonly lan: {
    readonly interfaces: readonly { readonly name: string; readonly broadcast?: string | undefined }[] | undefined;
    readonly broadcastPort: number;
    readonly agentPort: number;
    readonly multicast: Multicast | undefined;
    readonly tcp: boolean;
  };
  readonly agents: readonly Address[];
  readonly language: "en" | "zh" | undefined;
  readonly seat: "person" | "none" | undefined;
};

/** Adds the options that every command has. */
export function addState(command: Command): Command {
  return command
    .option("--state <dir>", "state folder (default: $STATE_DIRECTORY, else /var/lib/gapbell-client or ~/.local/state/gapbell-client)")
    .option("--json", "print JSON instead of text");
}

export function folderOf({ state }: StateOptions): string {
  return stateFolder("client", state);
}

/** Reads client.yaml of the state folder. Throws an `ExitFault` (78) that lists every mistake. */
export function readClientConfig(folder: string): ClientConfig {
  const path = join(folder, CLIENT_FILES.config);
  const read = readYaml(configBytes(path) ?? new Uint8Array(), { file: path, schema: ClientForm });
  if (!read.ok) throw new ExitFault(EXIT.config, `Cannot use the configuration:\n${printFaults(read.fault)}`);
  const { lan, agents, language, seat } = read.value;
  return {
    lan: { interfaces: lan.interfaces, broadcastPort: lan.broadcast_port, agentPort: lan.agent_port, multicast: multicastOf(lan), tcp: lan.tcp },
    agents: agents.map((text) => addressOf(text, lan.agent_port)), language, seat,
  };
}

/** @param text HOST or HOST:PORT. Throws an `ExitFault` (64) where it is neither */
export function addressOf(text: string, usualPort: number): Address {
  const address = addressIn(text, usualPort);
  if (address !== undefined) return address;
  throw new ExitFault(EXIT.usage, `Cannot use the address "${text}": must be an IPv4 address, with :PORT where it is not ${usualPort}`);
}
