import { type Ms, seconds } from "../../../lib/base/units.ts";
import type { Invariant } from "../watch.ts";
import { type AlarmRow, alarmRows, short } from "./rows.ts";

/** Reading a clock, writing it down and reading it back. */
const SLACK_MS: Ms = seconds(2);
/** The fastest and the slowest clock of a world differ by so much (faults.ts). */
const DRIFT_MOST = 4e-4;

type Due = { readonly due: number; readonly boot: string; readonly at: number };

export const NEVER_LATER: Invariant = {
  name: "S10",
  sentence: "while nobody has acknowledged, an occurrence's deadline never moves later, whatever the wall clock does",
  each: true,
  watch: (world, broken) => {
    /** Deadlines in true time, with the boot in which they were last seen: as they were decided, and as they lie on the disk. */
    let dues = new Map<string, Due>();
    const stored = new Map<string, Due>();
    const { host } = world.agent;
    const seen = ({ alarm: { life }, clocks }: AlarmRow): Due | undefined =>
      life.attention === "unacknowledged" ? { due: host.clock.trueAt(life.ackDue), boot: clocks.boot, at: world.agenda.now } : undefined;
    return {
      decided: ({ changes }) => {
        for (const row of alarmRows(changes)) {
          const { id } = row.alarm;
          const after = seen(row);
          const before = dues.get(id);
          if (after === undefined) dues.delete(id);
          else dues.set(id, after);
          if (after === undefined || before === undefined || after.due <= before.due + SLACK_MS) continue;
          // After a reboot only the wall clock knows; one that was set meanwhile may be wrong by so much.
          const wrong = before.boot === after.boot ? 0 : host.clock.steps.filter(({ at }) => at >= before.at - seconds(600)).reduce((sum, { by }) => sum + Math.abs(by), 0);
          // A wall clock that drifts is wrong by so much after hours, of which a paired agent may remind it.
          const drifted = before.boot === after.boot ? 0 : DRIFT_MOST * (after.at - before.at);
          if (after.due > before.due + SLACK_MS + wrong + drifted) broken(`${short(id)} was due ${Math.round(after.due - before.due)} ms earlier before`);
        }
      },
      durable: (changes) => {
        for (const row of alarmRows(changes)) {
          const due = seen(row);
          if (due === undefined) stored.delete(row.alarm.id);
          else stored.set(row.alarm.id, due);
        }
      },
      // What was decided and never written is decided again.
      agentStarts: () => {
        for (const id of stored.keys()) if (world.agent.alarm(id) === undefined) stored.delete(id);
        dues = new Map(stored);
      },
      restored: () => {
        dues.clear();
        stored.clear();
      },
    };
  },
};
