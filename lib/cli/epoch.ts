/** The epoch of this life of the process: above every earlier one, and on disk before the first packet leaves. */

import { dice } from "../io/dice.ts";
import type { Store } from "../port/store.ts";
import { nextEpoch } from "../trust/sealer.ts";
import { EXIT, ExitFault } from "./exit.ts";

/** Throws an `ExitFault` (75) where it cannot be written: without it a nonce could come twice. */
export async function takeEpoch(store: Store, wallMs: number): Promise<bigint> {
  const stored = store.load("meta").find(({ id }) => id === "epoch")?.row;
  const random32 = new DataView(dice.bytes(4).buffer).getUint32(0);
  const epoch = nextEpoch({ stored: BigInt(typeof stored === "string" && /^\d+$/.test(stored) ? stored : 0), wallMs, random32 });
  const written = await store.commit([{ kind: "put", table: "meta", id: "epoch", row: String(epoch) }]);
  if (!written.ok) throw new ExitFault(EXIT.temporary, `Cannot write the store: ${written.fault.reason}`);
  return epoch;
}
