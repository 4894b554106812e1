/** The datagram without its secrets: header and body. */

import { deflateRawSync } from "node:zlib";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { concat, utf8 } from "../../lib/base/bytes.ts";
import { BODY_BYTES_MOST, DATAGRAM_BYTES_MOST, FLAG_DEFLATED, HEADER_BYTES, INFLATED_BYTES_MOST, TYPES } from "../../lib/wire/constants.ts";
import { type BodyFault, decodeBody, decodeHeader, encodeBody, encodeHeader, type Header } from "../../lib/wire/packet.ts";
import { anItem, aState } from "../support/a-scripted-agent.ts";
import { anyMessage, MESSAGE_KINDS } from "../support/any-message.ts";

const SEED = 20_261_125;
const HEADER: Header = { kind: "alarm", flags: 5, suite: 1, kid: 0x8000, sender: "0123456789abcdef", epoch: 2n ** 63n, counter: 2n ** 64n - 1n };

/** A datagram of the least length that a header can be read of. */
function datagram(set: Partial<Header> = {}, tail = 66): Uint8Array {
  return concat(encodeHeader({ ...HEADER, ...set }), new Uint8Array(tail));
}

test("the header lies as the page says, big endian", () => {
  expect(Buffer.from(encodeHeader(HEADER)).toString("hex")).toBe("4742" + "01" + "06" + "05" + "01" + "8000" + "0123456789abcdef" + "8000000000000000" + "ffffffffffffffff");
});

test("every header is read back as it was written, wherever in a buffer it lies", () => {
  const header: fc.Arbitrary<Header> = fc.record({
    kind: fc.constantFrom(...MESSAGE_KINDS), flags: fc.integer({ min: 0, max: 255 }), suite: fc.constantFrom(1, 2), kid: fc.integer({ min: 0, max: 0xffff }),
    sender: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((id) => id.toString(16).padStart(16, "0")),
    epoch: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), counter: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  });
  fc.assert(
    fc.property(header, fc.integer({ min: 0, max: 40 }), (written, offset) => {
      const bytes = concat(new Uint8Array(offset).fill(255), datagram(written));
      expect(decodeHeader(bytes.subarray(offset))).toEqual({ ok: true, value: written });
    }),
    { seed: SEED, numRuns: 200 },
  );
});

const FAULTS: readonly { readonly name: string; readonly bytes: Uint8Array; readonly fault: string }[] = [
  { name: "nothing", bytes: new Uint8Array(), fault: "too short" },
  { name: "a byte less than an empty body and its signature", bytes: datagram({}, 65), fault: "too short" },
  { name: "1,201 bytes", bytes: datagram({}, DATAGRAM_BYTES_MOST + 1 - HEADER_BYTES), fault: "too long" },
  { name: "another magic", bytes: datagram().with(0, 0x48), fault: "foreign" },
  { name: "another second byte of the magic", bytes: datagram().with(1, 0x43), fault: "foreign" },
  { name: "version 0", bytes: datagram().with(2, 0), fault: "older version" },
  { name: "version 2", bytes: datagram().with(2, 2), fault: "newer version" },
  { name: "version 255", bytes: datagram().with(2, 255), fault: "newer version" },
  { name: "type 0", bytes: datagram().with(3, 0), fault: "unknown type" },
  { name: "a type that is kept for later", bytes: datagram().with(3, 19), fault: "unknown type" },
  { name: "suite 0", bytes: datagram().with(5, 0), fault: "unknown suite" },
  { name: "suite 3", bytes: datagram().with(5, 3), fault: "unknown suite" },
];
test.each(FAULTS)("$name is $fault", ({ bytes, fault }) => {
  expect(decodeHeader(bytes)).toMatchObject({ ok: false, fault });
});

test("1,200 bytes are not too long, and no two types share a number", () => {
  expect(decodeHeader(datagram({}, DATAGRAM_BYTES_MOST - HEADER_BYTES)).ok).toBe(true);
  expect(new Set(Object.values(TYPES)).size).toBe(Object.keys(TYPES).length);
});

test("every message that may be said is read back as it was said, in plain and deflated", () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const plain = encodeBody(message, { deflate: false });
      const encoded = plain.ok ? plain : encodeBody(message, { deflate: true });
      if (!encoded.ok) return expect(encoded.fault.kind).toBe("tooLong");
      const { bytes, deflated } = encoded.value;
      expect(bytes.length).toBeLessThanOrEqual(BODY_BYTES_MOST);
      expect(decodeBody(message.kind, bytes, deflated ? FLAG_DEFLATED : 0)).toEqual({ ok: true, value: message });
      expect(decodeBody(message.kind, new Uint8Array(deflateRawSync(utf8(JSON.stringify(message.body)))), FLAG_DEFLATED)).toEqual({ ok: true, value: message });
    }),
    { seed: SEED, numRuns: 600 },
  );
});

