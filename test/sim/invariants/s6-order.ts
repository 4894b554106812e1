import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

/** Told apart from the code that is judged by it. */
const WORST_FIRST: readonly string[] = ["critical", "major", "indeterminate", "minor", "warning"];

export const ORDER: Invariant = {
  name: "S6",
  sentence: "pushes go out by severity, then by the time at which they were raised",
  watch: (_, broken) => ({
    decided: ({ effects }) => {
      const worst = new Map<string, number>();
      for (const effect of effects) {
        if (effect.kind !== "say" || effect.message.kind !== "alarm") continue;
        const audience = effect.to.kind === "listener" ? effect.to.peer : effect.to.kind;
        const { alarms } = effect.message.body;
        for (const { id, severity } of alarms) {
          const rank = WORST_FIRST.indexOf(severity);
          if (rank < (worst.get(audience) ?? 0)) broken(`${short(id)}, which is ${severity}, left behind a lesser one`);
          worst.set(audience, rank);
        }
        alarms.forEach((alarm, at) => {
          const before = alarms[at - 1];
          if (before !== undefined && before.severity === alarm.severity && before.at > alarm.at) broken(`${short(alarm.id)} stands behind ${short(before.id)} in one datagram`);
        });
      }
    },
  }),
};
