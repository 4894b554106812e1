import { wantsPerson } from "../../../lib/alarm/lifecycle.ts";
import { DEFAULT_POLICY, STEP_AFTER_MS_MOST } from "../../../lib/alarm/policy.ts";
import { type Ms, seconds } from "../../../lib/base/units.ts";
import type { Invariant } from "../watch.ts";
import { type AlarmRow, alarmRows, short } from "./rows.ts";

/** A timer may come late, and a commit may take its time: beyond this a deadline has been forgotten. */
const OVERDUE_MS: Ms = seconds(8);

export const ARMED: Invariant = {
  name: "S1",
  sentence: "a raised, unacknowledged alarm always has an armed deadline",
  each: true,
  watch: (world, broken) => ({
    decided: ({ changes }) => {
      for (const { alarm: { life, id }, clocks } of alarmRows(changes)) {
        if (wantsPerson(life) !== (life.due !== undefined)) broken(`${short(id)} is ${life.condition}, ${life.attention} and due ${life.due}`);
        if (!wantsPerson(life)) continue;
        const { probeTimeoutMs, verdictTimeoutMs, retryMostMs } = DEFAULT_POLICY;
        const most = life.phase === "probing" ? probeTimeoutMs : life.phase === "escalating" ? verdictTimeoutMs : life.phase === "fallback" ? retryMostMs : STEP_AFTER_MS_MOST;
        if ((life.due ?? 0) - clocks.mono > most + 1) broken(`${short(id)} is ${life.phase} and due in ${Math.round((life.due ?? 0) - clocks.mono)} ms, longer than any such wait`);
        const wakeup = world.agent.nextWakeup();
        if (wakeup === undefined || wakeup > (life.due ?? 0)) broken(`${short(id)} is due at ${life.due}, and the machine wants to be woken at ${wakeup}`);
      }
    },
    sweep: () => {
      const { agent } = world;
      // While its disk is bad or its process has only begun, what lies there is not what it thinks.
      if (!agent.settledSince(OVERDUE_MS)) return;
      const now = agent.host.clock.now().mono;
      for (const row of agent.host.disk.rows("alarms").values()) {
        const { alarm: { life, id }, clocks } = row as AlarmRow;
        if (life.due === undefined || clocks.boot !== agent.host.clock.boot) continue;
        if (life.due < now - OVERDUE_MS) broken(`${short(id)} is ${life.phase} and was due ${Math.round(now - life.due)} ms ago`);
      }
    },
  }),
};
