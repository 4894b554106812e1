/** Gapbell's own alarm about modules that nobody would hear: when it comes, what it says, when it goes. */

import { describe, expect, test } from "bun:test";
import { COVERAGE_EVERY_MS, COVERAGE_GRACE_MS } from "../../lib/agent/coverage.ts";
import type { AgentSettings } from "../../lib/agent/turn.ts";
import { days, hours, minutes, seconds } from "../../lib/base/units.ts";
import type { Rule } from "../../lib/classify/rule.ts";
import { AgentWorld, anOperator, listenerOf, settings } from "../support/an-agent.ts";

const OWN = "GapbellCoverage";

function aRule(module: string, set: Partial<Rule> = {}): Rule {
  return { name: module, line: 1, match: [{ label: "module", operator: "=", value: module }], module, item: "-", severity: "source", policy: "default", ...set };
}

/** The rules decide on these modules by name, and on the rest by a label. */
function withModules(...rules: readonly Rule[]): AgentSettings {
  const { rules: { rules: rest }, ...more } = settings();
  return { ...more, rules: { rules: [...rules, ...rest] } };
}

function coverage(world: AgentWorld): { readonly covered: boolean; readonly modules: Record<string, unknown>[]; readonly operators: Record<string, unknown>[] } {
  return world.ask({ kind: "coverage" }).body as ReturnType<typeof coverage>;
}

/** Somebody's laptop is open for so long: it says hello three times a minute. */
function staysOpen(world: AgentWorld, operators: readonly string[], ms: number): void {
  for (let left = ms; left > 0; left -= seconds(20)) {
    for (const operator of operators) world.hello(operator);
    world.passes(seconds(20));
  }
}

describe("a module that nobody names", () => {
  test("is told after ten minutes, once, to the last resort alone", () => {
    const world = new AgentWorld({ settings: withModules(aRule("mds")) });
    world.passes(COVERAGE_GRACE_MS - 1);
    expect(world.own(OWN)).toEqual([]);
    world.passes(hours(1));
    expect(world.own(OWN)).toMatchObject([{ severity: "warning", responsible: ["chief"], text: "Nobody answers for mds", condition: "raised" }]);
    const id = String(world.own(OWN)[0]?.["id"]);
    expect(world.timeline(id).filter((kind) => kind === "reported")).toHaveLength(1);
  });

  test("is over a minute after somebody is given it", () => {
    const world = new AgentWorld({ settings: withModules(aRule("mds")) });
    world.passes(COVERAGE_GRACE_MS);
    world.reload({ ...withModules(aRule("mds")), roster: settings({ people: [anOperator({ name: "li", modules: ["mds"] }), anOperator({ name: "chief" })] }).roster });
    world.passes(COVERAGE_EVERY_MS);
    expect(world.own(OWN)).toMatchObject([{ condition: "cleared" }]);
  });

  test("is no gap where its rule only records", () => {
    const world = new AgentWorld({ settings: withModules(aRule("watchdog", { severity: "info" })) });
    expect(coverage(world).covered).toBe(true);
  });

  test("and another one later change the text of the same alarm, and ring nobody anew", () => {
    const world = new AgentWorld({ settings: withModules(aRule("mds")) });
    world.passes(COVERAGE_GRACE_MS);
    const [before] = world.own(OWN);
    world.ack(String(before?.["id"]), "chief");
    world.reload(withModules(aRule("mds"), aRule("rgw")));
    world.passes(COVERAGE_EVERY_MS);
    expect(world.own(OWN)).toMatchObject([{ id: before?.["id"], ring: before?.["ring"], attention: "acknowledged", text: "Nobody answers for mds, rgw" }]);
  });
});

