/** What a listener that comes late is told, in which order, and how fast. */

import { expect, test } from "bun:test";
import { CATCH_UP_RATE, CATCH_UP_RATE_ALL, CatchUp, type Portion } from "../../lib/agent/catch-up.ts";
import { type Ms, seconds } from "../../lib/base/units.ts";
import { fromBase64 } from "../../lib/base/bytes.ts";
import { encodeOpenSet } from "../../lib/wire/open-set.ts";
import { pieces } from "../../lib/wire/page.ts";
import { AgentWorld, settings } from "../support/an-agent.ts";

const NIGHT = 1000;
const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, nth) => String(nth).padStart(26, "0"));
const listOf = (all: readonly string[]) => pieces("open", encodeOpenSet(all.map((id) => ({ id, revision: 1, ring: 1, taken: false }))));

/** Everything that leaves within this time, each with its moment. */
function leaving(catchUp: CatchUp, ms: Ms): readonly (Portion & { readonly at: Ms })[] {
  const left: (Portion & { at: Ms })[] = [];
  for (let now: Ms | undefined = 0; now !== undefined && now <= ms; now = catchUp.next(now)) left.push(...catchUp.take(now).map((portion) => ({ ...portion, at: now ?? 0 })));
  return left;
}

test("a thousand open alarms leave for one listener within a second and a half: the list, the alarms, the states", () => {
  const catchUp = new CatchUp(0);
  const all = ids(NIGHT);
  catchUp.begin("laptop", { pieces: listOf(all), ids: all });
  const left = leaving(catchUp, seconds(10));
  expect(left.at(-1)?.at).toBeLessThan(1500);
  for (const kind of ["alarm", "state"] as const) expect(left.flatMap((one) => (one.kind === kind ? one.ids : []))).toEqual([...all]);
  expect([...new Set(left.map(({ kind }) => kind))]).toEqual(["data", "alarm", "state"]);
});

test("one listener gets no more than its rate, all together no more than theirs, and nobody waits for all that another lacks", () => {
  const catchUp = new CatchUp(0);
  for (let nth = 0; nth < 20; nth += 1) catchUp.begin(`laptop-${nth}`, { pieces: [], ids: ids(20_000) });
  const left = leaving(catchUp, seconds(10));
  const most = CATCH_UP_RATE_ALL.perSecond * 10 + CATCH_UP_RATE_ALL.burst;
  expect(left.length).toBeLessThanOrEqual(most + 1);
  expect(left.length).toBeGreaterThan(most - 20);
  const shares = Array.from({ length: 20 }, (_, nth) => left.filter(({ listener }) => listener === `laptop-${nth}`).length);
  expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
  const alone = new CatchUp(0);
  alone.begin("laptop", { pieces: [], ids: ids(50_000) });
  expect(leaving(alone, seconds(5)).length).toBeLessThanOrEqual(CATCH_UP_RATE.perSecond * 5 + CATCH_UP_RATE.burst + 1);
});

test("who asks again gets the whole again, and no more datagrams a second for it", () => {
  const catchUp = new CatchUp(0);
  const all = ids(100);
  catchUp.begin("laptop", { pieces: [], ids: all });
  let left = catchUp.take(0).length;
  for (let times = 0; times < 50; times += 1) {
    catchUp.begin("laptop", { pieces: [], ids: all });
    left += catchUp.take(0).length;
  }
  expect(left).toBe(CATCH_UP_RATE.burst);
  catchUp.begin("laptop", { pieces: [], ids: all });
  expect(leaving(catchUp, seconds(5)).flatMap((one) => (one.kind === "alarm" ? one.ids : []))).toEqual([...all]);
});

test("few alarms travel as they are, as many as are a flood deflated", () => {
  const catchUp = new CatchUp(0);
  catchUp.begin("one", { pieces: [], ids: ids(5) });
  catchUp.begin("two", { pieces: [], ids: ids(500) });
  const left = leaving(catchUp, seconds(1));
  const floods = (listener: string) => new Set(left.flatMap((one) => (one.listener === listener && one.kind !== "data" ? [one.flood] : [])));
  expect([...floods("one")]).toEqual([false]);
  expect([...floods("two")]).toEqual([true]);
});

test("a slow LAN slows no catching up: the worst comes first, and no broadcast waits", () => {
  const world = new AgentWorld({ members: ["li"], settings: settings({ lanRate: 1 }) });
  const report = (severity: string, nth: number) => ({ condition: "raised", labels: { module: "osd", item: `osd.${nth}` }, severity, text: "x" });
  world.report([...Array.from({ length: 300 }, (_, nth) => report("minor", nth)), report("critical", 300)]);
  world.passes(seconds(30));
  world.hello("li");
  const from = world.effects.length;
  world.hears("li", { kind: "fetch", body: { what: "open" } });
  world.passes(seconds(1));
  const told = world.effects.slice(from).flatMap((effect) => (effect.kind === "say" && effect.to.kind === "listener" && effect.message.kind === "alarm" ? effect.message.body.alarms : []));
  expect(new Set(told.map(({ id }) => id)).size).toBe(301);
  expect(told[0]?.severity).toBe("critical");
});

test("a listener that asks for some by name is told of these alone, and how they stand", () => {
  const world = new AgentWorld({ members: ["li"] });
  const [first, second] = [world.raise({ item: "osd.1" }), world.raise({ item: "osd.2" })];
  world.ack(second);
  world.hello("li");
  world.passes(seconds(40));
  const from = world.effects.length;
  world.hears("li", { kind: "fetch", body: { what: "alarm", ids: [second, "0".repeat(26)] } });
  world.passes(50);
  const said = world.effects.slice(from).flatMap((effect) => (effect.kind === "say" && effect.to.kind === "listener" ? [effect.message] : []));
  expect(said).toMatchObject([{ kind: "alarm", body: { alarms: [{ id: second, quiet: true }] } }, { kind: "state", body: { states: [{ id: second, by: "li" }] } }]);
  expect(JSON.stringify(said)).not.toContain(first);
});

test("the list that goes first is whole", () => {
  const all = ids(NIGHT);
  const catchUp = new CatchUp(0);
  catchUp.begin("laptop", { pieces: listOf(all), ids: all });
  const bytes = leaving(catchUp, seconds(2)).flatMap((one) => (one.kind === "data" ? [...(fromBase64(one.piece.bytes) ?? [])] : []));
  expect(bytes).toEqual([...encodeOpenSet(all.map((id) => ({ id, revision: 1, ring: 1, taken: false })))]);
});
