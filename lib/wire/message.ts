/**
 * One schema for each message of the LAN protocol, with the limit of every field: text in Unicode code points, bytes in bytes.
 * Unknown fields are ignored, so that a newer peer may say more; docs/protocol.md prints the same tables.
 */

import { z } from "zod";
import { SEVERITIES } from "../alarm/severity.ts";
import {
  CERTIFICATE_BYTES_MOST, CHUNK_BYTES, FETCHED_MOST, ITEMS_MOST, KID_GROUP_MOST, NAMES_MOST, RECEIPTS_MOST, SEEK_PAD_BYTES, SYNC_MOST, SYNC_MS_MOST, TO_MOST,
} from "./constants.ts";

const BASE64 = /^[A-Za-z0-9_-]*$/;
/** base64url without padding. */
const base64 = (bytesMost: number) => z.string().max(Math.ceil((bytesMost * 4) / 3)).regex(BASE64);
const exact = (bytes: number) => z.string().length(Math.ceil((bytes * 4) / 3)).regex(BASE64);
/** Counted in code points: a name in a script beyond the first plane is as long as any other. */
const text = (most: number) => z.string().max(2 * most).refine((said) => said.length <= most || [...said].length <= most, `at most ${most} characters`);
const word = (most: number) => text(most).min(1);
/** What people typed: without control characters, whose escapes would burst the datagram that tells it to the others. */
const typed = (most: number) => text(most).regex(/^[^\p{Cc}\p{Cs}]*$/u);
const id = z.string().length(26).regex(/^[0-9A-HJKMNP-TV-Z]+$/);
const count = z.uint32();
/** Its highest bit is needed in the mark of the open set. */
const ring = z.int().min(0).max(0x7fff_ffff);
const wallMs = z.int().min(0);
/** 64-bit numbers are decimal strings. */
const big = z.string().max(20).regex(/^\d+$/);
const certificate = base64(CERTIFICATE_BYTES_MOST);
const digest = base64(32);

/** Agent, in clear, every 20 s and in answer to SEEK: who rings here, and how to reach it. */
export const Beacon = z.object({
  cluster: exact(16), clusterName: word(32), agent: word(32), port: z.int().min(1).max(65535),
  versions: z.tuple([z.int(), z.int()]), kid: count,
  /** Echoed by HELLO: proof that the listener hears us now. */
  challenge: exact(8),
  /** The most that a receipt may wait, in milliseconds. */
  jitterMs: z.int().min(0).max(5000),
  /** `openSetMac` of wire/open-set.ts over all alarms that are not cleared: only members can tell whether they lag. */
  open: exact(8),
  rules: digest, voice: digest,
  /** The agent's own Ed25519 key, so that a stranger can check the signature; only the voice certificate makes it believable. */
  key: exact(32),
  wall: wallMs,
  /** Nonce of the SEEK that this answers, where nobody with the key that signed it is a member here. */
  unknown: exact(8).optional(),
});

/** Listener, in clear, padded so that the BEACON that answers it is no larger; a shorter one is no SEEK. */
export const Seek = z.object({ nonce: exact(8), key: exact(32), pad: z.string().min(SEEK_PAD_BYTES).max(1024) });

/** Listener to agent, pairwise, every 20 s: I am here, and this is who sits before me. */
export const Hello = z.object({
  nonce: base64(8), challenge: base64(8), versions: z.tuple([z.int(), z.int()]),
  serial: count, host: word(64),
  /** `person`: can show to a person; `locked`, `none`: cannot; `robot`: a script. */
  seat: z.enum(["person", "locked", "none", "robot"]),
  heard: z.object({ epoch: big, counter: big }),
  open: base64(8), rules: digest, build: text(32),
  /** `groupMark` of the key that it has under the number that beacons name; empty where it has none. */
  group: base64(8).optional(),
});

/** Agent to listener, pairwise: answers a HELLO; epoch and counter are those to believe from now on. */
export const Welcome = z.object({
  nonce: base64(8), epoch: big, counter: big, kid: count, voice: certificate, rules: digest, wall: wallMs,
  /** SHA-256 of the list of the cluster's agents, which FETCH `voices` brings. */
  voices: digest.optional(),
  /** The security floor, where it was ever raised. */
  floor: certificate.optional(),
});

export const Bye = z.object({ why: text(64) });

