import type { Alarm } from "../../../lib/alarm/alarm.ts";
import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

export const ONE_VOICE: Invariant = {
  name: "one voice",
  sentence: "once all is healed, both agents hold the same open alarms with the same attention",
  watch: (world, broken) => ({
    settled: () => {
      const [one, other] = world.agents.map((agent) => new Map([...agent.alarms()].filter(({ life }) => life.condition !== "cleared").map((alarm) => [alarm.id, alarm])));
      if (one === undefined || other === undefined) return;
      for (const id of new Set([...one.keys(), ...other.keys()])) {
        const [a, b] = [standing(one.get(id)), standing(other.get(id))];
        if (a !== b) broken(`${short(id)} is ${a} at one agent and ${b} at the other`);
      }
    },
  }),
};

function standing(alarm: Alarm | undefined): string {
  if (alarm === undefined) return "not open";
  const { life: { attention, revision, ring }, acknowledgement } = alarm;
  return `${attention}${acknowledgement === undefined ? "" : ` by ${acknowledgement.operator}`} at revision ${revision} and ring ${ring}`;
}
