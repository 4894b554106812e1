/** What agent.yaml and client.yaml say alike of the roads between them. */

import { z } from "zod";
import type { Multicast } from "../io/multicast.ts";

/** A packet leaves the subnet only where the site wants it to. */
const TTL = { least: 1, most: 32, usual: 1 } as const;
const EXPECTED_GROUP = "a multicast address of a site's own as in 239.255.11.114";

export const ROADS = {
  /** The group that hears everything that is broadcast; off where it is missing. */
  multicast: z.ipv4(EXPECTED_GROUP).regex(/^239\./, EXPECTED_GROUP).optional(),
  multicast_ttl: z.int().min(TTL.least).max(TTL.most).default(TTL.usual),
  /** The road where UDP is blocked, on the port of the same number. */
  tcp: z.boolean().default(true),
} as const;

export function multicastOf({ multicast, multicast_ttl: ttl }: { readonly multicast?: string | undefined; readonly multicast_ttl: number }): Multicast | undefined {
  return multicast === undefined ? undefined : { group: multicast, ttl };
}
