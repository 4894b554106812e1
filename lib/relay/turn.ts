/** Everything that can reach the relay's machine, and everything that it can ask for: its whole outside, as data. */

import type { ChannelName } from "../alarm/policy.ts";
import type { Channel } from "../channel/channel.ts";
import type { CarrierReply, CarrierRequest } from "../port/carrier.ts";
import type { RelayQuestion, RelayRequest } from "../port/relay-door.ts";
import type { LogLine } from "../port/draft.ts";
import type { Change } from "../port/store.ts";
import type { Reply } from "../port/tickets.ts";
import type { Leg } from "../wire/relay-api.ts";

/** Whom an agent may write to; `*` stands for any text. Undefined: everyone whom the agent names. */
export type AllowList = { readonly mail: readonly string[] | undefined; readonly wecom: readonly string[] | undefined };

/** What `relay.yaml` says, checked. */
export type RelaySettings = {
  /** What this relay calls itself: the host's name. */
  readonly name: string;
  readonly version: string;
  /** The ways out that are set up. */
  readonly channels: readonly Channel[];
  readonly recipients: AllowList;
};

/** What a call of the carrier was for; comes back with its reply. */
export type Purpose =
  /** `call` tells this call from an earlier one of the same delivery, whose answer may still be on its way. */
  | { readonly kind: "delivery"; readonly id: string; readonly call: number }
  | { readonly kind: "token"; readonly channel: ChannelName }
  | { readonly kind: "probe"; readonly channel: ChannelName; readonly login: boolean };

/** What arrives at the machine. */
export type RelayArrival =
  | { readonly kind: "started" }
  | { readonly kind: "tick" }
  | { readonly kind: "requested"; readonly request: RelayRequest; readonly ticket: number }
  | { readonly kind: "asked"; readonly question: RelayQuestion; readonly ticket: number }
  | { readonly kind: "carried"; readonly purpose: Purpose; readonly reply: CarrierReply }
  | { readonly kind: "looked"; readonly legs: readonly Leg[] }
  | { readonly kind: "storeFailed"; readonly reason: string };

export type RelayEffect =
  | { readonly kind: "answer"; readonly ticket: number; readonly reply: Reply }
  | { readonly kind: "carry"; readonly purpose: Purpose; readonly request: CarrierRequest }
  /** Look at both legs. */
  | { readonly kind: "look" }
  /** Only the holders of these certificates (PEM) may connect from now on. */
  | { readonly kind: "accept"; readonly certificates: readonly string[] }
  | { readonly kind: "exit"; readonly code: number; readonly reason: string };

/** One reaction: first written, then answered, then carried out. */
export type RelayTurn = {
  readonly changes: readonly Change[];
  readonly effects: readonly RelayEffect[];
  /** What the log says of it; no addresses, no texts. */
  readonly log: readonly LogLine[];
};

