import type { Member } from "../../../lib/agent/listeners.ts";
import type { Invariant } from "../watch.ts";
import { alarmRows, short } from "./rows.ts";

export const REVOKED_HEARS_NOTHING: Invariant = {
  name: "revoked",
  sentence: "a revoked listener is shown nothing that was raised later",
  watch: (world, broken) => {
    /** In true time: since when a listener is revoked, and since when an occurrence is known. */
    const revoked = new Map<string, number>();
    const raised = new Map<string, number>();
    return {
      durable: (changes) => {
        const { now } = world.agenda;
        for (const change of changes) {
          if (change.kind !== "put" || change.table !== "members" || (change.row as Member).revoked === undefined) continue;
          if (!revoked.has(change.id)) revoked.set(change.id, now);
        }
        for (const { alarm: { id } } of alarmRows(changes)) if (!raised.has(id)) raised.set(id, now);
      },
      // An agent with an older file may have forgotten whom it has revoked: it must be told again.
      restored: (host) => {
        if (host === world.agent.host) for (const id of revoked.keys()) if ((host.disk.row("members", id) as Member | undefined)?.revoked === undefined) revoked.delete(id);
      },
      shown: (host, { alarm: { id } }) => {
        const listener = world.listeners.find((one) => one.host === host);
        const since = listener === undefined ? undefined : revoked.get(listener.identity.id);
        if (since !== undefined && (raised.get(id) ?? 0) > since) broken(`${host.name} is shown ${short(id)}`);
      },
    };
  },
};
