import { hours } from "../../../lib/base/units.ts";
import type { Escalation } from "../../../lib/wire/relay-api.ts";
import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

/** After this the relay has forgotten an escalation, and what nobody has taken is told anew (lib/agent/escalation.ts). */
const EXPIRES_MS = hours(24);

/** @param keyOf what may be told once; `excuseOf` what a second message must have in common with the reason for it */
function toldOnce({ name, sentence, keyOf, excuseOf }: Pick<Invariant, "name" | "sentence"> & {
  readonly keyOf: (delivery: string, escalation: Escalation) => string; readonly excuseOf: (escalation: Escalation) => string;
}): Invariant {
  return {
    name, sentence,
    watch: (world, broken) => {
      const told = new Map<string, { count: number; readonly at: number }>();
      const escalations = new Map<string, Escalation>();
      const excuses = new Map<string, number>();
      let excused = 0;
      /** What makes a second message lawful: nobody could know of the first, or it was taken back in between. */
      const excuse = (id: string): void => {
        const escalation = escalations.get(id);
        if (escalation !== undefined) excuses.set(excuseOf(escalation), (excuses.get(excuseOf(escalation)) ?? 0) + 1);
      };
      return {
        asked: (request) => {
          if (request.kind === "submit") escalations.set(request.escalation.id, request.escalation);
          // Whoever is told that it is over may be told that it is back.
          if (request.kind === "withdraw" || request.kind === "notice") excuse(request.id);
        },
        unsure: (delivery) => excuse(delivery.split("/")[0] ?? ""),
        relayDies: () => {
          // A call under way when the process died may have arrived.
          for (const [id, row] of world.relay.host.disk.rows("deliveries")) {
            if ((row as { readonly state: string }).state === "started") excuse(id.split("/")[0] ?? "");
          }
        },
        restored: () => {
          excused += 1;
        },
        delivered: ({ delivery, about, escalation, at }) => {
          const submitted = escalations.get(escalation);
          if (about !== "alarm" || submitted === undefined) return;
          const key = keyOf(delivery, submitted);
          const before = told.get(key);
          if (before === undefined || at - before.at > EXPIRES_MS) {
            told.set(key, { count: 1, at });
            return;
          }
          before.count += 1;
          if (before.count > 1 + excused + (excuses.get(excuseOf(submitted)) ?? 0)) broken(`${before.count} messages for ${key} of ${short(submitted.occurrence)}`);
        },
      };
    },
  };
}

export const ONE_MESSAGE: Invariant = toldOnce({
  name: "S3",
  sentence: "at most one message for each escalation, operator and channel, unless a verdict was unsure",
  keyOf: (delivery) => delivery,
  excuseOf: ({ id }) => id,
});

export const ONE_STEP: Invariant = toldOnce({
  name: "told once",
  sentence: "nobody is told twice outside for the same step of the same revision, unless a verdict was unsure",
  keyOf: (delivery, { occurrence, revision, step }) => `${occurrence} revision ${revision} step ${step} ${delivery.split("/").slice(1).join("/")}`,
  excuseOf: ({ occurrence }) => occurrence,
});
