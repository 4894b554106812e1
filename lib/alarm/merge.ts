/**
 * Two agents' accounts of one occurrence made into one. The result is the same in whatever order, and however often, accounts
 * meet; where nobody can tell who is right, the alarm rings.
 */

import type { Stamp } from "./alarm.ts";
import { type Account, canonical, inOrder, type Standing, type Taken } from "./account.ts";

/** Asserts nothing: what a peer says is data. The caller has found out that both are of one occurrence. */
export function merge(a: Account, b: Account): Account {
  return {
    key: a.key,
    names: inOrder([...a.names, ...b.names]),
    condition: mergeConditions(a.condition, b.condition),
    report: mergeReports(a.report, b.report),
    staleAt: a.staleAt === undefined || b.staleAt === undefined ? undefined : Math.max(a.staleAt, b.staleAt),
    raisedAt: Math.min(a.raisedAt, b.raisedAt),
    standing: mergeStandings(a.standing, b.standing),
    ring: Math.max(a.ring, b.ring),
  };
}

/** The later word; of two under one stamp, one of which comes from an older file, that it holds. */
function mergeConditions(a: Account["condition"], b: Account["condition"]): Account["condition"] {
  const later = compareStamps(a.stamp, b.stamp);
  if (later !== 0) return later > 0 ? a : b;
  if (a.clearedAt === undefined || b.clearedAt === undefined) return { stamp: a.stamp, clearedAt: undefined };
  return { stamp: a.stamp, clearedAt: Math.min(a.clearedAt, b.clearedAt) };
}

function mergeReports(a: Account["report"], b: Account["report"]): Account["report"] {
  return (compareStamps(a.stamp, b.stamp) || (canonical(a.said) < canonical(b.said) ? -1 : 1)) > 0 ? a : b;
}

/** A higher revision has not been taken by whoever took a lower one, and has a deadline of its own. */
function mergeStandings(a: Standing, b: Standing): Standing {
  if (a.revision !== b.revision) return a.revision > b.revision ? a : b;
  return {
    revision: a.revision, ackFrom: Math.max(a.ackFrom, b.ackFrom), due: Math.min(a.due, b.due), reached: a.reached || b.reached,
    taken: mergeTaken(a.taken, b.taken),
  };
}

/** Of two who took the same the first has it. */
function mergeTaken(a: Taken | undefined, b: Taken | undefined): Taken | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const later = compareStamps(a.stamp, b.stamp);
  if (later !== 0) return later < 0 ? a : b;
  return canonical(a.acknowledgement) < canonical(b.acknowledgement) ? a : b;
}

/** Above 0 where `a` is the later one. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a.number - b.number || (a.agent === b.agent ? 0 : a.agent < b.agent ? -1 : 1);
}
