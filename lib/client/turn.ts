/** Everything that can reach the listener's machine, and everything that it can ask for: its whole outside, as data. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import type { Language } from "../alarm/language.ts";
import type { Ms } from "../base/units.ts";
import type { ClientQuestion, TapLine } from "../port/client-door.ts";
import type { Showing, Summary } from "../port/desk.ts";
import type { Address, Link } from "../port/lan.ts";
import type { Change } from "../port/store.ts";
import type { Reply } from "../port/tickets.ts";
import type { GroupKey, Peer, PeerId } from "../trust/keys.ts";
import type { Opened } from "../trust/opener.ts";
import type { Body, Message } from "../wire/message.ts";
import type { Versions } from "../wire/versions.ts";
import type { HeardOn } from "./whereabouts.ts";

export type Seat = Body<"hello">["seat"];

/** An agent that this listener believes: its voice certificate is signed by the cluster key. */
export type KnownAgent = {
  readonly id: PeerId;
  readonly name: string;
  /** The voice certificate, exact bytes in base64url. */
  readonly voice: string;
  readonly serial: number;
  /** Where it was last reached; undefined until it is heard. */
  readonly address: Address | undefined;
  /** Undefined until it is heard. */
  readonly heardOn: HeardOn | undefined;
};

/** What a listener is: fixed for the life of the process. */
export type ClientSelf = {
  readonly id: PeerId;
  /** 32 raw bytes of our own Ed25519 key, as SEEK names it. */
  readonly key: Uint8Array;
  readonly operator: string;
  readonly robot: boolean;
  /** Serial of the member certificate. */
  readonly serial: number;
  /** First 16 bytes of SHA-256 of the cluster key, base64url, as beacons name it. */
  readonly cluster: string;
  readonly clusterName: string;
  /** 32 raw bytes of Ed25519: vouches for every agent. */
  readonly clusterKey: Uint8Array;
  /** The one that came with joining; the store knows whether there are later ones. */
  readonly group: GroupKey;
  readonly host: string;
  readonly seat: Seat;
  readonly language: Language;
  readonly version: string;
  /** Feature versions of the protocol that it speaks. */
  readonly versions: Versions;
  /** 32 random bytes of this process: from them come the nonces of HELLO. */
  readonly nonceKey: Uint8Array;
  /** Agents that broadcasts do not reach, from client.yaml: told SEEK by unicast. */
  readonly configured: readonly Address[];
  /** Whether TCP may be tried where UDP stays silent. */
  readonly tcp: boolean;
};

export type ClientEvent =
  | { readonly kind: "started" }
  | { readonly kind: "tick" }
  | { readonly kind: "heard"; readonly from: Address; readonly packet: Opened }
  /** A TCP connection has ended, or could not be made. */
  | { readonly kind: "broken"; readonly address: Address }
  /** Where the host is now: what it tells of its interfaces. */
  | { readonly kind: "links"; readonly links: readonly Link[] }
  | { readonly kind: "asked"; readonly question: ClientQuestion; readonly ticket: number }
  /** The desk has answered: `seen` where it was put before a person. */
  | { readonly kind: "shown"; readonly id: OccurrenceId; readonly ring: number; readonly seen: boolean }
  /** A key on the terminal, or a button: the person takes this alarm. */
  | { readonly kind: "taken"; readonly id: OccurrenceId; readonly comment: string }
  | { readonly kind: "stopping"; readonly why: string }
  | { readonly kind: "storeFailed"; readonly reason: string };

/** Whom a message is for, and so the key it is sealed with: the pair's, the group's, or none. */
export type Audience =
  | { readonly kind: "agent"; readonly peer: PeerId; readonly address: Address }
  | { readonly kind: "agents" }
  | { readonly kind: "anyone"; readonly address: Address | undefined };

export type ClientEffect =
  | { readonly kind: "answer"; readonly ticket: number; readonly reply: Reply }
  /** `deflate`: in floods only. */
  | { readonly kind: "say"; readonly message: Message; readonly to: Audience; readonly repeat: boolean; readonly deflate?: boolean }
  /** The TCP connection there is needed no more. */
  | { readonly kind: "hangUp"; readonly address: Address }
  /** Believe this agent of the cluster from now on. */
  | { readonly kind: "befriend"; readonly peer: Peer }
  /** Believe it no more. */
  | { readonly kind: "dismiss"; readonly peer: PeerId }
  /** Take this epoch of an agent as its present one. */
  | { readonly kind: "adopt"; readonly peer: PeerId; readonly epoch: bigint; readonly counter: bigint }
  /** The group keys that open from now on; the last one seals. */
  | { readonly kind: "setGroup"; readonly keys: readonly GroupKey[] }
  | { readonly kind: "show"; readonly showing: Showing }
  | { readonly kind: "summarize"; readonly summary: Summary }
  | { readonly kind: "update"; readonly id: OccurrenceId; readonly line: string; readonly gone: boolean }
  /** Whether agents are heard, in words; "" where all is well. `rings`: somebody must look, and not only know. `heard`: one of several is. */
  | { readonly kind: "hearing"; readonly line: string; readonly rings: boolean; readonly heard?: boolean }
  | { readonly kind: "tell"; readonly line: TapLine }
  | { readonly kind: "exit"; readonly code: number; readonly reason: string };

/** One reaction: first written, then said and shown. */
export type ClientTurn = {
  readonly changes: readonly Change[];
  readonly effects: readonly ClientEffect[];
  /** What the log says of it. */
  readonly log: readonly { readonly event: string; readonly facts: Readonly<Record<string, unknown>> }[];
};

/** How long a process whose disk has failed keeps ringing before it exits and starts again from the store. */
export const STORE_FAILED_EXIT_MS: Ms = 10_000;
