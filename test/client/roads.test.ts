/** By which road a listener speaks with its agent, and when it changes. */

import { describe, expect, test } from "bun:test";
import { minutes, type Ms, seconds } from "../../lib/base/units.ts";
import { PROBE_EVERY_MS, Roads, TCP_AFTER_MS, UDP_STEADY_MS } from "../../lib/client/roads.ts";
import { DEAF_MS } from "../../lib/wire/constants.ts";
import { ClientWorld } from "../support/a-client.ts";
import { anId, anItem } from "../support/a-scripted-agent.ts";

type Said = { readonly kind: string; readonly by: string };

/** Everything that was said to one address, and by which road. */
function saidTo(world: ClientWorld): readonly Said[] {
  return world.effects.flatMap((effect): readonly Said[] =>
    effect.kind === "say" && "address" in effect.to && effect.to.address !== undefined ? [{ kind: effect.message.kind, by: effect.to.address.road ?? "udp" }] : []);
}

const byTcp = (world: ClientWorld): readonly string[] => saidTo(world).filter(({ by }) => by === "tcp").map(({ kind }) => kind);
const hangUps = (world: ClientWorld): number => world.effects.filter(({ kind }) => kind === "hangUp").length;
const roadOf = (world: ClientWorld): unknown => world.status().agents[0]?.["road"];

/** A listener that was heard, and whose UDP was cut off while TCP is there. */
function cutOff(tcp: "open" | "refused" | "silent" = "open"): ClientWorld {
  const world = new ClientWorld({ tcp }).settle();
  world.passes(seconds(40), { beacons: true });
  world.lost = { toAgent: true, toClient: true };
  world.effects = [];
  return world;
}

describe("while UDP answers", () => {
  test("TCP is not tried, though a HELLO is lost now and then", () => {
    const world = new ClientWorld({ tcp: "open" }).settle();
    for (let round = 0; round < 20; round += 1) {
      world.lost.toAgent = round % 3 === 0;
      world.passes(seconds(7), { beacons: true });
    }
    expect(byTcp(world)).toEqual([]);
    expect(roadOf(world)).toBe("udp");
  });
});

describe("when UDP falls silent", () => {
  test("TCP is tried after the first question that is unanswered for ten seconds, and taken", () => {
    const world = cutOff();
    world.passes(seconds(24) + TCP_AFTER_MS);
    expect(byTcp(world)[0]).toBe("hello");
    expect(roadOf(world)).toBe("tcp");
    expect(world.status().green).toBe(true);
    world.passes(minutes(10));
    expect(world.status().green).toBe(true);
    expect(world.hearingLines()).toEqual([]);
  });

  test("what was raised meanwhile is fetched at once, rings once, and its receipt and acknowledgement go by TCP", () => {
    const world = cutOff();
    world.agent.holds(anItem());
    world.passes(seconds(24) + TCP_AFTER_MS);
    expect(world.rung()).toEqual([`${anId(1).slice(0, 6)} 1`]);
    world.ask({ kind: "ack", id: anId(1).slice(0, 6), comment: "", robot: false });
    world.passes(seconds(2));
    expect(new Set(saidTo(world).filter(({ kind }) => kind === "receipt" || kind === "ack" || kind === "fetch").map(({ by }) => by))).toEqual(new Set(["tcp"]));
    expect(world.said("ack")).toHaveLength(1);
  });

  test("a listener that was started where UDP is blocked finds its agent by TCP, at the address that it joined", () => {
    const world = new ClientWorld({ tcp: "open" }).settle();
    world.lost = { toAgent: true, toClient: true };
    world.start();
    world.passes(TCP_AFTER_MS + seconds(3));
    expect(byTcp(world).slice(0, 2)).toEqual(["seek", "hello"]);
    expect(world.status().green).toBe(true);
  });

  test("where TCP is refused as well, both are asked on, ever more rarely, and whichever comes back is taken", () => {
    const world = cutOff("refused");
    world.passes(minutes(5));
    expect(roadOf(world)).toBe("both");
    expect(byTcp(world).length).toBeLessThanOrEqual(40);
    expect(world.status().agents).toMatchObject([{ hearing: "deaf" }]);
    world.lost = { toAgent: false, toClient: false };
    world.passes(seconds(35));
    expect(roadOf(world)).toBe("udp");
    expect(world.status().green).toBe(true);
  });

  test("a listener that may not take TCP never does", () => {
    const world = new ClientWorld().settle();
    world.lost = { toAgent: true, toClient: true };
    world.passes(minutes(5));
    expect(byTcp(world)).toEqual([]);
  });
});

