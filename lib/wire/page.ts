/** What does not fit one datagram: several alarms to a datagram, and long bytes in pieces. */

import { deflateRawSync } from "node:zlib";
import { concat, equalBytes, fromBase64, toBase64, utf8, utf8Length } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import { BODY_BYTES_MOST, CHUNK_BYTES, INFLATED_BYTES_MOST, RULES_BYTES_MOST, TO_EVERYBODY, TO_MOST } from "./constants.ts";
import type { Body } from "./message.ts";

/**
 * Groups items, in their order, into as few bodies as fit.
 *
 * @param frame bytes of the body around the items; `most` items in one body
 * An item that alone does not fit is left out; `fitAlarm` and `fitState` make every one fit.
 */
export function fit<Item>(
  items: readonly Item[],
  { frame, deflate, most }: { readonly frame: number; readonly deflate: boolean; readonly most: number },
): readonly (readonly Item[])[] {
  // The usual case, in one attempt instead of one for each item.
  if (deflate && items.length > 0 && items.length <= most && deflatedFits(items, frame + sizeOf(items))) return [items];
  const groups: Item[][] = [];
  let group: Item[] = [];
  let bytes = frame;
  for (const item of items) {
    const more = jsonBytes(item) + 1;
    const fits = group.length < most && (deflate ? deflatedFits([...group, item], bytes + more) : bytes + more <= BODY_BYTES_MOST);
    if (!fits) {
      if (group.length > 0) groups.push(group);
      group = [];
      bytes = frame;
      if (!(deflate ? deflatedFits([item], frame + more) : frame + more <= BODY_BYTES_MOST)) continue;
    }
    group.push(item);
    bytes += more;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

/** Frame of `{"alarms":[…]}`, `{"states":[…]}` and `{"receipts":[…]}`, generously. */
export const FRAME_BYTES = 16;
/** What one item alone may take, with the comma behind it. */
const ITEM_BYTES_MOST = BODY_BYTES_MOST - FRAME_BYTES - 1;

/**
 * Makes an alarm fit one datagram, whatever its source and the roster have written. First goes what people miss least: labels,
 * the end of the text down to a headline, of the reason, source and item; then the names, so that all ring; then the rest.
 */
export function fitAlarm(item: AlarmItem): AlarmItem {
  let fitted = item.to.length > TO_MOST ? { ...item, to: [TO_EVERYBODY] } : item;
  if (fits(fitted)) return fitted;
  fitted = { ...fitted, cut: true };
  const names = Object.keys(fitted.labels);
  while (!fits(fitted) && names.length > 0) {
    names.pop();
    fitted = { ...fitted, labels: Object.fromEntries(names.map((name) => [name, item.labels[name] ?? ""])) };
  }
  for (const [field, left] of HEADLINE) fitted = shorten(fitted, field, left);
  if (!fits(fitted)) fitted = { ...fitted, to: [TO_EVERYBODY] };
  for (const [field, left] of LAST_WORDS) fitted = shorten(fitted, field, left);
  return fitted;
}

/** A comment may be long, and its characters may take six bytes each: its end goes, so that every state fits one datagram. */
export function fitState(item: StateItem): StateItem {
  return fits(item) ? item : shorten(item, "comment", 0);
}

type AlarmItem = Body<"alarm">["alarms"][number];
type StateItem = Body<"state">["states"][number];
/** How many code points of each text are left before the names of the responsible go. */
const HEADLINE = [["text", 64], ["reason", 64], ["source", 0], ["item", 32]] as const;
const LAST_WORDS = [["text", 0], ["reason", 0], ["item", 0], ["module", 1]] as const;

/** Takes code points off the end of one text until the item fits, or until only `left` of them are there. */
function shorten<Field extends string, Item extends { readonly [Name in Field]?: string | undefined }>(item: Item, field: Field, left: number): Item {
  const text: string = item[field] ?? "";
  const points = [...text];
  let over = jsonBytes(item) - ITEM_BYTES_MOST;
  let end = points.length;
  while (over > 0 && end > left) {
    end -= 1;
    over -= jsonBytes(points[end]) - 2;
  }
  return end === points.length ? item : { ...item, [field]: points.slice(0, end).join("") };
}

/** Whether one datagram takes the item alone, deflated where need be. */
export function fitsDeflated(item: object): boolean {
  return deflatedFits([item], FRAME_BYTES + jsonBytes(item) + 1);
}

function fits(item: object): boolean {
  return jsonBytes(item) <= ITEM_BYTES_MOST;
}

function jsonBytes(value: unknown): number {
  return utf8Length(JSON.stringify(value));
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

function sizeOf(items: readonly unknown[]): number {
  return items.reduce<number>((bytes, item) => bytes + jsonBytes(item) + 1, 0);
}

/** Deflating each candidate costs a few µs: only near the limit is it tried. */
function deflatedFits(items: readonly unknown[], plainBytes: number): boolean {
  if (plainBytes <= BODY_BYTES_MOST) return true;
  if (plainBytes > INFLATED_BYTES_MOST) return false;
  return deflateRawSync(utf8(JSON.stringify(items))).length + 2 * FRAME_BYTES <= BODY_BYTES_MOST;
}
