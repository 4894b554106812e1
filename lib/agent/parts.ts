/** The parts that the agent's machine is made of, handed together to the functions that react to one kind of event. */

import type { Policy } from "../alarm/policy.ts";
import { DEFAULT_POLICY } from "../alarm/policy.ts";
import type { Alarm } from "../alarm/alarm.ts";
import type { Operator } from "../duty/roster.ts";
import type { Tally } from "../base/tally.ts";
import type { Evidence } from "./evidence.ts";
import type { Floor } from "../trust/floor.ts";
import type { GroupKey, Identity } from "../trust/keys.ts";
import type { Body } from "../wire/message.ts";
import type { Versions } from "../wire/versions.ts";
import type { Approvals } from "./approvals.ts";
import type { Book } from "./book.ts";
import type { CatchUp } from "./catch-up.ts";
import type { Coverage } from "./coverage.ts";
import type { Draft } from "./draft.ts";
import type { WayOut } from "./escalate.ts";
import type { Group } from "./group.ts";
import type { Invites } from "./hear.ts";
import type { Listeners } from "./listeners.ts";
import type { Notes } from "./notes.ts";
import type { PeerWatch } from "./peer-watch.ts";
import type { Peers } from "./peers.ts";
import type { Pusher } from "./push.ts";
import type { SlowClocks } from "./slow-clocks.ts";
import type { SyncLog } from "./sync-log.ts";
import type { AgentSettings } from "./turn.ts";

/** What an agent is: fixed for the life of the process. */
export type AgentSelf = {
  readonly clusterName: string;
  /** 32 raw bytes of Ed25519. */
  readonly clusterKey: Uint8Array;
  readonly agentName: string;
  readonly version: string;
  /** Feature versions of the protocol that it speaks. */
  readonly versions: Versions;
  /** UDP port on which listeners reach it. */
  readonly port: number;
  readonly voice: Identity;
  /** The voice certificate, exact bytes in base64url. */
  readonly voiceCertificate: string;
  /** The first one, as `init` wrote it; the store knows whether there are later ones. */
  readonly group: GroupKey;
  /** 32 random bytes of this process: the group keys that it makes come from them. */
  readonly keySecret: Uint8Array;
  readonly secrets: {
    readonly alarmKey: Uint8Array; readonly nonceKey: Uint8Array;
    readonly escalationKey: Uint8Array; readonly challengeKey: Uint8Array;
  };
  readonly boot: string;
  /** The epoch of what this process seals. */
  readonly epoch: bigint;
};

export type Parts = {
  readonly self: AgentSelf;
  /** What every beacon says of the agent: worked out once. */
  readonly face: Pick<Body<"beacon">, "cluster" | "voice" | "key">;
  readonly group: Group;
  readonly floor: Floor;
  readonly settings: AgentSettings;
  readonly draft: Draft;
  readonly book: Book;
  readonly push: Pusher;
  readonly catchUp: CatchUp;
  readonly wayOut: WayOut;
  readonly listeners: Listeners;
  readonly approvals: Approvals;
  readonly invites: Invites;
  /** Of our own voice certificate; 0 where the cluster key has not signed it. */
  readonly voiceSerial: number;
  readonly peers: Peers;
  readonly watch: PeerWatch;
  readonly sync: SyncLog;
  readonly evidence: Evidence;
  readonly notes: Notes;
  readonly coverage: Coverage;
  readonly slowClocks: SlowClocks;
  /** Messages of the LAN that were opened and came to nothing. */
  readonly refusals: Tally;
};

export function policyOf({ settings }: Parts, alarm: Pick<Alarm, "classification">): Policy {
  const named = (name: string): Policy | undefined => (Object.hasOwn(settings.policies, name) ? settings.policies[name] : undefined);
  return named(alarm.classification.policy) ?? named("default") ?? DEFAULT_POLICY;
}

export function operatorOf({ settings }: Parts, name: string): Operator | undefined {
  // Whoever calls himself "constructor" is in no roster.
  return Object.hasOwn(settings.roster.operators, name) ? settings.roster.operators[name] : undefined;
}
