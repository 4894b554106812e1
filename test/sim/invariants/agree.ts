import type { Pursuit } from "../../../lib/agent/pursuits.ts";
import type { DeliveryRow } from "../../../lib/relay/rows.ts";
import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

export const AGREE: Invariant = {
  name: "agreement",
  sentence: "once all is healed, listeners that are not revoked and agent know the same open alarms, and the relay has nothing left to do",
  watch: (world, broken) => ({
    settled: (part) => {
      if (part === "reached") return;
      const open = [...world.agent.alarms()].filter(({ life }) => life.condition !== "cleared");
      for (const { host, identity } of world.listeners) {
        if (world.agent.hasRevoked({ identity })) continue;
        const known = new Map<string, { readonly ring: number; readonly attention: string }>();
        for (const [id, row] of host.disk.rows("inbox")) {
          const { item, attention, closedAt } = row as { readonly item: { readonly ring: number }; readonly attention: string; readonly closedAt?: number };
          if (closedAt === undefined) known.set(id, { ring: item.ring, attention });
        }
        for (const { id, life } of open) {
          const entry = known.get(id);
          known.delete(id);
          if (entry === undefined) broken(`${host.name} does not know ${short(id)}, which is open`);
          else if (entry.ring !== life.ring || entry.attention !== life.attention) broken(`${host.name} has ${short(id)} at ring ${entry.ring} and ${entry.attention}; the agent at ${life.ring} and ${life.attention}`);
        }
        for (const id of known.keys()) broken(`${host.name} still shows ${short(id)}, which is over`);
      }
      if (part !== "quiet") return;
      for (const { host } of world.agents) for (const { id, owed } of pursuitsOf(host.disk.rows("escalations").values())) if (owed.length > 0) broken(`the relay is still to be told of ${short(id)}: ${owed.map(({ kind }) => kind).join(", ")}`);
      for (const [id, row] of world.relay.host.disk.rows("deliveries")) {
        if ((row as DeliveryRow).state !== "ended") broken(`the relay still means to send ${id}`);
      }
    },
  }),
};

function pursuitsOf(rows: Iterable<unknown>): readonly Pursuit[] {
  return [...rows] as Pursuit[];
}
