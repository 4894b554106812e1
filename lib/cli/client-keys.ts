/** The listener's keys and what the cluster has given it, as they lie in the state folder. `join` writes them, `run` reads them. */

import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fromBase64, toBase64 } from "../base/bytes.ts";
import { dice } from "../io/dice.ts";
import { readSecretText, secretSentence, writeSecret } from "../io/secrets.ts";
import { makeFolder } from "../io/state.ts";
import type { Address } from "../port/lan.ts";
import { read } from "../trust/certificate.ts";
import type { Membership } from "../trust/enrolment.ts";
import { clusterIdOf, type Identity, identityFrom, type Peer, peerOf, type Seeds } from "../trust/keys.ts";
import { EXIT, ExitFault } from "./exit.ts";

const KEYS = "keys";
const SEEDS = "listener.seeds";
const MEMBERSHIP = "membership";

/** What the doctor looks at. */
export const CLIENT_KEY_FILES: readonly string[] = [join(KEYS, SEEDS), join(KEYS, MEMBERSHIP)];

const SeedsFile = z.object({ ed: z.string(), x: z.string() });
const Paper = z.object({
  cluster: z.string(), clusterName: z.string(), voice: z.string(), member: z.string(), warrant: z.string(),
  group: z.object({ kid: z.int().min(1).max(0x7fff), key: z.string() }),
  agent: z.object({ host: z.string(), port: z.int() }),
});

/** What a listener is once it has joined. */
export type ClientKeys = {
  readonly identity: Identity;
  readonly clusterKey: Uint8Array;
  /** As beacons name the cluster. */
  readonly cluster: string;
  readonly clusterName: string;
  readonly operator: string;
  readonly robot: boolean;
  /** Serial of the member certificate. */
  readonly serial: number;
  readonly group: { readonly kid: number; readonly key: Uint8Array };
  /** The agent that it joined through. */
  readonly agent: { readonly peer: Peer; readonly name: string; readonly serial: number; readonly voice: string; readonly address: Address };
};

/** The keys of this listener; made, and on disk before they are used, where there are none. Throws an `ExitFault`. */
export function ownIdentity(state: string): Identity {
  const folder = join(state, KEYS);
  const made = makeFolder(folder);
  if (!made.ok) throw new ExitFault(EXIT.config, `Cannot make "${folder}": ${made.fault.reason}`);
  const path = join(folder, SEEDS);
  const held = readSecretText(path);
  if (held.ok) return identityIn(path, held.value);
  if (held.fault.kind !== "missing") throw new ExitFault(EXIT.config, secretSentence(held.fault));
  const seeds = newSeeds();
  write(path, textOf(seeds));
  return identityFrom(seeds);
}

/** Keys that nobody has had yet, on no disk yet. */
export function newSeeds(): Seeds {
  return { ed: dice.bytes(32), x: dice.bytes(32) };
}

/** @param anew the keys that were joined with, where they take the place of what lies there */
export function keepMembership(state: string, membership: Membership, { address, anew }: { readonly address: Address; readonly anew: Seeds | undefined }): void {
  const { clusterKey, clusterName, voiceCertificate, memberCertificate, warrantCertificate, group } = membership;
  const paper: z.infer<typeof Paper> = {
    cluster: toBase64(clusterKey), clusterName, voice: voiceCertificate, member: memberCertificate, warrant: warrantCertificate,
    group: { kid: group.kid, key: toBase64(group.key) }, agent: address,
  };
  const text = `${JSON.stringify(paper)}\n`;
  if (anew === undefined) return write(join(state, KEYS, MEMBERSHIP), text);
  const draft = join(state, `.${KEYS}.new`);
  const old = join(state, `.${KEYS}.old`);
  for (const left of [draft, old]) rmSync(left, { recursive: true, force: true });
  const made = makeFolder(draft);
  if (!made.ok) throw new ExitFault(EXIT.config, `Cannot make "${draft}": ${made.fault.reason}`);
  write(join(draft, SEEDS), textOf(anew));
  write(join(draft, MEMBERSHIP), text);
  renameSync(join(state, KEYS), old);
  renameSync(draft, join(state, KEYS));
  rmSync(old, { recursive: true, force: true });
}

function textOf({ ed, x }: Seeds): string {
  return `${JSON.stringify({ ed: toBase64(ed), x: toBase64(x) })}\n`;
}

function write(path: string, text: string): void {
  const written = writeSecret(path, text);
  if (!written.ok) throw new ExitFault(EXIT.config, secretSentence(written.fault));
}

/** @returns undefined where this listener has not joined. Throws an `ExitFault` where what is there cannot be believed */
export function readClientKeys(state: string): ClientKeys | undefined {
  const path = join(state, KEYS, MEMBERSHIP);
  const text = readSecretText(path);
  if (!text.ok && text.fault.kind === "missing") return undefined;
  if (!text.ok) throw new ExitFault(EXIT.config, secretSentence(text.fault));
  const paper = Paper.safeParse(parseJson(text.value));
  if (!paper.success) throw broken(path, "it is not the file that join wrote");
  const { cluster, clusterName, voice, member, warrant, group, agent } = paper.data;
  const clusterKey = fromBase64(cluster);
  const groupKey = fromBase64(group.key);
  if (clusterKey?.length !== 32 || groupKey?.length !== 32) throw broken(path, "its keys must have 32 bytes each");
  const identity = ownIdentity(state);
  const voicePaper = read("voice", voice, clusterKey);
  const warrantPaper = read("warrant", warrant, clusterKey);
  if (!voicePaper.ok || !warrantPaper.ok) throw broken(path, "its certificates are not of its cluster");
  const peer = peerOf(fromBase64(voicePaper.value.ed) ?? new Uint8Array(), fromBase64(voicePaper.value.x) ?? new Uint8Array());
  const memberPaper = read("member", member, peer.ed);
  if (!memberPaper.ok || memberPaper.value.ed !== toBase64(identity.ed)) throw broken(path, "its member certificate is not for this listener's keys");
  return {
    identity, clusterKey, cluster: toBase64(clusterIdOf(clusterKey)), clusterName, operator: warrantPaper.value.operator, robot: warrantPaper.value.robot,
    serial: memberPaper.value.serial, group: { kid: group.kid, key: groupKey },
    agent: { peer, name: voicePaper.value.agent, serial: voicePaper.value.serial, voice, address: agent },
  };
}

function identityIn(path: string, text: string): Identity {
  const seeds = SeedsFile.safeParse(parseJson(text));
  const ed = fromBase64(seeds.data?.ed ?? "");
  const x = fromBase64(seeds.data?.x ?? "");
  if (ed?.length !== 32 || x?.length !== 32) throw broken(path, "it must hold two seeds of 32 bytes");
  return identityFrom({ ed, x });
}

function broken(path: string, why: string): ExitFault {
  return new ExitFault(EXIT.config, `Cannot use "${path}": ${why}`, "Move the state folder away and join again with a new invite");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
