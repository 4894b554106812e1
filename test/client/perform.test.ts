import { expect, test } from "bun:test";
import { ok } from "../../lib/base/result.ts";
import { type ClientPorts, performer } from "../../lib/client/perform.ts";
import type { ClientEffect, ClientEvent, ClientTurn } from "../../lib/client/turn.ts";
import { Tickets } from "../../lib/port/tickets.ts";
import { KeyRing } from "../../lib/trust/keys.ts";
import { Opener } from "../../lib/trust/opener.ts";
import { Sealer } from "../../lib/trust/sealer.ts";
import { aListener, anId, anItem, ScriptedAgent } from "../support/a-scripted-agent.ts";
import { SEEK_PAD_BYTES } from "../../lib/wire/constants.ts";

const CHANGE = { kind: "put", table: "inbox", id: anId(1), row: {} } as const;

/** Ports that write down what is done, in order. */
function aWorld({ diskFails = false, sees = true }: { readonly diskFails?: boolean; readonly sees?: boolean } = {}) {
  const done: string[] = [];
  const events: ClientEvent[] = [];
  const agent = new ScriptedAgent();
  const ring = new KeyRing(aListener());
  ring.addPeer(agent.voice);
  ring.setGroup(1, agent.group.key);
  const tickets = new Tickets();
  const ports: ClientPorts = {
    store: {
      commit: async (changes) => {
        await Promise.resolve();
        done.push(`commit ${changes.length}`);
        return diskFails ? { ok: false, fault: { kind: "commitFailed", reason: "disk is full" } } : ok(undefined);
      },
      load: () => [], journal: () => [], close: () => {},
    },
    lan: { broadcast: () => void done.push("broadcast"), send: (_, { host }) => void done.push(`send ${host}`), hangUp: ({ host }) => void done.push(`hang up ${host}`), close: () => {} },
    ring, opener: new Opener({ ring, side: "client" }), sealer: new Sealer({ ring, epoch: 1n }), tickets,
    log: { write: () => {} },
    desks: [
      { show: async () => { done.push("show"); return sees; }, summarize: async () => { done.push("summarize"); return sees; }, update: ({ line }) => void done.push(`update ${line}`), hearing: ({ line }) => void done.push(`hearing ${line}`), close: () => {} },
      { show: async () => { throw new Error("no desktop"); }, summarize: async () => { throw new Error("no desktop"); }, update: () => {}, hearing: () => {}, close: () => {} },
    ],
    tell: ({ kind }) => void done.push(`tell ${kind}`), put: (event) => void events.push(event), exit: (code) => void done.push(`exit ${code}`),
  };
  const carryOut = performer(ports);
  const perform = (effects: readonly ClientEffect[], changes: ClientTurn["changes"] = [CHANGE]): Promise<void> => carryOut({ changes, effects, log: [] });
  return { done, events, perform, tickets, agent };
}

const SHOW: ClientEffect = { kind: "show", showing: { alarm: anItem(), clusterName: "c1", agent: "node1", rings: true, unverified: false } };

function receiptTo(agent: ScriptedAgent): ClientEffect {
  const body = { receipts: [{ id: anId(1), revision: 1, ring: 1, level: "receipt" as const }] };
  return { kind: "say", message: { kind: "receipt", body }, to: { kind: "agent", peer: agent.voice.id, address: { host: "10.0.0.1", port: 1 } }, repeat: false };
}

test("a turn is first written, then said, then shown", async () => {
  const world = aWorld();
  await world.perform([SHOW, { kind: "hearing", line: "x", rings: true }, receiptTo(world.agent)]);
  expect(world.done).toEqual(["commit 1", "send 10.0.0.1", "show", "hearing x"]);
});

test("what needs no write waits for none", async () => {
  const world = aWorld();
  await world.perform([{ kind: "hearing", line: "x", rings: true }], []);
  expect(world.done).toEqual(["hearing x"]);
});

test("what the desk says comes back as an event, and a desk that breaks harms no other", async () => {
  const world = aWorld();
  await world.perform([SHOW]);
  await Promise.resolve();
  expect(world.events).toEqual([{ kind: "shown", id: anId(1), ring: 1, seen: true }]);
});

test("what was not put before a person is not told as seen", async () => {
  const world = aWorld({ sees: false });
  await world.perform([SHOW]);
  await Promise.resolve();
  expect(world.events).toEqual([]);
});

test("when the disk fails the alarm is shown all the same, but no receipt says that it is kept", async () => {
  const world = aWorld({ diskFails: true });
  const asked = world.tickets.ask((ticket) => void world.perform([SHOW, receiptTo(world.agent), { kind: "answer", ticket, reply: { status: 200, body: {} } }]));
  expect((await asked).status).toBe(503);
  await Promise.resolve();
  expect(world.done).toEqual(["commit 1", "show"]);
  expect(world.events).toContainEqual({ kind: "storeFailed", reason: "disk is full" });
});

const SEEK = { nonce: "A".repeat(11), key: "A".repeat(43), pad: ".".repeat(SEEK_PAD_BYTES) };

test("a SEEK goes out in clear and to everybody, an acknowledgement to all agents under the group's key", async () => {
  const world = aWorld();
  await world.perform([
    { kind: "say", message: { kind: "seek", body: SEEK }, to: { kind: "anyone", address: undefined }, repeat: false },
    { kind: "say", message: { kind: "seek", body: SEEK }, to: { kind: "anyone", address: { host: "10.9.9.9", port: 1 } }, repeat: false },
    { kind: "say", message: { kind: "bye", body: { why: "" } }, to: { kind: "agents" }, repeat: false },
  ], []);
  expect(world.done).toEqual(["broadcast", "send 10.9.9.9", "broadcast"]);
});

test("what a summary names has been seen with it, and on a desk where nobody looks it has not", async () => {
  const summary = { clusterName: "c1", open: 500, worstCount: 2, fresh: 500, worst: [anItem(), anItem({ id: anId(2), ring: 3 })] };
  const [watched, empty] = [aWorld(), aWorld({ sees: false })];
  for (const world of [watched, empty]) await world.perform([{ kind: "summarize", summary }]);
  expect(watched.done).toEqual(["commit 1", "summarize"]);
  expect(watched.events).toEqual([{ kind: "shown", id: anId(1), ring: 1, seen: true }, { kind: "shown", id: anId(2), ring: 3, seen: true }]);
  expect(empty.events).toEqual([]);
});
