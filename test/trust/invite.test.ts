/** The invite as people type it. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Invite, inviteName, inviteSentence, joinKeyOf, parseInvite, printInvite } from "../../lib/trust/invite.ts";
import { fill } from "../support/a-cluster.ts";
import { anyBytes } from "../support/any-message.ts";

const INVITE: Invite = { cluster: fill(1, 16), secret: fill(2, 16), address: { host: "10.11.131.32", port: 11_115 }, id: fill(3, 8) };
const LINE = printInvite(INVITE);

const anyInvite: fc.Arbitrary<Invite> = fc.record({
  cluster: anyBytes(16), secret: anyBytes(16), id: anyBytes(8),
  address: fc.record({ host: fc.ipV4(), port: fc.integer({ min: 0, max: 65_535 }) }),
});

test("what was printed is read, however it is spaced and in either case", () => {
  const spacing = fc.constantFrom((line: string) => line, (line: string) => line.toLowerCase(), (line: string) => line.replaceAll("-", " "), (line: string) => line.replaceAll("-", "\r\n"), (line: string) => `# for li\n${line}\n# good once\n`);
  fc.assert(fc.property(anyInvite, spacing, (invite, spaced) => expect(parseInvite(spaced(printInvite(invite)))).toEqual({ ok: true, value: invite })), { seed: 1, numRuns: 200 });
});

test("letters that people take for others are taken for them", () => {
  expect(parseInvite(LINE.replaceAll("0", "O").replaceAll("1", "l"))).toEqual({ ok: true, value: INVITE });
});

test("any one character wrong, and any two neighbours exchanged, are noticed", () => {
  const plain = LINE.replaceAll("-", "");
  fc.assert(
    fc.property(fc.nat({ max: plain.length - 1 }), fc.constantFrom(..."0123456789ABCDEFGHJKMNPQRSTVWXYZ"), (at, other) => {
      const wrong = plain.slice(0, at) + other + plain.slice(at + 1);
      // The last character has bits that stand for nothing.
      if (wrong !== plain && at < plain.length - 1) expect(parseInvite(wrong).ok).toBe(false);
      const [a = "", b = ""] = [plain[at], plain[at + 1]];
      if (b !== "" && a !== b && at < plain.length - 2) expect(parseInvite(plain.slice(0, at) + b + a + plain.slice(at + 2)).ok).toBe(false);
    }),
    { seed: 2, numRuns: 500 },
  );
});

const FAULTS: readonly { readonly name: string; readonly text: string; readonly fault: object; readonly sentence: RegExp }[] = [
  { name: "nothing", text: "", fault: { kind: "length", found: 0 }, sentence: /it has 0 characters/ },
  { name: "a character too few", text: LINE.slice(0, -1), fault: { kind: "length" }, sentence: /must have 79/ },
  { name: "a foreign character", text: LINE.replace(/^./, "U"), fault: { kind: "character", position: 1, found: "U" }, sentence: /character 1 is "U"/ },
  { name: "another version", text: printInvite(INVITE).replace(/^04/, "08"), fault: { kind: "version", found: 2 }, sentence: /version 2, this program reads version 1/ },
  { name: "a wrong check", text: LINE.replace(/.$/, (last) => (last === "G" ? "R" : "G")), fault: { kind: "mistyped" }, sentence: /its check does not match/ },
];
test.each(FAULTS)("$name is refused with its place", ({ text, fault, sentence }) => {
  const parsed = parseInvite(text);
  expect(parsed).toMatchObject({ ok: false, fault });
  expect(parsed.ok ? "" : inviteSentence(parsed.fault)).toMatch(sentence);
});

test("whatever is read, nothing is thrown", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => expect(typeof parseInvite(text).ok).toBe("boolean")), { seed: 3, numRuns: 300 });
});

test("the key of JOIN says nothing of the secret, and the name nothing but the id", () => {
  expect(joinKeyOf(INVITE.secret)).toHaveLength(32);
  expect(joinKeyOf(fill(9, 16))).not.toEqual(joinKeyOf(INVITE.secret));
  expect(inviteName(INVITE.id)).toHaveLength(11);
});
