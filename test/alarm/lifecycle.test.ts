/** The life of one alarm, told as stories; every arrow of the page docs/lifecycle.md is walked once. */

import { describe, expect, test } from "bun:test";
import type { Attention, Condition, Phase } from "../../lib/alarm/lifecycle.ts";
import { ATTENTION, CONDITION, PHASE, step, wantsPerson } from "../../lib/alarm/lifecycle.ts";
import { DEFAULT_POLICY } from "../../lib/alarm/policy.ts";
import { hours, minutes, seconds } from "../../lib/base/units.ts";
import { aLife, type Life } from "../support/a-life.ts";

describe("waiting", () => {
  test("a new alarm is rung and waits five minutes", () => {
    const life = aLife();
    expect(life.said()).toEqual(["push new"]);
    expect(life.axes).toBe("raised unacknowledged waiting");
    expect(life.state.due).toBe(minutes(5));
  });

  test("an acknowledgement before the deadline ends the waiting, and the LAN is told", () => {
    const life = aLife().quietly().passes(minutes(4)).acknowledge();
    expect(life.axes).toBe("raised acknowledged idle");
    expect(life.said()).toEqual(["settle"]);
    expect(life.passes(hours(24)).said()).toEqual([]);
  });

  test("a clear before the deadline ends the waiting, and it stays known that nobody had acknowledged", () => {
    const life = aLife().quietly().clear();
    expect(life.axes).toBe("cleared unacknowledged idle");
    expect(life.said()).toEqual(["settle"]);
  });

  test("nobody home brings the deadline forward", () => {
    const life = aLife().happens({ kind: "nobodyHome", due: seconds(10) });
    expect(life.state.due).toBe(seconds(10));
    expect(life.quietly().passes(seconds(10)).said()).toEqual(["probe"]);
  });

  test("nobody home never puts the deadline off", () => {
    const life = aLife().happens({ kind: "nobodyHome", due: hours(1) });
    expect(life.state.ackDue).toBe(minutes(5));
  });

  test("the same report again changes neither deadline nor ring", () => {
    const life = aLife().quietly().passes(minutes(3)).raise();
    expect(life.said()).toEqual([]);
    expect(life.state).toMatchObject({ due: minutes(5), ring: 1, revision: 1 });
  });

  test("a report that wants people to look again rings, at the deadline that stands", () => {
    const life = aLife().quietly().passes(minutes(3)).raise("critical", true);
    expect(life.said()).toEqual(["push changed"]);
    expect(life.state).toMatchObject({ due: minutes(5), ring: 2, revision: 2, ackFrom: 1 });
  });

  test("severity that falls changes in place", () => {
    const life = aLife().quietly().raise("minor");
    expect(life.said()).toEqual([]);
    expect(life.state).toMatchObject({ severity: "minor", revision: 1, due: minutes(5) });
  });

  test("severity that rises rings, and an acknowledgement of the older revision no longer counts", () => {
    const life = aLife({ severity: "minor" }).quietly().raise("major");
    expect(life.said()).toEqual(["push changed"]);
    expect(life.state).toMatchObject({ severity: "major", revision: 2, ackFrom: 2 });
  });

  test("severity that comes back to what people were told of is no rise; beyond that it is", () => {
    const life = aLife({ severity: "major" }).raise("minor").quietly().raise("major");
    expect(life.said()).toEqual([]);
    expect(life.state).toMatchObject({ severity: "major", revision: 1 });
    expect(life.raise("critical").state).toMatchObject({ revision: 2, ackFrom: 2 });
  });

  test("severity that other rules raised in place is no rise when the source repeats it", () => {
    expect(aLife({ severity: "minor" }).happens({ kind: "reclassify", severity: "major" }).quietly().raise("major").said()).toEqual([]);
  });

  test("severity that rises brings its own, earlier deadline", () => {
    const policy = { ...DEFAULT_POLICY, ackMs: { ...DEFAULT_POLICY.ackMs, critical: minutes(1), minor: minutes(30) } };
    const life = aLife({ severity: "minor", policy }).passes(minutes(2)).raise("critical");
    expect(life.state.due).toBe(minutes(3));
  });

  test("severity that rises never brings a later deadline", () => {
    const policy = { ...DEFAULT_POLICY, ackMs: { ...DEFAULT_POLICY.ackMs, critical: minutes(30), minor: minutes(5) } };
    const life = aLife({ severity: "minor", policy }).passes(minutes(2)).raise("critical");
    expect(life.state.due).toBe(minutes(5));
  });

  test("other rules change the severity in place: no ring, no revision, no other deadline", () => {
    const life = aLife({ severity: "minor" }).quietly().happens({ kind: "reclassify", severity: "critical" });
    expect(life.said()).toEqual([]);
    expect(life.state).toMatchObject({ severity: "critical", revision: 1, ackFrom: 1, due: minutes(5) });
  });

  test("a source that falls silent changes nothing for those who wait", () => {
    const life = aLife().quietly().happens({ kind: "silence" });
    expect(life.axes).toBe("stale unacknowledged waiting");
    expect(life.state.due).toBe(minutes(5));
    expect(life.raise().axes).toBe("raised unacknowledged waiting");
  });

  test("a stale alarm escalates like any other", () => {
    expect(aLife().happens({ kind: "silence" }).quietly().passes(minutes(5)).said()).toEqual(["probe"]);
  });
});