const deep = (levels: number): unknown => (levels === 0 ? 1 : { more: deep(levels - 1) });
const BYE = { why: "" };
const deflated = (json: unknown): Uint8Array => new Uint8Array(deflateRawSync(utf8(JSON.stringify(json))));

const BODIES: readonly { readonly name: string; readonly bytes: Uint8Array; readonly flags?: number; readonly fault: BodyFault }[] = [
  { name: "no bytes", bytes: new Uint8Array(), fault: "not JSON" },
  { name: "no JSON", bytes: utf8("{why:1}"), fault: "not JSON" },
  { name: "JSON and more", bytes: utf8('{"why":""}x'), fault: "not JSON" },
  { name: "bytes that are no UTF-8", bytes: concat(utf8('{"why":"'), new Uint8Array([0xff]), utf8('"}')), fault: "not JSON" },
  { name: "a depth of five", bytes: utf8(JSON.stringify({ ...BYE, more: deep(4) })), fault: "too deep" },
  { name: "a list", bytes: utf8("[]"), fault: "wrong form" },
  { name: "null", bytes: utf8("null"), fault: "wrong form" },
  { name: "a number", bytes: utf8("1"), fault: "wrong form" },
  { name: "without its field", bytes: utf8("{}"), fault: "wrong form" },
  { name: "a field of another kind", bytes: utf8('{"why":1}'), fault: "wrong form" },
  { name: "a field that is too long", bytes: utf8(JSON.stringify({ why: "x".repeat(65) })), fault: "wrong form" },
  { name: "deflated, it says, and is not", bytes: utf8('{"why":""}'), flags: FLAG_DEFLATED, fault: "does not inflate" },
  { name: "deflated, with a byte behind it", bytes: concat(deflated(BYE), new Uint8Array(1)), flags: FLAG_DEFLATED, fault: "does not inflate" },
  { name: "deflated and cut", bytes: deflated({ why: "a longer reason" }).subarray(0, -2), flags: FLAG_DEFLATED, fault: "does not inflate" },
  { name: "of 1,000 bytes that inflate to a million", bytes: deflated({ why: "x".repeat(1_000_000) }), flags: FLAG_DEFLATED, fault: "does not inflate" },
  { name: "of a byte more than inflates", bytes: deflated({ why: "", pad: "x".repeat(INFLATED_BYTES_MOST - 18) }), flags: FLAG_DEFLATED, fault: "does not inflate" },
];
test.each(BODIES)("a body $name: $fault", ({ bytes, flags = 0, fault }) => {
  expect(decodeBody("bye", bytes, flags)).toEqual({ ok: false, fault });
});

test("a depth of four, and as much as inflates, are taken; what is unknown is left out", () => {
  for (const more of [{ more: deep(3) }, { pad: "x".repeat(INFLATED_BYTES_MOST - 19) }, { "": null }]) {
    expect(decodeBody("bye", deflated({ ...BYE, ...more }), FLAG_DEFLATED)).toEqual({ ok: true, value: { kind: "bye", body: BYE } });
  }
});

test("a name that objects inherit is a field like any other", () => {
  const labels = '{"constructor":"a","__proto__":"b","toString":"c"}';
  const item = JSON.stringify(anItem({ labels: {} })).replace('"labels":{}', `"labels":${labels}`);
  const decoded = decodeBody("alarm", utf8(`{"alarms":[${item}]}`), 0);
  const taken = decoded.ok && decoded.value.kind === "alarm" ? decoded.value.body.alarms[0]?.labels : undefined;
  expect(taken?.["constructor"]).toBe("a");
  expect(Object.getPrototypeOf(taken ?? null)).toBe(Object.prototype);
});

test("what its own schema refuses is never sent, and the field is named", () => {
  const wrong = encodeBody({ kind: "alarm", body: { alarms: [anItem({ module: "" })] } }, { deflate: false });
  expect(wrong).toEqual({ ok: false, fault: { kind: "wrongForm", field: "alarms.0.module" } });
  expect(encodeBody({ kind: "state", body: { states: [] } }, { deflate: false })).toMatchObject({ ok: false, fault: { kind: "wrongForm", field: "states" } });
});

test("what is too long for a datagram is not sent, unless it may be deflated; what never inflates is not deflated", () => {
  const states = (count: number) => ({ kind: "state", body: { states: Array.from({ length: count }, () => aState()) } }) as const;
  expect(encodeBody(states(8), { deflate: false })).toMatchObject({ ok: false, fault: { kind: "tooLong" } });
  expect(encodeBody(states(8), { deflate: true })).toMatchObject({ ok: true, value: { deflated: true } });
  expect(encodeBody(states(1), { deflate: true })).toMatchObject({ ok: true, value: { deflated: false } });
  const long = Array.from({ length: 64 }, (_, at) => aState({ comment: String(at).repeat(80) }));
  expect(encodeBody({ kind: "state", body: { states: long } }, { deflate: true })).toMatchObject({ ok: false, fault: { kind: "tooLong" } });
});
