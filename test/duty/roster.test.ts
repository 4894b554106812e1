/** The roster as a document. */

import { describe, expect, test } from "bun:test";
import { misfitText } from "../../lib/base/misfit.ts";
import { hasOutsideChannel, MODULES_MOST, OPERATORS_MOST, parseRoster, RESPONSIBLE_MOST, TEAM_MOST, TEAMS_MOST } from "../../lib/duty/roster.ts";
import { TO_EVERYBODY } from "../../lib/wire/constants.ts";
import { AlarmItem } from "../../lib/wire/message.ts";
import { Escalation } from "../../lib/wire/relay-api.ts";
import { aRoster, aWrittenRoster, type Written } from "../support/a-roster.ts";

const CHIEF = { mail: "chief@example.org" };

function refused(set: Written): string {
  const parsed = parseRoster(aWrittenRoster(set));
  return parsed.ok ? "" : parsed.fault.map(misfitText).join("\n");
}

test("an operator has a name, and a default for what is not said", () => {
  expect(aRoster().operators["zhao"]).toEqual({
    name: "zhao", language: "en", timezone: "UTC", modules: ["net"], mail: "zhao@example.org", wecom: undefined, mobile: undefined,
  });
  expect(aRoster().operators["li"]).toMatchObject({ language: "zh", timezone: "Asia/Shanghai", wecom: "li" });
});

test("teams may be left out", () => {
  const { teams: _, ...written } = aWrittenRoster();
  expect(parseRoster(written)).toMatchObject({ ok: true, value: { teams: {}, lastResort: ["chief"] } });
});

describe("a roster is refused", () => {
  const rows: readonly [string, Written, string][] = [
    ["without a last resort", { last_resort: undefined }, "last_resort is missing"],
    ["with nobody in the last resort", { last_resort: [] }, "last_resort is an empty list, must be a list of at least 1 entry"],
    ["with a last resort who does not exist", { last_resort: ["chef"] }, 'last_resort[0] is "chef", must be the name of an operator above; did you mean "chief"?'],
    ["with a last resort whom nothing outside reaches", { operators: { li: CHIEF, chief: { modules: ["osd"] } }, teams: {} }, "last_resort is without anybody who can be reached outside, must be at least one operator with mail, wecom or mobile"],
    ["with somebody twice in the last resort", { last_resort: ["chief", "chief"] }, 'last_resort[1] is "chief" again'],
    ["with a team of somebody who does not exist", { teams: { storage: ["li", "zaho"] } }, 'teams.storage[1] is "zaho", must be the name of an operator above; did you mean "zhao"?'],
    ["with a team of nobody", { teams: { storage: [] } }, "teams.storage is an empty list"],
    ["with a team called like an operator", { teams: { li: ["zhao"] } }, "teams.li is also the name of an operator, must be a name of its own"],
    ["with a team called like a word of the policies", { teams: { responsible: ["li"] } }, "teams.responsible is a word that policies use"],
    ["with an operator called like a word of the policies", { operators: { last_resort: CHIEF, chief: CHIEF }, teams: {} }, "operators.last_resort is a word that policies use"],
    ["with a field that nobody knows", { operators: { chief: { email: "a@b" } }, teams: {} }, 'operators.chief.email is unknown here, must be one of language, timezone, modules, mail, wecom, mobile; did you mean "mail"?'],
    ["with a language that nobody speaks", { operators: { chief: { ...CHIEF, language: "fr" } }, teams: {} }, 'operators.chief.language is "fr", must be one of en, zh'],
    ["with a timezone that does not exist", { operators: { chief: { ...CHIEF, timezone: "Asia/Shangai" } }, teams: {} }, 'operators.chief.timezone is "Asia/Shangai", must be an IANA timezone as in Asia/Shanghai; did you mean "Asia/Shanghai"?'],
    ["with an address that is none", { operators: { chief: { mail: "chief at example" } }, teams: {} }, 'operators.chief.mail is "chief at example", must be one mail address'],
    ["with two addresses in one", { operators: { chief: { mail: "a@b.org, c@d.org" } }, teams: {} }, "must be one mail address"],
    ["with an address that would begin another header", { operators: { chief: { mail: "a@b.org\r\nBcc: x@y" } }, teams: {} }, "must be one mail address"],
    ["with everybody for a WeCom user", { operators: { chief: { wecom: "@all" } }, teams: {} }, "must be a WeCom user id"],
    ["with a telephone number that YAML took for a number", { operators: { chief: { mobile: 13_800_001_111 } }, teams: {} }, 'operators.chief.mobile is 13800001111, must be a telephone number in quotes'],
    ["with a name that has blanks", { operators: { "li wei": CHIEF, chief: CHIEF }, teams: {} }, "operators.li wei is a name that does not fit"],
    ["with a name of 33 characters", { operators: { ["x".repeat(33)]: CHIEF, chief: CHIEF }, teams: {} }, "a name that does not fit"],
  ];
  test.each(rows)("%s", (_, set, expected) => {
    expect(refused(set)).toContain(expected);
  });

  test.each([["nothing", undefined], ["a list", []], ["a text", "li"], ["null", null]])("where the document is %s", (_, json) => {
    expect(parseRoster(json).ok).toBe(false);
  });
});