describe("leaving the LAN", () => {
  test("at the deadline the relay is asked what it can do", () => {
    const life = aLife().quietly().passes(minutes(5));
    expect(life.axes).toBe("raised unacknowledged probing");
    expect(life.said()).toEqual(["probe"]);
  });

  test("a relay that can send is given the alarm", () => {
    const life = aLife().passes(minutes(5)).quietly().probed("able");
    expect(life.axes).toBe("raised unacknowledged escalating");
    expect(life.said()).toEqual(["submit"]);
    expect(life.state.submitted).toBe(true);
  });

  test("a relay that answers but cannot send is given it all the same, and the LAN rings", () => {
    const life = aLife().passes(minutes(5)).quietly().probed("unable");
    expect(life.axes).toBe("raised unacknowledged fallback");
    expect(life.said()).toEqual(["push fallback", "submit"]);
    expect(life.state).toMatchObject({ ring: 2, submitted: true, due: minutes(5) + seconds(60) });
  });

  test.each([
    ["a relay that says that it is silent", (life: Life) => life.probed("silent")],
    ["a relay that says nothing for ten seconds", (life: Life) => life.passes(seconds(10))],
  ])("%s rings the LAN, and is asked again after a minute", (_, happens) => {
    const life = happens(aLife().passes(minutes(5)).quietly());
    expect(life.said()).toEqual(["push fallback"]);
    expect(life.state.submitted).toBe(false);
    expect(life.passes(seconds(60)).said()).toEqual(["probe"]);
  });

  test("a delivery that is accepted lets the alarm rest until the next step", () => {
    const life = aLife().passes(minutes(5)).probed("able").quietly().verdict("accepted");
    expect(life.axes).toBe("raised unacknowledged escalated");
    expect(life.said()).toEqual([]);
    expect(life.state.due).toBe(minutes(5) + minutes(15));
  });

  test.each([
    ["none that is accepted", (life: Life) => life.verdict("refused")],
    ["no verdict for a minute", (life: Life) => life.passes(seconds(60))],
  ])("%s rings the LAN again", (_, happens) => {
    const life = happens(aLife().passes(minutes(5)).probed("able").quietly());
    expect(life.axes).toBe("raised unacknowledged fallback");
    expect(life.said()).toEqual(["push fallback"]);
  });

  test("a bounce that comes later rings the LAN again", () => {
    const life = aLife().escalated().passes(minutes(3)).verdict("refused");
    expect(life.said()).toEqual(["push fallback"]);
    expect(life.state).toMatchObject({ phase: "fallback", reached: false });
  });

  test("the next step of the ladder rings the LAN and asks the relay again", () => {
    const life = aLife().escalated().passes(minutes(15));
    expect(life.said()).toEqual(["push again", "probe"]);
    expect(life.state).toMatchObject({ phase: "probing", step: 1, ring: 2 });
  });

  test("the last step repeats every half hour four times, then hourly, for as long as nobody takes it", () => {
    const life = aLife().escalated();
    const waits: number[] = [];
    for (let step = 0; step < 8; step += 1) {
      const rested = life.now;
      waits.push((life.state.due ?? 0) - rested);
      life.passes((life.state.due ?? 0) - rested).probed("able").verdict("accepted");
    }
    expect(waits.map((ms) => ms / minutes(1))).toEqual([15, 30, 30, 30, 30, 60, 60, 60]);
  });

  test("the wait for another try grows from one minute to ten", () => {
    const life = aLife().passes(minutes(5));
    const waits: number[] = [];
    for (let tries = 0; tries < 6; tries += 1) {
      const asked = life.probed("silent").now;
      waits.push((life.state.due ?? 0) - asked);
      life.passes((life.state.due ?? 0) - asked);
    }
    expect(waits.map((ms) => ms / minutes(1))).toEqual([1, 2, 4, 8, 10, 10]);
  });

  test("a late acceptance ends the fallback", () => {
    const life = aLife().passes(minutes(5)).probed("unable").quietly().verdict("accepted");
    expect(life.state).toMatchObject({ phase: "escalated", tries: 0, reached: true });
  });

  test("an acceptance while the relay is asked again is good enough", () => {
    const life = aLife().passes(minutes(5)).probed("unable").passes(seconds(60)).verdict("accepted");
    expect(life.state.phase).toBe("escalated");
  });

  test("a rung on which nobody can be reached does not hold up the ladder", () => {
    const life = aLife().passes(minutes(5)).probed("able").verdict("refused");
    for (let tries = 0; tries < 10 && life.state.step === 0; tries += 1) {
      life.passes((life.state.due ?? 0) - life.now);
      if (life.state.step === 0) life.probed("able").verdict("refused");
    }
    expect(life.state).toMatchObject({ step: 1, phase: "probing" });
    expect(life.now).toBeGreaterThanOrEqual(minutes(20));
    expect(life.now).toBeLessThanOrEqual(minutes(30));
  });

  test("a rung that the silent relay was never given is not skipped", () => {
    const life = aLife().passes(hours(2)).quietly();
    life.passes((life.state.due ?? 0) - life.now);
    expect(life.state.step).toBe(0);
  });

  test("a late acceptance of the rung below does not skip the one that nobody was given", () => {
    const life = aLife().passes(minutes(5)).probed("unable");
    while (life.state.step === 0) life.passes((life.state.due ?? 0) - life.now).happens();
    expect(life.state).toMatchObject({ step: 1, given: 1, phase: "probing" });
    expect(life.verdict("accepted").state).toMatchObject({ step: 0, phase: "escalated" });
  });

  test("an acknowledgement withdraws what the relay has", () => {
    const life = aLife().passes(minutes(5)).probed("able").quietly().acknowledge();
    expect(life.said()).toEqual(["settle", "withdraw"]);
    expect(life.state.submitted).toBe(false);
  });

  test("a clear withdraws what the relay has", () => {
    expect(aLife().escalated().clear().said()).toEqual(["settle", "withdraw"]);
  });

  test("nothing is withdrawn that the relay was never given", () => {
    expect(aLife().quietly().passes(minutes(5)).probed("silent").quietly().clear().said()).toEqual(["settle"]);
  });

  test("severity that rises begins the ladder anew, at once where the deadline has passed", () => {
    const life = aLife({ severity: "minor" }).escalated().passes(minutes(15)).quietly().raise("critical");
    expect(life.said()).toEqual(["push changed"]);
    expect(life.state).toMatchObject({ phase: "waiting", step: 0, given: 0, reached: false, due: minutes(5) });
    expect(life.passes(0).said()).toEqual(["probe"]);
  });
});

