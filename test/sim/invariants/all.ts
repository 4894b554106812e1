/** Everything that must hold, in the order in which people read of it. */

import type { Invariant } from "../watch.ts";
import { AGREE } from "./agree.ts";
import { CATCHES_UP } from "./catches-up.ts";
import { CRITICAL_IN_TIME } from "./critical-in-time.ts";
import { HEARS_THE_END } from "./hears-the-end.ts";
import { REACHED } from "./l1-reached.ts";
import { BOUNDED } from "./l2-bounded.ts";
import { ONE_VOICE } from "./one-voice.ts";
import { NO_NONCE_TWICE } from "./no-nonce-twice.ts";
import { ARMED } from "./s1-armed.ts";
import { NEVER_LATER } from "./s10-never-later.ts";
import { SAID_IS_STORED } from "./s2-said-is-stored.ts";
import { ONE_MESSAGE, ONE_STEP } from "./s3-told-once.ts";
import { NOT_AFTER_ACK } from "./s4-not-after-ack.ts";
import { RESPONSIBLE_ONLY } from "./s5-responsible-only.ts";
import { ORDER } from "./s6-order.ts";
import { NOTHING_FORGED } from "./s7-nothing-forged.ts";
import { STORED } from "./s8-stored.ts";
import { ONLY_PEOPLE } from "./s9-only-people-stop-it.ts";
import { REVOKED_HEARS_NOTHING } from "./revoked-hears-nothing.ts";
import { SHOWN_ONCE } from "./shown-once.ts";
import { SUBMITTED_ANYWAY } from "./submitted-anyway.ts";

export const INVARIANTS: readonly Invariant[] = [
  ARMED, SAID_IS_STORED, ONE_MESSAGE, NOT_AFTER_ACK, RESPONSIBLE_ONLY, ORDER, NOTHING_FORGED, STORED, ONLY_PEOPLE, NEVER_LATER,
  REACHED, BOUNDED, ONE_STEP, CRITICAL_IN_TIME, NO_NONCE_TWICE, SHOWN_ONCE, SUBMITTED_ANYWAY, HEARS_THE_END, AGREE, ONE_VOICE, CATCHES_UP, REVOKED_HEARS_NOTHING,
];
