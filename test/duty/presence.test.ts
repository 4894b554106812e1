/** Who is heard, and whether anybody is home. */

import { describe, expect, test } from "bun:test";
import { seconds } from "../../lib/base/units.ts";
import { type Listener, Presence } from "../../lib/duty/presence.ts";

function aListener(set: Partial<Listener> = {}): Listener {
  return {
    id: "a1", operator: "li", robot: false, host: "laptop", address: { host: "10.0.0.2", port: 40_000 },
    seat: "person", build: "0.1.0", lastHeardAt: 1000, leaseUntil: seconds(60), ...set,
  };
}

function presenceOf(...listeners: readonly Listener[]): Presence {
  const presence = new Presence();
  for (const listener of listeners) presence.heard(listener);
  return presence;
}

describe("somebody is home", () => {
  const rows: readonly [string, Partial<Listener>, number, boolean][] = [
    ["while the lease holds", {}, seconds(60) - 1, true],
    ["not when the lease has ended", {}, seconds(60), false],
    ["not before a locked screen", { seat: "locked" }, 0, false],
    ["not where nothing can be shown", { seat: "none" }, 0, false],
    ["not where a script listens", { seat: "robot" }, 0, false],
    ["not where a script claims to be a person", { robot: true }, 0, false],
    ["not where somebody else sits", { operator: "zhao" }, 0, false],
  ];
  test.each(rows)("%s", (_, set, now, home) => {
    expect(presenceOf(aListener(set)).isHome(["li"], now)).toBe(home);
  });

  test("where one of several listeners is", () => {
    const presence = presenceOf(aListener({ id: "a1", seat: "locked" }), aListener({ id: "a2" }), aListener({ id: "a3", operator: "zhao" }));
    expect(presence.isHome(["wu", "li"], 0)).toBe(true);
    expect(presence.isHome(["wu"], 0)).toBe(false);
    expect(presence.isHome([], 0)).toBe(false);
  });
});

describe("the last lease", () => {
  test("is the one that ends last", () => {
    const presence = presenceOf(aListener({ id: "a1", leaseUntil: 5 }), aListener({ id: "a2", operator: "zhao", leaseUntil: 9 }), aListener({ id: "a3", operator: "wu", leaseUntil: 99 }));
    expect(presence.lastLeaseEnd(["li", "zhao"])).toBe(9);
  });

  test("is known after it has ended", () => {
    const presence = presenceOf(aListener());
    presence.bye("a1", seconds(10));
    expect(presence.lastLeaseEnd(["li"])).toBe(seconds(10));
    expect(presence.isHome(["li"], seconds(10))).toBe(false);
  });

  test("of a script is none", () => {
    expect(presenceOf(aListener({ robot: true })).lastLeaseEnd(["li"])).toBeUndefined();
  });

  test("of somebody never heard is none", () => {
    expect(presenceOf().lastLeaseEnd(["li"])).toBeUndefined();
  });
});

test("a goodbye that comes late does not lengthen the lease", () => {
  const presence = presenceOf(aListener());
  presence.bye("a1", seconds(90));
  presence.bye("nobody", 0);
  expect(presence.get("a1")?.leaseUntil).toBe(seconds(60));
});

test("what is heard last stands", () => {
  const presence = presenceOf(aListener(), aListener({ host: "desk", seat: "locked" }));
  expect(presence.get("a1")).toMatchObject({ host: "desk", seat: "locked" });
  expect([...presence.all()]).toHaveLength(1);
});

test("a listener that is enrolled anew for somebody else leaves the first", () => {
  const presence = presenceOf(aListener(), aListener({ operator: "zhao" }));
  expect(presence.of("li")).toEqual([]);
  expect(presence.of("zhao").map(({ id }) => id)).toEqual(["a1"]);
});

test("after a restart every lease is renewed, and none is shortened", () => {
  const presence = presenceOf(aListener({ id: "a1", leaseUntil: -5 }), aListener({ id: "a2", leaseUntil: seconds(600) }));
  presence.renewAll(seconds(60));
  expect([...presence.all()].map(({ leaseUntil }) => leaseUntil)).toEqual([seconds(60), seconds(600)]);
});
