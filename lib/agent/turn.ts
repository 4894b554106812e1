/** Everything that can reach the agent's machine, and everything that it can ask for: its whole outside, as data. */

import type { Labels, OccurrenceId } from "../alarm/alarm.ts";
import type { ContentField } from "../alarm/content.ts";
import type { Policy } from "../alarm/policy.ts";
import type { Ms } from "../base/units.ts";
import type { Rules } from "../classify/rule.ts";
import type { Roster } from "../duty/roster.ts";
import type { Question, ReportFormat } from "../port/agent-door.ts";
import type { Address } from "../port/lan.ts";
import type { LinkAnswer, LinkRequest, RelayAddress } from "../port/relay-link.ts";
import type { LogLine } from "../port/draft.ts";
import type { Change } from "../port/store.ts";
import type { Reply } from "../port/tickets.ts";
import type { GroupKey, Peer, PeerId } from "../trust/keys.ts";
import type { Opened } from "../trust/opener.ts";
import type { Body, Message } from "../wire/message.ts";

export type { ContentField } from "../alarm/content.ts";
export type { Question, ReportFormat } from "../port/agent-door.ts";

/** What the files say, checked; replaced as a whole by a reload. */
export type AgentSettings = {
  readonly rules: Rules;
  readonly roster: Roster;
  readonly policies: Readonly<Record<string, Policy>>;
  /** Labels that do not identify an alarm of Alertmanager: the replicas of a pair of Prometheus. */
  readonly replicaLabels: readonly string[];
  readonly content: readonly ContentField[];
  /** Datagrams a second on the LAN. */
  readonly lanRate: number;
  /** After so long an operator's listener counts as not heard for days. */
  readonly unheardMs: Ms;
  /** Other agents of the cluster that broadcasts do not reach. */
  readonly agents: readonly Address[];
};

export type AgentEvent =
  | { readonly kind: "started" }
  | { readonly kind: "tick" }
  /** The raw body of a request; parsed by the machine, so that the simulator judges that as well. */
  | { readonly kind: "reported"; readonly format: ReportFormat; readonly body: Uint8Array; readonly ticket: number }
  | { readonly kind: "asked"; readonly question: Question; readonly ticket: number }
  | { readonly kind: "heard"; readonly from: Address; readonly packet: Opened }
  | { readonly kind: "linked"; readonly request: LinkRequest; readonly answer: LinkAnswer }
  | { readonly kind: "reloaded"; readonly settings: AgentSettings }
  | { readonly kind: "storeFailed"; readonly reason: string };

/** Whom a message is for, and so the key it is sealed with: the group's, the pair's, or none. */
export type Audience =
  | { readonly kind: "everyone" }
  | { readonly kind: "listener"; readonly peer: PeerId; readonly address: Address }
  | { readonly kind: "agent"; readonly peer: PeerId; readonly address: Address }
  /** Every agent that a broadcast reaches. */
  | { readonly kind: "agents" }
  | { readonly kind: "stranger"; readonly address: Address };

export type AgentEffect =
  | { readonly kind: "answer"; readonly ticket: number; readonly reply: Reply }
  /** The reply's body is `{...body, timeline}` with the journal of the occurrence, read after the commit. */
  | { readonly kind: "answerTimeline"; readonly ticket: number; readonly occurrence: OccurrenceId; readonly also?: readonly OccurrenceId[]; readonly body: Labels | object }
  | { readonly kind: "say"; readonly message: Message; readonly to: Audience; readonly repeat: boolean; readonly deflate: boolean }
  /** The answer to HELLO: `perform` fills in the sealer's epoch and counter. */
  | { readonly kind: "welcome"; readonly body: Omit<Body<"welcome">, "epoch" | "counter">; readonly peer: PeerId; readonly address: Address }
  /** Believe this listener from now on. */
  | { readonly kind: "enrol"; readonly peer: Peer }
  /** Believe it no more. */
  | { readonly kind: "expel"; readonly peer: PeerId }
  /** The group keys that open from now on; the last one seals. */
  | { readonly kind: "setGroup"; readonly keys: readonly GroupKey[] }
  /** Believe this agent of the cluster from now on. */
  | { readonly kind: "befriend"; readonly peer: Peer }
  /** Take this epoch of a peer as its present one. */
  | { readonly kind: "adopt"; readonly peer: PeerId; readonly epoch: bigint; readonly counter: bigint }
  | { readonly kind: "link"; readonly request: LinkRequest }
  | { readonly kind: "useRelay"; readonly relay: RelayAddress }
  | { readonly kind: "exit"; readonly code: number; readonly reason: string };

/** One reaction: first written, then answered, then said. */
export type AgentTurn = {
  readonly changes: readonly Change[];
  readonly effects: readonly AgentEffect[];
  /** What the log says of it. */
  readonly log: readonly LogLine[];
};

/** How long a process whose disk has failed keeps ringing before it exits and starts again from the store. */
export const STORE_FAILED_EXIT_MS: Ms = 10_000;
