/** What a person or a script may ask of the running listener, and the lines that a script hears from it. */

import type { Severity } from "../alarm/severity.ts";

/** Each gets exactly one reply. */
export type ClientQuestion =
  | { readonly kind: "list"; readonly all: boolean }
  /** `id`: any unique prefix. `robot`: asked by a script that an alarm has started. */
  | { readonly kind: "ack"; readonly id: string; readonly comment: string; readonly robot: boolean }
  | { readonly kind: "status" };

/** A larger question is answered 413. */
export const CLIENT_ASK_BYTES_MOST = 4096;
/** Longest comment of an acknowledgement, in characters (docs/protocol.md, ACK). */
export const COMMENT_CHARACTERS_MOST = 200;

/** One line of `listen --json`, and the standard input of what `--exec` starts; field names are part of the public interface. */
export type TapLine =
  | {
    readonly v: 1; readonly kind: "alarm"; readonly occurrence: string; readonly revision: number; readonly ring: number;
    readonly severity: Severity; readonly module: string; readonly item: string; readonly at: number; readonly text: string;
    readonly source: string; readonly labels: Readonly<Record<string, string>>; readonly to: readonly string[];
    readonly condition: string; readonly why: string; readonly reason?: string;
    /** It rings here; the others are for information. */
    readonly rings: boolean;
    /** One of many that are told at once: a line of kind `summary` rings for those that await this operator. */
    readonly listed: boolean;
    /** Its packet could not yet be told from a recording. */
    readonly unverified: boolean;
    readonly cluster: string; readonly agent: string;
  }
  | {
    /** `settled`: it waits for nobody any more. */
    readonly v: 1; readonly kind: "state" | "settled"; readonly occurrence: string; readonly revision: number; readonly ring: number;
    readonly condition: string; readonly attention: string; readonly phase: string; readonly sending: string;
    readonly by?: string; readonly way?: string; readonly comment?: string; readonly at: number;
  }
  | {
    /** Once, where a listener that comes or comes back finds many: counts of what awaits this operator, and the worst of them. */
    readonly v: 1; readonly kind: "summary"; readonly occurrence: ""; readonly revision: 0; readonly ring: 0;
    readonly open: number; readonly severities: Readonly<Record<Severity, number>>;
    /** Those that have not rung here before. */
    readonly fresh: number;
    /** Ids, in order. */
    readonly worst: readonly string[];
    readonly rings: true; readonly cluster: string; readonly at: number;
  }
  | {
    readonly v: 1; readonly kind: "hearing"; readonly occurrence: ""; readonly revision: 0; readonly ring: 0;
    readonly agent: string; readonly hearing: string; readonly at: number;
  };
