/** Carries out one turn of the relay: commit, then answer, then make the calls. What comes back becomes an arrival. */

import { unreachable } from "../base/assert.ts";
import type { Carrier } from "../port/carrier.ts";
import type { Log } from "../port/log.ts";
import type { Door, LegsEye } from "../port/relay-door.ts";
import type { Store } from "../port/store.ts";
import type { Tickets } from "../port/tickets.ts";
import type { RelayArrival, RelayEffect, RelayTurn } from "./turn.ts";

export type RelayWorld = {
  readonly store: Pick<Store, "commit">;
  readonly tickets: Pick<Tickets, "answer">;
  readonly carrier: Carrier;
  readonly legs: LegsEye;
  readonly door: Door;
  readonly log: Log;
  readonly put: (arrival: RelayArrival) => void;
  readonly exit: (code: number, reason: string) => void;
};

/** Never rejects. Where the commit fails nothing is said but that, and nothing is sent. */
export async function performRelay(turn: RelayTurn, world: RelayWorld): Promise<void> {
  const committed = turn.changes.length === 0 ? undefined : await world.store.commit(turn.changes);
  for (const { event, facts } of turn.log) world.log.write("info", event, facts);
  if (committed !== undefined && !committed.ok) {
    const { reason } = committed.fault;
    const body = { error: `The relay cannot write to its disk: ${reason}` };
    for (const effect of turn.effects) if (effect.kind === "answer") world.tickets.answer(effect.ticket, { status: 503, body });
    world.put({ kind: "storeFailed", reason });
    return;
  }
  for (const effect of turn.effects) if (effect.kind === "answer") carryOut(effect, world);
  for (const effect of turn.effects) if (effect.kind !== "answer") carryOut(effect, world);
}

/** Starts and does not wait: a slow mail server must not hold up the next turn. */
function carryOut(effect: RelayEffect, { tickets, carrier, legs, door, put, exit }: RelayWorld): void {
  switch (effect.kind) {
    case "answer":
      tickets.answer(effect.ticket, effect.reply);
      return;
    case "carry":
      void carrier.send(effect.request).then((reply) => put({ kind: "carried", purpose: effect.purpose, reply }));
      return;
    case "look":
      void legs.look().then((seen) => put({ kind: "looked", legs: seen }));
      return;
    case "accept":
      door.accept(effect.certificates);
      return;
    case "exit":
      exit(effect.code, effect.reason);
      return;
    default:
      unreachable(effect);
  }
}
