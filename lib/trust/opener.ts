/** Lets in what a known sender sealed, once, and counts the rest. */

import type { Message } from "../wire/message.ts";
import type { PeerId } from "./keys.ts";

/**
 * A datagram whose sender, seal, signature and form have been checked.
 * `fresh`: of the sender's present epoch and never seen before. `newer`: of an epoch not yet adopted by challenge.
 * `older`: only HELLO, WELCOME and ACK come through so, because they carry their own proof of freshness.
 */
export type Opened = {
  readonly sender: PeerId;
  readonly epoch: bigint;
  readonly counter: bigint;
  readonly freshness: "fresh" | "newer" | "older" | "stranger";
  readonly sealed: "group" | "pair" | "clear";
  readonly message: Message;
};
