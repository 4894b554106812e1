/** All agents of a cluster as one of them tells it to a listener: voice certificates, each with where that agent was last reached. */

import { z } from "zod";
import { fromUtf8, toBase64, utf8 } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import { readVoice, type Voiced } from "./voice.ts";

/** Agents of one cluster. */
export const VOICES_MOST = 16;

export type Place = { readonly host: string; readonly port: number };
export type VoiceAt = { readonly voice: string; readonly address: Place | undefined };

const Voices = z.array(z.tuple([z.string().max(512), z.string().max(21)])).max(VOICES_MOST);

/** The agent's own comes first, without an address: whoever asks is there. */
export function encodeVoices(voices: readonly VoiceAt[]): Uint8Array {
  return utf8(JSON.stringify(voices.map(({ voice, address }) => [voice, address === undefined ? "" : `${address.host}:${address.port}`])));
}

export function voicesDigest(bytes: Uint8Array): string {
  return toBase64(sha256(bytes));
}

/** Those that the cluster key vouches for. @returns undefined where the bytes are no list */
export function decodeVoices(bytes: Uint8Array, clusterKey: Uint8Array): readonly (Voiced & { readonly address: Place | undefined })[] | undefined {
  const list = Voices.safeParse(parseJson(fromUtf8(bytes) ?? ""));
  return list.data?.flatMap(([voice, at]) => {
    const voiced = readVoice(voice, clusterKey);
    return voiced.ok ? [{ ...voiced.value, address: placeIn(at) }] : [];
  });
}

function placeIn(text: string): Place | undefined {
  const [, host = "", port] = /^(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})$/.exec(text) ?? [];
  return port === undefined || Number(port) > 65_535 || Number(port) === 0 ? undefined : { host, port: Number(port) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