describe("on TCP", () => {
  function onTcp(): ClientWorld {
    const world = cutOff();
    world.passes(seconds(24) + TCP_AFTER_MS);
    world.effects = [];
    return world;
  }

  test("three missed beacons make the agent one that is not heard, as on UDP", () => {
    const world = onTcp();
    world.tcp = "silent";
    world.passes(DEAF_MS + seconds(25));
    expect(world.status().agents).toMatchObject([{ hearing: "deaf" }]);
  });

  test("UDP is taken again once it has answered for a while, and the connection is given up when it has welcomed us", () => {
    const world = onTcp();
    world.passes(minutes(1));
    expect(roadOf(world)).toBe("tcp");
    world.lost = { toAgent: false, toClient: false };
    world.passes(UDP_STEADY_MS - seconds(1));
    expect([roadOf(world), hangUps(world)]).toEqual(["tcp", 0]);
    world.passes(2 * PROBE_EVERY_MS);
    expect([roadOf(world), hangUps(world)]).toEqual(["udp", 1]);
    world.effects = [];
    world.passes(minutes(5));
    expect(byTcp(world)).toEqual([]);
  });

  test("UDP that comes and goes is not taken", () => {
    const world = onTcp();
    for (let round = 0; round < 20; round += 1) {
      const lost = round % 2 === 0;
      world.lost = { toAgent: lost, toClient: lost };
      world.passes(seconds(28));
    }
    expect(saidTo(world).filter(({ kind, by }) => kind === "hello" && by === "udp")).toEqual([]);
    expect(roadOf(world)).toBe("tcp");
  });

  test("broadcasts that come by UDP alone prove no way back: TCP stays", () => {
    const world = onTcp();
    world.lost.toClient = false;
    for (let broadcast = 0; broadcast < 10; broadcast += 1) {
      world.hears(world.agent.alarm(anItem()));
      world.passes(seconds(20));
    }
    expect(saidTo(world).filter(({ kind, by }) => kind === "hello" && by === "udp")).toEqual([]);
    expect(roadOf(world)).toBe("tcp");
  });

  test("a connection that breaks is made anew at once, with both roads asked", () => {
    const world = onTcp();
    world.put({ kind: "broken", address: { ...world.agentAt, road: "tcp" } });
    world.passes(seconds(2));
    expect(new Set(saidTo(world).filter(({ kind }) => kind === "hello").map(({ by }) => by))).toEqual(new Set(["udp", "tcp"]));
    expect(roadOf(world)).toBe("tcp");
  });

  test("a connection on which nothing is answered is hung up, and made anew", () => {
    const world = onTcp();
    world.tcp = "silent";
    world.passes(seconds(40));
    expect(hangUps(world)).toBeGreaterThanOrEqual(1);
    world.tcp = "open";
    world.passes(seconds(30));
    expect([roadOf(world), world.status().green]).toEqual(["tcp", true]);
  });

  test("after a sleep, and with another address, no connection is believed", () => {
    const world = onTcp();
    world.sleeps(minutes(60));
    expect(hangUps(world)).toBe(1);
    world.passes(seconds(5));
    expect(roadOf(world)).toBe("tcp");
    const link = { name: "eth0", address: "10.0.0.20", leadsOut: true, internal: false };
    world.put({ kind: "links", links: [{ ...link, subnet: "10.0.0.0/24" }] });
    world.put({ kind: "links", links: [{ ...link, subnet: "10.0.9.0/24" }] });
    world.passes(seconds(2));
    expect(hangUps(world)).toBe(2);
    expect(roadOf(world)).toBe("tcp");
  });

  test("a listener that ends says so by the road that it is on", () => {
    const world = onTcp();
    world.put({ kind: "stopping", why: "quit" });
    expect(saidTo(world)).toEqual([{ kind: "bye", by: "tcp" }]);
  });
});

test("the same alarm by both roads pops once", () => {
  const world = new ClientWorld({ tcp: "open" }).settle();
  const datagram = world.agent.alarm(anItem());
  world.hears(datagram);
  world.hears(datagram, { ...world.agentAt, road: "tcp" });
  expect(world.rung()).toHaveLength(1);
  expect(world.drops()["replay"]).toBe(1);
});

test("an agent that does not come back is asked again no sooner than its deadlines say", () => {
  const roads = new Roads({ tcp: true });
  let now: Ms = 0;
  roads.asked("a", now);
  expect(roads.next()).toBe(TCP_AFTER_MS);
  expect(roads.takeSteps(TCP_AFTER_MS - 1).ask).toEqual([]);
  now = TCP_AFTER_MS;
  expect(roads.takeSteps(now).ask).toEqual(["a"]);
  expect(roads.next()).toBeUndefined();
  roads.asked("a", now);
  expect(roads.takeSteps(now + seconds(10))).toEqual({ hangUp: ["a"], ask: [], probe: [] });
  expect(roads.next()).toBeUndefined();
});

test("an agent of which nothing is known is spoken with by UDP", () => {
  const roads = new Roads({ tcp: true });
  expect(roads.towards("a", { host: "10.0.0.1", port: 11_115 })).toEqual({ host: "10.0.0.1", port: 11_115 });
  expect(roads.answered("a", { host: "10.0.0.1", port: 11_115, road: "tcp" }, 0)).toBe(false);
});
