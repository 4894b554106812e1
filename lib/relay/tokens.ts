/** The access tokens of all channels that need one: fetched once for everyone who waits. */

import type { ChannelName } from "../alarm/policy.ts";
import { ok, type Result } from "../base/result.ts";
import type { Ms, Now } from "../base/units.ts";
import type { Channel } from "../channel/channel.ts";
import type { Outcome } from "../channel/outcome.ts";
import { TokenCache } from "../channel/token-cache.ts";
import type { CarrierReply } from "../port/carrier.ts";
import type { Draft } from "./draft.ts";

export type TokenAnswer =
  /** `token` is "" for a channel that needs none. */
  | { readonly kind: "use"; readonly token: string }
  /** A request is under way; `carried` ends it. */
  | { readonly kind: "wait" }
  /** The last request failed so, and no other is made before `until`. */
  | { readonly kind: "blocked"; readonly until: Ms; readonly outcome: Outcome };

export class Tokens {
  readonly #draft: Draft;
  readonly #caches = new Map<ChannelName, TokenCache>();
  readonly #faults = new Map<ChannelName, Outcome>();

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  take({ name, tokens }: Channel, now: Now): TokenAnswer {
    if (tokens === undefined) return { kind: "use", token: "" };
    const choice = this.#cacheOf(name).take(now.mono);
    switch (choice.kind) {
      case "use":
      case "wait":
        return choice;
      case "fetch":
        this.#draft.add({ kind: "carry", purpose: { kind: "token", channel: name }, request: tokens.compose() });
        return { kind: "wait" };
      case "blocked":
        return { ...choice, outcome: this.#faults.get(name) ?? NO_TOKEN };
    }
  }

  /** The answer to the request that `take` made. */
  carried({ name, tokens }: Channel, reply: CarrierReply, now: Now): Result<void, Outcome> {
    const answer = tokens?.judge(reply);
    if (answer === undefined) return ok(undefined);
    const cache = this.#cacheOf(name);
    if (answer.ok) {
      cache.fetched(answer.value, now.mono);
      this.#faults.delete(name);
      return ok(undefined);
    }
    cache.failed(now.mono, "afterMs" in answer.fault ? answer.fault.afterMs : 0);
    this.#faults.set(name, answer.fault);
    return answer;
  }

  /** The provider did not take this token any more. */
  expired({ name }: Channel, token: string): void {
    this.#cacheOf(name).expired(token);
  }

  #cacheOf(name: ChannelName): TokenCache {
    const cache = this.#caches.get(name) ?? new TokenCache();
    this.#caches.set(name, cache);
    return cache;
  }
}

const NO_TOKEN: Outcome = { kind: "unreachable", reason: "No access token could be fetched", afterMs: 0 };
