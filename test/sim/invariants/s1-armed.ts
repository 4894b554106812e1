import { wantsPerson } from "../../../lib/alarm/lifecycle.ts";
import type { Alarm } from "../../../lib/alarm/alarm.ts";
import { type Ms, seconds } from "../../../lib/base/units.ts";
import type { Invariant } from "../watch.ts";

/** A timer may come late, and a commit may take its time: beyond this a deadline has been forgotten. */
const OVERDUE_MS: Ms = seconds(8);

export const ARMED: Invariant = {
  name: "S1",
  sentence: "a raised, unacknowledged alarm always has an armed deadline",
  watch: (world, broken) => ({
    decided: ({ changes }) => {
      for (const change of changes) {
        if (change.kind !== "put" || change.table !== "alarms") continue;
        const { life, id } = (change.row as { readonly alarm: Alarm }).alarm;
        if (wantsPerson(life) !== (life.due !== undefined)) broken(`${id.slice(0, 6)} is ${life.condition}, ${life.attention} and due ${life.due}`);
        if (!wantsPerson(life)) continue;
        const wakeup = world.agent.nextWakeup();
        if (wakeup === undefined || wakeup > (life.due ?? 0)) broken(`${id.slice(0, 6)} is due at ${life.due}, and the machine wants to be woken at ${wakeup}`);
      }
    },
    sweep: () => {
      const { agent } = world;
      const now = agent.host.clock.now().mono;
      // While its disk is bad or its process has only begun, what lies there is not what it thinks.
      if (!agent.settledSince(OVERDUE_MS)) return;
      for (const row of agent.host.disk.rows("alarms").values()) {
        const { alarm: { life, id }, clocks } = row as { readonly alarm: Alarm; readonly clocks: { readonly boot: string } };
        if (clocks.boot !== agent.host.clock.boot || !wantsPerson(life)) continue;
        if ((life.due ?? 0) < now - OVERDUE_MS) broken(`${id.slice(0, 6)} is ${life.phase} and was due ${Math.round(now - (life.due ?? 0))} ms ago`);
      }
    },
  }),
};
