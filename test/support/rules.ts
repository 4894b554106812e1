/** Rules and what they look at, as builders: each has a value for everything, a test sets what it is about. */

import type { Subject } from "../../lib/classify/classify.ts";
import { parseRules, type Rules } from "../../lib/classify/rule.ts";
import { misfitText } from "../../lib/base/misfit.ts";

/** One rule as it is written in `rules.yaml`. */
export type WrittenRule = Readonly<Record<string, unknown>>;

export const DEFAULT_RULE: WrittenRule = { name: "default", module: "{job}", item: "{instance}" };

/** These rules, each of which matches everything unless it says what, and the default rule below them. */
export function rulesOf(...rules: readonly WrittenRule[]): Rules {
  const written = rules.map((rule, at) => ({ name: `rule-${at + 1}`, match: ['job=~".*"'], module: "osd", item: "{ceph_daemon}", ...rule }));
  const parsed = parseRules({ rules: [...written, DEFAULT_RULE] });
  if (!parsed.ok) throw new Error(parsed.fault.map(misfitText).join("\n"));
  return parsed.value;
}

export function aSubject(set: Partial<Subject> = {}): Subject {
  return {
    source: "alertmanager-api", weight: "warning", text: "OSD 12 is down",
    labels: { alertname: "CephOSDDown", ceph_daemon: "osd.12", job: "ceph", instance: "node3:9283", severity: "warning" },
    ...set,
  };
}
