/** What the agent's door hands in: bodies of reports as they came, and questions of people and programs. */

import type { RelayAddress } from "./relay-link.ts";

/** The ways in that carry reports; each has its file in `intake`. */
export type ReportFormat = "alertmanager-api" | "alertmanager-webhook" | "reports";

/** 20,000 alerts of Prometheus, about 700 bytes each, fit; a larger body is answered 413. */
export const REPORT_BYTES_MOST = 16 * 1024 * 1024;
/** Everything else that is posted: an acknowledgement, a warrant, a relay's certificate. */
export const ASK_BYTES_MOST = 64 * 1024;
/** Listeners that are revoked by one request. */
export const REVOCATIONS_MOST = 64;

/** What a person or a program may ask over the API. Each gets exactly one reply. */
export type Question =
  | { readonly kind: "list"; readonly all: boolean }
  | { readonly kind: "show"; readonly id: string }
  | { readonly kind: "ack"; readonly id: string; readonly operator: string; readonly comment: string; readonly way: "console" | "outside" }
  | { readonly kind: "listeners" }
  | { readonly kind: "coverage" }
  /** The other agents of the cluster. */
  | { readonly kind: "peers" }
  | { readonly kind: "relay"; readonly fresh: boolean }
  | { readonly kind: "ready" }
  /** A warrant signed by the cluster key, and the key that JOIN's MAC is under. */
  | { readonly kind: "invited"; readonly warrant: string; readonly joinKey: string }
  /** Who asks to be let in by approval. */
  | { readonly kind: "approvals" }
  /** A warrant signed by the cluster key, for one of them. */
  | { readonly kind: "approved"; readonly warrant: string }
  /** Revocations signed by the cluster key: all of them take effect, or none. */
  | { readonly kind: "revoked"; readonly certificates: readonly string[] }
  /** The voice certificate of another agent that the cluster key has let in. */
  | { readonly kind: "paired"; readonly voice: string }
  /** The name of another agent that is gone for good. */
  | { readonly kind: "unpaired"; readonly agent: string }
  | { readonly kind: "floor" }
  /** A security floor signed by the cluster key. */
  | { readonly kind: "floorRaised"; readonly certificate: string }
  /** The relay that this agent has joined by its join string. */
  | { readonly kind: "joinedRelay"; readonly relay: RelayAddress };
