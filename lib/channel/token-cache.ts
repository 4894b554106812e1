/** Holds one access token and decides who fetches it: one request for all who wait, and none while the provider refuses. */

import { type Ms, minutes, seconds } from "../base/units.ts";
import type { Token } from "./channel.ts";

/** A token is replaced this long before its end, so that it does not die on the way (channels-and-standards §2.2). */
export const TOKEN_MARGIN_MS: Ms = minutes(5);
/** After a refusal the next fetch waits this long, doubling to the most: repeated wrong secrets get the address banned for an hour. */
export const TOKEN_RETRY_MS: Ms = seconds(60);
export const TOKEN_RETRY_MOST_MS: Ms = minutes(30);

export type TokenChoice =
  | { readonly kind: "use"; readonly token: string }
  /** The caller, and only this caller, fetches and then says `fetched` or `failed`. */
  | { readonly kind: "fetch" }
  /** Somebody else is fetching: ask again when that has ended. */
  | { readonly kind: "wait" }
  /** The last fetch failed: no other before this moment. */
  | { readonly kind: "blocked"; readonly until: Ms };

export class TokenCache {
  #token: string | undefined;
  #until: Ms = 0;
  #fetching = false;
  #failures = 0;
  #blockedUntil: Ms = 0;

  /** @param now on the boot clock, as everywhere here */
  take(now: Ms): TokenChoice {
    if (this.#token !== undefined && now < this.#until) return { kind: "use", token: this.#token };
    if (this.#fetching) return { kind: "wait" };
    if (now < this.#blockedUntil) return { kind: "blocked", until: this.#blockedUntil };
    this.#fetching = true;
    return { kind: "fetch" };
  }

  fetched({ token, lastsMs }: Token, now: Ms): void {
    this.#fetching = false;
    this.#failures = 0;
    this.#blockedUntil = 0;
    this.#token = token;
    // A token that lasts less than the margin is used for half its life rather than fetched for every message.
    this.#until = now + Math.max(lastsMs - TOKEN_MARGIN_MS, lastsMs / 2);
  }

  /** @param afterMs what the provider asks us to wait; 0 where it says nothing */
  failed(now: Ms, afterMs: Ms): void {
    const grown = Math.min(TOKEN_RETRY_MOST_MS, TOKEN_RETRY_MS * 2 ** Math.min(this.#failures, 20));
    this.#fetching = false;
    this.#failures += 1;
    this.#blockedUntil = now + Math.max(grown, afterMs);
  }

  /** The provider did not take this token. A newer one that has been fetched meanwhile stays. */
  expired(token: string): void {
    if (this.#token === token) this.#token = undefined;
  }

  /** Whether a token is there that should still be taken: the channel is authenticated without asking again. */
  holds(now: Ms): boolean {
    return this.#token !== undefined && now < this.#until;
  }
}
