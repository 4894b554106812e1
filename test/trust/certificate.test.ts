/** Voice, warrant, member, revocation, request: what is signed, by whom, and nothing else. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { concat, fromBase64, toBase64, utf8 } from "../../lib/base/bytes.ts";
import { CERTIFICATE_BYTES_MOST } from "../../lib/wire/constants.ts";
import { signBytes } from "../../lib/wire/seal.ts";
import { type CertificateKind, issue, read } from "../../lib/trust/certificate.ts";
import { fill, IDENTITIES } from "../support/a-cluster.ts";
import { anyText } from "../support/any-message.ts";

const CLUSTER = IDENTITIES.agent;
const key = toBase64(fill(7));
const VOICE = { serial: 1, agent: "node1", ed: key, x: key };
const WARRANT = { id: toBase64(fill(1, 8)), operator: "li", robot: false, hash: key, expires: 1_795_500_000_000 };
const MEMBER = { warrant: WARRANT.id, serial: 7, ed: key, x: key };
const REVOCATION = { ed: key, serial: 7, at: 1_795_500_000_000 };
const REQUEST = { agent: "node2", ed: key, x: key };
const ISSUED: Readonly<Record<CertificateKind, string>> = {
  voice: issue("voice", VOICE, CLUSTER.signer), warrant: issue("warrant", WARRANT, CLUSTER.signer), member: issue("member", MEMBER, CLUSTER.signer),
  revocation: issue("revocation", REVOCATION, CLUSTER.signer), request: issue("request", REQUEST, CLUSTER.signer),
  floor: issue("floor", { version: 2 }, CLUSTER.signer),
};
const KINDS = ["voice", "warrant", "member", "revocation", "request", "floor"] as const;

test("what was issued is read back whole, by whom the signer's key is known", () => {
  expect(read("voice", ISSUED.voice, CLUSTER.ed)).toEqual({ ok: true, value: VOICE });
  expect(read("warrant", ISSUED.warrant, CLUSTER.ed)).toEqual({ ok: true, value: WARRANT });
  expect(read("member", ISSUED.member, CLUSTER.ed)).toEqual({ ok: true, value: MEMBER });
  expect(read("revocation", ISSUED.revocation, CLUSTER.ed)).toEqual({ ok: true, value: REVOCATION });
});

test.each(KINDS)("a %s signed by somebody else is not believed", (kind) => {
  expect(read(kind, ISSUED[kind], IDENTITIES.other.ed)).toEqual({ ok: false, fault: "signature" });
});

test.each(KINDS)("a %s is no certificate of another kind", (kind) => {
  for (const other of KINDS) if (other !== kind) expect(read(other, ISSUED[kind], CLUSTER.ed).ok).toBe(false);
});

test("not even where its fields would do: the kind is signed as well", () => {
  const both = issue("voice", { ...VOICE, ...MEMBER }, CLUSTER.signer);
  expect(read("voice", both, CLUSTER.ed).ok).toBe(true);
  expect(read("member", both, CLUSTER.ed)).toEqual({ ok: false, fault: "signature" });
});

test.each(KINDS)("a %s with any byte changed, or cut anywhere, is not believed", (kind) => {
  const bytes = fromBase64(ISSUED[kind]) ?? new Uint8Array();
  for (let at = 0; at < bytes.length; at += 1) {
    expect(read(kind, toBase64(bytes.with(at, (bytes[at] ?? 0) ^ 1)), CLUSTER.ed).ok).toBe(false);
    expect(read(kind, toBase64(bytes.subarray(0, at)), CLUSTER.ed).ok).toBe(false);
  }
  expect(read(kind, toBase64(concat(bytes, new Uint8Array(1))), CLUSTER.ed).ok).toBe(false);
});

const signed = (text: string): string => toBase64(concat(utf8(text), signBytes(concat(utf8("gapbell/1 voice\0"), utf8(text)), CLUSTER.signer)));
const NONE: readonly { readonly name: string; readonly text: string }[] = [
  { name: "nothing", text: "" },
  { name: "no base64", text: "!" },
  { name: "a signature alone", text: toBase64(fill(1, 64)) },
  { name: "no JSON", text: signed("x") },
  { name: "null", text: signed("null") },
  { name: "a field missing", text: signed(JSON.stringify({ ...VOICE, x: undefined })) },
  { name: "a serial of 0", text: signed(JSON.stringify({ ...VOICE, serial: 0 })) },
  { name: "a name of 33 letters", text: signed(JSON.stringify({ ...VOICE, agent: "a".repeat(33) })) },
  { name: "a byte more than a certificate has", text: signed(JSON.stringify({ ...VOICE, more: "x".repeat(CERTIFICATE_BYTES_MOST - 64 - JSON.stringify({ ...VOICE, more: "" }).length + 1) })) },
];
test.each(NONE)("$name is no certificate", ({ text }) => {
  expect(read("voice", text, CLUSTER.ed)).toEqual({ ok: false, fault: "not a certificate" });
});

test("a name as long as it may be, in any script, makes a certificate that is within its limit", () => {
  const name = fc.oneof(fc.constantFrom("a", "值", "𝔊").map((unit) => unit.repeat(32)), anyText(32, 32)).map((text) => [...text.replace(/[^\p{L}\p{N}._-]/gu, "𝔊")].slice(0, 32).join(""));
  fc.assert(
    fc.property(name, (operator) => {
      const voice = issue("voice", { ...VOICE, serial: 99_999, agent: operator }, CLUSTER.signer);
      const warrant = issue("warrant", { ...WARRANT, operator }, CLUSTER.signer);
      expect(read("voice", voice, CLUSTER.ed)).toMatchObject({ ok: true, value: { agent: operator } });
      expect(read("warrant", warrant, CLUSTER.ed)).toMatchObject({ ok: true, value: { operator } });
    }),
    { seed: 20_261_125, numRuns: 60 },
  );
});
