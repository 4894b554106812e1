/** What the relay's door hands in: one request, opened and measured, not yet believed. */

import type { Leg } from "../wire/relay-api.ts";
import type { SignedParts } from "../wire/request-signature.ts";

export type RelayRoute =
  | "join" | "ability" | "submit" | "withdraw" | "notice" | "events" | "commit" | "heartbeat";

export type RelayRequest = {
  readonly route: RelayRoute;
  /** The escalation in the path, or "". */
  readonly id: string;
  readonly query: Readonly<Record<string, string>>;
  /** Those of the signature only, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: SignedParts;
};

/** What a person on the jump host may ask over the relay's socket. */
export type RelayQuestion =
  /** Makes one join secret. @param expiresInMs 60,000 to 604,800,000 */
  | { readonly kind: "invite"; readonly secret: string; readonly certificate: string; readonly expiresInMs: number }
  | { readonly kind: "ability"; readonly fresh: boolean };

/** What the system sees of the jump host's two ends. */
export interface LegsEye {
  /** Never rejects; takes at most 5 s. */
  look(): Promise<readonly Leg[]>;
}

/** Who may open a TLS connection from now on: certificates as PEM. */
export interface Door {
  accept(certificates: readonly string[]): void;
}
