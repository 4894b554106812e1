/** Classification rules: what a label must look like, and the module, item, severity and policy that follow. */

import { z } from "zod";
import { SEVERITIES, type Severity } from "../alarm/severity.ts";
import { fromUtf8, toBase64, utf8 } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import { fit, type Misfit, misfit } from "../base/misfit.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type Matcher, matcherText, parseMatcher } from "./matcher.ts";
import { parseTemplate } from "./template.ts";

export type Rule = {
  readonly name: string;
  /** 1-based line in `rules.yaml`; 0 where the rules did not come from a file. */
  readonly line: number;
  /** All must hold; none: the default rule, obligatory and last. */
  readonly match: readonly Matcher[];
  /** `{label}` is replaced by that label's value. */
  readonly module: string;
  readonly item: string;
  /** `source`: what the source says. */
  readonly severity: Severity | "info" | "source";
  readonly policy: string;
};

/** First match wins; the last rule matches everything. */
export type Rules = { readonly rules: readonly Rule[] };

export const RULES_MOST = 500;
export const MATCHERS_MOST = 16;
/** As many characters as a name has in the roster and on the wire. */
export const NAME_LENGTH_MOST = 32;
export const RULE_NAME_LENGTH_MOST = 64;
export const TEMPLATE_LENGTH_MOST = 256;
/** Rules travel to every listener as a whole: the same number as in wire/constants.ts. */
export const RULES_BYTES_MOST = 64_000;
export const DEFAULT_POLICY_NAME = "default";
/** The same number as the module and item of a packet hold (wire/message.ts), in UTF-16 units. */
export const MODULE_LENGTH_MOST = 64;
export const ITEM_LENGTH_MOST = 128;

const EXPECTED_TEMPLATE = 'text in which each {label} has both its braces, in quotes as in "{ceph_daemon}"';

const name = (lengthMost: number) =>
  z
    .string()
    .regex(
      new RegExp(`^[\\p{L}\\p{N}][\\p{L}\\p{N}._ -]{0,${lengthMost - 1}}$`, "u"),
      `a name of 1 to ${lengthMost} letters, digits, dots, hyphens and underscores`,
    );
const template = z
  .string(EXPECTED_TEMPLATE)
  .min(1, "text of at least 1 character")
  .max(TEMPLATE_LENGTH_MOST)
  .refine((text) => parseTemplate(text) !== undefined, EXPECTED_TEMPLATE);
const matcher = z.string().transform((text, context): Matcher => {
  const parsed = parseMatcher(text);
  if (parsed.ok) return parsed.value;
  context.addIssue({ code: "custom", message: parsed.fault.expected });
  return z.NEVER;
});

/** One rule as it is written in `rules.yaml` and in the canonical JSON. */
export const RuleForm = z.strictObject({
  name: name(RULE_NAME_LENGTH_MOST),
  match: z.array(matcher).max(MATCHERS_MOST).default([]),
  module: template,
  item: template,
  severity: z.enum([...SEVERITIES, "info", "source"]).default("source"),
  policy: name(NAME_LENGTH_MOST).default(DEFAULT_POLICY_NAME),
});
export const RulesForm = z.strictObject({ rules: z.array(RuleForm).min(1).max(RULES_MOST) });

/** Reads what `rules.yaml` holds. The lines are 0: whoever knows the file sets them. */
export function parseRules(json: unknown): Result<Rules, readonly Misfit[]> {
  const read = fit(RulesForm, json);
  if (!read.ok) return read;
  const rules: Rules = { rules: read.value.rules.map((rule) => ({ ...rule, line: 0 })) };
  const misfits = [...namedTwice(rules), ...unreachable(rules), ...tooLarge(rules)];
  return misfits.length === 0 ? ok(rules) : fail(misfits);
}

/**
 * The bytes that are hashed and sent: fields in order of name, one spelling for each matcher, no lines, so that rules
 * that decide the same have the same digest. At most `RULES_BYTES_MOST`, where `parseRules` has let them through.
 */
