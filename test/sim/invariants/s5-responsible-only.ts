import type { Policy } from "../../../lib/alarm/policy.ts";
import type { Escalation } from "../../../lib/wire/relay-api.ts";
import { responsibleAs } from "../cluster.ts";
import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

export const RESPONSIBLE_ONLY: Invariant = {
  name: "S5",
  sentence: "only those whom the step names are written to, by a channel that it names",
  watch: (_, broken) => {
    /** Whoever was, or may have been, told of an alarm may be told again: that it is back. */
    const named = new Map<string, Set<string>>();
    const escalations = new Map<string, { readonly escalation: Escalation; readonly allowed: readonly string[]; readonly via: readonly string[] }>();
    return {
      asked: (request, agent) => {
        if (request.kind !== "submit") return;
        const { escalation } = request;
        const alarm = agent.alarm(escalation.occurrence);
        if (alarm === undefined) return;
        const policy: Policy | undefined = agent.settings.policies[alarm.classification.policy];
        const step = policy?.steps[Math.min(escalation.step, policy.steps.length - 1)];
        const via = step?.via ?? [];
        const allowed = responsibleAs(step?.to ?? "last_resort", { alarm, via });
        // Of a pair each names whom it means.
        const before = escalations.get(escalation.id)?.allowed ?? [];
        escalations.set(escalation.id, { escalation, allowed: [...before, ...allowed, ...(named.get(escalation.occurrence) ?? [])], via });
        const people = named.get(escalation.occurrence) ?? new Set();
        named.set(escalation.occurrence, people);
        for (const { operator } of escalation.recipients) people.add(operator);
      },
      delivered: ({ escalation: id, addressed, channel }) => {
        const held = escalations.get(id);
        if (held === undefined) return;
        const { escalation, allowed, via } = held;
        const stranger = addressed.find((operator) => !allowed.includes(operator));
        if (stranger !== undefined) broken(`${stranger} was written to about ${short(escalation.occurrence)} at step ${escalation.step}, which is for ${allowed.join(", ")}`);
        if (!via.includes(channel)) broken(`${short(escalation.occurrence)} left by ${channel}; its step ${escalation.step} names ${via.join(", ")}`);
      },
    };
  },
};