describe("an operator who is not heard", () => {
  const text = "Nobody who answers has been heard for days: osd; not heard for days: li (last on 2026-01-10)";

  test("is told of after three days, and no more once heard again", () => {
    const world = new AgentWorld({ members: ["li", "zhao"] });
    world.hello("li");
    for (let day = 0; day < 3; day += 1) {
      expect(world.own(OWN)).toEqual([]);
      world.hello("zhao");
      world.passes(days(1));
    }
    world.passes(COVERAGE_EVERY_MS);
    expect(world.own(OWN)).toMatchObject([{ text, condition: "raised" }]);
    world.hello("li");
    world.passes(COVERAGE_EVERY_MS);
    expect(world.own(OWN)).toMatchObject([{ condition: "cleared" }]);
  });

  test("who has never had a listener has the same three days, over restarts, from when the roster names him", () => {
    const world = new AgentWorld({ members: ["zhao"] });
    for (let day = 0; day < 3; day += 1) {
      world.hello("zhao");
      world.passes(days(1) - minutes(1));
      world.restart({ downMs: minutes(1), reboot: true });
      world.passes(seconds(2));
      expect(world.own(OWN)).toEqual([]);
    }
    world.passes(COVERAGE_GRACE_MS);
    expect(world.own(OWN)).toMatchObject([{ text: "Nobody who answers has been heard for days: osd; not heard for days: li (never)" }]);
  });

  test("counts by the settings", () => {
    const world = new AgentWorld({ members: ["li", "zhao"], settings: settings({ unheardMs: hours(1) }) });
    world.hello("li");
    staysOpen(world, ["zhao"], hours(1) + COVERAGE_EVERY_MS);
    expect(world.own(OWN)).toMatchObject([{ text }]);
  });

  test("is not waited for where he answers for nothing and has never joined", () => {
    const world = new AgentWorld({ members: ["li", "zhao"] });
    for (let day = 0; day < 5; day += 1) {
      for (const operator of ["li", "zhao"]) world.hello(operator);
      world.passes(days(1));
    }
    expect(world.own(OWN)).toEqual([]);
  });

  test("is not waited for where all that has joined for him is a script", () => {
    const people = [anOperator({ name: "li", modules: ["osd"] }), anOperator({ name: "robot-siren", modules: ["osd"] }), anOperator({ name: "chief" })];
    const world = new AgentWorld({ members: ["li", "robot-siren"], settings: settings({ people }) });
    for (let day = 0; day < 5; day += 1) {
      world.hello("li");
      world.passes(days(1));
    }
    expect(world.own(OWN)).toEqual([]);
  });

  test.each([["forward", days(3650)], ["back", -days(3650)]])("is told again as heard within a minute of a clock set %s by ten years", (_, byMs) => {
    const world = new AgentWorld({ members: ["li", "zhao"] });
    staysOpen(world, ["li", "zhao"], COVERAGE_GRACE_MS);
    world.setsClock(byMs);
    staysOpen(world, ["li", "zhao"], minutes(5));
    expect(world.own(OWN).filter(({ condition }) => condition !== "cleared")).toEqual([]);
  });
});

describe("the survey", () => {
  test("tells for each module who answers, who is there and what that comes to", () => {
    const world = new AgentWorld({ members: ["li", "zhao"], settings: withModules(aRule("mds")) });
    world.hello("li");
    world.hello("zhao", "locked");
    const { covered, modules, operators } = coverage(world);
    expect(covered).toBe(false);
    expect(modules).toEqual([
      { module: "mds", responsible: ["chief"], lastResort: true, here: [], verdict: "nobody", gap: true },
      { module: "net", responsible: ["zhao"], lastResort: false, here: [], verdict: "away", gap: false },
      { module: "osd", responsible: ["li"], lastResort: false, here: ["li"], verdict: "here", gap: false },
      { module: "*", responsible: ["chief"], lastResort: true, here: [], verdict: "away", gap: false },
    ]);
    expect(operators[0]).toMatchObject({
      operator: "li", modules: ["osd"], verdict: "here", outside: ["mail"], missing: false,
      listeners: [{ id: listenerOf("li"), host: "laptop-li", address: "127.0.0.1:40000", seat: "person", state: "present" }],
    });
    expect(operators[1]).toMatchObject({ operator: "zhao", verdict: "away" });
  });

  test("finds who is there, however long ago the clock says that was", () => {
    const world = new AgentWorld({ members: ["li", "zhao"] });
    for (const operator of ["li", "zhao"]) world.hello(operator, "locked");
    world.setsClock(days(3650));
    expect(coverage(world).covered).toBe(true);
  });
});
