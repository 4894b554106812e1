/** Who answers for what, and whom a step tells. */

import { describe, expect, test } from "bun:test";
import { recipientsOf, recipientWords, responsibleFor } from "../../lib/duty/responsible.ts";
import { aRoster } from "../support/a-roster.ts";

const ROSTER = aRoster();
const MAIL = { mail: "x@example.org" };

describe("responsible for a module", () => {
  test("is whoever names it", () => {
    expect(responsibleFor("osd", ROSTER)).toEqual({ operators: ["li"], lastResort: false });
  });

  test("are all who name it", () => {
    const roster = aRoster({ operators: { li: { ...MAIL, modules: ["osd"] }, zhao: { modules: ["net", "osd"] }, chief: MAIL }, teams: {} });
    expect(responsibleFor("osd", roster).operators).toEqual(["li", "zhao"]);
  });

  test("is whoever answers for every module, beside the others", () => {
    const roster = aRoster({ operators: { li: { modules: ["osd"] }, wu: { modules: ["*"] }, chief: MAIL }, teams: {} });
    expect(responsibleFor("osd", roster).operators).toEqual(["li", "wu"]);
    expect(responsibleFor("pool", roster)).toEqual({ operators: ["wu"], lastResort: false });
  });

  test.each(["pool", "", "OSD", "os", "constructor", "-"])("%p, which nobody names, is the last resort", (module) => {
    expect(responsibleFor(module, ROSTER)).toEqual({ operators: ["chief"], lastResort: true });
  });
});

describe("a step tells", () => {
  const told = (to: string, responsible: readonly string[] = ["li"]) => recipientsOf(to, { responsible, roster: ROSTER });

  test.each([
    ["responsible", ["li"]], ["last_resort", ["chief"]], ["storage", ["li", "zhao"]], ["zhao", ["zhao"]],
  ])("%s", (to, names) => {
    expect(told(to)).toEqual(names);
  });

  test("those who were responsible when the alarm was raised, whoever is now", () => {
    expect(told("responsible", ["zhao"])).toEqual(["zhao"]);
  });

  test("the last resort where those who were responsible are gone from the roster", () => {
    expect(told("responsible", ["gone"])).toEqual(["chief"]);
    expect(told("responsible", [])).toEqual(["chief"]);
  });

  test.each(["nobody", "constructor", ""])("the last resort where %p means nobody any more", (to) => {
    expect(told(to)).toEqual(["chief"]);
  });
});

test("a step may name the two words, every team and every operator", () => {
  expect(recipientWords(ROSTER)).toEqual(["responsible", "last_resort", "storage", "li", "zhao", "chief"]);
});