/** What a listener needs to show and ring one alarm. */
export const AlarmItem = z.object({
  id, revision: count, ring,
  /** Echoed by ACK: proof that the listener has seen this revision. */
  nonce: base64(8),
  severity: z.enum(SEVERITIES), module: word(64), item: text(128),
  at: wallMs, text: text(256), source: text(32),
  labels: z.record(text(128), text(400)),
  /** Something did not fit: labels, or the ends of texts. */
  cut: z.boolean().optional(),
  /** What the rules read beside the labels, so that the listener can repeat the decision. */
  weight: z.enum([...SEVERITIES, "info"]).optional(),
  /** Operators responsible; a listener of somebody else lists the alarm and does not ring. `TO_EVERYBODY` alone: all ring. */
  to: z.array(word(32)).max(TO_MOST),
  /** The same at every agent, where the id hangs on this one's clock: by it a listener knows that another id is of the same alarm. */
  key: base64(8).optional(),
  condition: z.enum(["raised", "stale"]),
  /** Somebody has taken it already: list it, do not ring. */
  quiet: z.boolean().optional(),
  why: z.enum(["new", "changed", "again", "fallback", "re-alert"]),
  /** Why mail and WeChat failed, with `fallback`; otherwise absent. */
  reason: text(200).optional(),
});

/** Agent, broadcast and unicast. */
export const AlarmPush = z.object({ alarms: z.array(AlarmItem).min(1).max(ITEMS_MOST) });

/** How an alarm stands now; listeners drop or update the popup. */
export const StateItem = z.object({
  id, revision: count, ring,
  condition: z.enum(["raised", "stale", "cleared"]),
  attention: z.enum(["unacknowledged", "acknowledged", "shelved"]),
  sending: z.enum(["pending", "successful", "failed"]),
  phase: z.enum(["idle", "waiting", "probing", "escalating", "escalated", "fallback"]),
  /** It waits for nobody any more. */
  settled: z.boolean(),
  by: text(32).optional(), way: text(16).optional(), comment: text(200).optional(),
  /** The one who took it was not among those told. */
  stranger: z.boolean().optional(),
  /** The occurrence is the same as this one, which another agent had named first: receipts and acknowledgements go there. */
  now: id.optional(),
  at: wallMs,
});

export const State = z.object({ states: z.array(StateItem).min(1).max(ITEMS_MOST) });

/** Listener to agent: `receipt`, it is on this host's disk; `seen`, it was put before a person. */
export const ReceiptItem = z.object({ id, revision: count, ring, level: z.enum(["receipt", "seen"]) });
export const Receipt = z.object({ receipts: z.array(ReceiptItem).min(1).max(RECEIPTS_MOST) });

/** Listener to agent: the operator of this listener takes the alarm. Repeated until ACKED. */
export const Ack = z.object({ id, revision: count, nonce: base64(8), comment: typed(200), robot: z.boolean() });

/** Agent to listener, for every copy of an ACK. */
export const Acked = z.object({
  id, revision: count,
  outcome: z.enum(["taken", "already", "recorded", "refused"]), reason: text(200), by: text(32),
});

/**
 * Listener to agent: what I lack. `open` is answered by DATA pieces that list every open alarm, then by ALARM and STATE
 * for each of them by unicast; what the complete list does not name is not open any more. `alarm`: ALARM and STATE of those in `ids`.
 */
export const Fetch = z.object({
  what: z.enum(["rules", "open", "alarm", "voices"]),
  digest: digest.optional(), from: count.optional(), ids: z.array(id).min(1).max(FETCHED_MOST).optional(),
});

/**
 * Agent to listener: one piece of a longer whole. `rules`: the canonical bytes, `digest` their SHA-256.
 * `open`: the open set as `encodeOpenSet` of wire/open-set.ts writes it, `digest` the SHA-256 of all its bytes.
 * `voices`: the cluster's agents as `encodeVoices` of trust/voices.ts writes them.
 */
export const Data = z.object({
  what: z.enum(["rules", "open", "voices"]), digest, piece: count, pieces: count, bytes: base64(CHUNK_BYTES),
});

/**
 * Stranger to agent, in clear: enrols by an invite. `mac` is under a key derived from the invite's secret.
 * Every field has its full length, so that a refusal is never larger than the question.
 */
export const Join = z.object({
  invite: exact(8), ed: exact(32), x: exact(32), nonce: exact(16), host: word(64), mac: exact(32),
});

/** Agent to stranger, in clear but for the sealed group key. */
export const Joined = z.object({
  nonce: exact(16),
  /** The agent's own Ed25519 key, as in BEACON. */
  key: exact(32),
  refused: text(120).optional(),
  cluster: exact(32).optional(), clusterName: word(32).optional(),
  voice: certificate.optional(), member: certificate.optional(), warrant: certificate.optional(),
  kid: count.optional(),
  /** 12 bytes nonce, 32 bytes group key under AES-256-GCM with the pairwise key, 16 bytes tag. */
  group: base64(60).optional(),
});