describe("after somebody took it", () => {
  test("a repeated report wakes nobody", () => {
    expect(aLife().acknowledge().quietly().raise().said()).toEqual([]);
  });

  test("severity that rises brings it back, with a deadline of its own", () => {
    const life = aLife({ severity: "minor" }).acknowledge().quietly().passes(hours(1)).raise("critical");
    expect(life.axes).toBe("raised unacknowledged waiting");
    expect(life.said()).toEqual(["push new"]);
    expect(life.state).toMatchObject({ revision: 2, ackFrom: 2, due: hours(1) + minutes(5), step: 0 });
  });

  test("a report that wants people to look again brings it back", () => {
    const life = aLife().acknowledge().quietly().raise("critical", true);
    expect(life.said()).toEqual(["push new"]);
    expect(life.state).toMatchObject({ revision: 2, ackFrom: 2 });
  });

  test("one that had fallen and rises again brings it back, however bad it was when it was taken", () => {
    const life = aLife({ severity: "critical" }).acknowledge().raise("minor").quietly().raise("major");
    expect(life.axes).toBe("raised unacknowledged waiting");
    expect(life.raise("critical").state).toMatchObject({ revision: 3 });
  });

  test("one that came back as a lesser one rises from there", () => {
    const life = aLife({ severity: "critical" }).acknowledge().raise("minor", true).raise("major");
    expect(life.state).toMatchObject({ revision: 3, ackFrom: 3 });
  });

  test("its clear is told", () => {
    expect(aLife().acknowledge().quietly().clear().said()).toEqual(["settle"]);
  });

  test("it stays taken when it comes back within ten minutes", () => {
    const life = aLife().acknowledge().clear().quietly().passes(minutes(5)).raise();
    expect(life.axes).toBe("raised acknowledged idle");
    expect(life.said()).toEqual(["settle"]);
  });

  test("a second acknowledgement changes nothing", () => {
    expect(aLife().acknowledge().quietly().acknowledge().said()).toEqual([]);
  });

  test("an acknowledgement after the clear is told and wakes nobody", () => {
    const life = aLife().clear().quietly().acknowledge();
    expect(life.axes).toBe("cleared acknowledged idle");
    expect(life.said()).toEqual(["settle"]);
  });
});

