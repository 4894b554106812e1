/** Any message that the schemas allow, in any script, for properties: what a careful sender may say. */

import fc from "fast-check";
import { SEVERITIES } from "../../lib/alarm/severity.ts";
import { toBase64, toCrockford, toHex } from "../../lib/base/bytes.ts";
import { padded } from "../../lib/trust/approval.ts";
import { CERTIFICATE_BYTES_MOST, CHUNK_BYTES, KID_GROUP_MOST, SEEK_PAD_BYTES, SYNC_MS_MOST, TO_MOST } from "../../lib/wire/constants.ts";
import type { Body, Message, MessageKind } from "../../lib/wire/message.ts";
import { fitAlarm, fitState } from "../../lib/wire/page.ts";

/** Latin, Chinese, emoji, combining marks, right to left, quotes and backslashes, and whatever else there is. */
const LETTERS = fc.oneof(
  fc.constantFrom("a", "é", "告", "警", "🔥", "👩", "\u0301", "ש", '"', "\\", "𝔊", " "),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
);

/** Characters that JSON writes with six bytes. */
const ESCAPED = fc.constantFrom("\u0000", "\u001b", "\u007f", "\ud800", "\udfff", "\n");

export function anyText(most: number, least = 0): fc.Arbitrary<string> {
  return fc.array(LETTERS, { minLength: least, maxLength: most, size: "max" }).map((letters) => letters.join(""));
}

/** As long as it may be, and of the characters that take most. */
export function longText(most: number): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom("🔥", "告", "a", '"', "\u0001", "\ud800a").map((unit) => [...unit.repeat(most)].slice(0, most).join("")),
    fc.array(fc.oneof(LETTERS, ESCAPED), { minLength: most, maxLength: most, size: "max" }).map((letters) => [...letters.join("")].slice(0, most).join("")),
  );
}

export const anyBytes = (count: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: count, maxLength: count });
const base64 = (count: number): fc.Arbitrary<string> => anyBytes(count).map(toBase64);
const upTo = (most: number): fc.Arbitrary<string> => fc.uint8Array({ maxLength: most, size: "max" }).map(toBase64);
const id = anyBytes(16).map(toCrockford);
const count = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const wall = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const ring = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const big = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const certificate = fc.uint8Array({ minLength: 65, maxLength: CERTIFICATE_BYTES_MOST, size: "max" }).map(toBase64);
const versions: fc.Arbitrary<[number, number]> = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }));

/** A field that may be missing is missing, not undefined: that is how it comes back. */
function maybe<Whole extends object, Part extends object>(whole: fc.Arbitrary<Whole>, parts: fc.Arbitrary<Part>): fc.Arbitrary<Whole & Partial<Part>> {
  return fc.tuple(whole, parts, fc.nat({ max: 255 })).map(([must, may, coins]) => {
    const taken = Object.entries(may).filter((_, at) => ((coins >> at) & 1) === 1);
    return { ...must, ...Object.fromEntries(taken) } as Whole & Partial<Part>;
  });
}

type AlarmItem = Body<"alarm">["alarms"][number];

/** @param text of every field that people read, given its limit in characters */
function alarmItem(text: (most: number) => fc.Arbitrary<string>): fc.Arbitrary<AlarmItem> {
  const nonEmpty = (most: number): fc.Arbitrary<string> => text(most).map((said) => (said === "" ? "-" : said));
  return maybe(
    fc.record({
      id, revision: count, ring, nonce: base64(8), severity: fc.constantFrom(...SEVERITIES), module: nonEmpty(64), item: text(128), at: wall,
      text: text(256), source: text(32),
      labels: fc.dictionary(text(32).filter((name) => name !== "__proto__"), text(64), { maxKeys: 6 }).map((labels) => ({ ...labels })),
      to: fc.array(nonEmpty(32), { maxLength: TO_MOST }), condition: fc.constantFrom("raised", "stale"),
      why: fc.constantFrom("new", "changed", "again", "fallback", "re-alert"),
    }),
    fc.record({ cut: fc.constant(true), weight: fc.constantFrom(...SEVERITIES, "info"), quiet: fc.constant(true), reason: text(200), key: base64(8) }),
  );
}

export const anyAlarmItem = alarmItem(anyText);
/** Every text at its limit, of the characters that take most. */
export const longAlarmItem = alarmItem(longText);

export const anyStateItem: fc.Arbitrary<Body<"state">["states"][number]> = stateItem(anyText);
export const longStateItem = stateItem(longText);

function stateItem(text: (most: number) => fc.Arbitrary<string>): fc.Arbitrary<Body<"state">["states"][number]> {
  return maybe(
    fc.record({
      id, revision: count, ring, condition: fc.constantFrom("raised", "stale", "cleared"), attention: fc.constantFrom("unacknowledged", "acknowledged", "shelved"),
      sending: fc.constantFrom("pending", "successful", "failed"), phase: fc.constantFrom("idle", "waiting", "probing", "escalating", "escalated", "fallback"),
      settled: fc.boolean(), at: wall,
    }),
    fc.record({ by: text(32), way: fc.constantFrom("listener", "console", "robot", "outside"), comment: text(200), stranger: fc.constant(true) }),
  );
}

