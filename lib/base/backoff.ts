/** How long to wait before the next attempt. */

import type { Prng } from "./prng.ts";
import type { Ms } from "./units.ts";

/**
 * Doubles from `firstMs` to `mostMs`, ± 20 % so that many waiters do not come back together.
 *
 * @param attempt 0 for the wait after the first failure
 */
export function backoff(
  attempt: number,
  { firstMs, mostMs }: { readonly firstMs: Ms; readonly mostMs: Ms },
  dice: Prng,
): Ms {
  return Math.round(dice.around(Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30)), 0.2));
}
