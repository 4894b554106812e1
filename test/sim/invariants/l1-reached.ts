import { wantsPerson } from "../../../lib/alarm/lifecycle.ts";
import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

export const REACHED: Invariant = {
  name: "L1",
  sentence: "once all is healed, every unacknowledged alarm reaches a person within its timeouts and a retry",
  watch: (world, broken) => {
    /** Revisions of which somebody outside holds a message. */
    const held = new Map<string, Set<number>>();
    const named = new Map<string, { readonly occurrence: string; readonly revision: number }>();
    return {
      asked: (request) => {
        if (request.kind === "submit") named.set(request.escalation.id, request.escalation);
      },
      delivered: ({ escalation, about }) => {
        const of = about === "alarm" ? named.get(escalation) : undefined;
        if (of === undefined) return;
        const revisions = held.get(of.occurrence);
        if (revisions === undefined) held.set(of.occurrence, new Set([of.revision]));
        else revisions.add(of.revision);
      },
      settled: (part) => {
        for (const { id, life, classification, labels } of world.agent.alarms()) {
          if (!wantsPerson(life)) continue;
          if (part === "reached" && held.get(id)?.has(life.revision) !== true) {
            broken(`${short(id)} (${labels["resource"] ?? labels["alertname"]}, ${life.severity}, ${classification.policy}) is ${life.phase} at revision ${life.revision}, and nobody has been told outside`);
          }
          if (part === "taken") broken(`${short(id)} is still taken by nobody, though everybody acts`);
        }
      },
    };
  },
};
