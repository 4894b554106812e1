/** The commands of `gapbell-relay`: what each reads, prints and ends with. What runs behind them comes from the entry. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { toBase64 } from "../base/bytes.ts";
import { fingerprintOf, tlsIdentity } from "../io/certificate.ts";
import { dice } from "../io/dice.ts";
import { askLocal, localSentence } from "../io/local.ts";
import { secretSentence, writeSecret } from "../io/secrets.ts";
import { makeFolder, stateFolder } from "../io/state.ts";
import type { RelayQuestion } from "../port/relay-door.ts";
import type { Reply } from "../port/tickets.ts";
import { Ability } from "../wire/relay-api.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { newProgram, printJson, stopSignal, withExample } from "./main.ts";
import { readRelayConfig, readRelaySetup, RELAY_EXAMPLE, type RelaySetup, relayFiles, relayWarnings } from "./relay-config.ts";
import { addInviteOptions, invite, type InviteOptions, placeIn } from "./relay-invite.ts";
import { STDIO_TARGET, stdio } from "./relay-stdio.ts";
import { abilityLines, refusalIn } from "./relay-table.ts";

/** What the entry joins together. */
export type RelayHost = {
  /** Runs until `stop`. @returns the exit code */
  readonly run: (setup: RelaySetup, stop: AbortSignal) => Promise<number>;
  /** Answers one question straight from the store, where no relay runs. */
  readonly askStored: (setup: RelaySetup, question: RelayQuestion) => Promise<Reply>;
};

type Common = { readonly state?: string; readonly config?: string; readonly json?: boolean };

const INVITE_EXAMPLE = "gapbell-relay invite --ssh bell@10.0.0.5 --key agent.pub > relay.join\ngapbell-relay invite --expires 30m > relay.join    # agents come without SSH";
const STDIO_EXAMPLE = 'restrict,command="/opt/gapbell/gapbell-relay stdio" ssh-ed25519 AAAA…    # in authorized_keys';
const PROGRAM = "gapbell-relay";

export function relayProgram(host: RelayHost): Command {
  const program = newProgram({
    name: PROGRAM, about: "Carries alarms out of the room: mail and WeChat from the jump host.",
    example: "gapbell-relay init\ngapbell-relay run\ngapbell-relay invite > relay.join    # then, on the cluster: gapbell-agent join-relay < relay.join",
  });
  common(program.command("init").description("write relay.yaml and the relay's key; never overwrites"), "gapbell-relay init --state /var/lib/gapbell-relay")
    .action((options: Common) => init(options));
  addInviteOptions(common(program.command("invite").description("print one join string, good for one agent"), INVITE_EXAMPLE))
    .action((options: Common & InviteOptions) => invite(options, () => setupOf(options), host.askStored));
  common(program.command("run").description("run the relay until SIGTERM or Ctrl-C"), "gapbell-relay run --state /var/lib/gapbell-relay")
    .action(async (options: Common) => {
      process.exitCode = await host.run(setupOf(options), stopSignal());
    });
  withExample(program.command("stdio").description("pipe standard input and output to the running relay: the forced command of an agent's SSH key"), STDIO_EXAMPLE)
    .option("--to <host:port>", "where the relay listens", STDIO_TARGET)
    .action(({ to }: { readonly to: string }) => {
      const target = placeIn(to);
      if (target === undefined) throw new ExitFault(EXIT.usage, `--to is "${to}", must be an address and a port, as in ${STDIO_TARGET}`);
      return stdio(target);
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
