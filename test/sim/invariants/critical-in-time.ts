import type { Ms } from "../../../lib/base/units.ts";
import { seconds } from "../../../lib/base/units.ts";
import type { Invariant } from "../watch.ts";
import { alarmRows, short } from "./rows.ts";

/** Late wake-ups, slow commits, and repeats that stand before it in the queue. */
const SLACK_MS: Ms = seconds(4);

export const CRITICAL_IN_TIME: Invariant = {
  name: "criticals",
  sentence: "the n-th critical leaves within n/(5 × rate) s of its commit",
  each: true,
  watch: (world, broken) => {
    /** First rings that wait to be said, by occurrence: when they became durable and how many were before them. */
    const waiting = new Map<string, { readonly at: number; readonly n: number; readonly ring: number }>();
    const said = new Set<string>();
    const { host } = world.agent;
    const boundOf = (n: number): Ms => (n / (5 * world.plan.lanRate)) * 1000 + SLACK_MS;
    return {
      durable: (changes) => {
        for (const { alarm: { id, life } } of alarmRows(changes)) {
          const { condition, attention, severity, ring } = life;
          if (condition === "cleared" || attention !== "unacknowledged" || severity !== "critical") waiting.delete(id);
          else if (ring === 1 && !waiting.has(id) && !said.has(id)) waiting.set(id, { at: world.agenda.now, n: openCriticals(), ring });
        }
      },
      said: ({ message }) => {
        if (message.kind !== "alarm") return;
        for (const { id } of message.body.alarms) {
          said.add(id);
          waiting.delete(id);
        }
      },
      agentStarts: () => waiting.clear(),
      sweep: () => {
        if (waiting.size === 0 || !world.agent.settledSince(SLACK_MS) || host.clock.lateness() > 100) return;
        const { now } = world.agenda;
        for (const [id, { at, n }] of waiting) {
          if (now - at > boundOf(n)) return broken(`${short(id)} has waited ${Math.round(now - at)} ms, ${n} criticals are open and the rate is ${world.plan.lanRate}`);
        }
      },
    };

    function openCriticals(): number {
      let count = 0;
      for (const { life } of world.agent.alarms()) if (life.severity === "critical" && life.condition !== "cleared" && life.attention === "unacknowledged") count += 1;
      return count;
    }
  },
};
