import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

export const HEARS_THE_END: Invariant = {
  name: "the end",
  sentence: "everybody told outside hears how it ended, and of each message once",
  watch: (world, broken) => {
    const occurrences = new Map<string, string>();
    /** Messages of a world that has healed, by occurrence, channel and operator: when the last came, and the last word of an end. */
    const told = new Map<string, { at: number; endedAt: number }>();
    const ends = new Map<string, number>();
    return {
      asked: (request) => {
        if (request.kind === "submit") occurrences.set(request.escalation.id, request.escalation.occurrence);
      },
      delivered: ({ delivery, about, escalation, at }) => {
        if (world.healedAt === undefined) return;
        const [, channel = "", operator = ""] = delivery.split("/");
        const key = `${occurrences.get(escalation) ?? escalation} ${channel}/${operator}`;
        if (about === "alarm") told.set(key, { at, endedAt: told.get(key)?.endedAt ?? -1 });
        else {
          const held = told.get(key);
          // WeCom drops what has the same bytes: of several steps the end is said once.
          if (held !== undefined) held.endedAt = at;
          ends.set(delivery, (ends.get(delivery) ?? 0) + 1);
          if ((ends.get(delivery) ?? 0) > 1) broken(`${delivery} was delivered ${ends.get(delivery)} times`);
        }
      },
      settled: (part) => {
        if (part !== "quiet") return;
        for (const [key, { at, endedAt }] of told) if (endedAt < at) broken(`${short(key)} ${key.split(" ")[1]} was told, all is over, and nobody said so`);
      },
    };
  },
};
