import { wantsPerson } from "../../../lib/alarm/lifecycle.ts";
import type { Invariant } from "../watch.ts";
import { alarmRows, short } from "./rows.ts";

export const SUBMITTED_ANYWAY: Invariant = {
  name: "submitted anyway",
  sentence: "an alarm whose turn has come is given to the relay whenever the relay answers at all, whatever it says of its ability",
  each: true,
  watch: (_, broken) => ({
    decided: ({ changes, effects }) => {
      for (const change of changes) {
        if (change.kind !== "append" || change.entry.body.kind !== "probed" || change.entry.body.answer === "silent") continue;
        const { occurrence } = change.entry;
        const given = effects.some((effect) => effect.kind === "link" && effect.request.kind === "submit" && effect.request.escalation.occurrence === occurrence);
        for (const { alarm: { id, life } } of alarmRows(changes)) {
          if (id === occurrence && wantsPerson(life) && !given) broken(`the relay answered for ${short(id)} and was not given it; it is ${life.phase}`);
        }
      }
    },
  }),
};
