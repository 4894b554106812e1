/**
 * The life of one alarm: three small axes, each a total table, and the one function that moves them.
 * Condition is the cluster's word, attention the operators', phase ours. A forgotten cell does not compile.
 */

import { assert, broken, unreachable } from "../base/assert.ts";
import type { Ms } from "../base/units.ts";
import { afterDeadline, type Policy, untilNextStep } from "./policy.ts";
import { isWorse, type Severity } from "./severity.ts";

export type Condition = "raised" | "stale" | "cleared";
export type Attention = "unacknowledged" | "acknowledged" | "shelved";
export type Phase = "idle" | "waiting" | "probing" | "escalating" | "escalated" | "fallback";

export type Lifecycle = {
  readonly condition: Condition;
  readonly attention: Attention;
  readonly phase: Phase;
  readonly severity: Severity;
  /** The worst that it has been since somebody last took it: while nobody has, coming back to that is no rise. */
  readonly worst: Severity;
  /** Grows when people must look again: severity rose, or the source said so. */
  readonly revision: number;
  /**
   * An acknowledgement of an older revision does not count: at this one severity rose, or people were asked again after somebody
   * had taken it. A copy of what took it then may still be on its way, or on somebody's recording.
   */
  readonly ackFrom: number;
  /** Grows whenever a popup must come back. */
  readonly ring: number;
  /** The acknowledgement deadline on the boot clock; never later while nobody has acknowledged. */
  readonly ackDue: Ms;
  /** When the present phase falls due on the boot clock. */
  readonly due: Ms | undefined;
  /** The rung of the ladder; beyond the last it repeats. */
  readonly step: number;
  /** Failed ways out in a row: how far the retry has grown. */
  readonly tries: number;
  /** The relay has, or may have, an escalation of this occurrence. */
  readonly submitted: boolean;
  /** How many rungs of this revision the relay was given: none below it is given a second time. */
  readonly given: number;
  /** Somebody outside was told of this revision, and no bounce has taken that back. */
  readonly reached: boolean;
};

export type LifecycleEvent =
  | { readonly kind: "raise"; readonly severity: Severity; readonly again: boolean }
  /** Other rules, same alarm: the severity changes in place. */
  | { readonly kind: "reclassify"; readonly severity: Severity }
  | { readonly kind: "silence" }
  | { readonly kind: "clear" }
  /** A paired agent's account, merged with our own (`merge.ts`): no step that anybody takes here, but where both stand now. */
  | ({ readonly kind: "told" } & Told)
  /** The caller has judged that it counts. */
  | { readonly kind: "acknowledge" }
  /** Nobody responsible can be reached on the LAN: leave it at `due` if that is earlier. */
  | { readonly kind: "nobodyHome"; readonly due: Ms }
  | { readonly kind: "deadline" }
  | { readonly kind: "probed"; readonly answer: "able" | "unable" | "silent" }
  | { readonly kind: "verdict"; readonly verdict: "accepted" | "refused" };

export type Told = {
  readonly cleared: boolean;
  readonly taken: boolean;
  readonly severity: Severity;
  readonly revision: number;
  readonly ackFrom: number;
  readonly ring: number;
  readonly ackDue: Ms;
};

export type LifecycleEffect =
  /** Say it on the LAN: `new` and `changed` and `again` ring, `fallback` rings with the reason. */
  | { readonly kind: "push"; readonly why: "new" | "changed" | "again" | "fallback" }
  | { readonly kind: "probe" }
  | { readonly kind: "submit" }
  | { readonly kind: "withdraw" }
  /** It waits for nobody any more: tell the LAN. */
  | { readonly kind: "settle" };

type ConditionMove = "stay" | Condition;
type ConditionEvent = "raise" | "silence" | "clear";

export const CONDITION = {
  raised: { raise: "stay", silence: "stale", clear: "cleared" },
  stale: { raise: "raised", silence: "stay", clear: "cleared" },
  cleared: { raise: "raised", silence: "stay", clear: "stay" },
} satisfies { readonly [C in Condition]: { readonly [E in ConditionEvent]: ConditionMove } };

