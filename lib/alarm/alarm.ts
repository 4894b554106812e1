/** What a source reports, and what an alarm is once it is taken in: the record that is stored. */

import { toCrockford, toHex, utf8 } from "../base/bytes.ts";
import { hmacSha256 } from "../base/digest.ts";
import type { WallMs } from "../base/units.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Severity, Weight } from "./severity.ts";

export type Labels = Readonly<Record<string, string>>;

/** What a source says, not yet classified. An adapter of `intake` makes it; nothing in it is trusted but its form. */
export type Report = {
  readonly condition: "raised" | "cleared";
  /** The way in: `alertmanager-api`, `alertmanager-webhook`, `report`, `console`, `gapbell`. */
  readonly source: string;
  /** The labels that say which alarm this is; a subset of `labels`. */
  readonly identity: Labels;
  readonly labels: Labels;
  /** One line for people. */
  readonly text: string;
  /** More lines for people, or "". */
  readonly detail: string;
  /** What the source calls its severity, mapped; undefined where it says nothing. */
  readonly weight: Weight | undefined;
  /** When the source made it; undefined where it does not say. */
  readonly generatedAt: WallMs | undefined;
  /** When the alarm becomes stale unless reported again; undefined for a source that does not repeat itself. */
  readonly staleAt: WallMs | undefined;
  /** The source wants people to look again. */
  readonly again: boolean;
  /** The end by which a report is cleared, where its passing is all that says so. */
  readonly endedAt?: WallMs | undefined;
};

/** 32 hex digits: the keyed hash of the identity labels. */
export type AlarmKey = string;

/** 26 Crockford characters. People see the first six; any unique prefix names it. */
export type OccurrenceId = string;

/** What the rules decide of a report. */
export type Classification = {
  readonly module: string;
  readonly item: string;
  readonly severity: Severity;
  /** Name of the escalation policy. */
  readonly policy: string;
  /** Name of the rule that decided, and its line in `rules.yaml` (0 where the rules did not come from a file). */
  readonly rule: { readonly name: string; readonly line: number };
};

/** Who took the alarm, and by which way. */
export type Acknowledgement = {
  readonly operator: string;
  readonly at: WallMs;
  readonly comment: string;
  readonly way: "listener" | "console" | "robot" | "outside";
  /** Whether this operator was among those told; one who was not is announced to the responsible. */
  readonly told: boolean;
  readonly revision: number;
};

/** Which of two words of paired agents on the same thing counts: the higher number, then the higher id of the agent. */
export type Stamp = { readonly number: number; readonly agent: string };

/** A name of an occurrence, and the raise time by the clock that named it: of several the earliest, then the lowest, is its id. */
export type OccurrenceName = { readonly id: OccurrenceId; readonly at: WallMs };

/** As the outside sees it: has a person been reached? */
export type Sending = "pending" | "successful" | "failed";

/** One occurrence with everything that is known of it. */
export type Alarm = {
  readonly id: OccurrenceId;
  readonly key: AlarmKey;
  readonly source: string;
  readonly labels: Labels;
  /** Names of the labels that say which alarm this is: whoever clears it by hand needs them. */
  readonly identity: readonly string[];
  readonly text: string;
  readonly detail: string;
  readonly weight: Weight | undefined;
  readonly generatedAt: WallMs;
  /** When the agent took it in. */
  readonly raisedAt: WallMs;
  readonly staleAt: WallMs | undefined;
  readonly clearedAt: WallMs | undefined;
  readonly classification: Classification;
  /** The responsible operators, as recorded in the raise's own transaction. */
  readonly responsible: readonly string[];
  readonly life: Lifecycle;
  readonly acknowledgement: Acknowledgement | undefined;
  readonly sending: Sending;
  /** Why nothing went out, in words; "" where nothing failed. */
  readonly reason: string;
  /** What other agents have called it; each stays valid. */
  readonly aliases: readonly OccurrenceName[];
  /** Whose word on it is the latest: on whether it holds, on what it says, and on who has it. */
  readonly stamps: { readonly condition: Stamp; readonly report: Stamp; readonly taken: Stamp };
};

/** @param secret derived from the cluster secret, the same on paired agents */
export function keyOf(identity: Labels, secret: Uint8Array): AlarmKey {
  const pairs = Object.keys(identity).sort().map((name) => [name, identity[name]]);
  return toHex(hmacSha256(secret, utf8(JSON.stringify(pairs))).subarray(0, 16));
}

/** @param raisedAt the source's first raise time, or the agent's own where the source gives none */
export function occurrenceIdOf(
  { key, raisedAt }: { readonly key: AlarmKey; readonly raisedAt: WallMs },
  secret: Uint8Array,
): OccurrenceId {
  return toCrockford(hmacSha256(secret, utf8(`${key} ${raisedAt}`)).subarray(0, 16));
}
