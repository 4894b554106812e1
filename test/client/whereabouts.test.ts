import { expect, test } from "bun:test";
import { isThere, linkTowards } from "../../lib/client/whereabouts.ts";
import { minutes, seconds } from "../../lib/base/units.ts";
import type { Link } from "../../lib/port/lan.ts";
import { DEAF_MS } from "../../lib/wire/constants.ts";
import { ClientWorld } from "../support/a-client.ts";

const LO: Link = { name: "lo", address: "127.0.0.1", subnet: "127.0.0.0/8", leadsOut: false, internal: true };
const OFFICE: Link = { name: "wlan0", address: "10.0.0.20", subnet: "10.0.0.0/24", leadsOut: true, internal: false };
const HOME: Link = { name: "wlan0", address: "192.168.1.20", subnet: "192.168.1.0/24", leadsOut: true, internal: false };
const CABLE: Link = { name: "eth0", address: "10.0.0.21", subnet: "10.0.0.0/16", leadsOut: false, internal: false };

/** A laptop on the cluster's LAN that hears its agent. */
function aLaptop(links: readonly Link[] = [LO, OFFICE]): ClientWorld {
  const world = new ClientWorld();
  world.put({ kind: "links", links });
  world.settle();
  world.effects = [];
  return world;
}

/** Nothing is answered any more: the agent is out of reach. */
function fallsSilent(world: ClientWorld): void {
  world.agent.answers.seek = false;
  world.agent.answers.hello = false;
}

function rang(world: ClientWorld): readonly boolean[] {
  return world.effects.flatMap((effect) => (effect.kind === "hearing" ? [effect.rings] : []));
}

test("the agent is heard on the link whose subnet it is in, the narrowest first, else on the one that leads out", () => {
  expect(linkTowards("10.0.0.1", [LO, CABLE, OFFICE])).toEqual({ name: "wlan0", subnet: "10.0.0.0/24" });
  expect(linkTowards("10.0.7.1", [LO, CABLE, OFFICE])).toEqual({ name: "eth0", subnet: "10.0.0.0/16" });
  expect(linkTowards("172.16.0.1", [LO, CABLE, OFFICE])).toEqual({ name: "wlan0", subnet: "10.0.0.0/24" });
  expect(linkTowards("172.16.0.1", [LO, CABLE])).toBeUndefined();
});

const PLACES = [
  { name: "nothing is known of the links", heardOn: undefined, links: undefined, there: true },
  { name: "nothing is known of the agent, and the host is on some LAN", heardOn: undefined, links: [LO, HOME], there: true },
  { name: "nothing is known of the agent, and the host is on none", heardOn: undefined, links: [LO], there: false },
  { name: "the same interface in the same subnet", heardOn: OFFICE, links: [LO, OFFICE], there: true },
  { name: "the same interface in another subnet", heardOn: OFFICE, links: [LO, HOME], there: false },
  { name: "the same subnet on another interface", heardOn: OFFICE, links: [LO, { ...OFFICE, name: "eth0" }], there: false },
  { name: "the interface is down", heardOn: OFFICE, links: [LO, CABLE], there: false },
] as const;

for (const { name, heardOn, links, there } of PLACES) {
  test(`${there ? "silence counts" : "silence is no news"} where ${name}`, () => expect(isThere(heardOn, links)).toBe(there));
}

test("on the cluster's LAN three missed beacons ring", () => {
  const world = aLaptop();
  fallsSilent(world);
  world.passes(minutes(5));
  expect(world.hearingLines()).toEqual(["Agent node1 is not heard since 12:00 UTC: its alarms do not reach this host"]);
  expect(rang(world)).toEqual([true]);
  expect(world.status().agents).toMatchObject([{ hearing: "deaf", link: "wlan0 10.0.0.0/24" }]);
});

test("a laptop that has left the LAN turns grey and does not ring", () => {
  const world = aLaptop();
  fallsSilent(world);
  world.put({ kind: "links", links: [LO, HOME] });
  world.passes(minutes(5));
  expect(world.hearingLines()).toEqual(["Not on the cluster's LAN: agent node1 cannot be heard from here"]);
  expect(rang(world)).toEqual([false]);
  expect(world.status()).toMatchObject({ green: false, agents: [{ hearing: "elsewhere" }] });
  expect(world.lines()).toMatchObject([{ kind: "hearing", agent: "node1", hearing: "elsewhere" }]);
});

test("a cable that is pulled for longer than three beacons is no reason to ring either", () => {
  const world = aLaptop();
  fallsSilent(world);
  world.put({ kind: "links", links: [LO] });
  world.passes(DEAF_MS - seconds(5));
  expect(world.hearingLines()).toEqual([]);
  world.passes(seconds(10));
  expect(rang(world)).toEqual([false]);
});

test("back on the LAN it asks at once and rings only where nobody answers within ten seconds", () => {
  const world = aLaptop();
  fallsSilent(world);
  world.put({ kind: "links", links: [LO, HOME] });
  world.passes(minutes(60));
  world.effects = [];
  world.put({ kind: "links", links: [LO, OFFICE] });
  // To everybody, and to where the agent was.
  expect(world.said("seek").length).toBe(2);
  world.passes(seconds(8));
  expect(world.hearingLines()).toEqual([]);
  world.passes(seconds(5));
  expect(rang(world)).toEqual([true]);
});

test("back on the LAN an agent that answers is simply heard again", () => {
  const world = aLaptop();
  fallsSilent(world);
  world.put({ kind: "links", links: [LO, HOME] });
  world.passes(minutes(60));
  world.effects = [];
  world.agent.answers.seek = true;
  world.agent.answers.hello = true;
  world.put({ kind: "links", links: [LO, OFFICE] });
  world.passes(seconds(15));
  expect(world.hearingLines()).toEqual([""]);
  expect(world.status().green).toBe(true);
});

test("a laptop that starts again elsewhere remembers where its agent is heard", () => {
  const world = aLaptop();
  world.passes(seconds(30), { beacons: true });
  fallsSilent(world);
  world.start();
  world.put({ kind: "links", links: [LO, HOME] });
  world.passes(minutes(5));
  expect(rang(world)).toEqual([false]);
  expect(world.status().agents).toMatchObject([{ hearing: "elsewhere", link: "wlan0 10.0.0.0/24" }]);
});

test("what rang as deaf turns grey once the host leaves", () => {
  const world = aLaptop();
  fallsSilent(world);
  world.passes(minutes(5));
  world.put({ kind: "links", links: [LO, HOME] });
  expect(rang(world)).toEqual([true, false]);
});

test("a host that gets another address says HELLO at once, so that it is answered there", () => {
  const world = new ClientWorld().settle();
  world.put({ kind: "links", links: [OFFICE] });
  world.passes(seconds(2));
  world.effects = [];
  world.put({ kind: "links", links: [{ ...OFFICE, address: "10.0.0.31" }] });
  world.passes(seconds(2));
  expect(world.said("hello")).toHaveLength(1);
});
