/** The people: who answers for which modules, and where each can be reached. */

import { z } from "zod";
import { type Language, LANGUAGES } from "../alarm/language.ts";
import { fit, type Misfit, misfit, type Path } from "../base/misfit.ts";
import { nearest } from "../base/nearest.ts";
import { fail, ok, type Result } from "../base/result.ts";

export type Operator = {
  readonly name: string;
  readonly language: Language;
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

/** In an operator's modules: answers for every module. */
export const EVERY_MODULE = "*";
/** Words with a meaning of their own in a policy's steps; no operator or team is called so. */
export const RESPONSIBLE = "responsible";
export const LAST_RESORT = "last_resort";

export const OPERATORS_MOST = 500;
export const MODULES_MOST = 100;
export const TEAMS_MOST = 100;
/** As many as one escalation tells (`Recipient` of wire/relay-api.ts). */
export const TEAM_MOST = 64;
/** A packet names so many responsible operators (`AlarmItem` of wire/message.ts); another would never ring. */
export const RESPONSIBLE_MOST = 16;

const OperatorName = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,31}$/u,
    "a name of 1 to 32 letters, digits, dots, hyphens and underscores",
  );
const ModuleName = z
  .string()
  .regex(/^(\*|[^\p{Cc}]{1,64})$/u, `text of 1 to 64 characters, or "${EVERY_MODULE}" for every module`);
/** One bare address as SMTP carries it: no display name, no quoting. */
const Mail = z
  .string()
  .max(254)
  .regex(
    /^[^\s@<>(),;:"[\]\\\p{Cc}]{1,64}@[^\s@<>(),;:"[\]\\\p{Cc}]{1,253}$/u,
    "one mail address as in li@example.org",
  );
/** `channels-and-standards.md` §2.2: joined by "|" on the wire, and "@all" means everybody. */
const WecomId = z
  .string()
  .regex(
    /^(?!@)[A-Za-z0-9._@-]{1,64}$/,
    "a WeCom user id: 1 to 64 letters, digits, dots, hyphens, underscores",
  );
/** Quoted in YAML, else it is a number. */
const Mobile = z
  .string('a telephone number in quotes, as in "13800001111"')
  .regex(/^\+?[0-9]{5,19}$/, 'a telephone number in quotes, as in "13800001111"');
const Timezone = z.string().refine(isTimezone, "an IANA timezone as in Asia/Shanghai");

export const OperatorForm = z.strictObject({
  language: z.enum(LANGUAGES).default("en"),
  timezone: Timezone.default("UTC"),
  modules: z.array(ModuleName).max(MODULES_MOST).default([]),
  mail: Mail.optional(),
  wecom: WecomId.optional(),
  mobile: Mobile.optional(),
});
export const RosterForm = z.strictObject({
  operators: z.record(OperatorName, OperatorForm),
  teams: z.record(OperatorName, z.array(z.string()).min(1).max(TEAM_MOST)).default({}),
  last_resort: z.array(z.string()).min(1).max(RESPONSIBLE_MOST),
});

/** Reads what `roster.yaml` holds. */
export function parseRoster(json: unknown): Result<Roster, readonly Misfit[]> {
  const read = fit(RosterForm, json);
  if (!read.ok) return fail(read.fault.map(withNearestTimezone));
  const { operators, teams, last_resort: lastResort } = read.value;
  const people = Object.entries(operators).map(([name, form]) => [name, operatorOf(name, form)] as const);
  const roster: Roster = { operators: Object.fromEntries(people), teams, lastResort };
  const misfits = [
    ...tooMany(roster),
    ...takenNames(roster),
    ...unknownPeople(roster),
    ...withoutChannel(roster),
    ...crowded(roster),
  ];
  return misfits.length === 0 ? ok(roster) : fail(misfits);
}

/** Whether anything outside the LAN can reach this person. */
export function hasOutsideChannel({ mail, wecom, mobile }: Operator): boolean {
  return mail !== undefined || wecom !== undefined || mobile !== undefined;
}

