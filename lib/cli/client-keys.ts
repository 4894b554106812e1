/** What a listener keeps of its cluster: its own keys, and the papers that `join` brought home. */

import { join } from "node:path";
import { z } from "zod";
import { fromBase64, toBase64 } from "../base/bytes.ts";
import { readSecretText, secretSentence, writeSecret } from "../io/secrets.ts";
import { type Voice, read } from "../trust/certificate.ts";
import type { Membership } from "../trust/enrolment.ts";
import { clusterIdOf, type Identity, identityFrom, type Peer, peerOf } from "../trust/keys.ts";
import { EXIT, ExitFault } from "./exit.ts";

const FILE = "membership.json";

const Paper = z.object({
  ed: z.string(), x: z.string(), cluster: z.string(), clusterName: z.string(), operator: z.string(), robot: z.boolean(),
  serial: z.int(), voice: z.string(), member: z.string(), warrant: z.string(), kid: z.int(), group: z.string(),
  agent: z.object({ host: z.string(), port: z.int() }),
});

export type ClientKeys = {
  readonly own: Identity;
  readonly operator: string;
  readonly robot: boolean;
  readonly serial: number;
  readonly clusterKey: Uint8Array;
  /** As beacons name it. */
  readonly cluster: string;
  readonly clusterName: string;
  readonly group: { readonly kid: number; readonly key: Uint8Array };
  readonly agent: Peer;
  readonly voice: Voice;
  readonly voiceCertificate: string;
  /** Where the invite said that the agent is. */
  readonly address: { readonly host: string; readonly port: number };
};

/** Never writes over another membership. Throws an `ExitFault`. */
export function keepMembership(
  state: string,
  { seeds, membership, address }: { readonly seeds: { readonly ed: Uint8Array; readonly x: Uint8Array }; readonly membership: Membership; readonly address: { readonly host: string; readonly port: number } },
): void {
  const { clusterKey, clusterName, warrant, member, voiceCertificate, memberCertificate, warrantCertificate, group } = membership;
  const paper: z.infer<typeof Paper> = {
    ed: toBase64(seeds.ed), x: toBase64(seeds.x), cluster: toBase64(clusterKey), clusterName, operator: warrant.operator, robot: warrant.robot,
    serial: member.serial, voice: voiceCertificate, member: memberCertificate, warrant: warrantCertificate,
    kid: group.kid, group: toBase64(group.key), agent: { host: address.host, port: address.port },
  };
  const written = writeSecret(join(state, FILE), `${JSON.stringify(paper, undefined, 1)}\n`);
  if (!written.ok) throw new ExitFault(EXIT.config, secretSentence(written.fault));
}

/** Throws an `ExitFault` with the way to join where this listener has not. */
export function readMembership(state: string): ClientKeys {
  const text = readSecretText(join(state, FILE));
  if (!text.ok) {
    const hint = text.fault.kind === "missing" ? 'To join a cluster: gapbell-client join li.gapbell, with the file or line that "gapbell-agent invite" made' : "";
    throw new ExitFault(EXIT.config, text.fault.kind === "missing" ? "This listener has joined no cluster" : secretSentence(text.fault), hint);
  }
  const paper = Paper.safeParse(parseJson(text.value));
  const bytes = (encoded: string | undefined): Uint8Array => fromBase64(encoded ?? "") ?? new Uint8Array();
  const clusterKey = bytes(paper.data?.cluster);
  const voice = paper.success && clusterKey.length === 32 ? read("voice", paper.data.voice, clusterKey) : undefined;
  if (!paper.success || voice?.ok !== true) throw new ExitFault(EXIT.config, `Cannot use "${join(state, FILE)}": it is not the file that join wrote`);
  const { data } = paper;
  return {
    own: identityFrom({ ed: bytes(data.ed), x: bytes(data.x) }), operator: data.operator, robot: data.robot, serial: data.serial,
    clusterKey, cluster: toBase64(clusterIdOf(clusterKey)), clusterName: data.clusterName, group: { kid: data.kid, key: bytes(data.group) },
    agent: peerOf(bytes(voice.value.ed), bytes(voice.value.x)), voice: voice.value, voiceCertificate: data.voice, address: data.agent,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
