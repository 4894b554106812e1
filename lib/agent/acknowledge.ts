/** An operator takes an alarm: whether that counts, and what everybody is told. */

import type { Acknowledgement, Alarm } from "../alarm/alarm.ts";
import type { Now } from "../base/units.ts";
import { advance } from "./advance.ts";
import { type Parts, policyOf } from "./parts.ts";

export type AckOutcome = {
  /** `taken`: it counts. `already`: somebody had it. `recorded`: written down, the clock runs on. `refused`: no such thing. */
  readonly outcome: "taken" | "already" | "recorded" | "refused";
  readonly reason: string;
  /** Who has the alarm now, or "". */
  readonly by: string;
};

export function acknowledge(
  parts: Parts,
  alarm: Alarm,
  { operator, way, comment, revision }: Pick<Acknowledgement, "operator" | "way" | "comment" | "revision">,
  now: Now,
): AckOutcome {
  const holder = alarm.acknowledgement?.operator ?? "";
  if (alarm.life.condition === "cleared") return { outcome: "already", reason: "it has been cleared", by: holder };
  if (alarm.life.attention === "acknowledged") return { outcome: "already", reason: "", by: holder };
  const told = alarm.responsible.includes(operator) || parts.wayOut.toldOutside(alarm.id).includes(operator);
  const why = whyNot(parts, alarm, { told, way, revision });
  parts.draft.remember(alarm.id, now.wall, { kind: "acknowledged", operator, way, comment, told, counts: why === "", why });
  if (why !== "") {
    // What is only recorded is written with the alarm, so that the answer stands on the disk as well.
    parts.book.put(alarm, now);
    return { outcome: "recorded", reason: why, by: "" };
  }
  const acknowledgement = { operator, at: now.wall, comment, way, told, revision };
  advance(parts, alarm, { kind: "acknowledge" }, now, { acknowledgement });
  return { outcome: "taken", reason: "", by: operator };
}

/** @returns "" where it counts */
function whyNot(
  parts: Parts,
  alarm: Alarm,
  { told, way, revision }: Pick<Acknowledgement, "told" | "way" | "revision">,
): string {
  const policy = policyOf(parts, alarm);
  if (revision < alarm.life.ackFrom) return "people were asked again since: see what it is now";
  if (way === "robot" && !policy.robotAck) return "a robot's acknowledgement does not stop the clock";
  // Whom the ladder has told may take it as well: else nobody could, once it has left those responsible.
  if (policy.ack === "responsible" && !told) return "only an operator responsible, or one who was told outside, may take it";
  return "";
}
