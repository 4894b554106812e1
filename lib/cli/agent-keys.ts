/** The agent's keys as they lie in `keys/`: read, checked and derived. `init` writes the same files. */

import { join } from "node:path";
import { z } from "zod";
import { fromBase64 } from "../base/bytes.ts";
import { hkdf } from "../base/digest.ts";
import { readSecretText, secretSentence } from "../io/secrets.ts";
import { type Identity, identityFrom } from "../trust/keys.ts";
import { EXIT, ExitFault } from "./exit.ts";

export type AgentKeys = {
  readonly clusterKey: Uint8Array;
  readonly voice: Identity;
  readonly voiceCertificate: string;
  readonly group: { readonly kid: number; readonly key: Uint8Array };
  readonly secrets: {
    readonly alarmKey: Uint8Array; readonly nonceKey: Uint8Array;
    readonly escalationKey: Uint8Array; readonly challengeKey: Uint8Array;
  };
  /** PEM: how the agent proves itself to relays. */
  readonly relayClient: { readonly key: string; readonly certificate: string };
};

/** What the doctor looks at. */
export const AGENT_KEY_FILES: readonly string[] = [
  "voice.seeds", "voice.cert", "cluster.secret", "cluster.pub", "group.key", "relay-client.pem", "relay-client.crt",
].map((name) => join("keys", name));
export const AGENT_DATABASE = "agent.db";

const Seeds = z.object({ ed: z.string(), x: z.string() });
const Group = z.object({ kid: z.int().min(1).max(0x7fff), key: z.string() });

/** Throws an `ExitFault` that names the file and what to do. */
export function readAgentKeys(state: string): AgentKeys {
  const folder = join(state, "keys");
  const text = (name: string): string => {
    const read = readSecretText(join(folder, name));
    if (!read.ok) throw new ExitFault(EXIT.config, secretSentence(read.fault), read.fault.kind === "missing" ? 'Run "gapbell-agent init" for a new cluster, or restore the keys from a copy' : "");
    return read.value.trim();
  };
  const bytes = (name: string, encoded: string): Uint8Array => {
    const decoded = fromBase64(encoded);
    if (decoded?.length !== 32) throw new ExitFault(EXIT.config, `Cannot use "${join(folder, name)}": it must hold 32 bytes in base64url`);
    return decoded;
  };
  const json = <Form extends z.ZodType>(name: string, form: Form): z.infer<Form> => {
    const parsed = form.safeParse(parseJson(text(name)));
    if (!parsed.success) throw new ExitFault(EXIT.config, `Cannot use "${join(folder, name)}": it is not the file that init wrote`);
    return parsed.data;
  };
  const seeds = json("voice.seeds", Seeds);
  const group = json("group.key", Group);
  const secret = bytes("cluster.secret", text("cluster.secret"));
  const derive = (use: string): Uint8Array => hkdf(secret, { salt: new Uint8Array(), use, lengthBytes: 32 });
  return {
    clusterKey: bytes("cluster.pub", text("cluster.pub")),
    voice: identityFrom({ ed: bytes("voice.seeds", seeds.ed), x: bytes("voice.seeds", seeds.x) }),
    voiceCertificate: text("voice.cert"),
    group: { kid: group.kid, key: bytes("group.key", group.key) },
    secrets: {
      alarmKey: derive("gapbell alarm key"), nonceKey: derive("gapbell ack nonce"),
      escalationKey: derive("gapbell escalation"), challengeKey: derive("gapbell challenge"),
    },
    relayClient: { key: text("relay-client.pem"), certificate: text("relay-client.crt") },
  };
}

/** @returns the text of the cluster secret, for a grant. Throws an `ExitFault` */
export function readClusterSecret(state: string): string {
  const read = readSecretText(join(state, "keys", "cluster.secret"));
  if (!read.ok) throw new ExitFault(EXIT.config, secretSentence(read.fault));
  return read.value.trim();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