/**
 * Stranger to agent, in clear: asks to be let in by approval. First the commitment alone; once the agent has said its nonce, with
 * everything that it commits to. Its body has the length of the longest, so that no answer is larger.
 */
export const Commit = z.object({
  /** `commitmentOf` of trust/approval.ts. */
  commit: exact(32), key: exact(32),
  x: exact(32).optional(), nonce: exact(16).optional(), host: word(64).optional(), operator: text(32).optional(),
  pad: z.string().min(256).max(1024),
});

/** Agent to stranger, in clear, for every COMMIT until it is approved: what the agent adds to the transcript, or why it does not. */
export const Pending = z.object({
  commit: exact(32),
  /** The agent's own Ed25519 key, as in BEACON. */
  key: exact(32),
  refused: text(120).optional(),
  cluster: exact(32).optional(), x: exact(32).optional(), nonce: exact(16).optional(),
});

/** Agent to listener, pairwise: the next group key, or the present one for whoever lags. Repeated until REKEYED. */
export const Rekey = z.object({ kid: z.int().min(1).max(KID_GROUP_MOST), key: exact(32) });

/** Listener to agent: that key is on this host's disk. */
export const Rekeyed = z.object({ kid: count });

/** What agents stamp their words with: a number that grows, and the id of the agent that said it. */
const SyncStamp = z.object({ n: count, a: z.string().length(16).regex(/^[0-9a-f]+$/) });
/** A length of time, or one that has passed: two agents' clocks are never compared. */
const ms = z.int().min(-SYNC_MS_MOST).max(SYNC_MS_MOST);

/** One occurrence as an agent knows it. The report goes along where the other may not have it. */
export const SyncEntry = z.object({
  key: z.string().length(32).regex(/^[0-9a-f]+$/),
  /** Every name, the first is its id; and the raise time that each was made of. */
  ids: z.array(id).min(1).max(NAMES_MOST), ats: z.array(wallMs).min(1).max(NAMES_MOST),
  raisedMs: ms, condition: SyncStamp,
  /** How long it has been cleared; absent while it is not. */
  clearedMs: ms.optional(),
  /** Only an end that was foretold, and has passed by this agent's clock, says so. */
  ended: z.boolean().optional(),
  revision: count, ackFrom: count, ring,
  /** What is left of the acknowledgement deadline. */
  leftMs: ms,
  /** Somebody outside was told of this revision. */
  reached: z.boolean(),
  /** Until it is stale; absent where it never becomes so. */
  staleMs: ms.optional(),
  taken: z.object({
    n: SyncStamp.shape.n, a: SyncStamp.shape.a, ms, by: word(32), way: z.enum(["listener", "console", "robot", "outside"]),
    comment: text(200), told: z.boolean(), revision: count,
  }).optional(),
  said: SyncStamp,
  source: text(32).optional(), labels: z.record(text(128), text(1024)).optional(), identity: z.array(text(128)).max(64).optional(),
  text: text(512).optional(), detail: text(4000).optional(), weight: z.enum([...SEVERITIES, "info"]).optional(),
});

/**
 * Agent to agent: how these occurrences stand, and whom it has let in. Said again, as it stands then, until SYNCED.
 * Certificates prove themselves; nobody is let in at another agent's word.
 */
export const Sync = z.object({
  number: count, entries: z.array(SyncEntry).max(SYNC_MOST),
  member: z.object({ member: certificate, warrant: certificate, host: text(64), joinedAt: wallMs }).optional(),
  invite: z.object({ warrant: certificate, joinKey: base64(32), usedBy: exact(32).optional() }).optional(),
});

/** Agent to agent, once it is on disk. `epoch`: of the SYNC. */
export const Synced = z.object({ epoch: big, numbers: z.array(count).min(1).max(SYNC_MOST) });

export const SCHEMAS = {
  beacon: Beacon, seek: Seek, hello: Hello, welcome: Welcome, bye: Bye, alarm: AlarmPush, state: State,
  receipt: Receipt, ack: Ack, acked: Acked, fetch: Fetch, data: Data, join: Join, joined: Joined, commit: Commit, pending: Pending,
  rekey: Rekey, rekeyed: Rekeyed, sync: Sync, synced: Synced,
} as const;

export type MessageKind = keyof typeof SCHEMAS;
export type Body<Kind extends MessageKind> = z.infer<(typeof SCHEMAS)[Kind]>;

/** A message with its kind: what machines exchange; packets carry the kind as one byte. */
export type Message = { [Kind in MessageKind]: { readonly kind: Kind; readonly body: Body<Kind> } }[MessageKind];
