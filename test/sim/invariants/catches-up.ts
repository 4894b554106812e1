import { minutes } from "../../../lib/base/units.ts";
import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

export const CATCHES_UP: Invariant = {
  name: "catching up",
  sentence: "what is broken is open, what is mended is not; an agent set back to an older file catches up with every source that repeats itself",
  watch: (world, broken) => {
    let setBackAt: number | undefined;
    return {
      restored: (host) => {
        if (world.agents.some((agent) => agent.host === host)) setBackAt = world.agenda.now;
      },
      settled: (part) => {
        if (part === "reached") return;
        const open = new Map<string, string>();
        for (const { id, life, labels } of world.agent.alarms()) if (life.condition !== "cleared") open.set(labels["resource"] ?? "", id);
        const { habits, resources } = world.sources;
        for (const { name, kind, firing, clearTaken, clearedAt } of resources) {
          // Prometheus says what fires each minute, but an end only for a quarter of an hour.
          if (setBackAt !== undefined && (kind !== "prometheus" || (!firing && (clearedAt ?? 0) < setBackAt))) continue;
          // An end that lies in the agent's future is no end yet, and one that a silent source has never told is unknown.
          const ends = clearTaken && (kind !== "prometheus" || (habits.skewMs <= minutes(1) && world.agents.every(({ host }) => host.clock.steps.length === 0)));
          if (firing && !open.has(name)) broken(`${name} of ${kind} is broken, and nothing is open`);
          if (!firing && ends && open.has(name)) broken(`${name} of ${kind} is mended, and ${short(open.get(name) ?? "")} is open`);
        }
      },
    };
  },
};
