import type { Host } from "../host.ts";
import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

export const SHOWN_ONCE: Invariant = {
  name: "shown once",
  sentence: "no occurrence and ring is rung twice by one listener",
  watch: (world, broken) => {
    const rung = new Map<Host, Map<string, number>>();
    return {
      shown: (listener, { rings, alarm: { id, ring } }) => {
        if (!rings) return;
        let highest = rung.get(listener);
        if (highest === undefined) rung.set(listener, (highest = new Map()));
        if ((highest.get(id) ?? 0) >= ring) broken(`${listener.name} rang for ${short(id)} ring ${ring} again`);
        highest.set(id, ring);
        // What a failing disk, the agent's or the listener's, could not keep may ring once more after the restart.
        if (listener.disk.ailing || world.agents.some(({ host }) => host.disk.ailing)) highest.delete(id);
      },
      // An agent with an older file has forgotten rings: it counts them once more.
      restored: (host) => (world.agents.some((agent) => agent.host === host) ? rung.clear() : rung.delete(host)),
    };
  },
};
