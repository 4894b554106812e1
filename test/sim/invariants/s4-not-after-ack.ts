import { wantsPerson } from "../../../lib/alarm/lifecycle.ts";
import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

export const NOT_AFTER_ACK: Invariant = {
  name: "S4",
  sentence: "nothing is submitted after its acknowledgement is stored",
  each: true,
  watch: ({ agent }, broken) => ({
    asked: (request) => {
      if (request.kind !== "submit" || agent.host.disk.ailing) return;
      const { occurrence } = request.escalation;
      const life = agent.alarm(occurrence)?.life;
      if (life !== undefined && !wantsPerson(life)) broken(`${short(occurrence)} was submitted while it is ${life.condition} and ${life.attention}`);
    },
  }),
};
