/** The cluster as it really is, and the programs that report on it: Prometheus, an Alertmanager, scripts. Each has its own habits, and none lies on purpose. */

import { utf8 } from "../../lib/base/bytes.ts";
import { Prng } from "../../lib/base/prng.ts";
import { hours, type Ms, minutes, seconds } from "../../lib/base/units.ts";
import type { ReportFormat } from "../../lib/agent/turn.ts";
import type { Reply } from "../../lib/port/tickets.ts";
import { MODULES } from "./cluster.ts";
import { WALL_START } from "./clock.ts";
import type { AgentHost } from "./agent-host.ts";
import type { World } from "./world.ts";

export type SourceKind = "prometheus" | "alertmanager" | "script";

/** A thing of the cluster that can be broken. */
export type Resource = {
  readonly name: string;
  readonly kind: SourceKind;
  readonly module: string;
  severity: string;
  firing: boolean;
  /** By the source's own clock, in milliseconds since 1970. */
  since: number;
  /** True moments of what became of it, for those who judge. */
  raisedAt: number;
  clearedAt: number;
  /** True moment at which a report that it is over first reached the agent, since the last raise. */
  clearSentAt: number | undefined;
  /** The agent has answered that it has stored such a report. */
  clearTaken: boolean;
  /** Reports that its source still owes the agent. */
  owed: number;
};

export type Posted = { readonly resources: readonly Resource[]; readonly conditions: readonly ("raised" | "cleared")[]; readonly reply: Reply };

const FORMATS: Readonly<Record<SourceKind, ReportFormat>> = { prometheus: "alertmanager-api", alertmanager: "alertmanager-webhook", script: "reports" };
const SEVERITY_SHARES = [["critical", 0.3], ["major", 0.3], ["minor", 0.15], ["warning", 0.15], ["strange", 0.1]] as const;

/** Prometheus sends again what is firing each minute, and what has ended for a quarter of an hour. */
const PROMETHEUS_EVERY_MS: Ms = minutes(1);
const RESOLVED_SAID_MS: Ms = minutes(15);
/** A Prometheus further behind than its alerts last reports nothing but ends: no reader can know better. */
const PROMETHEUS_BEHIND_MOST_MS: Ms = minutes(2);
const GIVEN_UP_MS: Ms = seconds(10);
const ALERTMANAGER_REPEAT_MS: Ms = hours(4);

export type SourceHabits = {
  /** Mean time between two raises of one thing. */
  raiseEveryMs: Ms;
  lastsMs: Ms;
  /** Share of raises that flap: gone and back a few times. */
  flaps: number;
  /** Share of posts made twice. */
  twice: number;
  /** How wrong the sources' clocks are. */
  skewMs: Ms;
  /** Share of scripts' repeats that say `again`. */
  again: number;
  /** Share of raises whose severity rises later. */
  rises: number;
};

export class Sources {
  readonly #world: World;
  readonly #dice: Prng;
  readonly resources: Resource[] = [];
  habits: SourceHabits = { raiseEveryMs: hours(12), lastsMs: minutes(40), flaps: 0, twice: 0, skewMs: 0, again: 0, rises: 0 };
  /** Whole sources that have fallen silent: they post nothing. */
  readonly silent = new Set<SourceKind>();
  /** No new troubles begin. */
  calm = false;
  raised = 0;

  /** By how much the clock of one kind of source is wrong. */
  skewOf(kind: SourceKind): Ms {
    const { skewMs } = this.habits;
    return kind === "prometheus" ? Math.max(skewMs, -PROMETHEUS_BEHIND_MOST_MS) : skewMs;
  }

  constructor(world: World, { seed, count }: { readonly seed: number; readonly count: number }) {
    this.#world = world;
    this.#dice = new Prng(seed);
    for (let at = 0; at < count; at += 1) this.#add(at);
  }

  begin(): void {
    for (const resource of this.resources) this.#plan(resource);
    this.#world.agenda.after(seconds(5), () => this.#prometheus());
    this.#world.agenda.after(ALERTMANAGER_REPEAT_MS, () => this.#remind());
  }

