import type { Escalation } from "../../../lib/wire/relay-api.ts";
import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

/** What makes a second message lawful: nobody could know of the first, or it was taken back in between. */
class Excuses {
  readonly #of = new Map<string, number>();
  all = 0;

  add(escalation: string): void {
    this.#of.set(escalation, (this.#of.get(escalation) ?? 0) + 1);
  }

  count(escalation: string): number {
    return this.all + (this.#of.get(escalation) ?? 0);
  }
}

/** @param keyOf what may be told once */
function toldOnce({ name, sentence, keyOf }: Pick<Invariant, "name" | "sentence"> & { readonly keyOf: (delivery: string, escalation: Escalation) => string }): Invariant {
  return {
    name, sentence,
    watch: (world, broken) => {
      const told = new Map<string, number>();
      const excuses = new Excuses();
      const escalations = new Map<string, Escalation>();
      return {
        asked: (request) => {
          if (request.kind === "submit") escalations.set(request.escalation.id, request.escalation);
          // Whoever is told that it is over may be told that it is back.
          if (request.kind === "withdraw" || request.kind === "notice") excuses.add(request.id);
        },
        unsure: (delivery) => excuses.add(delivery.split("/")[0] ?? ""),
        relayDies: () => {
          // A call under way when the process died may have arrived.
          for (const [id, row] of world.relay.host.disk.rows("deliveries")) {
            if ((row as { readonly state: string }).state === "started") excuses.add(id.split("/")[0] ?? "");
          }
        },
        restored: () => {
          excuses.all += 1;
        },
        delivered: ({ delivery, about, escalation }) => {
          const submitted = escalations.get(escalation);
          if (about !== "alarm" || submitted === undefined) return;
          const key = keyOf(delivery, submitted);
          const count = (told.get(key) ?? 0) + 1;
          told.set(key, count);
          if (count > 1 + excuses.count(escalation)) broken(`${count} messages for ${key} of ${short(submitted.occurrence)}`);
        },
      };
    },
  };
}

export const ONE_MESSAGE: Invariant = toldOnce({
  name: "S3",
  sentence: "at most one message for each escalation, operator and channel, unless a verdict was unsure",
  keyOf: (delivery) => delivery,
});

export const ONE_STEP: Invariant = toldOnce({
  name: "told once",
  sentence: "nobody is told twice outside for the same step of the same revision, unless a verdict was unsure",
  keyOf: (delivery, { occurrence, revision, step }) => `${occurrence} revision ${revision} step ${step} ${delivery.split("/").slice(1).join("/")}`,
});
