import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { SENTENCES } from "../../lib/doctor/sentences.ts";

/** Words that no sentence has of its own. */
const WORDS = ["W1", "W2", "W3", "W4"];

test("every sentence is one that a judgement can come to", () => {
  const folder = join(import.meta.dir, "..", "..", "lib", "doctor");
  const judgements = readdirSync(folder).filter((name) => name !== "sentences.ts").map((name) => readFileSync(join(folder, name), "utf8")).join("");
  expect(Object.keys(SENTENCES.en).filter((code) => !judgements.includes(`"${code}"`))).toEqual([]);
});

type Sentence = (...words: string[]) => { readonly says: string; readonly fix: string };

for (const code of Object.keys(SENTENCES.en) as (keyof typeof SENTENCES.en)[]) {
  test(`${code} says the same in both languages`, () => {
    const [en, zh]: readonly Sentence[] = [SENTENCES.en[code], SENTENCES.zh[code]];
    if (en === undefined || zh === undefined) throw new Error("two languages");
    const told = [en(...WORDS), zh(...WORDS)];
    const used = told.map(({ says, fix }) => WORDS.filter((word) => says.includes(word) || fix.includes(word)));
    expect(used[1]).toEqual(used[0] ?? []);
    expect(told.map(({ fix }) => fix === "")).toEqual([told[0]?.fix === "", told[0]?.fix === ""]);
    expect(told[1]?.says).toMatch(/\p{Script=Han}/u);
    expect(told[0]?.says).not.toMatch(/\p{Script=Han}/u);
    expect(told[0]?.says).not.toMatch(/\.$/);
  });
}
