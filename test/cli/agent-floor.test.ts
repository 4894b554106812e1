/** `gapbell-agent floor` against an agent that writes down what it is asked. */

import { expect, test } from "bun:test";
import { read } from "../../lib/trust/certificate.ts";
import type { Ended } from "../support/in-process-command.ts";
import { SIGNED_BY, signs } from "../support/a-keyed-agent.ts";

/** At an agent that speaks versions 1 to 3, where the floor is 2. @returns how it ended, and what it has signed */
async function floor(...words: readonly string[]): Promise<Ended & { readonly signed: readonly number[] }> {
  const signed: number[] = [];
  const ended = await signs(["floor", ...words], (question) => {
    if (question.kind !== "floorRaised") return { status: 200, body: { floor: 2, versions: [1, 3] } };
    const paper = read("floor", question.certificate, SIGNED_BY);
    signed.push(paper.ok ? paper.value.version : 0);
    return { status: 200, body: { floor: paper.ok ? paper.value.version : 0, versions: [1, 3] } };
  });
  return { ...ended, signed };
}

test("without a version it is only told", async () => {
  expect(await floor()).toMatchObject({ code: 0, signed: [], out: "Lowest version that may be spoken: 2. This agent speaks versions 1 to 3\n" });
});

test("it is raised", async () => {
  expect(await floor("3")).toMatchObject({ code: 0, signed: [3], out: expect.stringContaining("may be spoken: 3") });
});

test("what it is already needs no signature", async () => {
  expect(await floor("2")).toMatchObject({ code: 0, signed: [], out: expect.stringContaining("may be spoken: 2") });
});

const WRONG: readonly (readonly [wanted: string, code: number, said: string])[] = [
  ["1", 1, "The floor is 2, and is never lowered"],
  ["4", 1, "This agent speaks versions up to 3: a floor of 4 would shut itself out"],
  ["0", 64, 'The floor is "0", must be a version from 1 to 3'],
  ["two", 64, 'The floor is "two"'],
];
test.each(WRONG)("%s is refused, and nothing is signed", async (wanted, code, said) => {
  expect(await floor(wanted)).toMatchObject({ code, signed: [], err: expect.stringContaining(said) });
});
