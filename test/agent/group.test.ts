/** The group key grows old: the next one is stored, told to who is present, and used, and whoever was away gets it later. */

import { describe, expect, test } from "bun:test";
import { Group } from "../../lib/agent/group.ts";
import { Prng } from "../../lib/base/prng.ts";
import { KID_GROUP_MOST } from "../../lib/wire/constants.ts";
import { GROUP_KEYS_MOST } from "../../lib/trust/keys.ts";
import { groupMark } from "../../lib/trust/group-keys.ts";
import { days, hours, minutes, type Ms, seconds } from "../../lib/base/units.ts";
import { fromBase64 } from "../../lib/base/bytes.ts";
import { AgentWorld, listenerOf } from "../support/an-agent.ts";

/** Of an agent without a serial: of the sixteen that may be there, each gives numbers of its own. */
const SECOND = 16;

type Row = { readonly keys: readonly { readonly kid: number; readonly key: string }[]; readonly madeAt: number };

function rowOf(world: AgentWorld): Row {
  return world.rows.get("meta group") as Row;
}

/** The number of every key that is held, the youngest last. */
function kids(world: AgentWorld): readonly number[] {
  return rowOf(world).keys.map(({ kid }) => kid);
}

function youngestMark(world: AgentWorld): string {
  return groupMark(fromBase64(rowOf(world).keys.at(-1)?.key ?? "") ?? new Uint8Array());
}

/** What the last beacon says that broadcasts are sealed with. */
function sealing(world: AgentWorld): number {
  const last = world.said("beacon").at(-1)?.message;
  return last?.kind === "beacon" ? last.body.kid : 0;
}

function told(world: AgentWorld): readonly (readonly [listener: string, kid: number])[] {
  return world.said("rekey").map(({ to, message }) => [to.kind === "listener" ? to.peer : "", message.kind === "rekey" ? message.body.kid : 0]);
}

/** An agent whose group key is so old, and that has just started. */
function aged(ageMs: Ms, ...members: readonly string[]): AgentWorld {
  const world = new AgentWorld({ members });
  world.rows.set("meta group", { ...rowOf(world), madeAt: world.now.wall - ageMs });
  world.restart();
  return world;
}

/** Lets time pass while these listeners say that they are there. */
function passes(world: AgentWorld, ms: Ms, ...here: readonly string[]): void {
  for (let left = ms; left > 0; left -= seconds(20)) {
    for (const operator of here) world.hello(operator);
    world.passes(Math.min(left, seconds(20)));
  }
}

/** The key is thirty days old while li listens. */
function due(...members: readonly string[]): AgentWorld {
  const world = aged(days(30) - hours(1), "li", ...members);
  passes(world, hours(1) - seconds(10), "li", ...members);
  expect(kids(world)).toEqual([1]);
  world.passes(seconds(15));
  return world;
}

const rekeyed = (world: AgentWorld, operator: string, kid: number): void => world.hears(operator, { kind: "rekeyed", body: { kid } });

describe("after thirty days", () => {
  test("the next key is stored, and told to who is present", () => {
    const world = due();
    expect(kids(world)).toEqual([1, SECOND]);
    expect(told(world)[0]).toEqual([listenerOf("li"), SECOND]);
    expect(rowOf(world).keys[0]?.key).not.toBe(rowOf(world).keys[1]?.key);
  });

  test("broadcasts change over once everybody present has confirmed", () => {
    const world = due("zhao");
    rekeyed(world, "li", SECOND);
    world.passes(seconds(1));
    expect(sealing(world)).toBe(1);
    rekeyed(world, "zhao", SECOND);
    world.passes(seconds(1));
    expect(sealing(world)).toBe(SECOND);
  });

  test("or after a minute, whoever has not; that one is told on", () => {
    const world = due("zhao");
    rekeyed(world, "li", SECOND);
    passes(world, seconds(40), "li", "zhao");
    expect(sealing(world)).toBe(1);
    passes(world, seconds(40), "li", "zhao");
    expect(sealing(world)).toBe(SECOND);
    const before = told(world).length;
    passes(world, minutes(1), "li", "zhao");
    expect(told(world).slice(before).map(([listener]) => listener)).toContain(listenerOf("zhao"));
    expect(told(world).slice(before).map(([listener]) => listener)).not.toContain(listenerOf("li"));
  });

  test("nobody is waited for whose lease has ended", () => {
    const world = due("zhao");
    rekeyed(world, "li", SECOND);
    passes(world, seconds(59), "li");
    expect(sealing(world)).toBe(SECOND);
  });

  test("what is confirmed of another number counts for nothing", () => {
    const world = due();
    rekeyed(world, "li", 1);
    rekeyed(world, "li", 3);
    world.passes(seconds(1));
    expect(sealing(world)).toBe(1);
  });

  test("with nobody there it is used at once", () => {
    const world = aged(days(40), "li");
    world.passes(hours(1) + seconds(30));
    expect(kids(world)).toEqual([1, SECOND]);
    expect(sealing(world)).toBe(SECOND);
    expect(told(world)).toEqual([]);
  });
});

test("three keys are kept: the present one, the one before, and one for whoever lags", () => {
  const world = aged(days(40));
  for (let time = 0; time < 4; time += 1) {
    world.rows.set("meta group", { ...rowOf(world), madeAt: 0 });
    world.restart();
    world.passes(hours(1) + seconds(1));
  }
  expect(kids(world)).toEqual([32, 48, 64]);
  expect(kids(world)).toHaveLength(GROUP_KEYS_MOST);
});