  /** Many things break at once. */
  storm(count: number): void {
    for (let i = 0; i < count; i += 1) {
      const resource = this.resources[this.#dice.uint32() % this.resources.length];
      if (resource !== undefined && !resource.firing) this.#world.agenda.after(this.#dice.fraction() * 3000, () => this.#break(resource));
    }
  }

  /** Everything that is broken is mended. */
  mendAll(): void {
    for (const resource of this.resources) if (resource.firing) this.#mend(resource);
  }

  find(name: string | undefined): Resource | undefined {
    return name === undefined ? undefined : this.resources[Number(name.slice(1))];
  }

  #add(at: number): void {
    const kind = (["prometheus", "alertmanager", "script"] as const)[this.#dice.uint32() % 3] ?? "script";
    const module = MODULES[this.#dice.uint32() % MODULES.length] ?? "osd";
    this.resources.push({
      name: `r${at}`, kind, module, severity: this.#severity(), firing: false, since: 0, raisedAt: -1, clearedAt: -1, clearSentAt: undefined, clearTaken: false, owed: 0,
    });
  }

  #severity(): string {
    let left = this.#dice.fraction();
    for (const [severity, share] of SEVERITY_SHARES) if ((left -= share) < 0) return severity;
    return "warning";
  }

  #plan(resource: Resource): void {
    this.#world.agenda.after(this.#about(this.habits.raiseEveryMs), () => {
      if (!this.calm && !resource.firing) this.#break(resource);
      else if (!this.calm) this.#plan(resource);
    });
  }

  #break(resource: Resource): void {
    if (resource.firing || this.calm) return;
    const { now } = this.#world.agenda;
    const { lastsMs, flaps, rises, again } = this.habits;
    this.raised += 1;
    resource.firing = true;
    resource.since = Math.round(WALL_START + now + this.skewOf(resource.kind));
    resource.raisedAt = now;
    resource.clearSentAt = undefined;
    resource.clearTaken = false;
    this.#post(resource);
    const lasts = this.#about(lastsMs);
    if (this.#dice.fraction() < flaps) {
      const every = seconds(5) + this.#dice.fraction() * minutes(4);
      this.#world.agenda.after(every, () => this.#flap(resource, 3 + (this.#dice.uint32() % 6), every));
    } else this.#world.agenda.after(lasts, () => this.#mend(resource));
    if (resource.kind !== "script") return;
    if (this.#dice.fraction() < rises) this.#world.agenda.after(this.#dice.fraction() * lasts, () => this.#rise(resource));
    if (this.#dice.fraction() < again) this.#world.agenda.after(this.#dice.fraction() * lasts, () => resource.firing && !this.calm && this.#post(resource, { again: true }));
  }

  #rise(resource: Resource): void {
    if (!resource.firing || this.calm) return;
    resource.severity = "critical";
    this.#post(resource);
  }

  #flap(resource: Resource, left: number, every: Ms): void {
    if (resource.firing) this.#mend(resource, left > 0);
    else if (!this.calm) {
      resource.firing = true;
      resource.since = Math.round(WALL_START + this.#world.agenda.now + this.skewOf(resource.kind));
      resource.raisedAt = this.#world.agenda.now;
      resource.clearSentAt = undefined;
      resource.clearTaken = false;
    resource.clearTaken = false;
      this.#post(resource);
    }
    if (left > 0) this.#world.agenda.after(every, () => this.#flap(resource, left - 1, every));
    else if (resource.firing) this.#world.agenda.after(this.#about(this.habits.lastsMs), () => this.#mend(resource));
  }

  #mend(resource: Resource, flapping = false): void {
    if (!resource.firing) return;
    resource.firing = false;
    resource.clearedAt = this.#world.agenda.now;
    this.#post(resource);
    if (!flapping) this.#plan(resource);
  }

  /** What has changed of one thing. Prometheus sees it at its next evaluation; the others say it until it is taken. */
  #post(resource: Resource, set: { readonly again?: boolean } = {}): void {
    if (resource.kind === "prometheus") return;
    resource.owed += 1;
    const owed = resource.owed;
    this.#try(resource, { ...set, owed, tries: 0 });
    if (this.#dice.fraction() < this.habits.twice) this.#world.agenda.after(this.#dice.fraction() * 3000, () => this.#try(resource, { ...set, owed, tries: 0 }));
  }

  #try(resource: Resource, { again, owed, tries }: { readonly again?: boolean; readonly owed: number; readonly tries: number }): void {
    // What has changed since is said by the later post.
    if (resource.owed !== owed) return;
    const retry = (): void => this.#world.agenda.after(Math.min(seconds(5) * 2 ** Math.min(tries, 10), minutes(1)), () => this.#try(resource, { ...(again === undefined ? {} : { again }), owed, tries: tries + 1 }));
    if (this.silent.has(resource.kind)) return retry();
    const body = resource.kind === "script" ? scriptBody(resource, again === true) : webhookBody([resource]);
    this.#send(resource.kind, [resource], body, (status) => {
      if (status !== 200) retry();
    });
  }

  #prometheus(): void {
    const { agenda } = this.#world;
    agenda.after(PROMETHEUS_EVERY_MS, () => this.#prometheus());
    if (this.silent.has("prometheus")) return;
    const said = this.resources.filter(({ kind, firing, raisedAt, clearedAt }) => kind === "prometheus" && (firing || (raisedAt >= 0 && agenda.now - clearedAt < RESOLVED_SAID_MS)));
    if (said.length === 0) return;
    const body = utf8(JSON.stringify(said.map((one) => alertOf(one, { trueNow: agenda.now, now: agenda.now + this.skewOf("prometheus"), endsMs: minutes(4) }))));
    this.#send("prometheus", said, body, () => {});
    if (this.#dice.fraction() < this.habits.twice) this.#send("prometheus", said, body, () => {});
  }

  /** Alertmanager says again what has been firing for long. */
  #remind(): void {
    this.#world.agenda.after(ALERTMANAGER_REPEAT_MS, () => this.#remind());
    if (this.silent.has("alertmanager")) return;
    for (const resource of this.resources) if (resource.kind === "alertmanager" && resource.firing) this.#post(resource);
  }

  #send(kind: SourceKind, resources: readonly Resource[], body: Uint8Array, then: (status: number) => void): void {
    const { agents, plan } = this.#world;
    const reached = agents[plan.reach.get(kind) ?? -1];
    const targets = reached === undefined ? agents : [reached];
    let awaited = targets.length;
    let worst = 200;
    const ended = (status: number): void => {
      worst = status === 200 ? worst : status;
      awaited -= 1;
      if (awaited === 0) then(worst);
    };
    for (const agent of targets) this.#sendTo(agent, { kind, resources, body }, ended);
  }

  #sendTo(agent: AgentHost, { kind, resources, body }: { readonly kind: SourceKind; readonly resources: readonly Resource[]; readonly body: Uint8Array }, then: (status: number) => void): void {
    const { agenda, watchers } = this.#world;
    const conditions = resources.map(({ firing }) => (firing ? "raised" as const : "cleared" as const));
    let open = true;
    agenda.after(1 + this.#dice.fraction() * 4, () => {
      resources.forEach((resource, at) => {
        if (conditions[at] === "cleared") resource.clearSentAt ??= agenda.now;
      });
      const arrived = agent.report(FORMATS[kind], body, (reply) => {
        if (!open) return;
        open = false;
        watchers.tellOf(agent, "answered", { resources, conditions, reply });
        if (reply.status === 200) resources.forEach((resource, at) => {
          if (conditions[at] === "cleared" && !resource.firing) resource.clearTaken = true;
        });
        then(reply.status);
      });
      if (!arrived) {
        open = false;
        then(0);
      }
    });
    agenda.after(GIVEN_UP_MS, () => {
      if (!open) return;
      open = false;
      then(0);
    });
  }

  #about(mean: Ms): Ms {
    return seconds(1) - Math.log(1 - this.#dice.fraction()) * mean;
  }
}

