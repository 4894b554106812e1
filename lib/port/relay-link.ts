/** What the agent may ask of its relay. How the bytes get there (loopback, SSH channel) is the adapter's affair. */

import type { Ability, Escalation, Heartbeat, Notice, RelayEvent } from "../wire/relay-api.ts";
import type { SshWays } from "../wire/ssh-way.ts";

/** What the join string carries, and what the agent keeps of its relay. */
export type RelayAddress = {
  /** As seen from the last jump host, where there is one. */
  readonly host: string;
  readonly port: number;
  /** The relay's self-signed certificate, PEM: the only one believed. */
  readonly certificate: string;
  /** The ways through jump hosts; undefined where the relay is reached directly. */
  readonly ssh?: SshWays | undefined;
};

export type LinkRequest =
  | { readonly kind: "ability"; readonly fresh: boolean }
  | { readonly kind: "submit"; readonly escalation: Escalation }
  | { readonly kind: "withdraw"; readonly id: string }
  | { readonly kind: "notice"; readonly id: string; readonly notice: Notice }
  | { readonly kind: "events"; readonly after: number }
  | { readonly kind: "commit"; readonly upTo: number }
  | { readonly kind: "heartbeat"; readonly heartbeat: Heartbeat };

/** `silent`: no answer, and the request may have arrived. `refused`: the relay answered that it does not take it. */
export type LinkAnswer =
  | { readonly kind: "ability"; readonly ability: Ability }
  | { readonly kind: "events"; readonly events: readonly RelayEvent[] }
  /** The escalation is on the relay's disk; `deliveries` verdicts will follow. */
  | { readonly kind: "stored"; readonly deliveries: number }
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly status: number; readonly reason: string }
  | { readonly kind: "silent"; readonly reason: string };

export interface RelayLink {
  /** Never rejects; an answer takes at most 10 s, for `events` 40 s. */
  ask(request: LinkRequest): Promise<LinkAnswer>;
  close(): void;
}
