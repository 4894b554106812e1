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
};

export type Hearing = { readonly line: string; readonly rings: boolean };

export interface Desk {
  /** @returns whether it was put before a person (and not only written down) */
  show(showing: Showing): Promise<boolean>;
  /** One line for people about an alarm on show: taken by li, cleared, told outside. `gone` takes the popup away. */
  update(update: { readonly id: string; readonly line: string; readonly gone: boolean }): void;
  /** Whether agents are heard, in words; "" clears it. What does not ring is said quietly: the host is elsewhere. */
  hearing(hearing: Hearing): void;
  close(): void;
}
