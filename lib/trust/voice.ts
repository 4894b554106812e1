/** A voice certificate with the keys that it names: how one agent, or a listener, comes to believe another agent. */

import { fromBase64 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { isSound } from "../wire/seal.ts";
import { type CertificateFault, read } from "./certificate.ts";
import { type Peer, peerOf } from "./keys.ts";

export type Voiced = { readonly peer: Peer; readonly name: string; readonly serial: number; /** Exact bytes in base64url. */ readonly voice: string };

/** @param clusterKey 32 raw bytes: whoever it has signed for is believed */
export function readVoice(voice: string, clusterKey: Uint8Array): Result<Voiced, CertificateFault> {
  const paper = read("voice", voice, clusterKey);
  if (!paper.ok) return paper;
  const ed = fromBase64(paper.value.ed);
  const x = fromBase64(paper.value.x);
  if (ed?.length !== 32 || x?.length !== 32 || !isSound(x)) return fail("not a certificate");
  return ok({ peer: peerOf(ed, x), name: paper.value.agent, serial: paper.value.serial, voice });
}
