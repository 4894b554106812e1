/**
 * The datagram without its secrets: a header of 32 bytes, and a JSON body.
 *
 *  0  2 magic "GB"   2 1 version   3 1 type   4 1 flags   5 1 suite   6 2 kid
 *  8  8 sender id    16 8 epoch    24 8 counter                       all big endian
 */

import { deflateRawSync, inflateRawSync } from "node:zlib";
import { fromUtf8, toHex, utf8 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import {
  BODY_BYTES_MOST, DATAGRAM_BYTES_MOST, FLAG_DEFLATED, HEADER_BYTES, INFLATED_BYTES_MOST, MAGIC, SIGNATURE_BYTES, SUITE_CLEAR, SUITE_SEALED,
  TYPES, VERSION,
} from "./constants.ts";
import { type Message, type MessageKind, SCHEMAS } from "./message.ts";

export type Header = {
  readonly kind: MessageKind;
  readonly flags: number;
  readonly suite: number;
  readonly kid: number;
  /** 16 hex digits. */
  readonly sender: string;
  readonly epoch: bigint;
  readonly counter: bigint;
};

export type HeaderFault = "too short" | "too long" | "foreign" | "older version" | "newer version" | "unknown type" | "unknown suite";
export type BodyFault = "not JSON" | "too deep" | "wrong form" | "does not inflate";

/** A record in an item in an array in the body: what a message needs, and no more. */
export const DEPTH_MOST = 4;

/** Two bytes of body, `{}`, and the signature. */
export const DATAGRAM_BYTES_LEAST = HEADER_BYTES + SIGNATURE_BYTES + 2;

const KIND_OF = new Map<number, MessageKind>(Object.entries(TYPES).map(([kind, number]) => [number, kind as MessageKind]));

export function encodeHeader({ kind, flags, suite, kid, sender, epoch, counter }: Header): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(HEADER_BYTES));
  const view = new DataView(bytes.buffer);
  bytes[0] = MAGIC[0];
  bytes[1] = MAGIC[1];
  bytes[2] = VERSION;
  bytes[3] = TYPES[kind];
  bytes[4] = flags;
  bytes[5] = suite;
  view.setUint16(6, kid);
  view.setUint32(8, Number.parseInt(sender.slice(0, 8), 16));
  view.setUint32(12, Number.parseInt(sender.slice(8), 16));
  view.setBigUint64(16, epoch);
  view.setBigUint64(24, counter);
  return bytes;
}

/** Reads the header of a datagram. Never throws: whatever the LAN sends is data. */
export function decodeHeader(datagram: Uint8Array): Result<Header, HeaderFault> {
  if (datagram.length < DATAGRAM_BYTES_LEAST) return fail("too short");
  if (datagram.length > DATAGRAM_BYTES_MOST) return fail("too long");
  if (datagram[0] !== MAGIC[0] || datagram[1] !== MAGIC[1]) return fail("foreign");
  if (datagram[2] !== VERSION) return fail((datagram[2] ?? 0) > VERSION ? "newer version" : "older version");
  const kind = KIND_OF.get(datagram[3] ?? 0);
  if (kind === undefined) return fail("unknown type");
  const suite = datagram[5] ?? 0;
  if (suite !== SUITE_SEALED && suite !== SUITE_CLEAR) return fail("unknown suite");
  const view = new DataView(datagram.buffer, datagram.byteOffset, HEADER_BYTES);
  return ok({
    kind, flags: datagram[4] ?? 0, suite, kid: view.getUint16(6), sender: toHex(datagram.subarray(8, 16)),
    epoch: view.getBigUint64(16), counter: view.getBigUint64(24),
  });
}

export type EncodeFault =
  /** Longer than one datagram takes, or than a receiver inflates. */
  | { readonly kind: "tooLong"; readonly bytes: number }
  /** Every receiver would refuse it: it never leaves. */
  | { readonly kind: "wrongForm"; readonly field: string };

/**
 * The body as it travels: deflated only where that is allowed and where it would not fit otherwise.
 *
 * @param deflate only in floods: the size of a deflated body says something about its content
 */
export function encodeBody(
  { kind, body }: Message,
  { deflate }: { readonly deflate: boolean },
): Result<{ readonly bytes: Uint8Array; readonly deflated: boolean }, EncodeFault> {
  const checked = SCHEMAS[kind].safeParse(body);
  if (!checked.success) return fail({ kind: "wrongForm", field: checked.error.issues[0]?.path.join(".") ?? "" });
  const json = utf8(JSON.stringify(body));
  if (json.length <= BODY_BYTES_MOST) return ok({ bytes: json, deflated: false });
  if (!deflate || json.length > INFLATED_BYTES_MOST) return fail({ kind: "tooLong", bytes: json.length });
  const bytes = new Uint8Array(deflateRawSync(json));
  return bytes.length > BODY_BYTES_MOST ? fail({ kind: "tooLong", bytes: bytes.length }) : ok({ bytes, deflated: true });
}

/** Checks depth and form; unknown fields are dropped. */
export function decodeBody(kind: MessageKind, bytes: Uint8Array, flags: number): Result<Message, BodyFault> {
  const plain = (flags & FLAG_DEFLATED) === 0 ? bytes : inflate(bytes);
  if (plain === undefined) return fail("does not inflate");
  const text = fromUtf8(plain);
  const json = text === undefined ? undefined : parseJson(text);
  if (json === undefined) return fail("not JSON");
  if (deeperThan(json, DEPTH_MOST)) return fail("too deep");
  const parsed = SCHEMAS[kind].safeParse(json);
  return parsed.success ? ok({ kind, body: parsed.data } as Message) : fail("wrong form");
}

/** @returns undefined where the stream is broken, grows too far, or is followed by other bytes */
function inflate(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const inflated: unknown = inflateRawSync(bytes, { maxOutputLength: INFLATED_BYTES_MOST, info: true });
    return wholeOf(inflated, bytes.length);
  } catch {
    return undefined;
  }
}

/** With `info` zlib tells how many bytes it has read; the types of the package do not know that. */
function wholeOf(inflated: unknown, bytes: number): Uint8Array | undefined {
  const { buffer, engine } = inflated as { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } };
  return engine.bytesWritten === bytes ? new Uint8Array(buffer) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function deeperThan(value: unknown, most: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (most === 0) return true;
  for (const inner of Object.values(value)) if (typeof inner === "object" && deeperThan(inner, most - 1)) return true;
  return false;
}