type AttentionMove = "stay" | Attention;
type AttentionEvent = "acknowledge" | "rise";

export const ATTENTION = {
  unacknowledged: { acknowledge: "acknowledged", rise: "stay" },
  acknowledged: { acknowledge: "stay", rise: "unacknowledged" },
  shelved: { acknowledge: "acknowledged", rise: "unacknowledged" },
} satisfies { readonly [A in Attention]: { readonly [E in AttentionEvent]: AttentionMove } };

type PhaseMove =
  | "stay"
  | "impossible"
  | "probe"
  | "probeAgain"
  | "submit"
  | "fallBack"
  | "fallBackAndSubmit"
  | "rest"
  | "ringAndProbe";
type PhaseEvent = "deadline" | "able" | "unable" | "silent" | "accepted" | "refused";

export const PHASE = {
  idle: {
    deadline: "impossible", able: "stay", unable: "stay", silent: "stay", accepted: "stay", refused: "stay",
  },
  waiting: {
    deadline: "probe", able: "stay", unable: "stay", silent: "stay", accepted: "stay", refused: "stay",
  },
  probing: {
    deadline: "fallBack", able: "submit", unable: "fallBackAndSubmit", silent: "fallBack",
    accepted: "rest", refused: "stay",
  },
  escalating: {
    deadline: "fallBack", able: "stay", unable: "stay", silent: "stay", accepted: "rest", refused: "fallBack",
  },
  escalated: {
    deadline: "ringAndProbe", able: "stay", unable: "stay", silent: "stay", accepted: "stay", refused: "fallBack",
  },
  fallback: {
    deadline: "probeAgain", able: "stay", unable: "stay", silent: "stay", accepted: "rest", refused: "stay",
  },
} satisfies { readonly [P in Phase]: { readonly [E in PhaseEvent]: PhaseMove } };

/** Raised, and no person has taken it: the one predicate that joins the axes. */
export function wantsPerson({ condition, attention }: Pick<Lifecycle, "condition" | "attention">): boolean {
  return condition !== "cleared" && attention === "unacknowledged";
}

/** The life of a new occurrence: it waits from this moment, and the LAN is told. */
export function begin(
  severity: Severity,
  now: Ms,
  policy: Policy,
): { readonly life: Lifecycle; readonly effects: readonly LifecycleEffect[] } {
  const ackDue = now + policy.ackMs[severity];
  return {
    life: {
      condition: "raised", attention: "unacknowledged", phase: "waiting", severity, worst: severity,
      revision: 1, ackFrom: 1, ring: 1, ackDue, due: ackDue, step: 0, tries: 0, submitted: false, given: 0, reached: false,
    },
    effects: [{ kind: "push", why: "new" }],
  };
}

/**
 * Moves one alarm by one event.
 *
 * @param now on the boot clock
 * Asserts: whoever wants a person has a deadline, and while nobody has acknowledged it never moves later.
 */
export function step(
  before: Lifecycle,
  event: LifecycleEvent,
  now: Ms,
  policy: Policy,
): { readonly life: Lifecycle; readonly effects: readonly LifecycleEffect[] } {
  const effects: LifecycleEffect[] = [];
  const turned = turnAxes(before, event, now, policy);
  const life = joinAxes(before, turned, { event, now, policy, effects });
  assert(wantsPerson(life) === (life.due !== undefined), "an alarm that wants a person has a deadline, no other has");
  assert(life.phase !== "waiting" || life.due === life.ackDue, "an alarm that waits falls due at its deadline");
  assert(
    before.attention !== "unacknowledged" || life.attention !== "unacknowledged" || life.ackDue <= before.ackDue,
    "while nobody has acknowledged, the deadline never moves later, not even over a clear",
  );
  return { life, effects };
}

