/** Holds a trace of a listener's system calls against its promise: no receipt before the alarm is on its disk. */

import { type Call, READS, SENDS } from "./strace.ts";

export type ReceiptPromises = {
  /** Entries of receipts that were sent. */
  readonly receipts: number;
  readonly syncs: number;
  /** What was said too early, one sentence each. */
  readonly broken: readonly string[];
};

/**
 * Every receipt must follow a whole sync of the log that began after a datagram with its alarm had been read.
 *
 * @param log the end of the path of the log
 * @param alarms ids in a datagram that was read; [] for anything else
 * @param receipts ids in a datagram that was sent; [] for anything else
 */
export function receiptPromisesOf(
  calls: readonly Call[],
  { log, alarms, receipts }: { readonly log: string; readonly alarms: (datagram: Uint8Array) => readonly string[]; readonly receipts: (datagram: Uint8Array) => readonly string[] },
): ReceiptPromises {
  const syncs = calls.filter(({ name, on, result }) => (name === "fsync" || name === "fdatasync") && on.endsWith(log) && result === 0);
  const readAt = new Map<string, number>();
  const broken: string[] = [];
  let given = 0;
  for (const call of [...calls].sort((a, b) => a.begun - b.begun)) {
    if (!call.on.startsWith("socket:") || call.result < 0) continue;
    if ((READS as readonly string[]).includes(call.name)) {
      for (const id of call.bytes.flatMap(alarms)) if (!readAt.has(id)) readAt.set(id, call.ended);
    } else if ((SENDS as readonly string[]).includes(call.name)) {
      for (const id of call.bytes.flatMap(receipts)) {
        given += 1;
        const read = readAt.get(id);
        if (read === undefined) broken.push(`A receipt names ${id}, which was never read`);
        else if (!syncs.some(({ begun, ended }) => begun > read && ended < call.begun)) broken.push(`A receipt for ${id} left before it was on disk`);
      }
    }
  }
  return { receipts: given, syncs: syncs.length, broken };
}
