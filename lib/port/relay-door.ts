/** What reaches the relay from outside its machine: requests of agents, questions of the person at the jump host, its two legs. */

import type { Ms } from "../base/units.ts";
import type { Leg } from "../wire/relay-api.ts";
import type { SignedParts } from "../wire/request-signature.ts";

export type RelayRoute =
  | "join" | "ability" | "submit" | "withdraw" | "notice" | "events" | "commit" | "heartbeat";

/** One request of an agent: measured, not yet believed. */
export type RelayRequest = {
  readonly route: RelayRoute;
  /** The escalation in the path, or "". */
  readonly id: string;
  readonly query: Readonly<Record<string, string>>;
  /** Those of the signature only, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: SignedParts;
};

/** What a person on the jump host may ask over the relay's own socket. */
export type RelayQuestion =
  /** Lets one agent join. `macKey` and `certificate` (PEM) follow from the secret of the join string, which stays outside. */
  | { readonly kind: "invite"; readonly id: string; readonly macKey: string; readonly certificate: string; readonly expiresInMs: Ms }
  | { readonly kind: "ability"; readonly fresh: boolean };

/** Who may open a TLS connection from now on. */
export interface Door {
  /** @param certificates PEM */
  accept(certificates: readonly string[]): void;
}

/** What the system sees of the jump host's two ends. */
export interface LegsEye {
  /** Never rejects; takes at most 5 s. */
  look(): Promise<readonly Leg[]>;
}
