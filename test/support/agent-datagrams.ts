/** Opens what an agent has sent to everybody, with the keys of its state folder. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromBase64 } from "../../lib/base/bytes.ts";
import { identityFrom, KeyRing } from "../../lib/trust/keys.ts";
import { KID_PAIRWISE, SUITE_CLEAR } from "../../lib/wire/constants.ts";
import type { Message } from "../../lib/wire/message.ts";
import { decodeBody, decodeHeader } from "../../lib/wire/packet.ts";
import { openClear, openPacket, publicKey, rawPublic } from "../../lib/wire/seal.ts";

/** @returns undefined for a datagram of another sender, or one to a single listener. Throws where one of the agent's own cannot be opened */
export function openerOf(state: string): (datagram: Uint8Array) => Message | undefined {
  const seeds = readKey(state, "voice.seeds");
  const group = readKey(state, "group.key");
  const own = identityFrom({ ed: bytesOf(seeds["ed"]), x: bytesOf(seeds["x"]) });
  const ring = new KeyRing(own);
  ring.setGroup(Number(group["kid"]), bytesOf(group["key"]));
  return (datagram) => {
    const header = decodeHeader(datagram);
    if (!header.ok || header.value.sender !== own.id || header.value.kid >= KID_PAIRWISE) return undefined;
    const { sender, epoch, kid, kind, flags, suite } = header.value;
    const trafficKey = ring.trafficKey({ sender, epoch, kid, other: "" });
    const body = suite === SUITE_CLEAR ? openClear(datagram, publicKey("ed", rawPublic(own.signer))) : trafficKey && openPacket(datagram, { trafficKey, signer: own.signer });
    const message = body?.ok ? decodeBody(kind, body.value, flags) : undefined;
    if (!message?.ok) throw new Error(`A ${kind} of the agent cannot be opened`);
    return message.value;
  };
}

function readKey(state: string, name: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(state, "keys", name), "utf8")) as Record<string, unknown>;
}

function bytesOf(text: unknown): Uint8Array {
  return fromBase64(String(text)) ?? new Uint8Array();
}