function labelsOf({ name, module, severity, kind }: Resource): Readonly<Record<string, string>> {
  const labels = { alertname: "Broken", resource: name, module, job: kind };
  return kind === "script" ? labels : { ...labels, severity, replica: "a" };
}

/** By the source's own clock: an end that has come stays the same however often it is said. */
function alertOf(resource: Resource, { trueNow, now, endsMs }: { readonly trueNow: number; readonly now: number; readonly endsMs: Ms }): object {
  const ended = resource.firing ? now + endsMs : resource.clearedAt + (now - trueNow);
  return {
    labels: labelsOf(resource), annotations: { summary: `${resource.name} is broken`, description: `${resource.name} of ${resource.module}` },
    startsAt: new Date(resource.since).toISOString(), endsAt: new Date(Math.max(resource.since, Math.round(WALL_START + ended))).toISOString(),
  };
}

function webhookBody(resources: readonly Resource[]): Uint8Array {
  const alerts = resources.map((resource) => ({
    status: resource.firing ? "firing" : "resolved", labels: labelsOf(resource), annotations: { summary: `${resource.name} is broken` },
    startsAt: new Date(resource.since).toISOString(), endsAt: "0001-01-01T00:00:00Z",
  }));
  return utf8(JSON.stringify({ version: "4", status: "firing", receiver: "gapbell", groupLabels: {}, commonLabels: {}, commonAnnotations: {}, externalURL: "", groupKey: "g", truncatedAlerts: 0, alerts }));
}

function scriptBody(resource: Resource, again: boolean): Uint8Array {
  const { firing, severity, name, since } = resource;
  const known = ["critical", "major", "minor", "warning"].includes(severity);
  return utf8(JSON.stringify({
    condition: firing ? "raised" : "cleared", labels: labelsOf(resource), text: `${name} is broken`, severity: known ? severity : "indeterminate",
    ...(firing ? { generatedAt: new Date(since).toISOString() } : {}), ...(again ? { again: true } : {}),
  }));
}
