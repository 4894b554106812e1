/** What does not fit one datagram: whatever a source wrote, every alarm and every state fits, and opens at the receiver. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Length } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/base/digest.ts";
import { BODY_BYTES_MOST, CHUNK_BYTES, FLAG_DEFLATED, ITEMS_MOST, RECEIPTS_MOST, RULES_BYTES_MOST, TO_EVERYBODY, TO_MOST } from "../../lib/wire/constants.ts";
import type { Body, Message } from "../../lib/wire/message.ts";
import { decodeBody, encodeBody } from "../../lib/wire/packet.ts";
import { FRAME_BYTES, fit, fitAlarm, fitState, pieces, Reassembler } from "../../lib/wire/page.ts";
import { anItem, aState, anId } from "../support/a-scripted-agent.ts";
import { anyAlarmItem, anyStateItem, longAlarmItem, longStateItem } from "../support/any-message.ts";

const SEED = 20_261_125;
const PLAIN = { frame: FRAME_BYTES, deflate: false, most: ITEMS_MOST } as const;

/** What a receiver makes of a message. */
function arrived(message: Message, deflate = false): Message {
  const encoded = encodeBody(message, { deflate });
  if (!encoded.ok) throw new Error(`not sent: ${JSON.stringify(encoded.fault)}`);
  const decoded = decodeBody(message.kind, encoded.value.bytes, encoded.value.deflated ? FLAG_DEFLATED : 0);
  if (!decoded.ok) throw new Error(`not taken: ${decoded.fault}`);
  return decoded.value;
}

test("an alarm whose texts are all as long as they may be, in any script, fits a datagram and opens at the receiver", () => {
  fc.assert(
    fc.property(longAlarmItem, (item) => {
      const fitted = fitAlarm(item);
      expect(fit([fitted], PLAIN)).toHaveLength(1);
      expect(arrived({ kind: "alarm", body: { alarms: [fitted] } })).toEqual({ kind: "alarm", body: { alarms: [fitted] } });
      expect(fitted).toMatchObject({ id: item.id, ring: item.ring, revision: item.revision, nonce: item.nonce, severity: item.severity, condition: item.condition });
      expect([...fitted.module][0]).toBe([...item.module][0] ?? "");
    }),
    { seed: SEED, numRuns: 150 },
  );
});

