/** The carrier of the relay: hands each request to what speaks its protocol. */

import type { Carrier } from "../port/carrier.ts";
import { carryHttps } from "./carrier-https.ts";
import { carrySmtp } from "./carrier-smtp.ts";

/** Holds nothing open between two calls, so that there is nothing to close. */
export function openCarrier(): Carrier {
  return { send: (request) => (request.kind === "https" ? carryHttps(request) : carrySmtp(request)) };
}
