/** What `relay.yaml` says: its form, its example, and the secrets that it names. */

import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { fromBase64 } from "../base/bytes.ts";
import { type ChannelSecrets, ChannelSettings, secretFilesOf } from "../channel/settings.ts";
import { type TlsIdentity, tlsIdentity } from "../io/certificate.ts";
import { readSecretText, secretSentence } from "../io/secrets.ts";
import { configBytes } from "./config-bytes.ts";
import { printFaults, readYaml } from "./config.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { PORTS } from "./ports.ts";

const pattern = z.string().min(1).max(254);
const interfaceName = z.string().regex(/^[^\s/]{1,15}$/, "must be the name of an interface");

/** `127.0.0.1:11117`: an IPv4 address and a port. */
const address = z
  .string("an IPv4 address and a port, as in 127.0.0.1:11117")
  .regex(/^\d{1,3}(\.\d{1,3}){3}:\d{1,5}$/, "an IPv4 address and a port, as in 127.0.0.1:11117")
  .transform((text) => {
    const [host = "", port = ""] = text.split(":");
    return { host, port: Number(port) };
  })
  .refine(({ host, port }) => port <= 65_535 && host.split(".").every((part) => Number(part) <= 255), "an IPv4 address and a port up to 65535");

export const RelayConfig = z.strictObject({
  /** Loopback unless the site says otherwise: agents come through SSH. */
  listen: address.default({ host: "127.0.0.1", port: PORTS.relay }),
  /** What this relay calls itself towards agents; the host's name. */
  name: z.string().min(1).max(64).optional(),
  channels: ChannelSettings.default({}),
  /** Whom agents may write to; a channel that is left out may write to everyone whom an agent names. */
  recipients: z.strictObject({ mail: z.array(pattern).max(256).optional(), wecom: z.array(pattern).max(256).optional() }).default({}),
  /** Which interface is which, where the system does not make it plain. */
  legs: z.strictObject({ lan: interfaceName.optional(), outside: interfaceName.optional() }).default({}),
});
export type RelayConfig = z.infer<typeof RelayConfig>;

/** Everything that a relay needs to start. */
export type RelaySetup = {
  readonly state: string;
  readonly config: RelayConfig;
  readonly name: string;
  readonly secrets: ChannelSecrets;
  readonly identity: TlsIdentity;
};

/** The files of one relay's state folder. */
export function relayFiles(state: string, config = state) {
  return {
    config: join(config, "relay.yaml"), seed: join(state, "keys", "relay.seed"),
    store: join(state, "relay.db"), socket: join(state, "relay.sock"),
  } as const;
}

/** Throws an `ExitFault` that names file, line, what is and what should be. */
export function readRelayConfig(file: string): RelayConfig {
  const bytes = configBytes(file);
  if (bytes === undefined) {
    throw new ExitFault(EXIT.config, `Cannot find "${file}"`, 'Run "gapbell-relay init" to write it, or name another folder by --config or --state');
  }
  const read = readYaml(bytes, { file, schema: RelayConfig });
  if (!read.ok) throw new ExitFault(EXIT.config, `Cannot use "${file}"\n${printFaults(read.fault)}`);
  return read.value;
}

/** Configuration, secrets and key together. Throws an `ExitFault`. */
export function readRelaySetup(state: string, configFolder: string): RelaySetup {
  const files = relayFiles(state, configFolder);
  const config = readRelayConfig(files.config);
  return {
    state, config, name: config.name ?? hostname().slice(0, 64),
    secrets: readSecrets(config, dirname(files.config)), identity: readIdentity(files.seed),
  };
}

/** What a relay without these is not of much use for; for `check`. */
export function relayWarnings({ channels, recipients, listen }: RelayConfig): readonly string[] {
  const set = Object.values(channels).filter((channel) => channel !== undefined);
  const open = (["mail", "wecom"] as const).filter((name) => channels[name] !== undefined && recipients[name] === undefined);
  return [
    ...(set.length === 0 ? ["No channel is set up: nobody can be told outside"] : []),
    ...open.map((name) => `recipients.${name} is not set: an agent may write to anyone by ${name}`),
    ...(listen.host.startsWith("127.") ? [] : [`listen is ${listen.host}: everyone on that network can knock, only agents that have joined come in`]),
  ];
}

/** Relative names are meant from the folder of `relay.yaml`. */
function readSecrets(config: RelayConfig, folder: string): ChannelSecrets {
  return Object.fromEntries(
    secretFilesOf(config.channels).map(({ channel, secretFile, authorityFile }) => [
      channel,
      {
        secret: secretFile === undefined ? undefined : secretIn(resolve(folder, secretFile)),
        authority: authorityFile === undefined ? undefined : textIn(resolve(folder, authorityFile)),
      },
    ]),
  );
}

function readIdentity(file: string): TlsIdentity {
  const seed = fromBase64(secretIn(file));
  if (seed?.length !== 32) throw new ExitFault(EXIT.config, `Cannot use "${file}": it must hold 32 bytes in base64url, as "gapbell-relay init" writes them`);
  return tlsIdentity(seed);
}

function secretIn(file: string): string {
  const read = readSecretText(file);
  if (!read.ok) throw new ExitFault(EXIT.config, secretSentence(read.fault));
  return read.value;
}

function textIn(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new ExitFault(EXIT.config, `Cannot read "${file}", which relay.yaml names as authority_file`);
  }
}

/** What `init` writes: passes `check`, and shows every setting. */
export const RELAY_EXAMPLE = `# gapbell-relay: the way out of the room, on the jump host.
# Check this file with "gapbell-relay check"; secrets lie in files of mode 0600, never here.

# Agents come through SSH or from this host. Name an address of the LAN only where they come directly.
# listen: 127.0.0.1:11117

# What this relay calls itself; the host's name unless set.
# name: jump1

channels: {}
  # mail:
  #   host: mail.example.com
  #   port: 587
  #   security: starttls          # tls: from the first byte; none: only to this very host or a trusted network
  #   user: bell@example.com
  #   password_file: mail.password  # QQ, 163 and 126 want the authorisation code, not the login password
  #   from: bell@example.com
  #   name: jump1.example.com     # in EHLO and Message-ID
  # wecom:                        # an application's message; reaches personal WeChat as well
  #   corp: ww0123456789abcdef
  #   agent: 1000002
  #   secret_file: wecom.secret
  # wecom-robot:                  # a robot in a group
  #   key_file: robot.key

# Whom agents may write to; * stands for any text.
# recipients:
#   mail: ["*@example.com"]
#   wecom: ["*"]

# Which interface is which, where it is not plain: the default route leads outside.
# legs: {lan: eth0, outside: eth1}
`;
