/** How bad an alarm is: the words of X.733, worst first, and how foreign words map to them. */

export const SEVERITIES = ["critical", "major", "indeterminate", "minor", "warning"] as const;

export type Severity = (typeof SEVERITIES)[number];

/** What a report may come to: a severity, or `info`, which is recorded and never rung. */
export type Weight = Severity | "info";

/** 0 for critical to 4 for warning: the smaller goes first. */
export function rankOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

export function isWorse(severity: Severity, than: Severity): boolean {
  return rankOf(severity) < rankOf(than);
}

export function isSeverity(word: string): word is Severity {
  return (SEVERITIES as readonly string[]).includes(word);
}

/**
 * Reads the severity word of a foreign source (channels-and-standards table of Prometheus labels).
 * An unknown word is `indeterminate`: it must ring rather than hide.
 */
export function weightOf(word: string): Weight {
  return WORDS.get(word.trim().toLowerCase()) ?? "indeterminate";
}

/** A map and not an object: a source may well send the word "constructor". */
const WORDS: ReadonlyMap<string, Weight> = new Map<string, Weight>([
  ["critical", "critical"], ["page", "critical"], ["emergency", "critical"], ["disaster", "critical"], ["fatal", "critical"],
  ["major", "major"], ["error", "major"], ["high", "major"],
  ["minor", "minor"], ["average", "minor"],
  ["warning", "warning"], ["warn", "warning"],
  ["indeterminate", "indeterminate"], ["unknown", "indeterminate"],
  ["info", "info"], ["none", "info"], ["debug", "info"], ["notice", "info"],
]);
