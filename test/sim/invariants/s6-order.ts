import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

/** Told apart from the code that is judged by it. */
const WORST_FIRST: readonly string[] = ["critical", "major", "indeterminate", "minor", "warning"];

export const ORDER: Invariant = {
  name: "S6",
  sentence: "critical alarms go first, then what nobody has heard yet by severity, and one datagram by severity and time",
  each: true,
  watch: (_, broken) => {
    /** The highest ring of each alarm that this life of the agent has said to everybody. */
    const heard = new Map<string, number>();
    return {
      agentStarts: () => heard.clear(),
      decided: ({ effects }) => {
        /** By audience: the worst of the least urgent datagram so far, and how far down the order first words have come. */
        const reached = new Map<string, { any: number; first: number }>();
        for (const effect of effects) {
          if (effect.kind !== "say" || effect.message.kind !== "alarm") continue;
          const audience = effect.to.kind === "listener" ? effect.to.peer : effect.to.kind;
          const { alarms } = effect.message.body;
          const before = reached.get(audience) ?? { any: 0, first: 0 };
          const after = { ...before };
          for (const { id, ring, severity } of alarms) {
            const rank = WORST_FIRST.indexOf(severity);
            // Repeats, and what one listener alone is told, wait until everybody has heard everything once.
            const first = effect.to.kind === "everyone" && ring > (heard.get(id) ?? 0);
            if (rank < (first ? before.first : rank === 0 ? before.any : 0)) broken(`${short(id)}, which is ${severity}, left behind a lesser one`);
            if (first) after.first = Math.max(after.first, rank);
            if (effect.to.kind === "everyone") heard.set(id, Math.max(ring, heard.get(id) ?? 0));
          }
          // What fills a datagram up behind a critical alarm makes nobody wait.
          after.any = Math.max(after.any, Math.min(...alarms.map(({ severity }) => WORST_FIRST.indexOf(severity))));
          reached.set(audience, after);
          alarms.forEach((alarm, at) => {
            const last = alarms[at - 1];
            if (last === undefined) return;
            const [a, b] = [WORST_FIRST.indexOf(last.severity), WORST_FIRST.indexOf(alarm.severity)];
            if (a > b || (a === b && last.at > alarm.at)) broken(`${short(alarm.id)} stands behind ${short(last.id)} in one datagram`);
          });
        }
      },
    };
  },
};