function operatorOf(
  name: string,
  { language, timezone, modules, mail, wecom, mobile }: z.infer<typeof OperatorForm>,
): Operator {
  return { name, language, timezone, modules, mail, wecom, mobile };
}

function tooMany({ operators, teams }: Roster): readonly Misfit[] {
  const count = (field: string, record: object, most: number): readonly Misfit[] => {
    const entries = Object.keys(record).length;
    return entries <= most
      ? []
      : [misfit([field], { found: `${entries} entries`, expected: `at most ${most}` })];
  };
  return [...count("operators", operators, OPERATORS_MOST), ...count("teams", teams, TEAMS_MOST)];
}

/** One word in a policy's step must name one thing. */
function takenNames({ operators, teams }: Roster): readonly Misfit[] {
  const reserved = [RESPONSIBLE, LAST_RESORT];
  const found = (path: Path, meaning: string): Misfit => ({
    path,
    blames: "name",
    found: meaning,
    expected: "a name of its own",
    nearest: undefined,
  });
  return [
    ...Object.keys(operators)
      .filter((name) => reserved.includes(name))
      .map((name) => found(["operators", name], "a word that policies use")),
    ...Object.keys(teams)
      .filter((name) => reserved.includes(name))
      .map((name) => found(["teams", name], "a word that policies use")),
    ...Object.keys(teams)
      .filter((name) => Object.hasOwn(operators, name))
      .map((name) => found(["teams", name], "also the name of an operator")),
  ];
}

function unknownPeople({ operators, teams, lastResort }: Roster): readonly Misfit[] {
  const known = Object.keys(operators);
  const check = (path: Path, names: readonly string[]): readonly Misfit[] =>
    names.flatMap((word, at) => {
      if (!Object.hasOwn(operators, word)) {
        return [
          misfit([...path, at], {
            found: JSON.stringify(word),
            expected: "the name of an operator above",
            valid: known,
            word,
          }),
        ];
      }
      return names.indexOf(word) === at
        ? []
        : [misfit([...path, at], { found: `"${word}" again`, expected: "another operator" })];
    });
  return [
    ...Object.entries(teams).flatMap(([team, members]) => check(["teams", team], members)),
    ...check([LAST_RESORT], lastResort),
  ];
}

/** What nobody takes must be able to leave the room: the last resort has somebody outside. */
function withoutChannel({ operators, lastResort }: Roster): readonly Misfit[] {
  const people = lastResort.flatMap((name) =>
    Object.hasOwn(operators, name) ? (operators[name] ?? []) : [],
  );
  if (people.length < lastResort.length || people.some(hasOutsideChannel)) return [];
  return [
    misfit([LAST_RESORT], {
      found: "without anybody who can be reached outside",
      expected: "at least one operator with mail, wecom or mobile",
    }),
  ];
}

function crowded({ operators }: Roster): readonly Misfit[] {
  const people = Object.values(operators);
  const everywhere = people.filter(({ modules }) => modules.includes(EVERY_MODULE)).length;
  const counts = new Map<string, number>();
  for (const { modules } of people) {
    if (modules.includes(EVERY_MODULE)) continue;
    for (const module of new Set(modules)) counts.set(module, (counts.get(module) ?? 0) + 1);
  }
  const crowds = [...counts, [EVERY_MODULE, 0] as const].filter(
    ([, count]) => count + everywhere > RESPONSIBLE_MOST,
  );
  return crowds.map(([module, count]) =>
    misfit(["operators"], {
      found: `${count + everywhere} people responsible for module "${module}"`,
      expected: `at most ${RESPONSIBLE_MOST} for one module`,
    }),
  );
}

function isTimezone(word: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: word });
    return true;
  } catch {
    return false;
  }
}

function withNearestTimezone(one: Misfit): Misfit {
  if (one.path.at(-1) !== "timezone" || !one.found.startsWith('"')) return one;
  return { ...one, nearest: nearest(one.found.slice(1, -1), [...Intl.supportedValuesOf("timeZone"), "UTC"]) };
}
