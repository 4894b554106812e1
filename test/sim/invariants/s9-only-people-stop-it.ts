import type { Alarm } from "../../../lib/alarm/alarm.ts";
import { minutes, type Ms } from "../../../lib/base/units.ts";
import type { Resource } from "../sources.ts";
import type { Act, Invariant } from "../watch.ts";
import { alarmRows, short } from "./rows.ts";

/** A listener says an acknowledgement until it is confirmed; what is said later than this after the confirmation is a recording. */
const ENDS_AHEAD_MS: Ms = minutes(3);
const ON_ITS_WAY_MS: Ms = minutes(2);

export const ONLY_PEOPLE: Invariant = {
  name: "S9",
  sentence: "a receipt never stops a deadline: only a person's acknowledgement or the source's clear does",
  each: true,
  watch: (world, broken) => {
    const acts = new Map<string, Act[]>();
    const attention = new Map<string, { readonly attention: string; readonly condition: string }>();
    const isRobot = ({ listener }: Act): boolean => world.listeners.some(({ host, seat }) => host === listener && seat.robot);
    /** Whether a listener may still be saying it. */
    const isSaid = ({ listener, at, occurrence }: Act): boolean => {
      const now = world.agenda.now;
      if (now - at < ON_ITS_WAY_MS || listener?.disk.row("acks", occurrence) !== undefined) return true;
      const confirmed = listener === undefined ? undefined : confirmedAt.get(`${listener.index} ${occurrence}`);
      return confirmed !== undefined && now - confirmed < ON_ITS_WAY_MS;
    };
    const confirmedAt = new Map<string, number>();
    /** Whom the ladder has told may take it too. */
    const toldOutside = new Map<string, Set<string>>();
    /** An alert of Prometheus names its end: to an agent whose clock is minutes ahead it has passed. */
    const endsMisread = ({ kind }: Resource): boolean =>
      kind === "prometheus" && world.agents.some(({ host }) => host.clock.wallOffset - world.sources.skewOf(kind) > ENDS_AHEAD_MS);
    const judge = ({ id, aliases, life, acknowledgement, labels, responsible, classification }: Alarm): void => {
      const before = attention.get(id);
      attention.set(id, life);
      if (life.attention === "acknowledged" && before?.attention !== "acknowledged") {
        // Somebody may have taken it under another of its names.
        const mine = [id, ...aliases.map((alias) => alias.id)].flatMap((name) => acts.get(name) ?? []).filter((act) => act.operator === acknowledgement?.operator && !isRobot(act));
        // A paired agent may have been told of it long ago.
        if (!mine.some((act) => world.agents.length > 1 || isSaid(act))) broken(`${short(id)} counts as taken by ${acknowledgement?.operator}, who has done nothing for it now`);
        const policy = world.agent.settings.policies[classification.policy];
        const may = [...responsible, ...(toldOutside.get(id) ?? [])];
        if (policy?.ack === "responsible" && !may.includes(acknowledgement?.operator ?? "")) broken(`${short(id)} counts as taken by ${acknowledgement?.operator}; only ${may.join(", ")} may`);
      }
      if (life.condition === "cleared" && before !== undefined && before.condition !== "cleared") {
        const resource = world.sources.find(labels["resource"]);
        if (resource !== undefined && resource.clearSentAt === undefined && !endsMisread(resource)) broken(`${short(id)} counts as cleared, and its source has not said so`);
      }
    };
    return {
      acted: (act) => acts.set(act.occurrence, [...(acts.get(act.occurrence) ?? []), act]),
      asked: (request) => {
        if (request.kind !== "submit") return;
        const { occurrence, recipients } = request.escalation;
        const people = toldOutside.get(occurrence) ?? new Set();
        toldOutside.set(occurrence, people);
        for (const { operator } of recipients) people.add(operator);
      },
      listenerDurable: (listener, changes) => {
        for (const change of changes) if (change.kind === "delete" && change.table === "acks") confirmedAt.set(`${listener.index} ${change.id}`, world.agenda.now);
      },
      decided: ({ changes }) => {
        for (const { alarm } of alarmRows(changes)) judge(alarm);
      },
      // What was decided and never written is decided again; what was set back is taken as it lies.
      agentStarts: () => {
        attention.clear();
        for (const alarm of world.agent.alarms()) attention.set(alarm.id, alarm.life);
      },
    };
  },
};
