/** The link to whichever relay is joined now. */

import type { LinkAnswer, LinkRequest, RelayAddress, RelayLink } from "../port/relay-link.ts";
import { type LinkIdentity, openRelayLink } from "./relay-link.ts";

export class RelaySwitch {
  readonly #identity: LinkIdentity;
  #link: RelayLink | undefined;

  constructor(identity: LinkIdentity) {
    this.#identity = identity;
  }

  /** Leaves the relay of before and speaks to this one. */
  use(relay: RelayAddress): void {
    this.#link?.close();
    this.#link = openRelayLink(relay, this.#identity);
  }

  ask(request: LinkRequest): Promise<LinkAnswer> {
    return this.#link?.ask(request) ?? Promise.resolve({ kind: "silent", reason: "no relay has been joined" });
  }
}
