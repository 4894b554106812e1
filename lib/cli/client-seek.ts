/** What a stranger says to find agents. */

import { toBase64 } from "../base/bytes.ts";
import { dice } from "../io/dice.ts";
import type { Peer } from "../trust/keys.ts";
import type { Body } from "../wire/message.ts";

/** Padded so that the BEACON that answers it is not larger: nobody can make an agent amplify. */
const PAD_CHARACTERS = 760;

export function seekBody(own: Peer): Body<"seek"> {
  return { nonce: toBase64(dice.bytes(8)), key: toBase64(own.ed), pad: ".".repeat(PAD_CHARACTERS) };
}
