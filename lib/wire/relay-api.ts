/** Bodies of the HTTPS API between agent and relay: one schema serves both ends. */

import { z } from "zod";
import { CHANNELS } from "../alarm/policy.ts";
import { SEVERITIES } from "../alarm/severity.ts";

const channel = z.enum(CHANNELS);
const line = (most: number) => z.string().max(most);
const wallMs = z.int().min(0);
const base64 = z.string().regex(/^[A-Za-z0-9_-]*$/).max(512);

/** `POST /v1/join`: the agent's signing key and TLS certificate, under the secret of the join string. */
export const JoinRequest = z.object({
  cluster: line(64), clusterName: line(32), agent: line(32),
  ed: base64, certificate: z.string().max(4096), mac: base64,
});
export const JoinAnswer = z.object({ relay: line(64), version: line(64) });

/** One end of the jump host as its system sees it. */
export const Leg = z.object({
  name: z.enum(["lan", "outside"]),
  up: z.boolean(), interface: line(32), address: line(64), route: line(64), dns: line(128), reason: line(300),
  checkedAt: wallMs,
});

/** How far a channel was tried, and why not further. */
export const ChannelAbility = z.object({
  channel, configured: z.boolean(), able: z.boolean(),
  level: z.enum(["none", "connected", "authenticated", "sent"]),
  reason: line(300), checkedAt: wallMs, lastSentAt: wallMs.optional(),
});

/** `GET /v1/ability[?fresh=1]` */
export const Ability = z.object({ relay: line(64), version: line(64), legs: z.array(Leg).max(2), channels: z.array(ChannelAbility).max(8) });

/** Whom to tell; the addresses travel with each escalation. */
export const Recipient = z.object({
  operator: line(32), language: z.enum(["en", "zh"]), timezone: line(64),
  mail: line(254).optional(), wecom: line(64).optional(), mobile: line(20).optional(),
});

/** `PUT /v1/escalations/{id}`: 202 only when on disk. Same id and body: same answer; other body: 422. */
export const Escalation = z.object({
  id: line(64), occurrence: line(26), revision: z.int(), step: z.int(),
  /** Absent for the first: how often people are told of this step, where it came back or reached nobody. */
  attempt: z.int().min(2).optional(),
  clusterName: line(32), severity: z.enum(SEVERITIES),
  /** Allowed fields only: absent means that it must not leave the room. */
  module: line(64).optional(), item: line(128).optional(), text: line(512).optional(), detail: line(2000).optional(),
  generatedAt: wallMs, raisedAt: wallMs, reason: line(300).optional(),
  via: z.array(channel).min(1).max(CHANNELS.length), recipients: z.array(Recipient).min(1).max(64),
  /** Milliseconds from acceptance after which the relay gives up. */
  expiresInMs: z.int().min(1000).max(604_800_000),
});
/** `deliveries`: how many verdicts will follow; 0 where no configured channel reaches any of the recipients. */
export const EscalationAnswer = z.object({ id: line(64), stored: z.literal(true), deliveries: z.int().min(0) });

/** `POST /v1/escalations/{id}/notices`: everyone told outside is told once. */
export const Notice = z.object({ kind: z.enum(["taken", "cleared"]), by: line(32), at: wallMs });

/** One numbered event; `unsure`: bytes were written and no answer came. `closing`: no further attempt will follow. */
export const RelayEvent = z.object({
  number: z.int().min(1), at: wallMs, escalation: line(64), occurrence: line(26),
  operator: line(32), channel,
  verdict: z.enum(["accepted", "refused", "unreachable", "unsure"]), reason: line(300), closing: z.boolean(),
});
/** `GET /v1/events?after=N&wait=25` */
export const Events = z.object({ events: z.array(RelayEvent).max(256) });
/** `POST /v1/events/commit` */
export const Commit = z.object({ upTo: z.int().min(0) });
/** `POST /v1/heartbeat` */
export const Heartbeat = z.object({ open: z.int().min(0), wall: wallMs });
/** Body of every answer that is not 2xx. */
export const Refusal = z.object({ error: line(300), field: line(128).optional(), expected: line(300).optional() });

export type JoinRequest = z.infer<typeof JoinRequest>;
export type Leg = z.infer<typeof Leg>;
export type ChannelAbility = z.infer<typeof ChannelAbility>;
export type Ability = z.infer<typeof Ability>;
export type Recipient = z.infer<typeof Recipient>;
export type Escalation = z.infer<typeof Escalation>;
export type Notice = z.infer<typeof Notice>;
export type RelayEvent = z.infer<typeof RelayEvent>;
export type Heartbeat = z.infer<typeof Heartbeat>;
export type Refusal = z.infer<typeof Refusal>;
