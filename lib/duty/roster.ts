/** The people: who answers for which modules, and where each can be reached. */

import { z } from "zod";
import { nearest } from "../base/nearest.ts";
import { fail, ok, type Result } from "../base/result.ts";

export type Operator = {
  readonly name: string;
  readonly language: "en" | "zh";
  /** IANA name, for the times in what is sent. */
  readonly timezone: string;
  readonly modules: readonly string[];
  readonly mail: string | undefined;
  /** User id of the WeCom application. */
  readonly wecom: string | undefined;
  /** For a group robot's mention. */
  readonly mobile: string | undefined;
};

export type Roster = {
  readonly operators: Readonly<Record<string, Operator>>;
  readonly teams: Readonly<Record<string, readonly string[]>>;
  /** At least one, with a channel outside: gets what nobody else answers for. */
  readonly lastResort: readonly string[];
};

export const OPERATORS_MOST = 500;
export const MODULES_MOST = 200;

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,31}$/, { error: "1 to 32 of a-z 0-9 . _ -" });

/** As `roster.yaml` has it. */
export const RosterForm = z.strictObject({
  operators: z.record(name, z.strictObject({
    language: z.enum(["en", "zh"]).default("en"),
    timezone: z.string().max(64).default("UTC"),
    modules: z.array(z.string().min(1).max(64)).max(MODULES_MOST).default([]),
    mail: z.email().max(254).optional(),
    wecom: z.string().min(1).max(64).optional(),
    mobile: z.string().regex(/^\+?[0-9]{5,19}$/, { error: "5 to 19 digits" }).optional(),
  })),
  teams: z.record(name, z.array(z.string()).min(1).max(64)).default({}),
  last_resort: z.array(z.string()).min(1).max(16),
});
export type RosterForm = z.infer<typeof RosterForm>;

export type RosterFault = { readonly path: readonly (string | number)[]; readonly found: string; readonly expected: string; readonly nearest: string | undefined };

/** What the schema cannot say: names that exist, a time zone that exists, and a last resort that can be reached. */
export function rosterOf(form: RosterForm): Result<Roster, readonly RosterFault[]> {
  const faults: RosterFault[] = [];
  const names = Object.keys(form.operators);
  const known = (path: readonly (string | number)[], operator: string): void => {
    if (names.includes(operator)) return;
    faults.push({ path, found: `"${operator}"`, expected: "an operator of this roster", nearest: nearest(operator, names) });
  };
  for (const [operator, { timezone }] of Object.entries(form.operators)) {
    if (!isTimezone(timezone)) faults.push({ path: ["operators", operator, "timezone"], found: `"${timezone}"`, expected: 'a time zone such as "Asia/Shanghai"', nearest: undefined });
  }
  for (const [team, members] of Object.entries(form.teams)) {
    if (names.includes(team)) faults.push({ path: ["teams", team], found: `"${team}", which is an operator as well`, expected: "a name of its own", nearest: undefined });
    members.forEach((operator, at) => known(["teams", team, at], operator));
  }
  form.last_resort.forEach((operator, at) => known(["last_resort", at], operator));
  if (!form.last_resort.some((operator) => reachable(form.operators[operator]))) {
    faults.push({ path: ["last_resort"], found: "nobody with an address outside", expected: "at least one operator with mail, wecom or mobile", nearest: undefined });
  }
  if (faults.length > 0) return fail(faults);
  return ok({
    teams: form.teams, lastResort: form.last_resort,
    operators: Object.fromEntries(Object.entries(form.operators).map(([operator, { language, timezone, modules, mail, wecom, mobile }]) =>
      [operator, { name: operator, language, timezone, modules, mail, wecom, mobile }])),
  });
}

function reachable(operator: RosterForm["operators"][string] | undefined): boolean {
  return operator !== undefined && (operator.mail !== undefined || operator.wecom !== undefined || operator.mobile !== undefined);
}

function isTimezone(timezone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: timezone }) !== undefined;
  } catch {
    return false;
  }
}
