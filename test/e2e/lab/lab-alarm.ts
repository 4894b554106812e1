/** One alarm of a story: what the agent knows of it, what was said outside about it, and what is waited for. */

import type { Entry, EntryBody } from "../../../lib/alarm/journal.ts";
import { entrySentence } from "../../../lib/alarm/timeline.ts";
import type { WecomMessage } from "../../support/wecom-stand-in.ts";
import type { ReceivedMail } from "../../support/mail-stand-in.ts";
import type { Station } from "./lab.ts";
import type { Outside } from "./outside.ts";

export type Shown = {
  readonly condition: string; readonly attention: string; readonly phase: string; readonly sending: string; readonly reason: string;
  readonly ring: number; readonly step: number; readonly timeline: readonly Entry[];
};

export class Alarm {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly #agent: Station;
  readonly #outside: Outside;
  readonly #until: (what: string, look: () => Promise<boolean>) => Promise<void>;

  constructor({ id, labels, agent, outside, until }: {
    readonly id: string; readonly labels: Readonly<Record<string, string>>; readonly agent: Station; readonly outside: Outside;
    readonly until: (what: string, look: () => Promise<boolean>) => Promise<void>;
  }) {
    this.id = id;
    this.labels = labels;
    this.#agent = agent;
    this.#outside = outside;
    this.#until = until;
  }

  /** As people see it. */
  get short(): string {
    return this.id.slice(0, 6);
  }

  /** How it stands; undefined while the agent does not answer. */
  async now(): Promise<Shown | undefined> {
    return (await this.#agent.ask(`/v1/alarms/${this.id}`)) as Shown | undefined;
  }

  /** Waits until it stands so. @returns how it stands then */
  async becomes(what: string, is: (shown: Shown) => boolean): Promise<Shown> {
    let last: Shown | undefined;
    await this.#until(`${this.labels["item"]} is ${what}`, async () => {
      last = await this.now();
      return last !== undefined && is(last);
    });
    if (last === undefined) throw new Error("never shown");
    return last;
  }

  inPhase(phase: string): Promise<Shown> {
    return this.becomes(phase, (shown) => shown.phase === phase);
  }

  /** Whether a person has it, has been told outside, or the LAN has rung with the reason why nobody could be. */
  ends(): Promise<Shown> {
    return this.becomes("acknowledged, told outside, or rung with the reason", endOf);
  }

  /** The source says that it is over. */
  async clears(): Promise<void> {
    await this.#agent.ask("/v1/reports", { method: "POST", body: { condition: "cleared", labels: this.labels } });
  }

  async mentions<Kind extends EntryBody["kind"]>(kind: Kind): Promise<readonly Extract<EntryBody, { readonly kind: Kind }>[]> {
    const { timeline = [] } = (await this.now()) ?? {};
    return timeline.map(({ body }) => body).filter((body): body is Extract<EntryBody, { readonly kind: Kind }> => body.kind === kind);
  }

  mails(): readonly ReceivedMail[] {
    return this.#outside.mail.mails.filter(({ subject }) => subject.includes(this.short));
  }

  messages(): readonly WecomMessage[] {
    return this.#outside.wecom.messages.filter(({ title, text }) => `${title}${text}`.includes(this.short));
  }

  /** For whoever reads a failed test. */
  async account(): Promise<string> {
    const shown = await this.now();
    if (shown === undefined) return `── ${this.short}: the agent does not answer`;
    const lines = shown.timeline.map(({ at, body }) => `${new Date(at).toISOString().slice(11, 23)}  ${entrySentence(body, { language: "en", timezone: "UTC" })}`);
    return `── ${this.short} ${this.labels["item"]}: ${shown.condition}, ${shown.attention}, ${shown.phase}, ${shown.sending} ${shown.reason}\n${lines.join("\n")}`;
  }
}

function endOf({ attention, phase, sending, reason, ring }: Shown): boolean {
  return attention === "acknowledged" || phase === "escalated" || (sending === "failed" && reason !== "" && ring > 1);
}
