/** What a listener may ask of the place where a person sits: show, update, take away, sound. */

import type { Body } from "../wire/message.ts";

/** One alarm as it is put before a person. */
export type Showing = {
  readonly alarm: Body<"alarm">["alarms"][number];
  readonly clusterName: string;
  readonly agent: string;
  /** Whether it rings for this operator, or is listed only. */
  readonly rings: boolean;
  /** The packet's freshness could not be verified yet. */
  readonly unverified: boolean;
  /** It stands on show under this id, and is the same alarm. */
  readonly was?: string;
  /** One of many that are put into the list at once, without a word or a sound of its own: how it stands, or "". */
  readonly listed?: string;
};

/** What is open for this operator and taken by nobody, told at once and not one by one. It rings, once. */
export type Summary = {
  readonly clusterName: string;
  readonly open: number;
  /** How many of them have the severity of the first. */
  readonly worstCount: number;
  /** How many have not rung here before. */
  readonly fresh: number;
  /** The worst, in order; at least one. */
  readonly worst: readonly Showing["alarm"][];
};

/** `heard`: one of several agents is, so that alarms arrive. */
export type Hearing = { readonly line: string; readonly rings: boolean; readonly heard?: boolean };

export interface Desk {
  /** @returns whether it was put before a person (and not only written down); in a list, once it is among what is visible */
  show(showing: Showing): Promise<boolean>;
  /** @returns whether it was put before a person: so are then the alarms that it names, and not those that it counts */
  summarize(summary: Summary): Promise<boolean>;
  /** One line for people about an alarm on show: taken by li, cleared, told outside. `gone` takes the popup away. */
  update(update: { readonly id: string; readonly line: string; readonly gone: boolean }): void;
  /** Whether agents are heard, in words; "" clears it. What does not ring is said quietly: the host is elsewhere. */
  hearing(hearing: Hearing): void;
  close(): void;
}
