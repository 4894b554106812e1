/** Reads back what the relay wrote. A row that does not fit stops the start: sending from half a memory would be worse. */

import type { z } from "zod";
import { fail, ok, type Result } from "../base/result.ts";
import type { Store } from "../port/store.ts";
import { AgentRow, DeliveryRow, EscalationRow, EventRow, INVITE_PREFIX, InviteRow, TABLES } from "./rows.ts";

export type RelayRows = {
  readonly agents: readonly AgentRow[];
  readonly invites: readonly InviteRow[];
  readonly escalations: readonly EscalationRow[];
  readonly deliveries: readonly DeliveryRow[];
  readonly events: readonly EventRow[];
};

/** A relay that has not run before. */
export const NO_ROWS: RelayRows = { agents: [], invites: [], escalations: [], deliveries: [], events: [] };

export type RestoreFault = { readonly kind: "foreignRow"; readonly table: string; readonly id: string; readonly field: string };

export function restoreRelay(store: Pick<Store, "load">): Result<RelayRows, RestoreFault> {
  const agents = readTable(store, TABLES.agents, AgentRow);
  if (!agents.ok) return agents;
  const invites = readTable(store, TABLES.meta, InviteRow, INVITE_PREFIX);
  if (!invites.ok) return invites;
  const escalations = readTable(store, TABLES.escalations, EscalationRow);
  if (!escalations.ok) return escalations;
  const deliveries = readTable(store, TABLES.deliveries, DeliveryRow);
  if (!deliveries.ok) return deliveries;
  const events = readTable(store, TABLES.events, EventRow);
  if (!events.ok) return events;
  return ok({
    agents: agents.value, invites: invites.value, escalations: escalations.value, deliveries: deliveries.value, events: events.value,
  });
}

function readTable<Schema extends z.ZodType>(
  store: Pick<Store, "load">,
  table: string,
  schema: Schema,
  prefix = "",
): Result<readonly z.infer<Schema>[], RestoreFault> {
  const rows: z.infer<Schema>[] = [];
  for (const { id, row } of store.load(table)) {
    if (!id.startsWith(prefix)) continue;
    const read = schema.safeParse(row);
    if (!read.success) return fail({ kind: "foreignRow", table, id, field: read.error.issues[0]?.path.map(String).join(".") ?? "" });
    rows.push(read.data);
  }
  return ok(rows);
}
