/** Reads back what an earlier life of this listener has stored. A row that cannot be read is left out and named, never a reason not to ring. */

import { z } from "zod";
import { fromBase64 } from "../base/bytes.ts";
import { rulesFromCanonical } from "../classify/rule.ts";
import type { Store } from "../port/store.ts";
import type { Peer, PeerId } from "../trust/keys.ts";
import { readVoice } from "../trust/voice.ts";
import { KID_GROUP_MOST } from "../wire/constants.ts";
import { Ack, AlarmItem, StateItem } from "../wire/message.ts";
import type { PendingAck } from "./acks.ts";
import type { Place } from "./hearing.ts";
import type { Inboxed } from "./inbox.ts";
import type { HeldGroup, Remembered } from "./machine.ts";
import type { HeldRules } from "./parts.ts";
import type { KnownAgent } from "./turn.ts";
import type { Words } from "./words.ts";

const big = z.string().regex(/^\d{1,20}$/).transform((text) => BigInt(text));
const PlaceRow = z.object({ epoch: big, counter: big });
const AgentRow = z.object({
  id: z.string(), name: z.string(), voice: z.string(), serial: z.int(),
  address: z.object({ host: z.string(), port: z.int() }).optional(),
  heardOn: z.object({ name: z.string(), subnet: z.string() }).optional(),
});
const WordRow = PlaceRow.extend({ revision: z.int(), ring: z.int(), taken: z.boolean().default(false), open: z.boolean() });
const InboxRow = z.object({
  item: AlarmItem, aliases: z.array(z.string()).default([]), condition: StateItem.shape.condition, attention: StateItem.shape.attention, phase: StateItem.shape.phase, sending: StateItem.shape.sending,
  by: z.string(), way: z.string(), comment: z.string(), stranger: z.boolean(), stateAt: z.number(), heardAt: z.number(),
  rung: z.int(), seen: z.int(), unverified: z.string(), said: PlaceRow.extend({ agent: z.string() }), words: z.record(z.string(), WordRow).optional(), closedAt: z.number().optional(),
});
const AckRow = Ack.extend({ madeAt: z.number() });
const GroupRow = z.object({ joined: z.string(), keys: z.array(z.object({ kid: z.int().min(1).max(KID_GROUP_MOST), key: z.string().regex(/^[A-Za-z0-9_-]{43}$/) })).min(1) });
const RulesRow = z.object({ digest: z.string(), bytes: z.string() });

/**
 * @param members agents that the membership names; one that the store knows better keeps what it learnt
 * @param onBad hears of each row that was left out
 */
export function restoreClient(
  store: Pick<Store, "load">,
  { members, onBad }: { readonly members: readonly KnownAgent[]; readonly onBad: (table: string, id: string) => void },
): Remembered {
  const rows = <Row>(table: string, form: z.ZodType<Row>): readonly { readonly id: string; readonly row: Row }[] =>
    store.load(table).flatMap(({ id, row }) => {
      const parsed = form.safeParse(row);
      if (parsed.success) return [{ id, row: parsed.data }];
      onBad(table, id);
      return [];
    });
  const meta = (name: string): unknown => store.load("meta").find(({ id }) => id === name)?.row;
  const stored = new Map(rows("agents", AgentRow).map(({ id, row }): [PeerId, KnownAgent] => [id, { ...row, address: row.address, heardOn: row.heardOn }]));
  return {
    inbox: rows("inbox", InboxRow).map(({ row }): Inboxed => ({ ...row, closedAt: row.closedAt, words: row.words ?? wordsOf(row) })),
    acks: rows("acks", AckRow).map(({ row }): PendingAck => row),
    agents: [...members.filter(({ id }) => !stored.has(id)), ...stored.values()],
    places: new Map(rows("windows", PlaceRow).map(({ id, row }): [PeerId, Place] => [id, row])),
    group: groupIn(meta("group")),
    floor: z.string().optional().safeParse(meta("floor")).data,
    rules: rulesIn(meta("rules")),
  };
}

/** A row of a release that knew one agent. */
function wordsOf({ said: { agent, ...place }, item: { revision, ring }, attention, closedAt }: z.infer<typeof InboxRow>): Words {
  return { [agent]: { ...place, revision, ring, taken: attention !== "unacknowledged", open: closedAt === undefined } };
}

/** The keys of agents whose voice the cluster key has signed; the others are not believed. */
export function peersOf(agents: readonly KnownAgent[], clusterKey: Uint8Array): readonly Peer[] {
  return agents.flatMap(({ id, voice }) => {
    const voiced = readVoice(voice, clusterKey);
    return voiced.ok && voiced.value.peer.id === id ? [voiced.value.peer] : [];
  });
}

/** What cannot be read is asked for anew: HELLO says that it is missing. */
function groupIn(row: unknown): HeldGroup | undefined {
  const { data } = GroupRow.safeParse(row);
  return data && { joined: data.joined, keys: data.keys.map(({ kid, key }) => ({ kid, key: fromBase64(key) ?? new Uint8Array() })) };
}

function rulesIn(row: unknown): HeldRules {
  const parsed = RulesRow.safeParse(row);
  const bytes = parsed.success ? fromBase64(parsed.data.bytes) : undefined;
  const rules = bytes === undefined ? undefined : rulesFromCanonical(bytes);
  return parsed.success && rules?.ok === true ? { digest: parsed.data.digest, rules: rules.value } : { digest: "", rules: undefined };
}
