/** What is remembered of an alarm, line by line: who did what when, and why. Product data, never the log. */

import type { WallMs } from "../base/units.ts";
import type { OccurrenceId } from "./alarm.ts";
import type { Severity } from "./severity.ts";

/** A responsible operator's listener as it stood when the alarm was raised. */
export type Hearer = {
  readonly operator: string;
  /** Undefined where the operator has no listener. */
  readonly listener: string | undefined;
  readonly host: string | undefined;
  readonly address: string | undefined;
  readonly lastHeardAt: WallMs | undefined;
  /** Whether its lease held and it said that it can show to a person. */
  readonly home: boolean;
};

/** How one delivery stands, as the relay tells it. */
export type Verdict = "accepted" | "refused" | "unreachable" | "unsure";

export type EntryBody =
  | { readonly kind: "reported"; readonly source: string; readonly text: string; readonly condition: "raised" | "cleared"; readonly again: boolean }
  | { readonly kind: "classified"; readonly module: string; readonly item: string; readonly severity: Severity; readonly policy: string; readonly rule: string; readonly line: number }
  | { readonly kind: "responsible"; readonly operators: readonly Hearer[] }
  | { readonly kind: "pushed"; readonly why: "new" | "changed" | "again" | "fallback" | "re-alert"; readonly ring: number; readonly reason: string }
  | { readonly kind: "receipt"; readonly operator: string; readonly listener: string; readonly ring: number }
  | { readonly kind: "seen"; readonly operator: string; readonly listener: string; readonly ring: number }
  | { readonly kind: "acknowledged"; readonly operator: string; readonly way: string; readonly comment: string; readonly told: boolean; readonly counts: boolean; readonly why: string }
  | { readonly kind: "nobody home" }
  | { readonly kind: "stale" }
  | { readonly kind: "cleared"; readonly acknowledged: boolean }
  | { readonly kind: "continued" }
  /** Its source moves the end on and on: a clock that is slow. */
  | { readonly kind: "doubted"; readonly behindMs: number }
  | { readonly kind: "probed"; readonly answer: "able" | "unable" | "silent"; readonly reason: string }
  | { readonly kind: "escalated"; readonly escalation: string; readonly step: number; readonly to: readonly string[]; readonly via: readonly string[] }
  | { readonly kind: "verdict"; readonly escalation: string; readonly operator: string; readonly channel: string; readonly verdict: Verdict; readonly reason: string }
  | { readonly kind: "fallback"; readonly reason: string }
  | { readonly kind: "withdrawn"; readonly escalation: string }
  | { readonly kind: "restored"; readonly reason: string };

export type EntryKind = EntryBody["kind"];

/** One line of the timeline. */
export type Entry = { readonly occurrence: OccurrenceId; readonly at: WallMs; readonly body: EntryBody };
