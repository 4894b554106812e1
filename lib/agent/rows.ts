/**
 * What the agent keeps on disk, table by table, as schemas: each row is checked when it is read back. What does not fit would
 * break an assertion long after the start, or silence an alarm; so it is put aside and told.
 */

import { z } from "zod";
import { UNSTAMPED } from "../alarm/account.ts";
import type { Alarm } from "../alarm/alarm.ts";
import { CHANNELS } from "../alarm/policy.ts";
import { SEVERITIES } from "../alarm/severity.ts";
import { fromBase64 } from "../base/bytes.ts";
import type { Listener } from "../duty/presence.ts";
import type { RelayAddress } from "../port/relay-link.ts";
import type { Invited } from "../trust/enrolment.ts";
import { GROUP_KEYS_MOST } from "../trust/keys.ts";
import { KID_GROUP_MOST } from "../wire/constants.ts";
import { Escalation, Notice } from "../wire/relay-api.ts";
import { SshWays } from "../wire/ssh-way.ts";
import type { HeldGroup } from "./group.ts";
import type { Member } from "./listeners.ts";
import type { Note } from "./notes.ts";
import type { Push } from "./push.ts";
import type { Pursuit } from "./pursuits.ts";

/** JSON leaves out what is undefined. */
const maybe = <Schema extends z.ZodType>(schema: Schema) => schema.optional().transform((value) => value);

const severity = z.enum(SEVERITIES);
const weight = maybe(z.enum([...SEVERITIES, "info"]));
const labels = z.record(z.string(), z.string());
const moment = z.number();
const count = z.int().min(0);

const Life = z.object({
  condition: z.enum(["raised", "stale", "cleared"]),
  attention: z.enum(["unacknowledged", "acknowledged", "shelved"]),
  phase: z.enum(["idle", "waiting", "probing", "escalating", "escalated", "fallback"]),
  severity, worst: severity, revision: count, ackFrom: count, ring: count, ackDue: moment, due: maybe(moment),
  step: count, tries: count, submitted: z.boolean(), given: count, reached: z.boolean(),
}).superRefine(({ condition, attention, phase, due, ackDue }, context) => {
  const wants = condition !== "cleared" && attention === "unacknowledged";
  const refuse = (message: string) => context.addIssue({ code: "custom", path: ["due"], message });
  if (wants !== (due !== undefined)) refuse("a moment exactly where the alarm wants a person");
  if (wants === (phase === "idle")) refuse("absent exactly where the phase is idle");
  if (phase === "waiting" && due !== ackDue) refuse("the deadline while the alarm waits");
});

const stamp = z.object({ number: count, agent: z.string() });

const AlarmBody = z.object({
  id: z.string().length(26), key: z.string(), source: z.string(), labels, identity: z.array(z.string()), text: z.string(), detail: z.string(), weight,
  generatedAt: moment, raisedAt: moment, staleAt: maybe(moment), clearedAt: maybe(moment),
  classification: z.object({
    module: z.string(), item: z.string(), severity, policy: z.string(), rule: z.object({ name: z.string(), line: count }),
  }),
  responsible: z.array(z.string()), life: Life,
  acknowledgement: maybe(z.object({
    operator: z.string(), at: moment, comment: z.string(), way: z.enum(["listener", "console", "robot", "outside"]), told: z.boolean(), revision: count,
  })),
  sending: z.enum(["pending", "successful", "failed"]), reason: z.string(),
  aliases: z.array(z.object({ id: z.string().length(26), at: moment })).default([]),
  stamps: z.object({ condition: stamp, report: stamp, taken: stamp }).default(UNSTAMPED),
}) satisfies z.ZodType<Alarm>;

/** As `machine.ts` writes an alarm: together with the clocks of that turn. */
export const AlarmRow = z.object({ alarm: AlarmBody, clocks: z.object({ boot: z.string(), mono: moment, wall: moment }) });

/** Of a listener: 64-bit numbers are decimal strings. */
const big = z.string().regex(/^\d{1,20}$/);
export const PlaceRow = z.object({ epoch: big, counter: big });

export const PushRow = z.object({
  id: z.string(), ring: count, why: z.enum(["new", "changed", "again", "fallback", "re-alert"]), reason: z.string(),
  held: z.record(z.string(), z.object({ ring: count, level: z.enum(["receipt", "seen"]) })),
}) satisfies z.ZodType<Push>;

const key = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
export const MemberRow = z.object({
  id: z.string(), serial: count, operator: z.string(), robot: z.boolean(), host: z.string(), ed: key, x: key,
  invite: z.string(), member: z.string(), warrant: z.string(), joinedAt: moment,
  revoked: maybe(z.object({ at: moment, certificate: z.string() })),
}) satisfies z.ZodType<Member>;

/** Another agent: what else is known of it stands in the certificate. */
export const PeerRow = z.object({
  voice: z.string(), address: maybe(z.object({ host: z.string(), port: z.int() })), lastHeardAt: maybe(moment),
});

/** What the grant brought by which this agent was let in; taken in at the first start. */
export const GrantedRow = z.object({
  members: z.array(z.object({ member: z.string(), warrant: z.string(), host: z.string(), joinedAt: moment })),
  invites: z.array(z.object({ warrant: z.string(), joinKey: z.string(), usedBy: maybe(z.string()) })),
});

export const PresenceRow = z.object({
  id: z.string(), operator: z.string(), robot: z.boolean(), host: z.string(),
  address: z.object({ host: z.string(), port: z.int(), road: z.literal("tcp").optional() }), seat: z.enum(["person", "locked", "none", "robot"]),
  build: z.string(), lastHeardAt: moment, leaseUntil: moment,
}) satisfies z.ZodType<Listener>;

export const InviteRow = z.object({ warrant: z.string(), joinKey: z.string(), usedBy: maybe(z.string()) }) satisfies z.ZodType<Invited>;

export const PursuitRow = z.object({
  id: z.string(), occurrence: z.string(), revision: count, step: count, attempt: count, givenAt: moment, to: z.array(z.string()),
  escalation: Escalation.extend({ via: z.array(z.enum(CHANNELS)).min(1) }), deliveries: maybe(count),
  verdicts: z.record(z.string(), z.object({ verdict: z.enum(["accepted", "refused", "unreachable", "unsure"]), reason: z.string(), closing: z.boolean() })),
  owed: z.array(z.union([z.object({ kind: z.literal("withdraw") }), z.object({ kind: z.literal("notice"), notice: Notice })])),
  withdrawn: z.boolean(), noticed: z.boolean(),
}) satisfies z.ZodType<Pursuit>;

export const NoteRow = z.object({
  key: z.string(), source: z.string(), labels, module: z.string(), item: z.string(), text: z.string(), firstAt: moment, at: moment, count,
}) satisfies z.ZodType<Note>;

/** Since when each operator is in the roster. */
export const KnownRow = z.record(z.string(), moment);

/** Under `meta`: the group keys, the youngest last. */
export const HeldGroupRow = z.object({
  keys: z.array(z.object({ kid: z.int().min(1).max(KID_GROUP_MOST), key: key.transform((text) => fromBase64(text) ?? new Uint8Array()) })).min(1).max(GROUP_KEYS_MOST),
  madeAt: moment,
}) satisfies z.ZodType<HeldGroup>;

export const RelayRow = z.object({
  host: z.string(), port: z.int(), certificate: z.string(), ssh: SshWays.optional(),
}) satisfies z.ZodType<RelayAddress>;
