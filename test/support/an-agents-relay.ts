/** The relay as an agent sees it: answers everything, keeps the long poll open, and tells a verdict for each delivery it was given. */

import type { LinkAnswer } from "../../lib/port/relay-link.ts";
import type { Ability, Escalation, RelayEvent } from "../../lib/wire/relay-api.ts";
import type { AgentWorld } from "./an-agent.ts";

export const ABLE: Ability = {
  relay: "jump", version: "1", legs: [],
  channels: [{ channel: "mail", configured: true, able: true, level: "connected", reason: "", checkedAt: 0 }],
};
export const UNABLE: Ability = { ...ABLE, channels: [{ channel: "mail", configured: true, able: false, level: "none", reason: "no route", checkedAt: 0 }] };

export type Told = Pick<RelayEvent, "verdict"> & Partial<Pick<RelayEvent, "reason" | "closing" | "operator">>;

export class RelayOf {
  readonly #world: AgentWorld;
  #number = 0;
  readonly #told = new Set<string>();
  /** How each new escalation ends at once; undefined: nothing is told of it. */
  verdict: Told | undefined;
  /** Answers to everything but the long poll; undefined where the relay behaves. */
  otherwise: LinkAnswer | undefined;
  ability: Ability;
  /** Every escalation that it took for the first time. */
  readonly taken: Escalation[] = [];

  constructor(world: AgentWorld, { ability = ABLE, verdict }: { readonly ability?: Ability; readonly verdict?: Told | undefined } = {}) {
    this.#world = world;
    this.ability = ability;
    this.verdict = verdict;
    world.relay = (request) => {
      if (request.kind === "events") return undefined;
      if (this.otherwise !== undefined) return this.otherwise;
      if (request.kind === "ability") return { kind: "ability", ability: this.ability };
      return request.kind === "submit" ? { kind: "stored", deliveries: request.escalation.recipients.length } : { kind: "done" };
    };
    world.afterwards = (request) => {
      if (request.kind !== "submit" || this.otherwise !== undefined || this.#told.has(request.escalation.id)) return;
      this.#told.add(request.escalation.id);
      this.taken.push(request.escalation);
      if (this.verdict === undefined) return;
      for (const { operator } of request.escalation.recipients) this.tells(request.escalation, { operator, ...this.verdict });
    };
    // What was asked before it was there.
    for (const request of [...world.asked("ability"), ...world.asked("heartbeat")]) {
      const answer = world.relay(request);
      if (answer !== undefined) world.put({ kind: "linked", request, answer });
    }
  }

  /** A verdict arrives by the long poll. */
  tells({ id, occurrence, recipients }: Escalation, { verdict, reason = "", closing = true, operator = recipients[0]?.operator ?? "" }: Told): void {
    const after = this.#number;
    this.#number += 1;
    const event = { number: this.#number, at: 0, escalation: id, occurrence, operator, channel: "mail", verdict, reason, closing } as const;
    this.#world.put({ kind: "linked", request: { kind: "events", after }, answer: { kind: "events", events: [event] } });
  }

  /** It has lost everything that it knew. */
  forgets(): void {
    this.#number = 0;
    this.#told.clear();
  }
}