/** Condition, attention, severity and revision: what others say of the alarm. */
function turnAxes(life: Lifecycle, event: LifecycleEvent, now: Ms, policy: Policy): Lifecycle {
  switch (event.kind) {
    case "raise": {
      const rises = isWorse(event.severity, life.attention === "unacknowledged" ? life.worst : life.severity);
      const again = rises || event.again;
      const attention = again ? move(life.attention, ATTENTION[life.attention].rise) : life.attention;
      const fresh = now + policy.ackMs[event.severity];
      // Over a clear as well: a flapping alarm that nobody took keeps its first deadline.
      const taken = life.attention !== "unacknowledged";
      return {
        ...life,
        condition: move(life.condition, CONDITION[life.condition].raise),
        attention,
        severity: event.severity,
        worst: rises || (again && taken) ? event.severity : life.worst,
        revision: life.revision + (again ? 1 : 0),
        ackFrom: rises || (again && taken) ? life.revision + 1 : life.ackFrom,
        ackDue: again ? (taken ? fresh : Math.min(life.ackDue, fresh)) : life.ackDue,
        // A higher revision is a new escalation: the ladder begins anew, at the deadline that stands.
        ...(again ? { step: 0, tries: 0, given: 0, reached: false } : {}),
      };
    }
    case "reclassify":
      return { ...life, severity: event.severity, worst: isWorse(event.severity, life.worst) ? event.severity : life.worst };
    case "silence":
      return { ...life, condition: move(life.condition, CONDITION[life.condition].silence) };
    case "clear":
      return { ...life, condition: move(life.condition, CONDITION[life.condition].clear) };
    case "told":
      return turnTo(life, event);
    case "acknowledge":
      return { ...life, attention: move(life.attention, ATTENTION[life.attention].acknowledge), worst: life.severity };
    case "nobodyHome":
      return { ...life, ackDue: Math.min(life.ackDue, event.due) };
    case "deadline":
    case "probed":
    case "verdict":
      return life;
    default:
      return unreachable(event);
  }
}

/** Severity alone is no new revision: whoever heard that it rose has counted it. */
function turnTo(life: Lifecycle, { cleared, taken, severity, revision, ackFrom, ring, ackDue }: Told): Lifecycle {
  const grown = revision > life.revision;
  const condition = cleared ? CONDITION[life.condition].clear : life.condition === "cleared" ? CONDITION.cleared.raise : "stay";
  const attention = taken ? ATTENTION[life.attention].acknowledge : grown ? ATTENTION[life.attention].rise : "stay";
  return {
    ...life,
    condition: move(life.condition, condition),
    attention: move(life.attention, attention),
    severity,
    worst: taken || (grown && life.attention !== "unacknowledged") || isWorse(severity, life.worst) ? severity : life.worst,
    revision, ackFrom, ring,
    ackDue: life.attention === "unacknowledged" ? Math.min(life.ackDue, ackDue) : ackDue,
    ...(grown ? { step: 0, tries: 0, given: 0, reached: false } : {}),
  };
}

type Context = {
  readonly event: LifecycleEvent;
  readonly now: Ms;
  readonly policy: Policy;
  readonly effects: LifecycleEffect[];
};

/** What happens to the way out moves the phase alone; otherwise the phase follows from whether a person is wanted. */
function joinAxes(before: Lifecycle, turned: Lifecycle, context: Context): Lifecycle {
  const { event, now, policy, effects } = context;
  const happened = phaseEventOf(event);
  if (happened !== undefined) return movePhase(turned, happened, context);
  const wanted = wantsPerson(before);
  const wants = wantsPerson(turned);
  if (!wants) {
    const changed = before.condition !== turned.condition || before.attention !== turned.attention;
    if (changed) effects.push({ kind: "settle" });
    if (wanted && before.submitted) effects.push({ kind: "withdraw" });
    return { ...turned, phase: "idle", due: undefined, submitted: wanted ? false : turned.submitted };
  }
  // What a paired agent has rung is not rung once more under a number of its own.
  const ring = turned.ring > before.ring ? turned.ring : turned.ring + 1;
  if (!wanted) {
    effects.push({ kind: "push", why: "new" });
    const rung = { ...turned, ring, tries: 0 };
    if (turned.reached) return { ...rung, phase: "escalated", due: nextRungAt(turned, now, policy) };
    return { ...rung, phase: "waiting", due: turned.ackDue };
  }
  if (turned.revision > before.revision) {
    effects.push({ kind: "push", why: "changed" });
    return { ...turned, phase: "waiting", due: turned.ackDue, ring };
  }
  if (turned.ring > before.ring) effects.push({ kind: "push", why: turned.phase === "fallback" ? "fallback" : "again" });
  return turned.phase === "waiting" ? { ...turned, due: turned.ackDue } : turned;
}