describe("flapping", () => {
  test("an alarm that comes back keeps its first deadline and rings", () => {
    const life = aLife().passes(minutes(2)).clear().passes(minutes(2)).quietly().raise();
    expect(life.said()).toEqual(["push new"]);
    expect(life.state).toMatchObject({ phase: "waiting", due: minutes(5), revision: 1, ring: 2 });
  });

  test("a flapping alarm still escalates", () => {
    const life = aLife().quietly();
    for (let flap = 0; flap < 5; flap += 1) life.passes(seconds(40)).clear().passes(seconds(40)).raise();
    expect(life.quietly().passes(0).said()).toEqual(["probe"]);
  });

  test("one that comes back worse keeps its first deadline too", () => {
    const life = aLife({ severity: "minor" }).passes(minutes(4)).clear().raise("critical");
    expect(life.state).toMatchObject({ due: minutes(5), revision: 2, ackFrom: 2 });
  });

  test("one that was told outside is told again within the timeout of its acknowledgement", () => {
    const life = aLife().escalated().clear().passes(minutes(1)).quietly().raise();
    expect(life.said()).toEqual(["push new"]);
    expect(life.axes).toBe("raised unacknowledged escalated");
    expect(life.passes(minutes(5)).said()).toEqual(["push again", "probe"]);
    expect(life.state.step).toBe(1);
  });

  test("one that goes on flapping is told outside no more often than one that stands", () => {
    const life = aLife().escalated();
    let submitted = 0;
    for (let flap = 0; flap < 180; flap += 1) {
      life.clear().passes(seconds(30)).raise().quietly().passes(seconds(30));
      if (life.state.phase === "probing") {
        submitted += life.quietly().probed("able").said().filter((said) => said === "submit").length;
        life.verdict("accepted");
      }
    }
    expect(submitted).toBeGreaterThanOrEqual(4);
    expect(submitted).toBeLessThanOrEqual(6);
  });

  test("one of which nobody outside was told is taken to the relay again", () => {
    const life = aLife().passes(minutes(5)).probed("unable").clear().raise().quietly();
    expect(life.passes(0).said()).toEqual(["probe"]);
    expect(life.probed("able").said()).toEqual(["submit"]);
  });
});

