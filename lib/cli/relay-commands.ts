/** The commands of `gapbell-relay`: what each reads, prints and ends with. What runs behind them comes from the entry. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { toBase64, toHex } from "../base/bytes.ts";
import type { Ms } from "../base/units.ts";
import { derOf, fingerprintOf, tlsIdentity } from "../io/certificate.ts";
import { dice } from "../io/dice.ts";
import { askLocal, localSentence } from "../io/local.ts";
import { secretSentence, writeSecret } from "../io/secrets.ts";
import { makeFolder, stateFolder } from "../io/state.ts";
import type { RelayQuestion } from "../port/relay-door.ts";
import type { Reply } from "../port/tickets.ts";
import { encodeJoinString, JOIN_SECRET_BYTES, joinKeysOf } from "../wire/join-string.ts";
import { Ability } from "../wire/relay-api.ts";
import { durationText, parseDuration } from "./duration.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { newProgram, printJson, stopSignal, withExample } from "./main.ts";
import { readRelayConfig, readRelaySetup, RELAY_EXAMPLE, type RelaySetup, relayFiles, relayWarnings } from "./relay-config.ts";
import { abilityLines } from "./relay-table.ts";

/** What the entry joins together. */
export type RelayHost = {
  /** Runs until `stop`. @returns the exit code */
  readonly run: (setup: RelaySetup, stop: AbortSignal) => Promise<number>;
  /** Answers one question straight from the store, where no relay runs. */
  readonly askStored: (setup: RelaySetup, question: RelayQuestion) => Promise<Reply>;
};

type Common = { readonly state?: string; readonly config?: string; readonly json?: boolean };

const INVITE_BOUNDS = { least: 60_000, most: 604_800_000, usual: "1h" } as const;
const PROGRAM = "gapbell-relay";

export function relayProgram(host: RelayHost): Command {
  const program = newProgram({
    name: PROGRAM, about: "Carries alarms out of the room: mail and WeChat from the jump host",
    example: "gapbell-relay init\ngapbell-relay run\ngapbell-relay invite > relay.join    # then, on the cluster: gapbell-agent join-relay < relay.join",
  });
  common(program.command("init").description("write relay.yaml and the relay's key; never overwrites"), "gapbell-relay init --state /var/lib/gapbell-relay")
    .action((options: Common) => init(options));
  common(program.command("invite").description("print one join string, good for one agent"), "gapbell-relay invite --expires 30m > relay.join")
    .option("--expires <time>", `how long it is good, up to ${durationText(INVITE_BOUNDS.most)}`, INVITE_BOUNDS.usual)
    .option("--address <host:port>", "where agents find this relay, if not at its \"listen\"")
    .action((options: Common & { expires: string; address?: string }) => invite(options, host));
  common(program.command("run").description("run the relay until SIGTERM or Ctrl-C"), "gapbell-relay run --state /var/lib/gapbell-relay")
    .action(async (options: Common) => {
      process.exitCode = await host.run(setupOf(options), stopSignal());
    });
  common(program.command("probe").description("ask the running relay what it can reach now"), "gapbell-relay probe --json")
    .action((options: Common) => probe(options));
  common(program.command("check").description("read the configuration and its secrets, connect to nothing"), "gapbell-relay check --config /etc/gapbell")
    .action((options: Common) => check(options));
  return program;
}

function common(command: Command, example: string): Command {
  return withExample(
    command
      .option("--state <folder>", "where the relay keeps its files (default: $STATE_DIRECTORY, else the system's place)")
      .option("--config <folder>", "where relay.yaml lies (default: the state folder)")
      .option("--json", "print JSON"),
    example,
  );
}

function foldersOf({ state: option, config }: Common): { readonly state: string; readonly config: string } {
  const state = stateFolder("relay", option);
  return { state, config: config ?? state };
}

function setupOf(options: Common): RelaySetup {
  const { state, config } = foldersOf(options);
  return readRelaySetup(state, config);
}

function init(options: Common): void {
  const { state, config } = foldersOf(options);
  const files = relayFiles(state, config);
  for (const folder of [state, config, join(state, "keys")]) {
    const made = makeFolder(folder);
    if (!made.ok) throw new ExitFault(EXIT.config, `Cannot make "${made.fault.path}": ${made.fault.reason}`);
  }
  const seed = dice.bytes(32);
  const written = writeSecret(files.seed, toBase64(seed));
  if (!written.ok) throw new ExitFault(EXIT.config, secretSentence(written.fault), "init never overwrites: this relay is set up already");
  try {
    writeFileSync(files.config, RELAY_EXAMPLE, { flag: "wx", mode: 0o600 });
  } catch {
    // A configuration that was written by hand stays as it is.
    process.stderr.write(`Keep "${files.config}" as it is\n`);
  }
  const fingerprint = fingerprintOf(tlsIdentity(seed).certificate) ?? "";
  if (options.json === true) printJson({ state, config: files.config, certificate: fingerprint });
  else process.stdout.write(`Wrote ${files.config} and a new key; certificate SHA-256 ${fingerprint}\nNext: fill in "channels", then ${PROGRAM} check and ${PROGRAM} run\n`);
}

