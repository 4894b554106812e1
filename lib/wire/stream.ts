/**
 * Datagrams on a stream, one behind the other, each behind its length:
 *
 *  0  2 length, big endian   2  n the datagram
 */

import { fail, ok, type Result } from "../base/result.ts";
import { DATAGRAM_BYTES_MOST } from "./constants.ts";
import { DATAGRAM_BYTES_LEAST } from "./packet.ts";

const LENGTH_BYTES = 2;

/** @param datagram of `DATAGRAM_BYTES_LEAST` to `DATAGRAM_BYTES_MOST` bytes */
export function onStream(datagram: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + datagram.length);
  new DataView(bytes.buffer).setUint16(0, datagram.length);
  bytes.set(datagram, LENGTH_BYTES);
  return bytes;
}

/** Cuts a stream into datagrams again; holds at most one that is not whole yet. */
export class StreamReader {
  #rest = new Uint8Array(0);

  /**
   * @returns the datagrams that are whole now. A length that none has means that the other side speaks something else: nothing
   * behind it can be understood
   */
  take(bytes: Uint8Array): Result<readonly Uint8Array[], "no datagram has this length"> {
    const whole = new Uint8Array(this.#rest.length + bytes.length);
    whole.set(this.#rest);
    whole.set(bytes, this.#rest.length);
    const view = new DataView(whole.buffer);
    const datagrams: Uint8Array[] = [];
    let at = 0;
    while (at + LENGTH_BYTES <= whole.length) {
      const length = view.getUint16(at);
      if (length < DATAGRAM_BYTES_LEAST || length > DATAGRAM_BYTES_MOST) return fail("no datagram has this length");
      if (at + LENGTH_BYTES + length > whole.length) break;
      datagrams.push(whole.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length));
      at += LENGTH_BYTES + length;
    }
    this.#rest = whole.slice(at);
    return ok(datagrams);
  }
}
