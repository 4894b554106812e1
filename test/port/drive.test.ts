import { describe, expect, test } from "bun:test";
import type { Ms, Now } from "../../lib/base/units.ts";
import { drive, EVENTS_PER_TURN, type Machine } from "../../lib/port/drive.ts";
import { aProcess } from "../support/a-process.ts";
import { FakeClock } from "../support/fake-clock.ts";

describe("turns", () => {
  test("everything that came in together is written together", async () => {
    const world = aWorld();
    world.drive.put("a");
    world.drive.put("b");
    expect(world.turns).toEqual([]);
    world.round();
    expect(world.turns).toEqual([["a", "b"]]);
  });

  test("what comes while a turn is carried out waits for the next", async () => {
    const world = aWorld();
    world.drive.put("a");
    world.round();
    world.drive.put("b");
    world.drive.put("c");
    expect(world.rounds).toBe(0);
    await world.carriedOut();
    world.round();
    expect(world.turns).toEqual([["a"], ["b", "c"]]);
  });

  test("a turn takes in no more than its limit, and the rest in order", async () => {
    const world = aWorld();
    const events = Array.from({ length: 2 * EVENTS_PER_TURN + 1 }, (_, i) => String(i));
    for (const event of events) world.drive.put(event);
    for (let turn = 0; turn < 3; turn += 1) {
      world.round();
      await world.carriedOut();
    }
    expect(world.turns.map((turn) => turn.length)).toEqual([EVENTS_PER_TURN, EVENTS_PER_TURN, 1]);
    expect(world.turns.flat()).toEqual(events);
  });

  test("a machine with nothing to say makes no turn", async () => {
    const world = aWorld();
    world.drive.put("quiet");
    world.round();
    await world.drive.idle();
    expect(world.turns).toEqual([]);
  });

  test("idle comes after the last turn, not between two", async () => {
    const world = aWorld();
    world.drive.put("a");
    let idle = false;
    const waiting = world.drive.idle().then(() => {
      idle = true;
    });
    world.round();
    world.drive.put("b");
    await world.carriedOut();
    expect(idle).toBe(false);
    world.round();
    await world.carriedOut();
    await waiting;
    expect(world.turns).toEqual([["a"], ["b"]]);
    await world.drive.idle();
  });
});

describe("the timer", () => {
  test("is armed from the start, because a restored machine may have deadlines", () => {
    expect(aWorld({ due: 12_000 }).clock.due).toBe(12_000);
  });

  test("becomes a tick when it is due", async () => {
    const world = aWorld({ due: 12_000 });
    world.clock.pass(2_000);
    world.clock.ring();
    world.round();
    expect(world.turns).toEqual([["tick"]]);
    await world.carriedOut();
    expect(world.clock.due).toBeUndefined();
  });

  test("that comes late ticks all the same, and once", async () => {
    const world = aWorld({ due: 12_000 });
    world.clock.pass(3_600_000);
    world.clock.ring();
    world.round();
    await world.carriedOut();
    expect(world.turns).toEqual([["tick"]]);
  });

  test("need not ring where an event comes first after the deadline", async () => {
    const world = aWorld({ due: 12_000 });
    world.clock.pass(2_000);
    world.drive.put("a");
    world.round();
    await world.carriedOut();
    expect(world.turns).toEqual([["a", "tick"]]);
  });

  test("is one, armed again after each turn for the earliest deadline", async () => {
    const world = aWorld();
    world.drive.put("due 15000");
    world.round();
    await world.carriedOut();
    expect(world.clock.due).toBe(15_000);
    world.drive.put("due 11000");
    world.round();
    await world.carriedOut();
    expect(world.clock.due).toBe(11_000);
    expect(world.clock.armings).toBe(3);
  });
});

describe("stop", () => {
  test("takes nothing more, and rings no more", async () => {
    const world = aWorld({ due: 12_000 });
    world.drive.stop();
    world.drive.put("a");
    expect(world.rounds).toBe(0);
    expect(world.clock.due).toBeUndefined();
    await world.drive.idle();
  });

  test("lets the turn that is being carried out end, and idle tells when", async () => {
    const world = aWorld({ due: 12_000 });
    world.drive.put("a");
    world.round();
    world.drive.stop();
    const idle = world.drive.idle();
    await world.carriedOut();
    await idle;
    expect(world.turns).toEqual([["a"]]);
    expect(world.clock.due).toBeUndefined();
  });
});

describe("our own mistakes end the process loudly", () => {
  const cases = [
    { name: "in perform", machine: "handle() {}, takeTurn: () => 1", perform: "async () => { throw new Error('the reason'); }" },
    { name: "in handle", machine: "handle() { throw new Error('the reason'); }, takeTurn: () => 1", perform: "async () => {}" },
    { name: "in takeTurn", machine: "handle() {}, takeTurn() { throw new Error('the reason'); }", perform: "async () => {}" },
  ];
  for (const { name, machine, perform } of cases) {
    test(name, async () => {
      const { code, err, out } = await aProcess(`
        import { drive } from "./lib/port/drive.ts";
        import { openClock } from "./lib/io/clock.ts";
        const { put } = drive({
          machine: { ${machine}, nextWakeup: () => undefined }, perform: ${perform}, clock: openClock(), tick: "tick",
          soon: (then) => void setImmediate(then),
        });
        put("event");
        setTimeout(() => { console.log("still here"); process.exit(0); }, 3000);`).end();
      expect(err).toContain("the reason");
      expect(out).toBe("");
      expect(code).toBe(1);
    });
  }
});

/** Collects what it is told; "due N" sets its wakeup, "quiet" says nothing, a tick clears the wakeup. */
class Toy implements Machine<string, readonly string[]> {
  #said: string[] = [];
  #due: Ms | undefined;

  constructor(due: Ms | undefined) {
    this.#due = due;
  }

  handle(event: string, _now: Now): void {
    if (event === "quiet") return;
    if (event === "tick") this.#due = undefined;
    if (event.startsWith("due ")) this.#due = Number(event.slice(4));
    this.#said.push(event);
  }

  takeTurn(): readonly string[] | undefined {
    const said = this.#said;
    this.#said = [];
    return said.length === 0 ? undefined : said;
  }

  nextWakeup(): Ms | undefined {
    return this.#due;
  }
}

function aWorld({ due }: { readonly due?: Ms } = {}) {
  const clock = new FakeClock();
  const turns: (readonly string[])[] = [];
  const soon: (() => void)[] = [];
  let finish = (): void => {};
  const driven = drive({
    machine: new Toy(due), clock, tick: "tick",
    perform: (turn: readonly string[]) => {
      turns.push(turn);
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    },
    soon: (then) => void soon.push(then),
  });
  return {
    drive: driven, clock, turns,
    /** Rounds that wait for the event loop. */
    get rounds() {
      return soon.length;
    },
    round: () => soon.shift()?.(),
    carriedOut: async () => {
      finish();
      for (let i = 0; i < 4; i += 1) await Promise.resolve();
    },
  };
}
