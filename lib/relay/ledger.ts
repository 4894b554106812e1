/** What each agent is still to be told, numbered; and the polls that wait for it. */

import { earliestOf } from "../base/earliest.ts";
import type { Ms, Now } from "../base/units.ts";
import type { RelayEvent } from "../wire/relay-api.ts";
import type { Draft } from "./draft.ts";
import { EVENTS_KEPT_MOST, EVENTS_PER_ANSWER, POLL_MS_MOST } from "./limits.ts";
import { type EventRow, TABLES } from "./rows.ts";

type Poll = { readonly ticket: number; readonly after: number; readonly due: Ms };

export class Ledger {
  readonly #draft: Draft;
  /** By agent, then by number, in order. */
  readonly #events = new Map<string, Map<number, RelayEvent>>();
  readonly #polls = new Map<string, Poll>();

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  restore(rows: readonly EventRow[]): void {
    for (const { agent, event } of rows) this.#of(agent).set(event.number, event);
  }

  /** @param event its number is the agent's next one */
  tell(agent: string, event: RelayEvent): void {
    const events = this.#of(agent);
    events.set(event.number, event);
    this.#draft.put(TABLES.events, rowId(agent, event.number), { agent, event } satisfies EventRow);
    for (const number of events.keys()) {
      if (events.size <= EVENTS_KEPT_MOST) break;
      this.#forget(agent, number);
    }
  }

  /** Answers at once where there is something, else when there is or when `waitMs` has passed. One poll for each agent. */
  poll(agent: string, { ticket, after, waitMs }: { readonly ticket: number; readonly after: number; readonly waitMs: Ms }, now: Now): void {
    const former = this.#polls.get(agent);
    if (former !== undefined) this.#draft.answer(former.ticket, { status: 200, body: { events: [] } });
    this.#polls.set(agent, { ticket, after, due: now.mono + Math.min(waitMs, POLL_MS_MOST) });
  }

  /** A relay that began anew, or from an old copy: what it has to tell would be passed over under its present numbers. */
  renumber(agent: string, nextNumber: () => number | undefined): void {
    for (const [before, event] of [...this.#of(agent)]) {
      this.#forget(agent, before);
      const number = nextNumber();
      if (number !== undefined) this.tell(agent, { ...event, number });
    }
  }

  /** The agent has these on its own disk. */
  commit(agent: string, upTo: number): void {
    for (const number of this.#of(agent).keys()) {
      if (number > upTo) break;
      this.#forget(agent, number);
    }
  }

  /** Answers the polls that have something to hear, or have waited long enough. */
  flush(now: Now): void {
    for (const [agent, { ticket, after, due }] of this.#polls) {
      const events = this.#after(agent, after);
      if (events.length === 0 && now.mono < due) continue;
      this.#polls.delete(agent);
      this.#draft.answer(ticket, { status: 200, body: { events } });
    }
  }

  next(): Ms | undefined {
    return earliestOf(this.#polls.values(), ({ due }) => due);
  }

  #after(agent: string, after: number): readonly RelayEvent[] {
    const found: RelayEvent[] = [];
    for (const event of this.#of(agent).values()) {
      if (event.number > after) found.push(event);
      if (found.length === EVENTS_PER_ANSWER) break;
    }
    return found;
  }

  #of(agent: string): Map<number, RelayEvent> {
    const held = this.#events.get(agent) ?? new Map<number, RelayEvent>();
    this.#events.set(agent, held);
    return held;
  }

  #forget(agent: string, number: number): void {
    this.#of(agent).delete(number);
    this.#draft.remove(TABLES.events, rowId(agent, number));
  }
}

/** Rows come back in order of id, so numbers have one length. */
function rowId(agent: string, number: number): string {
  return `${agent}/${String(number).padStart(15, "0")}`;
}
