import { expect, test } from "bun:test";
import { fail, ok } from "../../lib/base/result.ts";
import { performRelay, type RelayWorld } from "../../lib/relay/perform.ts";
import type { RelayArrival, RelayTurn } from "../../lib/relay/turn.ts";

const TURN: RelayTurn = {
  changes: [{ kind: "put", table: "meta", id: "x", row: 1 }],
  effects: [
    { kind: "carry", purpose: { kind: "delivery", id: "e1/mail/li", call: 1 }, request: { kind: "https", method: "GET", url: "http://127.0.0.1/", headers: {}, body: "", timeoutMs: 1 } },
    { kind: "look" },
    { kind: "accept", certificates: ["c"] },
    { kind: "answer", ticket: 7, reply: { status: 202, body: {} } },
  ],
  log: [],
};

/** Writes down what happens in which order. */
function aWorld(commit: RelayWorld["store"]["commit"]): { readonly world: RelayWorld; readonly done: string[]; readonly arrivals: RelayArrival[] } {
  const done: string[] = [];
  const arrivals: RelayArrival[] = [];
  const world: RelayWorld = {
    store: { commit: async (changes) => { done.push("commit begins"); const result = await commit(changes); done.push("commit ends"); return result; } },
    tickets: { answer: (ticket, { status }) => done.push(`answer ${ticket} ${status}`) },
    carrier: { send: async () => { done.push("send"); return { kind: "smtp", code: 250, response: "" }; } },
    legs: { look: async () => { done.push("look"); return []; } },
    door: { accept: () => done.push("accept") },
    log: { write: () => {} },
    put: (arrival) => arrivals.push(arrival),
    exit: () => done.push("exit"),
  };
  return { world, done, arrivals };
}

test("first written, then answered, then sent; what comes back arrives later", async () => {
  const { world, done, arrivals } = aWorld(async () => { await Promise.resolve(); return ok(undefined); });
  await performRelay(TURN, world);
  expect(done).toEqual(["commit begins", "commit ends", "answer 7 202", "send", "look", "accept"]);
  await Promise.resolve();
  expect(arrivals.map(({ kind }) => kind).sort()).toEqual(["carried", "looked"]);
});

test("where the disk refuses nothing is sent and nothing is promised", async () => {
  const { world, done, arrivals } = aWorld(async () => fail({ kind: "commitFailed", reason: "database or disk is full" }));
  await performRelay(TURN, world);
  expect(done).toEqual(["commit begins", "commit ends", "answer 7 503"]);
  expect(arrivals).toEqual([{ kind: "storeFailed", reason: "database or disk is full" }]);
});

test("a turn that changes nothing asks the disk for nothing", async () => {
  const { world, done } = aWorld(async () => ok(undefined));
  await performRelay({ ...TURN, changes: [] }, world);
  expect(done[0]).toBe("answer 7 202");
});
