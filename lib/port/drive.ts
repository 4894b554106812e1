/**
 * The loop that every executable runs: take in what has come, let the machine decide, carry out its turn, arm one timer.
 * What arrives while a turn is carried out waits for the next one, so that many share one fsync.
 */

import type { Ms, Now } from "../base/units.ts";
import type { Clock } from "./clock.ts";

/** A role's machine: pure, deterministic, without promises. */
export interface Machine<Event, Turn> {
  handle(event: Event, now: Now): void;
  /** Everything to write and to say since the last call, or undefined where there is nothing. */
  takeTurn(): Turn | undefined;
  /** When it next wants `tick`, on the boot clock. */
  nextWakeup(): Ms | undefined;
}

/** How many events one turn takes in: bounds how long a commit can grow. */
export const EVENTS_PER_TURN = 256;

export type Drive<Event> = {
  /** Queues an event; it is handled in the next round. */
  readonly put: (event: Event) => void;
  /** Resolves when nothing waits and no turn is being carried out. */
  readonly idle: () => Promise<void>;
  /** Takes no more events and disarms the timer. */
  readonly stop: () => void;
};

/**
 * @param tick the event that says that time has passed
 * @param perform carries out one turn; it must not throw, faults come back as events
 * @param soon runs a function after the current round of the event loop; `setImmediate` in production
 */
export function drive<Event, Turn>({
  machine, perform, clock, tick, soon,
}: {
  readonly machine: Machine<Event, Turn>;
  readonly perform: (turn: Turn) => Promise<void>;
  readonly clock: Clock;
  readonly tick: Event;
  readonly soon: (then: () => void) => void;
}): Drive<Event> {
  const queue: Event[] = [];
  const waiters: (() => void)[] = [];
  let busy = false;
  let stopped = false;

  const put = (event: Event): void => {
    if (stopped) return;
    queue.push(event);
    if (!busy) begin();
  };

  const begin = (): void => {
    busy = true;
    soon(() => void round());
  };

  const round = async (): Promise<void> => {
    const now = clock.now();
    for (const event of queue.splice(0, EVENTS_PER_TURN)) machine.handle(event, now);
    const due = machine.nextWakeup();
    if (due !== undefined && due <= now.mono) machine.handle(tick, now);
    const turn = machine.takeTurn();
    if (turn !== undefined) await perform(turn);
    if (stopped || queue.length === 0) rest();
    else begin();
  };

  const rest = (): void => {
    busy = false;
    if (!stopped) clock.wakeAt(machine.nextWakeup(), () => put(tick));
    for (const waiter of waiters.splice(0)) waiter();
  };

  clock.wakeAt(machine.nextWakeup(), () => put(tick));
  return {
    put,
    idle: () => (busy ? new Promise((resolve) => waiters.push(resolve)) : Promise.resolve()),
    stop: () => {
      stopped = true;
      clock.wakeAt(undefined, () => {});
    },
  };
}
