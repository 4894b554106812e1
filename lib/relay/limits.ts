/** How much the relay takes and how long it waits: every bound in one place, each with its reason. */

import { days, minutes, type Ms, seconds } from "../base/units.ts";

/** Clusters share a relay; each has one or two agents. */
export const AGENTS_MOST = 64;
/** Join strings that are open at the same time. */
export const INVITES_MOST = 16;
export const INVITE_MS_LEAST: Ms = minutes(1);
export const INVITE_MS_MOST: Ms = days(7);
/** Escalations that still send or may have to: beyond, 429. A storm leaves as digests long before. */
export const ESCALATIONS_OPEN_MOST = 10_000;
/** Ids of closed escalations are kept so long, so that a late repeat sends nothing (wire-notes §4.3). */
export const CLOSED_KEPT_MS: Ms = days(7);
/** Events that an agent has not committed; beyond, the oldest are dropped, because nobody reads them. */
export const EVENTS_KEPT_MOST = 65_536;
/** One answer of `/v1/events`. */
export const EVENTS_PER_ANSWER = 256;
/** The longest that a poll is held; the door cuts at 60 s, the agent at 40 s. */
export const POLL_MS_MOST: Ms = seconds(25);
/** Calls of one channel at the same time: mail servers refuse more from one sender (channels-and-standards §4.3). */
export const IN_FLIGHT_MOST = 4;

/** Waits after the first, second … failure; the last repeats until the escalation ends (wire-notes §4.3). */
export const RETRY_MS: readonly Ms[] = [seconds(1), seconds(5), seconds(15), seconds(60), seconds(300)];

/** Probing (design §2.5). */
export const CONNECT_EVERY_MS: Ms = seconds(60);
export const LOGIN_EVERY_MS: Ms = minutes(5);
export const LOGIN_SPREAD = 0.2;
export const LOGIN_MOST_MS: Ms = minutes(30);
export const LEGS_EVERY_MS: Ms = seconds(60);
/** A result this young is fresh enough for whoever asks for a fresh one. */
export const FRESH_MS: Ms = seconds(5);
/** An answer to `ability` waits so long for probes under way: the agent gives up after 10 s. */
export const ABILITY_WAIT_MS: Ms = seconds(8);

/** After a failed commit the last answers have left by then. */
export const STORE_FAILED_EXIT_MS: Ms = seconds(1);