test("no two keys are the same, in one life of the process or in two", () => {
  const world = aged(days(40));
  const made = new Set<string>();
  for (let time = 0; time < 4; time += 1) {
    for (const { key } of rowOf(world).keys) made.add(key);
    world.rows.set("meta group", { ...rowOf(world), madeAt: 0 });
    world.restart();
    world.passes(hours(1) + seconds(1));
  }
  expect(made.size).toBe(4);
});

describe("numbers", () => {
  const numbersOf = (voiceSerial: number, kid: number, count: number): readonly number[] => {
    const now = { mono: 0, wall: 0 };
    const group = new Group({ held: { keys: [{ kid, key: new Uint8Array(32) }], madeAt: 0 }, secret: new Uint8Array(32), voiceSerial, dice: new Prng(1), now });
    return Array.from({ length: count }, () => {
      group.renew({ present: [], grace: false }, now);
      return group.youngest.kid;
    });
  };

  test("two agents of one cluster never give the same one, however apart they are", () => {
    const given = [1, 2, 3, 15, 16].map((serial) => numbersOf(serial, 1, 500));
    expect(new Set(given.flat()).size).toBe(5 * 500);
    expect(given[0]?.slice(0, 3)).toEqual([17, 33, 49]);
    expect(given[1]?.slice(0, 3)).toEqual([2, 18, 34]);
  });

  test("after the last one they begin anew", () => {
    expect(numbersOf(1, KID_GROUP_MOST - 1, 2)).toEqual([1, 17]);
    expect(numbersOf(16, KID_GROUP_MOST - 16, 2)).toEqual([32_752, 16]);
  });
});

describe("a listener that was away", () => {
  test("is told by its HELLO that it lacks the key, after two rotations as well", () => {
    const world = aged(days(40), "li");
    for (let time = 0; time < 2; time += 1) {
      world.rows.set("meta group", { ...rowOf(world), madeAt: 0 });
      world.restart();
      world.passes(hours(1) + seconds(30));
    }
    world.hello("li", "person", { group: "" });
    expect(told(world)).toEqual([[listenerOf("li"), 32]]);
    rekeyed(world, "li", 32);
    passes(world, minutes(2), "li");
    expect(told(world)).toHaveLength(1);
  });

  test("is told again until it confirms, ever more seldom", () => {
    const world = due();
    passes(world, minutes(2), "li");
    const count = told(world).length;
    expect(count).toBeGreaterThan(5);
    expect(count).toBeLessThan(25);
    world.hello("li", "person", { group: youngestMark(world) });
    passes(world, minutes(2), "li");
    expect(told(world)).toHaveLength(count);
  });

  test("has another key of the same number, because the agent was restored from an older file: it is told the agent's", () => {
    const world = due();
    world.hello("li", "person", { group: groupMark(new Uint8Array(32).fill(77)) });
    expect(told(world).at(-1)).toEqual([listenerOf("li"), SECOND]);
  });
});

describe("over a restart", () => {
  test("the age of the key goes on", () => {
    const world = aged(days(29), "li");
    world.restart({ downMs: hours(20) });
    world.restart({ downMs: hours(3) });
    world.passes(hours(1) + seconds(1));
    expect(kids(world)).toEqual([1, SECOND]);
  });

  test("the age of the first key is known though no process had stored it", () => {
    const world = new AgentWorld();
    world.restart({ downMs: days(31) });
    world.passes(hours(1) + seconds(1));
    expect(kids(world)).toEqual([1, SECOND]);
  });

  test("what was made is used, whoever had confirmed", () => {
    const world = due();
    world.restart({ downMs: 1000 });
    world.passes(seconds(3));
    expect(sealing(world)).toBe(SECOND);
    world.hello("li", "person", { group: "" });
    expect(told(world).at(-1)).toEqual([listenerOf("li"), SECOND]);
  });
});

describe("a wall clock that is wrong", () => {
  test("ten years ahead makes one key, not one after the other", () => {
    const world = aged(0);
    world.setsClock(days(3650));
    world.restart();
    world.passes(hours(20));
    expect(kids(world)).toEqual([1, SECOND]);
    world.setsClock(-days(3650));
    world.restart();
    world.passes(hours(20));
    world.restart();
    world.passes(hours(20));
    expect(kids(world)).toEqual([1, SECOND]);
  });

  test("that goes to and fro at every start makes at most one key an hour", () => {
    const world = aged(0);
    for (let time = 0; time < 10; time += 1) {
      world.setsClock((time % 2 === 0 ? 1 : -1) * days(3650));
      world.restart();
      world.passes(minutes(50));
    }
    expect(kids(world)).toEqual([1]);
  });

  test("in 1970 makes the next key late, and no key at once", () => {
    const world = aged(0);
    world.setsClock(-world.now.wall);
    world.restart({ reboot: true });
    world.passes(days(1));
    expect(kids(world)).toEqual([1]);
  });
});

test("an agent whose disk has failed makes no key, and speaks of none", () => {
  const world = aged(days(40), "li");
  passes(world, minutes(50), "li");
  world.put({ kind: "storeFailed", reason: "disk is full" });
  passes(world, minutes(20), "li");
  expect(told(world)).toEqual([]);
  expect(kids(world)).toEqual([1]);
});