export function canonicalRules(rules: Rules): Uint8Array {
  const held = CANONICAL.get(rules);
  if (held !== undefined) return held;
  const canonical = rules.rules.map(({ item, match, module, name: called, policy, severity }) => ({
    item,
    match: match.map(matcherText),
    module,
    name: called,
    policy,
    severity,
  }));
  const bytes = utf8(JSON.stringify({ rules: canonical }));
  CANONICAL.set(rules, bytes);
  return bytes;
}

/** Rules never change in place, and every beacon and greeting asks for their digest. */
const CANONICAL = new WeakMap<Rules, Uint8Array>();

/** SHA-256 of the exact bytes, base64url: what BEACON, HELLO, WELCOME and DATA carry. */
export function rulesDigest(canonical: Uint8Array): string {
  const held = DIGESTS.get(canonical);
  if (held !== undefined) return held;
  const digest = toBase64(sha256(canonical));
  DIGESTS.set(canonical, digest);
  return digest;
}

const DIGESTS = new WeakMap<Uint8Array, string>();

/** The modules that rules give by name; what a template takes from a label, and what is never rung, is not known before it comes. */
export function modulesNamed(rules: Rules): ReadonlySet<string> {
  const held = NAMED.get(rules);
  if (held !== undefined) return held;
  const named = new Set(
    rules.rules.flatMap(({ module, severity }) =>
      severity === "info" || parseTemplate(module)?.pieces.length !== 1 ? [] : [module],
    ),
  );
  NAMED.set(rules, named);
  return named;
}

const NAMED = new WeakMap<Rules, ReadonlySet<string>>();

/** Reads what `canonicalRules` wrote, perhaps in a newer version: then a misfit, and the agent's own result stands. */
export function rulesFromCanonical(bytes: Uint8Array): Result<Rules, readonly Misfit[]> {
  const text = bytes.length > RULES_BYTES_MOST ? undefined : fromUtf8(bytes);
  const expected = `canonical JSON of at most ${RULES_BYTES_MOST} bytes`;
  if (text === undefined) return fail([misfit([], { found: `${bytes.length} bytes`, expected })]);
  try {
    return parseRules(JSON.parse(text));
  } catch {
    return fail([misfit([], { found: "broken JSON", expected })]);
  }
}

function namedTwice({ rules }: Rules): readonly Misfit[] {
  const first = new Map<string, number>();
  return rules.flatMap((rule, at) => {
    const earlier = first.get(rule.name);
    if (earlier === undefined) {
      first.set(rule.name, at);
      return [];
    }
    return [
      misfit(["rules", at, "name"], {
        found: `"${rule.name}" like that of rules[${earlier}]`,
        expected: "a name of its own",
      }),
    ];
  });
}

/** The default rule is obligatory, and what stands below a rule that matches everything never decides anything. */
function unreachable({ rules }: Rules): readonly Misfit[] {
  const at = rules.findIndex(({ match }) => match.length === 0);
  const catchAll = rules[at];
  if (catchAll === undefined) {
    const last = rules.length - 1;
    return [
      misfit(["rules", last], {
        found: `"${rules[last]?.name ?? ""}" with matchers`,
        expected: 'followed by a default rule, one without "match", so that no alarm is left unclassified',
      }),
    ];
  }
  return rules.slice(at + 1).map((rule, below) =>
    misfit(["rules", at + 1 + below], {
      found: `"${rule.name}", which is never reached because "${catchAll.name}" above it matches everything`,
      expected: `above it, or "${catchAll.name}" needs a "match"`,
    }),
  );
}

function tooLarge(rules: Rules): readonly Misfit[] {
  const bytes = canonicalRules(rules).length;
  return bytes <= RULES_BYTES_MOST
    ? []
    : [
        misfit(["rules"], {
          found: `${bytes} bytes as canonical JSON`,
          expected: `at most ${RULES_BYTES_MOST}`,
        }),
      ];
}
