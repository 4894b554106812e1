/** The protocol page: numbers that both sides of the LAN must share. Tuning lives elsewhere. */

import { type Ms, seconds } from "../base/units.ts";

export const PORT_BROADCAST = 11114;
export const PORT_AGENT = 11115;
export const PORT_API = 11116;
export const PORT_RELAY = 11117;

export const MAGIC = [0x47, 0x42] as const; // "GB"
export const VERSION = 1;

export const HEADER_BYTES = 32;
export const SIGNATURE_BYTES = 64;
export const TAG_BYTES = 16;
export const DATAGRAM_BYTES_MOST = 1200;
/** What is left for the JSON body of a sealed packet. */
export const BODY_BYTES_MOST = DATAGRAM_BYTES_MOST - HEADER_BYTES - SIGNATURE_BYTES - TAG_BYTES;
/** A deflated body never grows beyond this; nor is a larger one ever deflated. */
export const INFLATED_BYTES_MOST = 16_384;

/** Suite 1: AES-256-GCM over body and Ed25519 signature. Suite 2: signed, in clear, for strangers. */
export const SUITE_SEALED = 1;
export const SUITE_CLEAR = 2;

export const KID_NONE = 0;
export const KID_GROUP_MOST = 0x7fff;
export const KID_PAIRWISE = 0x8000;

/** Header flags; signed like the rest. */
export const FLAG_BROADCAST = 1;
export const FLAG_REPEAT = 2;
export const FLAG_DRILL = 4;
export const FLAG_DEFLATED = 8;

/** One byte each; 19 is kept for digests. */
export const TYPES = {
  beacon: 1, seek: 2, hello: 3, welcome: 4, bye: 5, alarm: 6, state: 7, receipt: 8, ack: 9, acked: 10,
  fetch: 11, data: 12, join: 13, joined: 14, commit: 15, pending: 16, rekey: 17, rekeyed: 18, sync: 20, synced: 21,
} as const;

export const BEACON_EVERY_MS: Ms = seconds(20);
export const HELLO_EVERY_MS: Ms = seconds(20);
/** Three missed HELLOs. */
export const LEASE_MS: Ms = seconds(60);
/** Three missed beacons, with their spread. */
export const DEAF_MS: Ms = seconds(75);

/** Rules on the wire: canonical JSON, in chunks of this many raw bytes. */
export const RULES_BYTES_MOST = 64_000;
export const CHUNK_BYTES = 720;
/** Labels that the rules read, as JSON. */
export const LABELS_BYTES_MOST = 400;
/** A certificate as its exact bytes, signature included. */
export const CERTIFICATE_BYTES_MOST = 320;
/** SEEK carries so much padding at least: the largest BEACON is no larger, so that nobody can make an agent amplify. */
export const SEEK_PAD_BYTES = 760;
/** Alarms or states in one body, whatever would fit. */
export const ITEMS_MOST = 64;
/** Alarms asked for in one FETCH. */
export const FETCHED_MOST = 32;
/** Receipts in one body. */
export const RECEIPTS_MOST = 40;
/** Names in `to` of an alarm. */
export const TO_MOST = 16;
/** Occurrences in one SYNC, and numbers in one SYNCED. */
export const SYNC_MOST = 32;
/** Names of one occurrence that agents tell each other. */
export const NAMES_MOST = 8;
/** No length of time between agents is longer: an occurrence may be open for years. */
export const SYNC_MS_MOST: Ms = 2 ** 42;
/** Alone in `to` of an alarm whose responsible are more, or do not fit one datagram: every listener rings. No operator is called so. */
export const TO_EVERYBODY = "*";
