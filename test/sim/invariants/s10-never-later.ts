import { type Ms, seconds } from "../../../lib/base/units.ts";
import type { Invariant } from "../watch.ts";
import { alarmRows, short } from "./rows.ts";

/** Reading a clock, writing it down and reading it back. */
const SLACK_MS: Ms = seconds(2);
/** The fastest and the slowest clock of a world differ by so much (faults.ts). */
const DRIFT_MOST = 4e-4;

export const NEVER_LATER: Invariant = {
  name: "S10",
  sentence: "while nobody has acknowledged, an occurrence's deadline never moves later, whatever the wall clock does",
  each: true,
  watch: (world, broken) => {
    /** Deadlines in true time, with the boot in which they were last seen. */
    const dues = new Map<string, { readonly due: number; readonly boot: string; readonly at: number }>();
    const { host } = world.agent;
    return {
      decided: ({ changes }) => {
        for (const { alarm: { id, life }, clocks } of alarmRows(changes)) {
          if (life.attention !== "unacknowledged") {
            dues.delete(id);
            continue;
          }
          const due = host.clock.trueAt(life.ackDue);
          const before = dues.get(id);
          const { now } = world.agenda;
          dues.set(id, { due, boot: clocks.boot, at: now });
          if (before === undefined || due <= before.due + SLACK_MS) continue;
          // After a reboot only the wall clock knows; one that was set meanwhile may be wrong by so much.
          const wrong = before.boot === clocks.boot ? 0 : host.clock.steps.filter(({ at }) => at >= before.at - seconds(600)).reduce((sum, { by }) => sum + Math.abs(by), 0);
          // A wall clock that drifts is wrong by so much after hours, of which a paired agent may remind it.
          const drifted = before.boot === clocks.boot ? 0 : DRIFT_MOST * (now - before.at);
          if (due > before.due + SLACK_MS + wrong + drifted) broken(`${short(id)} was due ${Math.round(due - before.due)} ms earlier before`);
        }
      },
      agentStarts: () => {
        for (const id of dues.keys()) if (world.agent.alarm(id) === undefined) dues.delete(id);
      },
      restored: () => dues.clear(),
    };
  },
};
