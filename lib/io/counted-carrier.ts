/** A carrier that knows what is under way, so that a process that ends can let it finish: what is cut off is unsure. */

import type { Ms } from "../base/units.ts";
import type { Carrier } from "../port/carrier.ts";

export class CountedCarrier implements Carrier {
  readonly #carrier: Carrier;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  send(request: Parameters<Carrier["send"]>[0]): ReturnType<Carrier["send"]> {
    const sent = this.#carrier.send(request);
    this.#underWay.add(sent);
    void sent.then(() => this.#underWay.delete(sent));
    return sent;
  }

  /** Resolves when nothing is under way, or after `mostMs`. */
  async idle(mostMs: Ms): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, mostMs);
    });
    await Promise.race([Promise.all(this.#underWay), late]);
    clearTimeout(timer);
  }
}
