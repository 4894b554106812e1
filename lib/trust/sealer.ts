/** Seals what we say: one counter for all of it, in an epoch that no earlier life of this identity used. */

import { assert } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { FLAG_BROADCAST, FLAG_DEFLATED, FLAG_REPEAT, KID_NONE, KID_PAIRWISE, SUITE_CLEAR, SUITE_SEALED } from "../wire/constants.ts";
import type { Message } from "../wire/message.ts";
import { type EncodeFault, encodeBody, encodeHeader } from "../wire/packet.ts";
import { SEAL, type Seal } from "../wire/seal.ts";
import type { KeyRing, PeerId } from "./keys.ts";

export type SealFault = EncodeFault | { readonly kind: "noKey" };

export type SealTo = { readonly kind: "group" } | { readonly kind: "pair"; readonly peer: PeerId } | { readonly kind: "clear" };

/** Flags of the header. `deflate`: in floods only, and then only where it would not fit otherwise. */
export type SealOptions = { readonly broadcast: boolean; readonly repeat: boolean; readonly deflate: boolean };

export class Sealer {
  readonly #ring: KeyRing;
  readonly #epoch: bigint;
  readonly #seal: Seal;
  #counter = 0n;

  /** @param epoch from `nextEpoch`, stored before the first packet leaves */
  constructor({ ring, epoch, seal = SEAL }: { readonly ring: KeyRing; readonly epoch: bigint; readonly seal?: Seal }) {
    assert(epoch > 0n && epoch <= COUNTER_MOST, "an epoch is a positive number of 64 bits");
    this.#ring = ring;
    this.#epoch = epoch;
    this.#seal = seal;
  }

  get epoch(): bigint {
    return this.#epoch;
  }

  get counter(): bigint {
    return this.#counter;
  }

  seal(message: Message, to: SealTo, { broadcast, repeat, deflate }: SealOptions): Result<Uint8Array, SealFault> {
    const { own } = this.#ring;
    const kid = to.kind === "clear" ? KID_NONE : to.kind === "group" ? this.#ring.groupKid : KID_PAIRWISE;
    const encoded = encodeBody(message, { deflate });
    if (!encoded.ok) return encoded;
    const { bytes: body, deflated } = encoded.value;
    // A counter is spent before the packet is made, so that no fault can lead to its use for another.
    this.#counter += 1n;
    assert(this.#counter <= COUNTER_MOST, "a counter is used once in an epoch");
    const header = encodeHeader({
      kind: message.kind, kid, sender: own.id, epoch: this.#epoch, counter: this.#counter,
      suite: to.kind === "clear" ? SUITE_CLEAR : SUITE_SEALED,
      flags: (broadcast ? FLAG_BROADCAST : 0) | (repeat ? FLAG_REPEAT : 0) | (deflated ? FLAG_DEFLATED : 0),
    });
    if (to.kind === "clear") return ok(this.#seal.sealClear(header, body, own.signer));
    const other = to.kind === "pair" ? to.peer : "";
    const speech = { sender: own.id, epoch: this.#epoch, kid, other };
    const trafficKey = this.#ring.trafficKey(speech);
    if (trafficKey === undefined) return fail({ kind: "noKey" });
    this.#ring.keep(speech, trafficKey);
    return ok(this.#seal.sealPacket(header, body, { signer: own.signer, trafficKey }));
  }
}

/** Epochs and counters are unsigned numbers of 64 bits. */
const COUNTER_MOST = 2n ** 64n - 1n;

/**
 * An epoch above every earlier one: it survives a clock set back, and a lost state file. Where the clock was set back and the
 * file is an older one as well, it is above none but the stored one, and chance keeps it apart from those that followed that.
 *
 * @param stored of the life before, 0 where there was none
 * @param wallMs a clock before 1970 counts as 1970
 * @param random32 0 to 2^32 - 1; by the clock the lower half of it is enough. All of it puts the epoch a minute ahead at most
 */
export function nextEpoch({ stored, wallMs, random32 }: { readonly stored: bigint; readonly wallMs: number; readonly random32: number }): bigint {
  const byClock = (BigInt(Math.max(0, Math.trunc(wallMs))) << 16n) | BigInt(random32 & 0xffff);
  const byStore = stored + 65_536n + BigInt(random32);
  return byClock > byStore ? byClock : byStore;
}
