/** What does not fit one datagram: several alarms to a datagram, and long bytes in pieces. */

import { deflateRawSync } from "node:zlib";
import { concat, equalBytes, fromBase64, toBase64, utf8, utf8Length } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import { BODY_BYTES_MOST, CHUNK_BYTES, INFLATED_BYTES_MOST, RULES_BYTES_MOST } from "./constants.ts";
import type { Body } from "./message.ts";

/**
 * Groups items, in their order, into as few bodies as fit.
 *
 * @param frame bytes of the body around the items
 * An item that alone does not fit is left out; `fitAlarm` makes every alarm fit.
 */
export function fit<Item>(items: readonly Item[], { frame, deflate }: { readonly frame: number; readonly deflate: boolean }): readonly (readonly Item[])[] {
  const groups: Item[][] = [];
  let group: Item[] = [];
  let bytes = frame;
  for (const item of items) {
    const more = utf8Length(JSON.stringify(item)) + 1;
    const fits = deflate ? deflatedFits([...group, item], bytes + more) : bytes + more <= BODY_BYTES_MOST;
    if (!fits) {
      if (group.length > 0) groups.push(group);
      group = [];
      bytes = frame;
      if (frame + more > BODY_BYTES_MOST) continue;
    }
    group.push(item);
    bytes += more;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

/** Frame of `{"alarms":[…]}` and `{"states":[…]}`, generously. */
export const FRAME_BYTES = 16;

/** Cuts detail, labels and text, in this order and at code points, until the alarm fits one datagram. */
export function fitAlarm(item: Body<"alarm">["alarms"][number]): Body<"alarm">["alarms"][number] {
  const most = BODY_BYTES_MOST - FRAME_BYTES;
  const size = (one: typeof item): number => utf8Length(JSON.stringify(one)) + 1;
  let fitted = item;
  const names = Object.keys(item.labels);
  while (size(fitted) > most && names.length > 0) {
    names.pop();
    fitted = { ...fitted, cut: true, labels: Object.fromEntries(names.map((name) => [name, item.labels[name] ?? ""])) };
  }
  while (size(fitted) > most && fitted.text !== "") {
    const points = [...fitted.text];
    fitted = { ...fitted, cut: true, text: points.slice(0, Math.max(0, points.length - 16)).join("") };
  }
  return fitted;
}

/** Cuts bytes into DATA bodies. */
export function pieces(what: Body<"data">["what"], bytes: Uint8Array): readonly Body<"data">[] {
  const count = Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES));
  const digest = toBase64(sha256(bytes));
  return Array.from({ length: count }, (_, piece) => ({
    what, digest, piece, pieces: count, bytes: toBase64(bytes.subarray(piece * CHUNK_BYTES, (piece + 1) * CHUNK_BYTES)),
  }));
}

/** More pieces than this are nobody's: 50,000 open alarms are 1,667. */
const PIECES_MOST = Math.max(Math.ceil(RULES_BYTES_MOST / CHUNK_BYTES), 1700);

/** Puts pieces together again, in whatever order they come. One whole at a time: a newer digest begins anew. */
export class Reassembler {
  #digest = "";
  #count = 0;
  readonly #held = new Map<number, Uint8Array>();

  /** @returns the whole once its digest is right */
  add(data: Body<"data">): Uint8Array | undefined {
    const bytes = fromBase64(data.bytes);
    if (bytes === undefined || data.pieces < 1 || data.pieces > PIECES_MOST || data.piece >= data.pieces) return undefined;
    if (data.digest !== this.#digest || data.pieces !== this.#count) {
      this.#digest = data.digest;
      this.#count = data.pieces;
      this.#held.clear();
    }
    this.#held.set(data.piece, bytes);
    if (this.#held.size < this.#count) return undefined;
    const whole = concat(...Array.from({ length: this.#count }, (_, at) => this.#held.get(at) ?? new Uint8Array()));
    this.#held.clear();
    const wanted = fromBase64(this.#digest);
    return wanted !== undefined && equalBytes(sha256(whole), wanted) ? whole : undefined;
  }
}

/** Deflating each candidate costs a few µs: only near the limit is it tried. */
function deflatedFits(items: readonly unknown[], plainBytes: number): boolean {
  if (plainBytes <= BODY_BYTES_MOST) return true;
  if (plainBytes > INFLATED_BYTES_MOST) return false;
  return deflateRawSync(utf8(JSON.stringify(items))).length + FRAME_BYTES <= BODY_BYTES_MOST;
}
