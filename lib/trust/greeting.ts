/** Greeting another one: HELLO to its last challenge, said again until it is answered, and then every 20 s. */

import { backoff } from "../base/backoff.ts";
import type { Prng } from "../base/prng.ts";
import { type Ms, seconds } from "../base/units.ts";
import { HELLO_EVERY_MS } from "../wire/constants.ts";

/** Between HELLOs that were not answered. */
const HELLO_AGAIN = { firstMs: seconds(1), mostMs: HELLO_EVERY_MS } as const;
/** What may be a recording is challenged at most so often: anybody can replay it. */
const ASIDE_EVERY_MS: Ms = seconds(5);
/** HELLOs whose answer is still waited for. */
const NONCES_MOST = 4;
const NEVER: Ms = Number.NEGATIVE_INFINITY;

export class Greeting {
  readonly #dice: Prng;
  #challenge = "";
  #nonces: readonly string[] = [];
  #tries = 0;
  #due: Ms | undefined;
  #saidAt: Ms = NEVER;
  #asideAt: Ms = NEVER;

  constructor(dice: Prng) {
    this.#dice = dice;
  }

  /** What HELLO must echo; "" while no beacon was heard. */
  get challenge(): string {
    return this.#challenge;
  }

  /** HELLOs since the last answer. */
  get tries(): number {
    return this.#tries;
  }

  /** When the next HELLO is due; undefined while no beacon was heard. */
  get due(): Ms | undefined {
    return this.#due;
  }

  /** A beacon was heard. @param waiting whether it is still to be proven that we hear each other */
  hear(challenge: string, { waiting, now }: { readonly waiting: boolean; readonly now: Ms }): void {
    const another = this.#challenge !== challenge;
    this.#challenge = challenge;
    if (this.#due === undefined || ((waiting || this.#tries > 0) && another)) this.#due = Math.max(now, this.#saidAt + HELLO_AGAIN.firstMs);
  }

  /** Says it as soon as it may, if there is a challenge to echo. */
  hasten(now: Ms): void {
    if (this.#challenge !== "") this.#due = Math.max(now, this.#saidAt + HELLO_AGAIN.firstMs);
  }

  /** A HELLO is said with this nonce. */
  say(nonce: string, now: Ms): void {
    this.#expect(nonce);
    this.#due = now + backoff(this.#tries, HELLO_AGAIN, this.#dice);
    this.#tries += 1;
    this.#saidAt = now;
  }

  /** Whether one may be said aside, to where or in an epoch that only its answer makes credible. */
  mayAside(now: Ms): boolean {
    if (now - this.#asideAt < ASIDE_EVERY_MS) return false;
    this.#asideAt = now;
    return true;
  }

  /** Such a one is said; it changes nothing of the others. */
  sayAside(nonce: string): void {
    this.#expect(nonce);
  }

  /** A WELCOME has come. @returns false where it answers nothing that we asked */
  answer(nonce: string, now: Ms): boolean {
    if (!this.#nonces.includes(nonce)) return false;
    this.#nonces = [];
    this.#tries = 0;
    this.#due = now + Math.round(this.#dice.around(HELLO_EVERY_MS, 0.2));
    return true;
  }

  #expect(nonce: string): void {
    this.#nonces = [nonce, ...this.#nonces].slice(0, NONCES_MOST);
  }
}
