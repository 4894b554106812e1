import { expect, test } from "bun:test";
import { fromBase64, utf8 } from "../../lib/base/bytes.ts";
import { identityFrom } from "../../lib/trust/keys.ts";
import { type Claim, readClaim, type SignedParts, signRequest, verifyRequest } from "../../lib/wire/request-signature.ts";

const VOICE = identityFrom({ ed: new Uint8Array(32).fill(1), x: new Uint8Array(32).fill(2) });
const PARTS: SignedParts = { method: "PUT", path: "/v1/escalations/e1?x=1", body: utf8('{"id":"e1"}') };
const CLAIM: Claim = { key: VOICE.id, time: 1_795_500_000_000, counter: 18_446_744_073_709_551_615n, idempotency: "e1" };
const HEADERS = signRequest(PARTS, CLAIM, VOICE.signer);

function verified(parts: SignedParts, headers: Readonly<Record<string, string>>, ed = VOICE.ed): boolean {
  const read = readClaim(headers);
  return read.ok && verifyRequest(parts, read.value, ed);
}

test("what was signed is believed, and the claim is read back whole", () => {
  expect(verified(PARTS, HEADERS)).toBe(true);
  expect(readClaim(HEADERS)).toMatchObject({ ok: true, value: { claim: CLAIM } });
});

test("the same request gives the same signature, so that the form can be checked by others", () => {
  expect(HEADERS["gapbell-signature"]).toMatchInlineSnapshot(`"ohZXimeev7v11InGdFWdKQevX9J5NXXtu4-YFMa87NEj7RUPcyWYI3I4cdvHa6Gop_W7UGOShbDsI48pylnPDQ"`);
});

const CHANGES: readonly { readonly name: string; readonly parts?: Partial<SignedParts>; readonly headers?: Readonly<Record<string, string>> }[] = [
  { name: "method", parts: { method: "POST" } },
  { name: "path", parts: { path: "/v1/escalations/e2?x=1" } },
  { name: "query", parts: { path: "/v1/escalations/e1" } },
  { name: "body", parts: { body: utf8('{"id":"e2"}') } },
  { name: "time", headers: { "gapbell-time": "1795500000001" } },
  { name: "counter", headers: { "gapbell-counter": "1" } },
  { name: "key", headers: { "gapbell-key": "0000000000000000" } },
  { name: "idempotency key", headers: { "idempotency-key": "e2" } },
  { name: "signature", headers: { "gapbell-signature": "A".repeat(86) } },
];
for (const { name, parts, headers } of CHANGES) {
  test(`another ${name} is not believed`, () => {
    expect(verified({ ...PARTS, ...parts }, { ...HEADERS, ...headers })).toBe(false);
  });
}

test("another agent's key does not fit", () => {
  expect(verified(PARTS, HEADERS, identityFrom({ ed: new Uint8Array(32).fill(3), x: new Uint8Array(32) }).ed)).toBe(false);
});

test("bytes that are no key at all are no reason to stop", () => {
  for (const ed of [new Uint8Array(), new Uint8Array(31), new Uint8Array(32).fill(255)]) expect(verified(PARTS, HEADERS, ed)).toBe(false);
});

for (const header of Object.keys(HEADERS)) {
  test(`without ${header}, or with something else in it, it is malformed`, () => {
    const { [header]: _, ...others } = HEADERS;
    expect(readClaim(others)).toEqual({ ok: false, fault: { kind: "missing", header } });
    for (const value of ["", "\u0000", "é", "x".repeat(200)]) {
      expect(readClaim({ ...HEADERS, [header]: value })).toMatchObject({ ok: false, fault: { kind: "malformed", header } });
    }
  });
}

test("a signature has 64 bytes", () => {
  expect(fromBase64(HEADERS["gapbell-signature"] ?? "")).toHaveLength(64);
});