describe("the limits", () => {
  const people = (count: number, modules: readonly string[]): Written =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, { ...CHIEF, modules }]));

  test("of operators", () => {
    const set = (count: number): Written => ({ operators: people(count, []), teams: {}, last_resort: ["p0"] });
    expect(refused(set(OPERATORS_MOST))).toBe("");
    expect(refused(set(OPERATORS_MOST + 1))).toContain(`operators is ${OPERATORS_MOST + 1} entries, must be at most ${OPERATORS_MOST}`);
  });

  test("of teams", () => {
    const teams = (count: number): Written => ({ teams: Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, ["li"]])) });
    expect(refused(teams(TEAMS_MOST))).toBe("");
    expect(refused(teams(TEAMS_MOST + 1))).toContain(`must be at most ${TEAMS_MOST}`);
  });

  test("of modules", () => {
    const modules = (count: number): Written => ({ operators: { chief: { ...CHIEF, modules: Array.from({ length: count }, (_, at) => `m${at}`) } }, teams: {} });
    expect(refused(modules(MODULES_MOST))).toBe("");
    expect(refused(modules(MODULES_MOST + 1))).toContain(`a list of at most ${MODULES_MOST} entries`);
  });

  test("of people responsible for one module: a packet names no more", () => {
    const set = (count: number): Written => ({ operators: people(count, ["osd", "osd"]), teams: {}, last_resort: ["p0"] });
    expect(refused(set(RESPONSIBLE_MOST))).toBe("");
    expect(refused(set(RESPONSIBLE_MOST + 1))).toContain(`operators is 17 people responsible for module "osd", must be at most ${RESPONSIBLE_MOST} for one module`);
    expect(AlarmItem.shape.to.safeParse(Array(RESPONSIBLE_MOST).fill("li")).success).toBe(true);
    expect(AlarmItem.shape.to.safeParse(Array(RESPONSIBLE_MOST + 1).fill("li")).success).toBe(false);
  });

  test("of people responsible for every module", () => {
    expect(refused({ operators: { ...people(RESPONSIBLE_MOST, ["*"]), li: { ...CHIEF, modules: ["osd"] } }, teams: {}, last_resort: ["p0"] })).toContain('responsible for module "osd"');
  });

  test("of a team: an escalation tells no more", () => {
    expect(Escalation.shape.recipients.safeParse(Array(TEAM_MOST + 1).fill({ operator: "li", language: "en", timezone: "UTC" })).success).toBe(false);
    expect(Escalation.shape.recipients.safeParse(Array(TEAM_MOST).fill({ operator: "li", language: "en", timezone: "UTC" })).success).toBe(true);
  });
});

test("a name that every object inherits is the name of nobody", () => {
  expect(refused({ last_resort: ["constructor"] })).toContain('last_resort[0] is "constructor", must be the name of an operator');
});

test.each([["mail", { mail: "a@b" }], ["wecom", { wecom: "a" }], ["mobile", { mobile: "13800001111" }]])("%s reaches a person outside", (_, address) => {
  const nobody = { name: "a", language: "en" as const, timezone: "UTC", modules: [], mail: undefined, wecom: undefined, mobile: undefined };
  expect(hasOutsideChannel({ ...nobody, ...address })).toBe(true);
  expect(hasOutsideChannel(nobody)).toBe(false);
});

test("nobody is called what stands for everybody in an alarm", () => {
  const roster = aWrittenRoster({ operators: { [TO_EVERYBODY]: { mail: "all@example.org" }, chief: { mail: "chief@example.org" } } });
  expect(parseRoster(roster)).toMatchObject({ ok: false, fault: [{ path: ["operators", "*"] }] });
});
