/** `gapbell-agent revoke` against an agent that writes down what it is asked: whom a name means, and what is signed. */

import { expect, test } from "bun:test";
import { toBase64 } from "../../lib/base/bytes.ts";
import { read } from "../../lib/trust/certificate.ts";
import { fill } from "../support/a-cluster.ts";
import { SIGNED_BY, signs } from "../support/a-keyed-agent.ts";
import type { Ended } from "../support/in-process-command.ts";

const LISTENERS = [
  { id: "aaaa111122223333", operator: "li", host: "laptop", key: toBase64(fill(11)), serial: 1, state: "present" },
  { id: "aaaa999922223333", operator: "li", host: "home", key: toBase64(fill(12)), serial: 2, state: "away" },
  { id: "bbbb111122223333", operator: "zhao", host: "laptop", key: toBase64(fill(13)), serial: 3, state: "never heard" },
  { id: "cccc111122223333", operator: "zhao", host: "gone", key: toBase64(fill(14)), serial: 4, state: "revoked", revokedAt: 1_795_507_200_000 },
];

/** @returns how the command ended, and which serials it has signed away */
async function revokes(...words: readonly string[]): Promise<Ended & { readonly serials: readonly number[] }> {
  const certificates: string[] = [];
  const ended = await signs(["revoke", ...words], (question) => {
    if (question.kind === "revoked") certificates.push(...question.certificates);
    return { status: 200, body: question.kind === "listeners" ? { listeners: LISTENERS } : {} };
  });
  const serials = certificates.map((certificate) => {
    const paper = read("revocation", certificate, SIGNED_BY);
    return paper.ok && LISTENERS.some(({ key }) => key === paper.value.ed) ? paper.value.serial : 0;
  });
  return { ...ended, serials };
}

const NAMED: readonly (readonly [name: string, words: readonly string[], serials: readonly number[]])[] = [
  ["a host", ["home"], [2]],
  ["the beginning of an id", ["bbbb"], [3]],
  ["an id in capitals", ["AAAA1111"], [1]],
  ["several, and one of them twice", ["home", "bbbb1111", "aaaa9999"], [2, 3]],
  ["a host that two have, with the operator", ["laptop", "--operator", "zhao"], [3]],
  ["all of an operator", ["--operator", "li"], [1, 2]],
  ["all of an operator of whom one is revoked already", ["--operator", "zhao"], [3]],
];
test.each(NAMED)("it signs away %s", async (_, words, serials) => {
  const ended = await revokes(...words);
  expect(ended).toMatchObject({ code: 0, serials });
  expect(ended.out).toContain("A new group key is in use");
});

const WRONG: readonly (readonly [name: string, words: readonly string[], code: number, said: string])[] = [
  ["nobody", [], 64, "No listener is named"],
  ["a host that two have", ["laptop"], 1, '2 listeners are called "laptop": laptop of li (aaaa1111), laptop of zhao (bbbb1111)'],
  ["the beginning of two ids", ["aaaa"], 1, '2 listeners are called "aaaa"'],
  ["three characters of an id", ["bbb"], 1, 'No listener is called "bbb"'],
  ["somebody else's", ["home", "--operator", "zhao"], 1, 'No listener is called "home"'],
  ["an operator without one", ["--operator", "wu"], 1, 'No listener of "wu" has joined'],
];
test.each(WRONG)("named is %s: nothing is signed", async (_, words, code, said) => {
  const ended = await revokes(...words);
  expect(ended).toMatchObject({ code, serials: [] });
  expect(ended.err).toContain(said);
});

test("what was revoked before is told, with the moment, and nobody is asked for the passphrase", async () => {
  const ended = await revokes("gone");
  expect(ended).toMatchObject({ code: 0, serials: [] });
  expect(ended.out).toMatch(/^gone of zhao \(cccc1111\) was revoked before, 20\d\d-/);
});

test("a program reads who was revoked now, and who before", async () => {
  const ended = await revokes("--operator", "zhao", "--json");
  expect(JSON.parse(ended.out)).toMatchObject({ revoked: [{ id: "bbbb111122223333", host: "laptop" }], already: [{ id: "cccc111122223333", revokedAt: 1_795_507_200_000 }] });
});
