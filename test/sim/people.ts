/** The people: each before a laptop or somewhere outside, awake or not, quick or slow; what they see makes them act, or does not. */

import { Prng } from "../../lib/base/prng.ts";
import { hours, type Ms, minutes, seconds } from "../../lib/base/units.ts";
import type { Desk, Showing } from "../../lib/port/desk.ts";
import type { EscalationRow } from "../../lib/relay/rows.ts";
import type { Delivered } from "./channels.ts";
import type { Life } from "./host.ts";
import type { ListenerHost } from "./listener-host.ts";
import type { World } from "./world.ts";

export type Habits = {
  /** Share of rings that are taken at all. */
  takes: number;
  /** Mean time until somebody reacts. */
  reactsMs: Ms;
  /** Share of acts that are done twice. */
  twice: number;
  /** Asleep for eight hours of each day, by true time. */
  sleeps: boolean;
  /** Share of messages found outside that lead to an acknowledgement at the agent's console. */
  answersOutside: number;
};

/** While the world settles: everybody acts at once, or nobody at all. */
export type Orders = "as usual" | "all act" | "nobody acts";

/** Share of alarms of others, listed and not rung, of which somebody thinks that they are his. */
const HELPFUL = 0.1;
const SHOWN_MS: Ms = 30;
const NIGHT: readonly [Ms, Ms] = [hours(10), hours(18)];

export class People {
  readonly #world: World;
  readonly #dice: Prng;
  habits: Habits = { takes: 0.7, reactsMs: minutes(3), twice: 0, sleeps: false, answersOutside: 0.3 };
  orders: Orders = "as usual";
  /** Operators on leave: they neither see nor take anything. */
  readonly away = new Set<string>();

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#dice = new Prng(seed);
  }

  /** The desk before which the person of this listener sits. */
  deskOf(listener: ListenerHost, life: Life): Desk {
    const world = this.#world;
    return {
      show: (showing) => {
        if (life.over) return new Promise(() => {});
        world.watchers.tell("shown", listener.host, showing);
        if (showing.rings || showing.listed !== undefined || this.#dice.fraction() < HELPFUL) this.#rings(listener, showing);
        return new Promise((resolve) => world.agenda.after(SHOWN_MS, life.guard(() => resolve(!listener.seat.robot))));
      },
      // Whoever reads a summary reads the list as well.
      summarize: () => new Promise((resolve) => world.agenda.after(SHOWN_MS, life.guard(() => resolve(!listener.seat.robot)))),
      update: () => {},
      hearing: () => {},
      close: () => {},
    };
  }

  /** The program ended by itself: by its person's wish, or because its disk failed. */
  ended(listener: ListenerHost, life: Life): void {
    if (!life.over) listener.host.kill(seconds(10));
  }

  /** Somebody finds a message outside. */
  find(message: Delivered): void {
    const world = this.#world;
    const operator = message.addressed[0] ?? "";
    if (message.about !== "alarm" || this.away.has(operator) || this.orders === "nobody acts") return;
    if (this.orders === "as usual" && (this.#asleep() || this.#dice.fraction() >= this.habits.answersOutside)) return;
    const row = world.relay.host.disk.row("escalations", message.escalation) as EscalationRow | undefined;
    if (row !== undefined) world.agenda.after(this.#reaction() + seconds(20), () => this.#console(operator, row.occurrence));
  }

  /** What nobody has taken, somebody takes at the agent's console. */
  takeAtConsole(operator: string, occurrence: string): void {
    this.#console(operator, occurrence);
  }

  #rings(listener: ListenerHost, { alarm }: Showing): void {
    const { habits, orders } = this;
    if (orders === "nobody acts" || this.away.has(listener.seat.operator)) return;
    if (orders === "as usual" && ((this.#asleep() && !listener.seat.robot) || this.#dice.fraction() >= habits.takes)) return;
    const act = (): void => this.#take(listener, alarm.id);
    const at = listener.seat.robot ? seconds(1) : this.#reaction();
    this.#world.agenda.after(at, act);
    if (this.#dice.fraction() < habits.twice) this.#world.agenda.after(at + this.#dice.fraction() * 4000, act);
  }

  #take(listener: ListenerHost, id: string): void {
    const world = this.#world;
    if (listener.host.asleep || !listener.host.running) return;
    const act = { at: world.agenda.now, operator: listener.seat.operator, occurrence: id, listener: listener.host };
    // By the key on the terminal, or by the command.
    if (this.#dice.fraction() < 0.7 && !listener.seat.robot) {
      if (listener.take(id, "")) world.acted(act);
    } else if (listener.ask({ kind: "ack", id, comment: "on my way", robot: listener.seat.robot }, () => {})) world.acted(act);
  }

  #console(operator: string, occurrence: string): void {
    const world = this.#world;
    const first = world.agents.length > 1 ? this.#dice.uint32() % world.agents.length : 0;
    const agents = [...world.agents.slice(first), ...world.agents.slice(0, first)];
    if (agents.some((agent) => agent.ask({ kind: "ack", id: occurrence, operator, comment: "", way: "console" }, () => {}))) {
      world.acted({ at: world.agenda.now, operator, occurrence, listener: undefined });
    }
  }

  #reaction(): Ms {
    const mean = this.orders === "all act" ? seconds(15) : this.habits.reactsMs;
    return seconds(2) - Math.log(1 - this.#dice.fraction()) * mean;
  }

  #asleep(): boolean {
    const [from, to] = NIGHT;
    const ofDay = this.#world.agenda.now % hours(24);
    return this.habits.sleeps && ofDay >= from && ofDay < to;
  }
}
