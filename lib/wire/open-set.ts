/** The set of open alarms in few bytes: to notice that a listener lags, and to tell it what is open. */

import { concat, fromCrockford, toBase64, toCrockford, utf8 } from "../base/bytes.ts";
import { hmacSha256 } from "../base/digest.ts";

/** What identifies one state of an open alarm (raised or stale, taken or not). */
export type OpenMark = { readonly id: string; readonly revision: number; readonly ring: number; readonly taken: boolean };

/** 16 bytes of id, 4 of revision, 4 of ring, big endian. */
const MARK_BYTES = 24;
/** Of the ring's bytes: somebody has taken it. */
const TAKEN = 0x8000_0000;

/** Eight bytes as base64url: equal on both sides exactly when both know the same open alarms at the same revision and ring, and which of them are taken. */
export function openSetMac(marks: readonly OpenMark[], groupKey: Uint8Array): string {
  return toBase64(hmacSha256(groupKey, concat(utf8("gapbell open set\0"), encodeOpenSet(marks))).subarray(0, 8));
}

/** Makes the MAC of a set once for each list: both sides ask for it with every beacon and HELLO. */
export class OpenMac {
  readonly #key: Uint8Array;
  readonly #macs = new WeakMap<readonly OpenMark[], string>();

  constructor(groupKey: Uint8Array) {
    this.#key = groupKey;
  }

  /** @param marks the same list as before as long as nothing in it has changed */
  of(marks: readonly OpenMark[]): string {
    const held = this.#macs.get(marks);
    if (held !== undefined) return held;
    const mac = openSetMac(marks, this.#key);
    this.#macs.set(marks, mac);
    return mac;
  }
}

/** All marks in order of id. */
export function encodeOpenSet(marks: readonly OpenMark[]): Uint8Array {
  const sorted = [...marks].sort((a, b) => (a.id < b.id ? -1 : 1));
  const bytes = new Uint8Array(sorted.length * MARK_BYTES);
  const view = new DataView(bytes.buffer);
  sorted.forEach((mark, at) => {
    bytes.set((fromCrockford(mark.id) ?? new Uint8Array(16)).subarray(0, 16), at * MARK_BYTES);
    view.setUint32(at * MARK_BYTES + 16, mark.revision);
    view.setUint32(at * MARK_BYTES + 20, mark.ring + (mark.taken ? TAKEN : 0));
  });
  return bytes;
}

/** @returns undefined where the length is not a whole number of marks */
export function decodeOpenSet(bytes: Uint8Array): readonly OpenMark[] | undefined {
  if (bytes.length % MARK_BYTES !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / MARK_BYTES }, (_, at) => {
    const ring = view.getUint32(at * MARK_BYTES + 20);
    return {
      id: toCrockford(bytes.subarray(at * MARK_BYTES, at * MARK_BYTES + 16)),
      revision: view.getUint32(at * MARK_BYTES + 16),
      ring: ring % TAKEN, taken: ring >= TAKEN,
    };
  });
}
