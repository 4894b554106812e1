/** Questions that wait for their answer: the one who asked holds a promise, the machine only a number. */

import { assert } from "../base/assert.ts";

/** An answer as HTTP would give it; over a socket or in process the same. */
export type Reply = { readonly status: number; readonly body: unknown };

/** More waiting than this are refused at once with 503. */
export const TICKETS_MOST = 4096;

export class Tickets {
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #last = 0;

  /** Opens a ticket, hands its number to `put`, and resolves with the answer. Never rejects. */
  ask(put: (ticket: number) => void): Promise<Reply> {
    if (this.#waiting.size >= TICKETS_MOST) {
      return Promise.resolve({ status: 503, body: { error: `More than ${TICKETS_MOST} requests wait, try again` } });
    }
    this.#last += 1;
    const ticket = this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(ticket, resolve);
      put(ticket);
    });
  }

  answer(ticket: number, reply: Reply): void {
    const resolve = this.#waiting.get(ticket);
    assert(resolve !== undefined, "a ticket is answered once");
    this.#waiting.delete(ticket);
    resolve(reply);
  }

  get waiting(): number {
    return this.#waiting.size;
  }
}
