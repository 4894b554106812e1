/** Carries one turn of the listener out: commit, then answer, then say, then show. Nothing is decided here. */

import type { TapLine } from "../port/client-door.ts";
import type { Desk, Showing } from "../port/desk.ts";
import type { ListenerLan } from "../port/lan.ts";
import type { Log } from "../port/log.ts";
import type { Store } from "../port/store.ts";
import type { Tickets } from "../port/tickets.ts";
import type { KeyRing } from "../trust/keys.ts";
import type { Opener } from "../trust/opener.ts";
import type { Sealer, SealTo } from "../trust/sealer.ts";
import type { Audience, ClientEffect, ClientEvent, ClientTurn } from "./turn.ts";

export type ClientPorts = {
  readonly store: Store;
  readonly lan: ListenerLan;
  readonly ring: KeyRing;
  readonly opener: Opener;
  readonly sealer: Sealer;
  readonly tickets: Tickets;
  readonly log: Log;
  readonly desks: readonly Desk[];
  /** Who listens to lines hears this one. */
  readonly tell: (line: TapLine) => void;
  /** Completions come back as events. */
  readonly put: (event: ClientEvent) => void;
  readonly exit: (code: number, reason: string) => void;
};

/** @returns the function that the drive calls with each turn */
export function performer(ports: ClientPorts): (turn: ClientTurn) => Promise<void> {
  let failed = false;
  return async (turn) => {
    for (const { event, facts } of turn.log) ports.log.write("info", event, facts);
    let promised = true;
    if (!failed && turn.changes.length > 0) {
      const committed = await ports.store.commit(turn.changes);
      if (!committed.ok) {
        failed = true;
        promised = false;
        const { reason } = committed.fault;
        ports.log.write("error", "commit failed", { reason });
        ports.put({ kind: "storeFailed", reason });
      }
    }
    for (const step of ["answer", "say", "show"] as const) {
      for (const effect of turn.effects) if (STEP[effect.kind] === step) carryOut(ports, effect, promised);
    }
  };
}

/** Who asked is answered first; the agent hears of it before the person does, who is slower. */
const STEP = {
  answer: "answer", adopt: "answer", setGroup: "answer", befriend: "answer", dismiss: "answer", say: "say", hangUp: "say", show: "show", summarize: "show", update: "show", hearing: "show", tell: "show", exit: "show",
} as const satisfies Readonly<Record<ClientEffect["kind"], "answer" | "say" | "show">>;

/** @param promised whether this turn is on disk: what is not is shown all the same, but nobody is told that it is kept */
function carryOut(ports: ClientPorts, effect: ClientEffect, promised: boolean): void {
  switch (effect.kind) {
    case "answer":
      return ports.tickets.answer(effect.ticket, promised ? effect.reply : { status: 503, body: { error: "Nothing can be stored: the disk has failed" } });
    case "adopt":
      return ports.opener.adopt(effect.peer, { epoch: effect.epoch, counter: effect.counter });
    case "setGroup":
      for (const { kid, key } of effect.keys) ports.ring.setGroup(kid, key);
      return;
    case "befriend":
      return ports.ring.addPeer(effect.peer);
    case "dismiss":
      return ports.ring.expel(effect.peer);
    case "say":
      return promised ? say(ports, effect) : undefined;
    case "hangUp":
      return ports.lan.hangUp(effect.address);
    case "show":
      return show(ports, effect);
    case "summarize":
      return summarize(ports, effect);
    case "update":
      for (const desk of ports.desks) desk.update({ id: effect.id, line: effect.line, gone: effect.gone });
      return;
    case "hearing":
      for (const desk of ports.desks) desk.hearing({ line: effect.line, rings: effect.rings, heard: effect.heard === true });
      return;
    case "tell":
      return ports.tell(effect.line);
    case "exit":
      return ports.exit(effect.code, effect.reason);
  }
}

/** Seen as soon as one desk says so. */
function show(ports: ClientPorts, { showing }: Extract<ClientEffect, { kind: "show" }>): void {
  for (const desk of ports.desks) seenBy(ports, desk.show(showing), [showing.alarm]);
}

/** What a summary names has been seen with it. */
function summarize(ports: ClientPorts, { summary }: Extract<ClientEffect, { kind: "summarize" }>): void {
  for (const desk of ports.desks) seenBy(ports, desk.summarize(summary), summary.worst);
}

function seenBy({ put, log }: ClientPorts, answer: Promise<boolean>, alarms: readonly Showing["alarm"][]): void {
  void answer.then(
    (seen) => {
      if (seen) for (const { id, ring } of alarms) put({ kind: "shown", id, ring, seen });
    },
    (thrown: unknown) => log.write("warn", "desk fault", { reason: thrown instanceof Error ? thrown.message : String(thrown) }),
  );
}

function say({ sealer, lan, log }: ClientPorts, { message, to, repeat, deflate = false }: Extract<ClientEffect, { kind: "say" }>): void {
  const address = "address" in to ? to.address : undefined;
  const sealed = sealer.seal(message, keyFor(to), { broadcast: address === undefined, repeat, deflate });
  if (!sealed.ok) log.write("error", "cannot seal", { type: message.kind, fault: sealed.fault.kind });
  else if (address === undefined) lan.broadcast(sealed.value);
  else lan.send(sealed.value, address);
}

/** Strangers must be able to read a SEEK; all else is sealed. */
function keyFor(to: Audience): SealTo {
  if (to.kind === "anyone") return { kind: "clear" };
  return to.kind === "agents" ? { kind: "group" } : { kind: "pair", peer: to.peer };
}
