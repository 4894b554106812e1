/** What the agent asks of its relay as HTTP says it, and what the relay's HTTP answer says to the agent. Pure: the adapter carries the bytes. */

import { z } from "zod";
import { Ability, EscalationAnswer, Events, Refusal } from "../wire/relay-api.ts";
import type { RelayRoute } from "./relay-door.ts";
import type { LinkAnswer, LinkRequest } from "./relay-link.ts";

/** How long the relay is asked to hold a poll, in seconds. */
const POLL_WAIT_S = 25;

export type LinkCall = {
  readonly route: RelayRoute;
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  /** The escalation in the path, or "". */
  readonly id: string;
  /** What goes as JSON; undefined where there is no body. */
  readonly body: unknown;
};

export function callOf(request: LinkRequest): LinkCall {
  switch (request.kind) {
    case "ability":
      return { route: "ability", method: "GET", path: request.fresh ? "/v1/ability?fresh=1" : "/v1/ability", id: "", body: undefined };
    case "submit":
      return { route: "submit", method: "PUT", path: pathOf(request.escalation.id), id: request.escalation.id, body: request.escalation };
    case "withdraw":
      return { route: "withdraw", method: "DELETE", path: pathOf(request.id), id: request.id, body: undefined };
    case "notice":
      return { route: "notice", method: "POST", path: `${pathOf(request.id)}/notices`, id: request.id, body: request.notice };
    case "events":
      return { route: "events", method: "GET", path: `/v1/events?after=${request.after}&wait=${POLL_WAIT_S}`, id: "", body: undefined };
    case "commit":
      return { route: "commit", method: "POST", path: "/v1/events/commit", id: "", body: { upTo: request.upTo } };
    case "heartbeat":
      return { route: "heartbeat", method: "POST", path: "/v1/heartbeat", id: "", body: request.heartbeat };
  }
}

function pathOf(escalation: string): string {
  return `/v1/escalations/${encodeURIComponent(escalation)}`;
}

export function answerOf(request: LinkRequest, { status, body }: { readonly status: number; readonly body: unknown }): LinkAnswer {
  if (status < 200 || status > 299) return { kind: "refused", status, reason: refusalIn({ status, body }) };
  const odd: LinkAnswer = { kind: "refused", status, reason: "The relay answers in another form than this version reads; use the same release on both sides" };
  switch (request.kind) {
    case "ability": {
      const ability = Ability.safeParse(body);
      return ability.success ? { kind: "ability", ability: ability.data } : odd;
    }
    case "events": {
      const events = Events.safeParse(body);
      return events.success ? { kind: "events", events: events.data.events } : odd;
    }
    case "submit": {
      const answer = EscalationAnswer.safeParse(body);
      return answer.success ? { kind: "stored", deliveries: answer.data.deliveries } : odd;
    }
    case "withdraw":
    case "notice":
    case "commit":
    case "heartbeat":
      return { kind: "done" };
  }
}

/** Why the relay does not take it, in a line. */
export function refusalIn({ status, body }: { readonly status: number; readonly body: unknown }): string {
  const refusal = Refusal.safeParse(body);
  if (status === 404) return "The relay does not know this request; it is another version than the agent, use the same release on both sides";
  if (status === 426) return "The relay speaks another version than this agent; use the same release on both sides";
  return refusal.success ? refusal.data.error : `The relay answers ${status} without a reason`;
}

const CounterRefusal = z.object({ field: z.literal("gapbell-counter"), expected: z.string().regex(/^above \d{1,20}$/) });

/** How far the relay has counted our requests, where that is why it refused one. */
export function counterIn(body: unknown): bigint | undefined {
  const refusal = CounterRefusal.safeParse(body);
  return refusal.success ? BigInt(refusal.data.expected.slice("above ".length)) : undefined;
}