describe("the tables", () => {
  // One row for each cell, written out a second time: an arrow that changes must be changed in two places.
  const phases: readonly [Phase, keyof (typeof PHASE)["idle"], string][] = [
    ["idle", "able", "stay"], ["idle", "unable", "stay"], ["idle", "silent", "stay"],
    ["idle", "accepted", "stay"], ["idle", "refused", "stay"],
    ["waiting", "deadline", "probing"], ["waiting", "able", "stay"], ["waiting", "unable", "stay"],
    ["waiting", "silent", "stay"], ["waiting", "accepted", "stay"], ["waiting", "refused", "stay"],
    ["probing", "deadline", "fallback"], ["probing", "able", "escalating"], ["probing", "unable", "fallback"],
    ["probing", "silent", "fallback"], ["probing", "accepted", "escalated"], ["probing", "refused", "stay"],
    ["escalating", "deadline", "fallback"], ["escalating", "able", "stay"], ["escalating", "unable", "stay"],
    ["escalating", "silent", "stay"], ["escalating", "accepted", "escalated"], ["escalating", "refused", "fallback"],
    ["escalated", "deadline", "probing"], ["escalated", "able", "stay"], ["escalated", "unable", "stay"],
    ["escalated", "silent", "stay"], ["escalated", "accepted", "stay"], ["escalated", "refused", "fallback"],
    ["fallback", "deadline", "probing"], ["fallback", "able", "stay"], ["fallback", "unable", "stay"],
    ["fallback", "silent", "stay"], ["fallback", "accepted", "escalated"], ["fallback", "refused", "stay"],
  ];

  test.each(phases)("%s, %s: %s", (phase, event, expected) => {
    const life = inPhase(phase);
    expect(life.state.phase).toBe(phase);
    const before = life.state;
    const after = happen(life, event).state;
    if (expected === "stay") expect(after).toEqual(before);
    else expect(after.phase).toBe(expected as Phase);
  });

  test("every cell of the phases has its row above, but for the one that cannot happen", () => {
    const cells = Object.entries(PHASE).flatMap(([phase, row]) => Object.keys(row).map((event) => `${phase} ${event}`));
    expect(phases.map(([phase, event]) => `${phase} ${event}`).concat("idle deadline").sort()).toEqual(cells.sort());
  });

  test("every cell of the other two axes has its row below", () => {
    const cells = (table: Readonly<Record<string, object>>) =>
      Object.entries(table).flatMap(([state, row]) => Object.keys(row).map((event) => `${state} ${event}`)).sort();
    expect(conditions.map(([state, event]) => `${state} ${event}`).sort()).toEqual(cells(CONDITION));
    expect(attentions.map(([state, event]) => `${state} ${event}`).sort()).toEqual(cells(ATTENTION));
  });

  test("a deadline of an alarm that waits for nobody is our mistake", () => {
    const { state } = aLife().acknowledge();
    expect(() => step(state, { kind: "deadline" }, 0, DEFAULT_POLICY)).toThrow("an alarm that is idle has no deadline");
  });

  const conditions: readonly [Condition, keyof (typeof CONDITION)["raised"], Condition][] = [
    ["raised", "raise", "raised"], ["raised", "silence", "stale"], ["raised", "clear", "cleared"],
    ["stale", "raise", "raised"], ["stale", "silence", "stale"], ["stale", "clear", "cleared"],
    ["cleared", "raise", "raised"], ["cleared", "silence", "cleared"], ["cleared", "clear", "cleared"],
  ];
  test.each(conditions)("a %s alarm, on %s, is %s", (before, event, after) => {
    const life = aLife();
    if (before === "stale") life.happens({ kind: "silence" });
    if (before === "cleared") life.clear();
    expect(life.state.condition).toBe(before);
    life.happens(event === "raise" ? { kind: "raise", severity: "critical", again: false } : { kind: event });
    expect(life.state.condition).toBe(after);
  });

  const attentions: readonly [Attention, keyof (typeof ATTENTION)["shelved"], Attention][] = [
    ["unacknowledged", "acknowledge", "acknowledged"], ["unacknowledged", "rise", "unacknowledged"],
    ["acknowledged", "acknowledge", "acknowledged"], ["acknowledged", "rise", "unacknowledged"],
    ["shelved", "acknowledge", "acknowledged"], ["shelved", "rise", "unacknowledged"],
  ];
  test.each(attentions)("one that is %s, on %s, is %s", (before, event, after) => {
    const { life } = step(
      { ...aLife({ severity: "minor" }).acknowledge().state, attention: before, ...(before === "unacknowledged" ? { phase: "waiting" as const, due: minutes(5) } : {}) },
      event === "acknowledge" ? { kind: "acknowledge" } : { kind: "raise", severity: "critical", again: false },
      0,
      DEFAULT_POLICY,
    );
    expect(life.attention).toBe(after);
    expect(wantsPerson(life)).toBe(after === "unacknowledged");
  });
});


function inPhase(phase: Phase): Life {
  const life = aLife();
  if (phase === "waiting") return life;
  if (phase === "idle") return life.acknowledge();
  life.passes(minutes(5));
  if (phase === "probing") return life;
  if (phase === "fallback") return life.probed("silent");
  life.probed("able");
  return phase === "escalating" ? life : life.verdict("accepted");
}

function happen(life: Life, event: keyof (typeof PHASE)["idle"]): Life {
  switch (event) {
    case "deadline":
      return life.happens({ kind: "deadline" });
    case "able":
    case "unable":
    case "silent":
      return life.probed(event);
    case "accepted":
    case "refused":
      return life.verdict(event);
  }
}
