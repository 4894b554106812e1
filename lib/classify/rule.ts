/** Classification rules: what a label must look like, and the module, item, severity and policy that follow. */

import type { Severity } from "../alarm/severity.ts";

export type Matcher = {
  /** A label's name, or `source` and `severity` of the report itself when the label is absent. */
  readonly label: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  /** For `=~` and `!~` a regular expression, anchored at both ends; a missing label is "". */
  readonly value: string;
};

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
