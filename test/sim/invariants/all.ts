/** Everything that must hold, in the order in which people read of it. */

import type { Invariant } from "../watch.ts";
import { ARMED } from "./s1-armed.ts";
import { STORED } from "./s8-stored.ts";

export const INVARIANTS: readonly Invariant[] = [ARMED, STORED];
