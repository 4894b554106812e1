/**
 * A9: each side loses what it knew, is set back to an older disk, or has its clock moved, alone and together: alarms flow again
 * within seconds, and no nonce is ever used twice with one key. Real machines, real cryptography, no other fault.
 */

import { afterEach, expect, spyOn, test } from "bun:test";
import { toHex, utf8 } from "../../lib/base/bytes.ts";
import { days, hours, minutes, type Ms, seconds } from "../../lib/base/units.ts";
import { SEAL } from "../../lib/wire/seal.ts";
import { revocationOf } from "./cluster.ts";
import type { Tables } from "./disk.ts";
import type { Host } from "./host.ts";
import { INVARIANTS } from "./invariants/all.ts";
import type { ListenerHost } from "./listener-host.ts";
import { FAULT_NAMES, NO_CUTS, type Plan, planOf } from "./plan.ts";
import { World } from "./world.ts";

/** From the report to the popup. */
const FLOWS_MS: Ms = seconds(5);
/** Six listeners, two of them li's, on one LAN, with the real cryptography and without a fault. */
const PLAN: Plan = {
  ...planOf(1, { days: 1, cuts: { ...NO_CUTS, without: [...FAULT_NAMES], resources: 5 } }), listeners: 6, subnets: 1, lanRate: 200, quickPolicy: false, realSeal: true,
};

type Setback = { readonly name: string; readonly happens: (host: Host, older: Tables) => void };

/** The process dies, something happens to its host, and a second later it starts again. */
function restarted(host: Host, meanwhile: () => void): void {
  host.kill(seconds(1));
  meanwhile();
}

/** Everything but who has joined: without that nobody may be told anything (the next test but one). */
const MEMBERSHIP: readonly string[] = ["members"];
function forgets(host: Host): void {
  const kept = host.disk.snapshot();
  host.disk.restore(new Map([...kept].filter(([table]) => MEMBERSHIP.includes(table))));
}

const CLOCKS: readonly (readonly [name: string, by: Ms])[] = [["", 0], [", and its clock a day back", -days(1)], [", and its clock ten years ahead", days(3650)], [", and its clock in 1970", -days(365 * 56)]];
const SETBACKS: readonly Setback[] = CLOCKS.flatMap(([and, by]): readonly Setback[] => [
  { name: `a restart${and}`, happens: (host) => restarted(host, () => host.clock.step(by)) },
  { name: `its state lost${and}`, happens: (host) => restarted(host, () => { forgets(host); host.clock.step(by); }) },
  { name: `an older disk${and}`, happens: (host, older) => restarted(host, () => { host.disk.restore(older); host.clock.step(by); }) },
]);

const spies: { mockRestore: () => void }[] = [];
afterEach(() => {
  for (const spy of spies.splice(0)) spy.mockRestore();
});

/** A world in which nothing goes wrong by itself, and every nonce that is used with every key. */
function aWorld() {
  const twice: string[] = [];
  const used = new Set<string>();
  const seal = SEAL.sealPacket;
  spies.push(spyOn(SEAL, "sealPacket").mockImplementation((header, body, keys) => {
    const pair = `${toHex(keys.trafficKey)} ${toHex(header.subarray(24, 32))}`;
    if (used.has(pair)) twice.push(pair);
    used.add(pair);
    return seal(header, body, keys);
  }));
  const world = new World(PLAN, { lines: 0, invariants: INVARIANTS.filter(({ name }) => name === "nonces" || name === "assertion") });
  const rang = new Map<Host, Map<string, number>>();
  world.watchers.add({
    shown: (host, { rings, alarm: { item } }) => {
      const times = rang.get(host) ?? new Map<string, number>();
      rang.set(host, times);
      if (rings && !times.has(item)) times.set(item, world.agenda.now);
    },
  });
  const passes = (ms: Ms): void => {
    if (!world.run(world.agenda.now + ms)) throw new Error(JSON.stringify(world.failure));
  };
  let raised = 0;
  /** Raises an alarm for li. @returns how long it took to each listener of li's that is to ring */
  const flows = (to: readonly ListenerHost[]): readonly (Ms | undefined)[] => {
    const item = `a9-${(raised += 1)}`;
    const at = world.agenda.now;
    world.agent.report("reports", utf8(JSON.stringify({ condition: "raised", labels: { module: "osd", resource: item }, severity: "critical", text: item })), () => {});
    passes(FLOWS_MS * 2);
    return to.map(({ host }) => {
      const rung = rang.get(host)?.get(item);
      return rung === undefined ? undefined : rung - at;
    });
  };
  const lis = world.listeners.filter(({ seat }) => seat.operator === "li" && !seat.robot);
  return { world, passes, flows, lis, twice };
}

