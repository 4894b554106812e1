/** What the relay keeps on disk, table by table. The schemas are checked again when the rows are read back. */

import { z } from "zod";
import { CHANNELS } from "../alarm/policy.ts";
import { Escalation, Heartbeat, Notice, RelayEvent } from "../wire/relay-api.ts";
import { Moment } from "./moment.ts";

export const TABLES = {
  agents: "agents", escalations: "escalations", deliveries: "deliveries", events: "events", meta: "meta",
} as const;

/** An agent that has joined. The id is that of its signing key. */
export const AgentRow = z.object({
  id: z.string(), cluster: z.string(), clusterName: z.string(), agent: z.string(),
  /** Ed25519, base64url. */
  ed: z.string(),
  /** PEM. */
  certificate: z.string(),
  joinedAt: z.number(),
  /** The highest counter of its requests that was stored: all up to it are used. */
  counter: z.string(),
  /** Number of the last event told to it. */
  events: z.number(),
  heartbeat: z.object({ at: z.number(), said: Heartbeat }).optional(),
});
export type AgentRow = z.infer<typeof AgentRow>;

/** One use of one join string. Lies in `meta` under `invite/<id>`. */
export const InviteRow = z.object({ id: z.string(), macKey: z.string(), certificate: z.string(), expires: Moment });
export type InviteRow = z.infer<typeof InviteRow>;
export const INVITE_PREFIX = "invite/";

export const EscalationRow = z.object({
  id: z.string(), cluster: z.string(),
  /** Every agent that has submitted it; each is told each verdict. */
  agents: z.array(z.string()),
  /** SHA-256 of the body it came with, base64url. */
  digest: z.string(),
  occurrence: z.string(), revision: z.number(), step: z.number(), attempt: z.number().optional(),
  /** How many verdicts were promised. */
  deliveries: z.number(),
  /** Undefined once it is closed: no address outlives its use. */
  body: Escalation.optional(),
  expires: Moment,
  /** The request that withdrew it; undefined while it stands. */
  withdrawn: z.object({ agent: z.string(), counter: z.string() }).optional(),
  /** How it ended, as everyone told is told once. */
  notice: Notice.optional(),
  closedAt: z.number().optional(),
  /** Whether somebody was, or may have been, told by the time it was closed. */
  reached: z.boolean().optional(),
});
export type EscalationRow = z.infer<typeof EscalationRow>;

/** One call of a channel: one person, or a group's message that names several. */
export const DeliveryRow = z.object({
  id: z.string(), escalation: z.string(), channel: z.enum(CHANNELS),
  operators: z.array(z.string()).min(1),
  about: z.enum(["alarm", "notice"]),
  /** `started`: the call was, or may have been, made and its outcome is not known. */
  state: z.enum(["waiting", "started", "ended"]),
  verdict: RelayEvent.shape.verdict.optional(), reason: z.string(),
  /** Attempts that have failed. */
  tries: z.number(),
  /** When to try next, in state `waiting`. */
  due: Moment,
  /** How far away that was when it was written: it is never further. Rows of older releases lack it. */
  waitMs: z.number().optional(),
  plain: z.boolean(), renewed: z.boolean(), resent: z.boolean(),
  /** When it was accepted, on the wall clock. */
  acceptedAt: z.number().optional(),
});
export type DeliveryRow = z.infer<typeof DeliveryRow>;

/** An event that its agent has not committed. */
export const EventRow = z.object({ agent: z.string(), event: RelayEvent });
export type EventRow = z.infer<typeof EventRow>;