async function invite(options: Common & { readonly expires: string; readonly address?: string }, host: RelayHost): Promise<void> {
  const expiresInMs = expiryOf(options.expires);
  const setup = setupOf(options);
  const secret = dice.bytes(JOIN_SECRET_BYTES);
  const { tlsSeed, macKey } = joinKeysOf(secret);
  const question: RelayQuestion & { kind: "invite" } = {
    kind: "invite", id: toHex(dice.bytes(8)), macKey: toBase64(macKey), certificate: tlsIdentity(tlsSeed).certificate, expiresInMs,
  };
  const reply = await askRunning(setup, { method: "POST", route: "/v1/invites", body: question }) ?? await host.askStored(setup, question);
  if (reply.status !== 200) throw new ExitFault(EXIT.temporary, `Cannot invite: ${refusalIn(reply)}`);
  const certificate = derOf(setup.identity.certificate);
  if (certificate === undefined) throw new ExitFault(EXIT.software, "Cannot read the relay's own certificate");
  const joinString = encodeJoinString({ ...addressOf(options.address, setup), certificate, secret, ssh: undefined });
  if (options.json === true) printJson({ joinString, id: question.id, expiresInMs });
  else {
    process.stdout.write(`${joinString}\n`);
    process.stderr.write(`Good for one agent and ${durationText(expiresInMs)}; on the cluster: gapbell-agent join-relay < FILE\n`);
  }
}

function expiryOf(text: string): Ms {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= INVITE_BOUNDS.least && ms <= INVITE_BOUNDS.most) return ms;
  throw new ExitFault(EXIT.usage, `--expires is "${text}", must be from ${durationText(INVITE_BOUNDS.least)} to ${durationText(INVITE_BOUNDS.most)}, as in 30m`);
}

function addressOf(text: string | undefined, { config: { listen } }: RelaySetup): { readonly host: string; readonly port: number } {
  if (text === undefined) {
    if (listen.host !== "0.0.0.0") return listen;
    throw new ExitFault(EXIT.usage, "The relay listens on every address; name the one that agents use by --address HOST:PORT");
  }
  const form = /^([A-Za-z0-9.-]{1,253}):(\d{1,5})$/.exec(text);
  const port = Number(form?.[2]);
  if (form?.[1] === undefined || port < 1 || port > 65_535) {
    throw new ExitFault(EXIT.usage, `--address is "${text}", must be a name or IPv4 address and a port, as in 10.0.0.5:11117`);
  }
  return { host: form[1], port };
}

async function probe(options: Common): Promise<void> {
  const { state } = foldersOf(options);
  const { socket } = relayFiles(state);
  const asked = await askLocal(socket, { method: "GET", route: "/v1/ability?fresh=1" });
  if (!asked.ok) throw new ExitFault(EXIT.unavailable, localSentence(asked.fault, PROGRAM));
  const ability = Ability.safeParse(asked.value.body);
  if (!ability.success) throw new ExitFault(EXIT.temporary, `Cannot probe: ${refusalIn(asked.value)}`);
  if (options.json === true) printJson(ability.data);
  else process.stdout.write(`${abilityLines(ability.data).join("\n")}\n`);
  process.exitCode = ability.data.channels.some(({ able }) => able) ? EXIT.done : EXIT.failed;
}

function check(options: Common): void {
  const { state, config } = foldersOf(options);
  const warnings = relayWarnings(readRelayConfig(relayFiles(state, config).config));
  readRelaySetup(state, config);
  if (options.json === true) printJson({ ok: true, warnings });
  else process.stdout.write([...warnings.map((warning) => `Warning: ${warning}`), "The configuration is valid"].map((line) => `${line}\n`).join(""));
}

/** @returns undefined where no relay runs */
async function askRunning(
  { state }: RelaySetup,
  call: { readonly method: string; readonly route: string; readonly body: unknown },
): Promise<Reply | undefined> {
  const asked = await askLocal(relayFiles(state).socket, call);
  if (asked.ok) return asked.value;
  if (asked.fault.kind === "nobody") return undefined;
  throw new ExitFault(EXIT.unavailable, localSentence(asked.fault, PROGRAM));
}

const Told = z.object({ error: z.string() });

function refusalIn({ status, body }: Reply): string {
  const told = Told.safeParse(body);
  return told.success ? told.data.error : `the relay answers ${status}`;
}