const within = (took: readonly (Ms | undefined)[]): boolean => took.length > 0 && took.every((ms) => ms !== undefined && ms < FLOWS_MS);

for (const side of ["agent", "listener", "both"] as const) {
  test.each(SETBACKS)(`A9: ${side}: $name: alarms flow within 5 s, and no nonce comes twice with one key`, ({ happens }) => {
    const { world, passes, flows, lis, twice } = aWorld();
    passes(minutes(2));
    const [li] = lis;
    if (li === undefined) throw new Error("li has a listener in this world");
    const hosts = [...(side === "listener" ? [] : [world.agent.host]), ...(side === "agent" ? [] : [li.host])];
    const older = new Map(hosts.map((host) => [host, host.disk.snapshot()]));
    expect(within(flows(lis))).toBe(true);
    passes(minutes(5));
    for (const host of hosts) happens(host, older.get(host) ?? new Map());
    passes(seconds(5));
    expect(flows(lis).map((ms) => (ms === undefined ? "never" : ms < FLOWS_MS))).toEqual(lis.map(() => true));
    passes(minutes(2));
    expect(within(flows(lis))).toBe(true);
    expect(twice).toEqual([]);
    expect(world.failure).toBeUndefined();
  }, 60_000);
}

test("A9: an agent that is set back over changes of the group key meets its listeners again, and one set back over them as well", () => {
  const { world, passes, flows, lis, twice } = aWorld();
  passes(minutes(1));
  const older = new Map(world.hosts.map((host) => [host, host.disk.snapshot()]));
  const ages = (): void => {
    const group = world.agent.host.disk.row("meta", "group") as object;
    restarted(world.agent.host, () => world.agent.host.disk.put("meta", "group", { ...group, madeAt: 0 }));
    passes(hours(1) + minutes(3));
  };
  const kids = (): readonly number[] => (world.agent.host.disk.row("meta", "group") as { readonly keys: readonly { readonly kid: number }[] }).keys.map(({ kid }) => kid);
  /** Whether every listener of li's can read what is broadcast. */
  const read = (): boolean => {
    const lacking: unknown[] = [];
    for (const listener of lis) listener.ask({ kind: "status" }, ({ body }) => lacking.push(...(body as { readonly agents: readonly { readonly fault?: string }[] }).agents.flatMap(({ fault }) => fault ?? [])));
    passes(seconds(1));
    return lacking.length === 0;
  };
  for (let time = 0; time < 3; time += 1) ages();
  expect(kids()).toEqual([17, 33, 49]);
  expect(within(flows(lis))).toBe(true);
  for (const host of [world.agent.host, ...lis.map((one) => one.host)]) {
    restarted(host, () => host.disk.restore(older.get(host) ?? new Map()));
    passes(minutes(1));
    expect(within(flows(lis))).toBe(true);
    expect(read()).toBe(true);
  }
  // It counts the same numbers again, with other keys.
  ages();
  expect(kids()).toEqual([1, 17]);
  expect(within(flows(lis))).toBe(true);
  expect(read()).toBe(true);
  expect(twice).toEqual([]);
}, 60_000);

test("A9: an agent that has lost everything tells its listeners so, and what is raised leaves the room", () => {
  const { world, passes, lis } = aWorld();
  passes(minutes(1));
  restarted(world.agent.host, () => world.agent.host.disk.restore(new Map([["meta", new Map([["relay", world.agent.host.disk.row("meta", "relay")]])]])));
  passes(minutes(1));
  const asked: unknown[] = [];
  for (const listener of lis) listener.ask({ kind: "status" }, ({ body }) => asked.push(body));
  passes(seconds(1));
  expect(asked).toHaveLength(lis.length);
  for (const status of asked) expect(status).toMatchObject({ green: false, agents: [{ hearing: "unknown" }] });
}, 60_000);

test("A8: a laptop that is revoked hears nothing of what is raised later, and the others miss nothing of it", () => {
  const { world, passes, flows, lis, twice } = aWorld();
  passes(minutes(1));
  const [stolen, ...others] = lis;
  if (stolen === undefined || others.length === 0) throw new Error("li has two listeners in this world");
  expect(within(flows(lis))).toBe(true);
  world.agent.ask({ kind: "revoked", certificates: [revocationOf(stolen)] }, () => {});
  expect(within(flows(others))).toBe(true);
  expect(flows([stolen])).toEqual([undefined]);
  expect(twice).toEqual([]);
}, 60_000);
