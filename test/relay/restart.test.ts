import { expect, test } from "bun:test";
import { hours, minutes, seconds } from "../../lib/base/units.ts";
import { restoreRelay } from "../../lib/relay/restore.ts";
import { ACCEPTED_MAIL, aRelay, REFUSED_CONNECTION, type RelayBench } from "../support/a-relay.ts";
import { anEscalation } from "../support/an-escalation.ts";

/** Everything that an escalation goes through, one arrival at a time; each may be the last thing before the power fails. */
const WALK: readonly { readonly name: string; readonly step: (relay: RelayBench) => void }[] = [
  { name: "submitted", step: (relay) => relay.submits(anEscalation()) },
  { name: "first attempt failed", step: (relay) => relay.comesBack(REFUSED_CONNECTION) },
  { name: "second attempt made", step: (relay) => relay.passes(seconds(5)) },
  { name: "accepted", step: (relay) => relay.comesBack(ACCEPTED_MAIL) },
  { name: "notice given", step: (relay) => relay.notices("e1") },
  { name: "notice accepted", step: (relay) => relay.comesBack(ACCEPTED_MAIL) },
];

for (const [index, { name }] of WALK.entries()) {
  test(`A11: a restart after "${name}" loses nothing and ends like a walk without one`, () => {
    const relay = aRelay();
    for (const [at, { step }] of WALK.entries()) {
      if (at > index) break;
      step(relay);
    }
    relay.restart();
    // Whatever was under way is made again, whatever waited falls due: all that goes out is accepted from here on.
    for (let round = 0; round < 20; round += 1) {
      relay.passes(minutes(5));
      while (relay.deliveries.length > 0) relay.comesBack(ACCEPTED_MAIL);
      if (round === 10) relay.notices("e1");
    }
    const last = relay.events().at(-1);
    expect(last).toMatchObject({ escalation: "e1", verdict: "accepted", closing: true });
    expect(relay.rows("deliveries")).toEqual([]);
  });
}

test("A11: a crash before the commit leaves nothing, and nothing was sent", () => {
  const relay = aRelay();
  const request = relay.request("submit", { id: "e1", body: anEscalation() });
  relay.handleAndCrash({ kind: "requested", request, ticket: 900 }, { committed: false });
  expect(relay.rows("escalations")).toEqual([]);
  expect(relay.carried.filter(({ purpose }) => purpose.kind === "delivery")).toEqual([]);
  expect(relay.submits(anEscalation())?.status).toBe(202);
  expect(relay.deliveries).toHaveLength(1);
});

test("A11: a crash after the commit and before the call: the call is unsure, is made again and marked as a repeat", () => {
  const relay = aRelay();
  const request = relay.request("submit", { id: "e1", body: anEscalation() });
  relay.handleAndCrash({ kind: "requested", request, ticket: 900 }, { committed: true });
  expect(relay.verdicts()).toEqual(["mail unsure"]);
  expect(relay.events()[0]?.reason).toContain("stopped");
  relay.passes(seconds(1));
  expect(relay.deliveries).toHaveLength(1);
  expect(relay.rows("deliveries")[0]?.row).toMatchObject({ state: "started", resent: true });
});

test("a call that had not been started is not unsure after a restart", () => {
  const relay = aRelay();
  relay.submits(anEscalation());
  relay.comesBack(REFUSED_CONNECTION);
  relay.restart();
  expect(relay.verdicts()).toEqual(["mail unreachable"]);
  relay.passes(seconds(5));
  expect(relay.deliveries).toHaveLength(1);
});

test("the wait goes on where it stood, over a restart of the process and of the host", () => {
  for (const { boot, mono } of [{ boot: "boot-1", mono: undefined }, { boot: "boot-2", mono: 5000 }]) {
    const relay = aRelay();
    relay.submits(anEscalation());
    for (const wait of [5, 5, 15]) {
      relay.comesBack(REFUSED_CONNECTION);
      relay.passes(seconds(wait));
    }
    relay.comesBack(REFUSED_CONNECTION);
    relay.passes(seconds(20));
    relay.restart({ boot, ...(mono === undefined ? {} : { mono }) });
    relay.passes(seconds(39));
    expect(relay.deliveries).toEqual([]);
    relay.passes(seconds(1));
    expect(relay.deliveries).toHaveLength(1);
  }
});

test("a wall clock that was set back for years at the reboot does not put anything off for years", () => {
  const relay = aRelay();
  relay.submits(anEscalation());
  relay.comesBack(REFUSED_CONNECTION);
  relay.restart({ boot: "boot-2", mono: 5000, wall: Date.UTC(2020, 0, 1) });
  relay.passes(hours(24 * 7));
  expect(relay.carried.filter(({ purpose }) => purpose.kind === "delivery").length).toBeGreaterThan(1);
});

test.each([minutes(-10), hours(-1), hours(-24 * 30)])("after a reboot with a wall clock that went back (%d ms) what waited goes at once: no wait was that long", (by) => {
  const relay = aRelay();
  relay.submits(anEscalation());
  relay.comesBack(REFUSED_CONNECTION);
  relay.restart({ boot: "boot-2", mono: 5000, wall: relay.now.wall + by });
  relay.passes(seconds(1));
  expect(relay.deliveries).toHaveLength(1);
});

test("events keep their numbers and are told until the agent commits them", () => {
  const relay = aRelay();
  relay.submits(anEscalation());
  relay.comesBack(REFUSED_CONNECTION);
  relay.restart();
  relay.passes(seconds(5));
  relay.comesBack(ACCEPTED_MAIL);
  expect(relay.events().map(({ number }) => number)).toEqual([1, 2]);
  expect(relay.ask("commit", { body: { upTo: 1 } })?.status).toBe(200);
  relay.restart();
  expect(relay.events().map(({ number }) => number)).toEqual([2]);
});

test("a request that was answered is refused when it is shown again after a restart", () => {
  const relay = aRelay();
  const request = relay.request("withdraw", { id: "e1" });
  relay.handle({ kind: "requested", request, ticket: 900 });
  relay.restart();
  relay.handle({ kind: "requested", request, ticket: 901 });
  expect(relay.answers.get(901)).toMatchObject({ status: 401, body: { field: "gapbell-counter" } });
});

test("a row that is not ours stops the start and is named; other things in meta do not", () => {
  const relay = aRelay();
  relay.commit([{ kind: "put", table: "meta", id: "schema", row: 7 }]);
  relay.restart();
  const load = (table: string) => (table === "deliveries" ? [{ id: "d1", row: { state: "lost" } }] : []);
  expect(restoreRelay({ load })).toMatchObject({ ok: false, fault: { kind: "foreignRow", table: "deliveries", id: "d1" } });
});
