/** The link to whichever relay is joined now, through SSH where it is reached so. */

import type { LinkAnswer, LinkRequest, RelayAddress, RelayLink } from "../port/relay-link.ts";
import type { Dial, LinkIdentity } from "./relay-link.ts";
import { openRelayLink } from "./relay-link.ts";

/** How an address is reached. */
export type Approach = {
  /** Undefined: by TCP. */
  readonly dial: Dial | undefined;
  readonly close: () => void;
};

export class RelaySwitch {
  readonly #identity: LinkIdentity;
  #approach: (relay: RelayAddress) => Approach = () => ({ dial: undefined, close: () => {} });
  #settings = "";
  #now: { readonly relay: RelayAddress; readonly link: RelayLink; readonly approach: Approach } | undefined;

  constructor(identity: LinkIdentity) {
    this.#identity = identity;
  }

  /** Leaves the relay of before and speaks to this one. */
  use(relay: RelayAddress): void {
    this.#now?.link.close();
    this.#now?.approach.close();
    const approach = this.#approach(relay);
    this.#now = { relay, approach, link: openRelayLink(relay, this.#identity, { dial: approach.dial }) };
  }

  /** From now on by this way. @param settings what it was made from; with the same ones, what is under way stays so */
  reach(settings: string, approach: (relay: RelayAddress) => Approach): void {
    if (settings === this.#settings) return;
    this.#settings = settings;
    this.#approach = approach;
    if (this.#now !== undefined) this.use(this.#now.relay);
  }

  ask(request: LinkRequest): Promise<LinkAnswer> {
    return this.#now?.link.ask(request) ?? Promise.resolve({ kind: "silent", reason: "no relay has been joined" });
  }

  close(): void {
    this.#now?.link.close();
    this.#now?.approach.close();
  }
}
