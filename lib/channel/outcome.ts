/** How one call of a channel ended: the closed list, and what each end allows the relay to do next. */

import type { Verdict } from "../alarm/journal.ts";
import { type Ms, minutes, seconds } from "../base/units.ts";

/** `reason` is one line for people, ≤ 200 bytes, without secrets. `afterMs` is the least wait before the next attempt. */
export type Outcome =
  /** The provider has it; nobody has read it yet. `receipt` is the provider's id, or "". */
  | { readonly kind: "accepted"; readonly receipt: string }
  /** Never for this person: no such address, no such user. Others may still be reached. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The provider answered: not now. */
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs: Ms }
  /** Nothing that could be acted upon has left: no name, no connection, no answer before the content. */
  | { readonly kind: "unreachable"; readonly reason: string; readonly afterMs: Ms }
  /** The content has left and no answer came: it may have arrived. */
  | { readonly kind: "unsure"; readonly reason: string; readonly afterMs: Ms }
  /** The channel is set up wrong and fails for everyone: secret, certificate, allow-list. A person must act. */
  | { readonly kind: "config"; readonly reason: string; readonly afterMs: Ms }
  /** The access token is stale: fetch one new token and repeat once, with `renewed` set. */
  | { readonly kind: "expired"; readonly reason: string }
  /** This wording is not taken (too long, forbidden words): compose once more with `plain` set. */
  | { readonly kind: "unfit"; readonly reason: string };

export type OutcomeKind = Outcome["kind"];

/** What the relay may do after an outcome. */
export type Allowance = {
  /** What the agent is told while this is the last word. `expired` and `unfit` are repeated at once and told only if that fails. */
  readonly verdict: Verdict;
  /** `never`: the delivery is closed; `later`: after `afterMs`, until the escalation expires; `now`: once, in the other form. */
  readonly repeat: "never" | "later" | "now";
  /** Whether the channel is broken for everyone: say so in `ability` before the next alarm needs it. */
  readonly breaksChannel: boolean;
};

/** The relay goes on trying until accepted, acknowledged, cleared or expired; only the person's own refusal ends it. */
export const ALLOWS = {
  accepted: { verdict: "accepted", repeat: "never", breaksChannel: false },
  refused: { verdict: "refused", repeat: "never", breaksChannel: false },
  retry: { verdict: "refused", repeat: "later", breaksChannel: false },
  unreachable: { verdict: "unreachable", repeat: "later", breaksChannel: true },
  unsure: { verdict: "unsure", repeat: "later", breaksChannel: false },
  config: { verdict: "refused", repeat: "later", breaksChannel: true },
  expired: { verdict: "refused", repeat: "now", breaksChannel: false },
  unfit: { verdict: "refused", repeat: "now", breaksChannel: false },
} as const satisfies { readonly [Kind in OutcomeKind]: Allowance };

export function verdictOf(outcome: Outcome): Verdict {
  return ALLOWS[outcome.kind].verdict;
}

/** Why, in one line; "" where it was accepted. */
export function reasonOf(outcome: Outcome): string {
  return outcome.kind === "accepted" ? "" : outcome.reason;
}

/** The least waits (channels-and-standards §1.1, §2.1, §2.3, §4.3); the relay adds its own growing backoff. */
export const RETRY_AFTER_MS: Ms = seconds(60);
export const UNREACHABLE_AFTER_MS: Ms = seconds(5);
export const UNSURE_AFTER_MS: Ms = seconds(5);
export const CONFIG_AFTER_MS: Ms = minutes(10);
/** However long a provider asks us to wait, it is tried again after this. */
export const AFTER_MOST_MS: Ms = minutes(60);