test("a state whose comment is as long as it may be, in any script, fits a datagram and opens at the receiver", () => {
  fc.assert(
    fc.property(longStateItem, (state) => {
      const fitted = fitState(state);
      expect(fit([fitted], PLAIN)).toHaveLength(1);
      expect(arrived({ kind: "state", body: { states: [fitted] } })).toEqual({ kind: "state", body: { states: [fitted] } });
      expect({ ...fitted, comment: undefined }).toEqual({ ...state, comment: undefined });
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test("what fits is not touched, and what was cut says so and is a beginning of what it was, cut between code points", () => {
  fc.assert(
    fc.property(fc.oneof(anyAlarmItem, longAlarmItem), (item) => {
      const fitted = fitAlarm(item);
      if (JSON.stringify(fitted) === JSON.stringify(item)) return;
      expect(fitted.cut === true || fitted.to[0] === TO_EVERYBODY).toBe(true);
      for (const field of ["module", "item", "text", "source", "reason"] as const) {
        const whole = item[field] ?? "";
        const kept = fitted[field] ?? "";
        expect(whole.startsWith(kept)).toBe(true);
        expect([...whole].slice(0, [...kept].length)).toEqual([...kept]);
      }
      for (const [name, value] of Object.entries(fitted.labels)) expect(item.labels[name]).toBe(value);
    }),
    { seed: SEED, numRuns: 150 },
  );
});

test("labels go before the text, and the text before the names of the responsible", () => {
  const labelled = fitAlarm(anItem({ text: "x".repeat(256), labels: { a: "1".repeat(400), b: "2".repeat(400) } }));
  expect(labelled).toMatchObject({ cut: true, labels: { a: "1".repeat(400) }, text: "x".repeat(256) });
  const named = fitAlarm(anItem({ text: "满".repeat(256), labels: {}, to: Array.from({ length: 16 }, (_, at) => `operator-of-the-night-shift-${at}`) }));
  expect(named).toMatchObject({ cut: true, to: { length: 16 } });
  expect(named.text.length).toBeGreaterThanOrEqual(64);
});

const NAMES: readonly { readonly name: string; readonly to: readonly string[]; readonly everybody: boolean }[] = [
  { name: "sixteen operators are named", to: Array.from({ length: TO_MOST }, (_, at) => `op${at}`), everybody: false },
  { name: "seventeen are everybody", to: Array.from({ length: TO_MOST + 1 }, (_, at) => `op${at}`), everybody: true },
  { name: "sixteen names of 32 Latin letters are named", to: Array.from({ length: TO_MOST }, (_, at) => `${at}`.padEnd(32, "a")), everybody: false },
  { name: "sixteen names of 32 Chinese characters are everybody", to: Array.from({ length: TO_MOST }, () => "值".repeat(32)), everybody: true },
  { name: "sixteen names of 32 characters beyond the first plane are everybody", to: Array.from({ length: TO_MOST }, () => "𝔊".repeat(32)), everybody: true },
];
test.each(NAMES)("$name", ({ to, everybody }) => {
  const fitted = fitAlarm(anItem({ to: [...to], text: "磁盘已满".repeat(64) }));
  expect(fitted.to).toEqual(everybody ? [TO_EVERYBODY] : [...to]);
  expect(arrived({ kind: "alarm", body: { alarms: [fitted] } })).toMatchObject({ body: { alarms: [{ to: fitted.to }] } });
});

test("in groups no alarm is lost, doubled or moved, each group is within its limits, and opens at the receiver", () => {
  const some = fc.array(fc.oneof(anyAlarmItem, longAlarmItem), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(some, fc.boolean(), fc.integer({ min: 1, max: 20 }), (items, deflate, most) => {
      const fitted = items.map(fitAlarm);
      const groups = fit(fitted, { frame: FRAME_BYTES, deflate, most });
      expect(groups.flat()).toEqual(fitted);
      for (const group of groups) {
        expect(group.length).toBeLessThanOrEqual(most);
        expect(arrived({ kind: "alarm", body: { alarms: [...group] } }, deflate)).toEqual({ kind: "alarm", body: { alarms: [...group] } });
      }
    }),
    { seed: SEED, numRuns: 60 },
  );
});

test("in groups no state is lost either", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(anyStateItem, longStateItem), { minLength: 1, maxLength: 30 }), fc.boolean(), (states, deflate) => {
      const fitted = states.map(fitState);
      const groups = fit(fitted, { ...PLAIN, deflate });
      expect(groups.flat()).toEqual(fitted);
      for (const group of groups) arrived({ kind: "state", body: { states: [...group] } }, deflate);
    }),
    { seed: SEED, numRuns: 100 },
  );
});

test("in a flood many alarms travel deflated in one datagram, never more than a body may hold", () => {
  const items = Array.from({ length: 200 }, (_, at) => anItem({ id: anId(at), item: `osd.${at}` }));
  const groups = fit(items, { ...PLAIN, deflate: true });
  expect(Math.max(...groups.map(({ length }) => length))).toBeGreaterThan(12);
  expect(Math.max(...groups.map(({ length }) => length))).toBeLessThanOrEqual(ITEMS_MOST);
  expect(groups.flat()).toHaveLength(200);
});

test("forty receipts at most are in one body, whatever would fit", () => {
  const receipts = Array.from({ length: 200 }, (_, at) => ({ id: anId(at), revision: 1, ring: 1, level: "receipt" as const }));
  const groups = fit(receipts, { frame: FRAME_BYTES, deflate: true, most: RECEIPTS_MOST });
  expect(Math.max(...groups.map(({ length }) => length))).toBe(RECEIPTS_MOST);
  for (const group of groups) expect(encodeBody({ kind: "receipt", body: { receipts: [...group] } }, { deflate: true }).ok).toBe(true);
});

test("an item that is too long for any datagram is left out, and the others go", () => {
  const huge = { ...aState(), comment: "x".repeat(2 * BODY_BYTES_MOST) };
  expect(fit([aState(), huge, aState()], PLAIN).flat()).toEqual([aState(), aState()]);
});

test("pieces in any order, some of them twice, come to the same bytes once", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6 * CHUNK_BYTES, size: "max" }), fc.infiniteStream(fc.nat({ max: 99 })), (bytes, dice) => {
      const cut = pieces("open", bytes);
      const order = [...cut, ...cut.slice(0, 2)].map((piece) => ({ piece, at: dice.next().value as number })).sort((a, b) => a.at - b.at).map(({ piece }) => piece);
      const reassembler = new Reassembler();
      const wholes = order.flatMap((piece) => reassembler.add(piece) ?? []);
      expect(Buffer.from(wholes[0] ?? [255]).equals(Buffer.from(bytes))).toBe(true);
      for (const piece of cut) {
        expect(utf8Length(JSON.stringify(piece))).toBeLessThanOrEqual(BODY_BYTES_MOST);
        arrived({ kind: "data", body: piece });
      }
    }),
    { seed: SEED, numRuns: 100 },
  );
});

const DATA: Body<"data"> = pieces("rules", new Uint8Array(2 * CHUNK_BYTES).fill(7))[0] ?? { what: "rules", digest: "", piece: 0, pieces: 0, bytes: "" };
const BROKEN: readonly { readonly name: string; readonly set: Partial<Body<"data">> }[] = [
  { name: "of no pieces", set: { pieces: 0 } },
  { name: "of more pieces than the largest whole has", set: { pieces: 1701 } },
  { name: "beyond the last", set: { piece: 2 } },
  { name: "of bytes that are no base64", set: { bytes: "A" } },
];
test.each(BROKEN)("a piece $name is nothing", ({ set }) => {
  const reassembler = new Reassembler();
  expect(reassembler.add({ ...DATA, ...set })).toBeUndefined();
  for (const piece of pieces("rules", new Uint8Array(CHUNK_BYTES).fill(9))) expect(reassembler.add(piece)).toHaveLength(CHUNK_BYTES);
});

test("a whole whose digest is wrong is nothing", () => {
  const forged = pieces("rules", new Uint8Array(10).fill(7)).map((piece) => ({ ...piece, bytes: piece.bytes.replace("B", "C") }));
  const reassembler = new Reassembler();
  expect(forged.map((piece) => reassembler.add(piece))).toEqual([undefined]);
});

test("a newer digest begins anew, and the largest whole has room", () => {
  const old = pieces("rules", new Uint8Array(RULES_BYTES_MOST).fill(1));
  const fresh = pieces("rules", new Uint8Array(RULES_BYTES_MOST).fill(2));
  const reassembler = new Reassembler();
  for (const piece of old.slice(1)) reassembler.add(piece);
  const wholes = [...fresh, ...old.slice(0, 1)].flatMap((piece) => reassembler.add(piece) ?? []);
  expect(wholes).toHaveLength(1);
  expect(sha256(wholes[0] ?? new Uint8Array())).toEqual(sha256(new Uint8Array(RULES_BYTES_MOST).fill(2)));
});

test("no bytes at all are one piece", () => {
  const reassembler = new Reassembler();
  expect(pieces("open", new Uint8Array()).map((piece) => reassembler.add(piece))).toEqual([new Uint8Array()]);
});
