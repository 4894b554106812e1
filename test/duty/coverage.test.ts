/** Which modules have somebody who would hear their alarms. */

import { expect, test } from "bun:test";
import { coverOf, isGap, type Reach } from "../../lib/duty/coverage.ts";
import { aRoster } from "../support/a-roster.ts";

const MAIL = { mail: "x@example.org" };

/** Everybody whom `reaches` does not name is away. */
function covers(named: readonly string[], reaches: Readonly<Record<string, Reach>> = {}, roster = aRoster()) {
  return coverOf(roster, { named, reachOf: (operator) => reaches[operator] ?? "away" });
}

test("modules of the rules and of the roster are told in order of name, and the rest last", () => {
  expect(covers(["pool", "net"]).map(({ module }) => module)).toEqual(["net", "osd", "pool", "*"]);
});

test("one of those responsible who is there is enough", () => {
  const roster = aRoster({ operators: { li: { ...MAIL, modules: ["osd"] }, zhao: { modules: ["osd"] }, chief: MAIL }, teams: {} });
  expect(covers([], { zhao: "here", li: "unheard" }, roster)[0]).toEqual({ module: "osd", responsible: ["li", "zhao"], lastResort: false, here: ["zhao"], verdict: "here" });
});

const GAPS: readonly [name: string, module: string, reaches: Readonly<Record<string, Reach>>, verdict: string, gap: boolean][] = [
  ["somebody is there", "osd", { li: "here" }, "here", false],
  ["everybody has gone home", "osd", { li: "away" }, "away", false],
  ["nobody has been heard for days", "osd", { li: "unheard" }, "unheard", true],
  ["a module of the rules that nobody names", "pool", { chief: "here" }, "nobody", true],
  ["what no rule names, for the last resort alone", "*", { chief: "unheard" }, "unheard", false],
];

test.each(GAPS)("%s", (_, module, reaches, verdict, gap) => {
  const cover = covers(["pool"], reaches).find((one) => one.module === module);
  expect(cover?.verdict as string).toBe(verdict);
  expect(cover !== undefined && isGap(cover)).toBe(gap);
});

test("what no rule names is missed where who answers for everything has not been heard for days", () => {
  const roster = aRoster({ operators: { li: { ...MAIL, modules: ["*"] } }, teams: {}, last_resort: ["li"] });
  const [rest] = covers([], { li: "unheard" }, roster);
  expect(rest).toMatchObject({ module: "*", responsible: ["li"], lastResort: false, verdict: "unheard" });
  expect(rest !== undefined && isGap(rest)).toBe(true);
});