const hex = (bytes: number): fc.Arbitrary<string> => anyBytes(bytes).map(toHex);
const stamp = fc.record({ n: count, a: hex(8) });
const ms = fc.integer({ min: -SYNC_MS_MOST, max: SYNC_MS_MOST });
/** As short as one is where the other agent has the report already, or with a report that fits. */
const syncEntry: fc.Arbitrary<Body<"sync">["entries"][number]> = maybe(
  fc.record({
    key: hex(16), ids: fc.array(id, { minLength: 1, maxLength: 2 }), ats: fc.array(wall, { minLength: 1, maxLength: 2 }),
    raisedMs: ms, condition: stamp, revision: count, ackFrom: count, ring, leftMs: ms, reached: fc.boolean(), said: stamp,
  }),
  fc.record({
    taken: fc.record({ n: count, a: hex(8), ms, by: anyText(8, 1), way: fc.constantFrom("listener", "console", "robot", "outside"), comment: anyText(8), told: fc.boolean(), revision: count }),
    clearedMs: ms, ended: fc.boolean(), staleMs: ms, source: anyText(8), labels: fc.constant({ module: "osd" }), identity: fc.constant(["module"]), text: anyText(8), weight: fc.constantFrom("critical", "info"),
  }),
);

/** For each kind any body that fits a datagram. */
export const ANY_BODY: { readonly [Kind in MessageKind]: fc.Arbitrary<Body<Kind>> } = {
  beacon: maybe(fc.record({
    cluster: base64(16), clusterName: anyText(32, 1), agent: anyText(32, 1), port: fc.integer({ min: 1, max: 65_535 }), versions, kid: count,
    challenge: base64(8), jitterMs: fc.integer({ min: 0, max: 5000 }), open: base64(8), rules: base64(32), voice: base64(32), key: base64(32), wall,
  }), fc.record({ unknown: base64(8) })),
  seek: fc.record({ nonce: base64(8), key: base64(32), pad: fc.constant(".".repeat(SEEK_PAD_BYTES)) }),
  hello: maybe(fc.record({
    nonce: base64(8), challenge: base64(8), versions, serial: count, host: anyText(64, 1), seat: fc.constantFrom("person", "locked", "none", "robot"),
    heard: fc.record({ epoch: big, counter: big }), open: base64(8), rules: base64(32), build: anyText(32),
  }), fc.record({ group: base64(8) })),
  welcome: maybe(fc.record({ nonce: base64(8), epoch: big, counter: big, kid: count, voice: certificate, rules: base64(32), wall }), fc.record({ voices: base64(32), floor: certificate })),
  bye: fc.record({ why: anyText(64) }),
  alarm: anyAlarmItem.map((item) => ({ alarms: [fitAlarm(item)] })),
  state: anyStateItem.map((state) => ({ states: [fitState(state)] })),
  receipt: fc.record({
    receipts: fc.array(fc.record({ id, revision: count, ring, level: fc.constantFrom("receipt", "seen") }), { minLength: 1, maxLength: 11 }),
  }),
  ack: fc.record({ id, revision: count, nonce: base64(8), comment: anyText(200).map((said) => said.replace(/[\p{Cc}\p{Cs}]/gu, " ")), robot: fc.boolean() }),
  acked: fc.record({ id, revision: count, outcome: fc.constantFrom("taken", "already", "recorded", "refused"), reason: anyText(100), by: anyText(32) }),
  fetch: maybe(fc.record({ what: fc.constantFrom("rules", "open", "alarm", "voices") }), fc.record({ digest: base64(32), from: count, ids: fc.array(id, { minLength: 1, maxLength: 32 }) })),
  data: fc.record({ what: fc.constantFrom("rules", "open", "voices"), digest: base64(32), piece: count, pieces: count, bytes: upTo(CHUNK_BYTES) }),
  join: fc.record({ invite: base64(8), ed: base64(32), x: base64(32), nonce: base64(16), host: anyText(64, 1), mac: base64(32) }),
  commit: maybe(fc.record({ commit: base64(32), key: base64(32) }), fc.record({ x: base64(32), nonce: base64(16), host: anyText(64, 1), operator: anyText(32) })).map(padded),
  pending: maybe(fc.record({ commit: base64(32), key: base64(32) }), fc.record({ refused: anyText(120), cluster: base64(32), x: base64(32), nonce: base64(16) })),
  rekey: fc.record({ kid: fc.integer({ min: 1, max: KID_GROUP_MOST }), key: base64(32) }),
  rekeyed: fc.record({ kid: count }),
  joined: fc.oneof(
    fc.record({ nonce: base64(16), key: base64(32), refused: anyText(120) }),
    fc.record({
      nonce: base64(16), key: base64(32), cluster: base64(32), clusterName: anyText(8, 1), voice: certificate, kid: count, group: base64(60),
    }),
  ),
  sync: fc.oneof(
    fc.record({ number: count, entries: fc.array(syncEntry, { minLength: 1, maxLength: 1 }) }),
    fc.record({ number: count, entries: fc.array(syncEntry, { maxLength: 0 }), member: fc.record({ member: certificate, warrant: certificate, host: anyText(8), joinedAt: wall }) }),
    fc.record({ number: count, entries: fc.array(syncEntry, { maxLength: 0 }), invite: maybe(fc.record({ warrant: certificate, joinKey: upTo(32) }), fc.record({ usedBy: base64(32) })) }),
  ),
  synced: fc.record({ epoch: big, numbers: fc.array(count, { minLength: 1, maxLength: 32 }) }),
};

export const MESSAGE_KINDS = Object.keys(ANY_BODY) as readonly MessageKind[];

export function anyMessageOf(kind: MessageKind): fc.Arbitrary<Message> {
  return (ANY_BODY[kind] as fc.Arbitrary<Message["body"]>).map((body) => ({ kind, body }) as Message);
}

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(...MESSAGE_KINDS.map(anyMessageOf));