/**
 * When a continued alarm, of which people outside were told that it came and that it went, is taken to them again: after
 * one more acknowledgement timeout, or when the ladder would have gone on. So a flapping alarm writes no more than a
 * standing one, and one that is back for good is told within the timeout.
 */
function nextRungAt(life: Lifecycle, now: Ms, policy: Policy): Ms {
  const byLadder = Math.max(now, life.ackDue + afterDeadline(policy, life.step + 1));
  return Math.min(byLadder, now + policy.ackMs[life.severity]);
}

/**
 * A rung that the relay was given and on which nobody could be reached does not hold the ladder up: when its time has
 * come, the next one is tried. The relay goes on with what it has.
 */
function rungToTry({ step: here, given, ackDue }: Lifecycle, now: Ms, policy: Policy): number {
  const next = here + 1;
  return given > here && next < policy.steps.length && now >= ackDue + afterDeadline(policy, next) ? next : here;
}

function phaseEventOf(event: LifecycleEvent): PhaseEvent | undefined {
  if (event.kind === "deadline") return "deadline";
  if (event.kind === "probed") return event.answer;
  if (event.kind === "verdict") return event.verdict;
  return undefined;
}

function movePhase(life: Lifecycle, event: PhaseEvent, { now, policy, effects }: Context): Lifecycle {
  const taken: PhaseMove = PHASE[life.phase][event];
  switch (taken) {
    case "stay":
      return life;
    case "impossible":
      return broken(`an alarm that is ${life.phase} has no ${event}`);
    case "probe":
    case "probeAgain":
      effects.push({ kind: "probe" });
      return {
        ...life, phase: "probing", due: now + policy.probeTimeoutMs,
        step: taken === "probe" ? life.step : rungToTry(life, now, policy),
      };
    case "submit":
      effects.push({ kind: "submit" });
      return { ...life, phase: "escalating", due: now + policy.verdictTimeoutMs, ...given(life) };
    case "fallBack":
    case "fallBackAndSubmit":
      effects.push({ kind: "push", why: "fallback" });
      if (taken === "fallBackAndSubmit") effects.push({ kind: "submit" });
      return {
        ...life,
        phase: "fallback",
        due: now + Math.min(policy.retryMostMs, policy.retryMs * 2 ** Math.min(life.tries, 20)),
        ring: life.ring + 1,
        tries: life.tries + 1,
        reached: false,
        ...(taken === "fallBackAndSubmit" ? given(life) : {}),
      };
    case "rest": {
      // A verdict that comes late may be about the rung below: the one that nobody was given is not skipped.
      const stand = Math.max(0, Math.min(life.step, life.given - 1));
      return { ...life, phase: "escalated", step: stand, due: now + untilNextStep(policy, stand), tries: 0, reached: true };
    }
    case "ringAndProbe":
      effects.push({ kind: "push", why: "again" }, { kind: "probe" });
      return {
        ...life, phase: "probing", due: now + policy.probeTimeoutMs, ring: life.ring + 1, step: life.step + 1,
      };
    default:
      return unreachable(taken);
  }
}

/** The relay has this rung now. */
function given(life: Lifecycle): Pick<Lifecycle, "submitted" | "given"> {
  return { submitted: true, given: Math.max(life.given, life.step + 1) };
}

function move<State extends string>(state: State, to: "stay" | State): State {
  return to === "stay" ? state : to;
}
