/** Carries one turn of the agent out: commit, then answer, then speak. Nothing is decided here. */

import type { Entry } from "../alarm/journal.ts";
import { peerOf } from "../trust/keys.ts";
import type { KeyRing } from "../trust/keys.ts";
import type { Opener } from "../trust/opener.ts";
import type { Sealer, SealTo } from "../trust/sealer.ts";
import type { Lan } from "../port/lan.ts";
import type { Log } from "../port/log.ts";
import type { RelayAddress, RelayLink } from "../port/relay-link.ts";
import type { Store } from "../port/store.ts";
import type { Tickets } from "../port/tickets.ts";
import type { AgentEffect, AgentEvent, AgentTurn, Audience } from "./turn.ts";

export type AgentPorts = {
  readonly store: Store;
  readonly lan: Lan;
  readonly ring: KeyRing;
  readonly opener: Opener;
  readonly sealer: Sealer;
  readonly tickets: Tickets;
  readonly log: Log;
  /** The way to a relay; replaced when another one is joined. */
  readonly link: { ask: RelayLink["ask"]; use: (relay: RelayAddress) => void };
  /** Completions come back as events. */
  readonly put: (event: AgentEvent) => void;
  readonly exit: (code: number, reason: string) => void;
};

/** @returns the function that the drive calls with each turn */
export function performer(ports: AgentPorts): (turn: AgentTurn) => Promise<void> {
  let failed = false;
  return async (turn) => {
    for (const { event, facts } of turn.log) ports.log.write("info", event, facts);
    // After its first fault the store refuses at once: turns decided before the machine knew must promise nothing either.
    const committed = turn.changes.length === 0 ? undefined : await ports.store.commit(turn.changes);
    if (committed !== undefined && !committed.ok) {
      const { reason } = committed.fault;
      refuse(ports, turn, reason);
      if (!failed) {
        failed = true;
        ports.log.write("error", "commit failed", { reason });
        ports.put({ kind: "storeFailed", reason });
        return;
      }
      // With a broken disk the bell rings on for what is in memory.
      for (const effect of turn.effects) if (classOf(effect) === "bell") carryOut(ports, effect);
      return;
    }
    for (const effect of turn.effects) if (classOf(effect) === "answer") carryOut(ports, effect);
    for (const effect of turn.effects) if (classOf(effect) !== "answer") carryOut(ports, effect);
  };
}

/** Who asked is answered before anybody is told. `word`: rests on what was written with it, and is not given without that. */
function classOf(effect: AgentEffect): "answer" | "word" | "bell" {
  switch (effect.kind) {
    case "answer":
    case "answerTimeline":
    case "enrol":
    case "befriend":
    case "adopt":
    case "expel":
    case "setGroup":
      return "answer";
    case "welcome":
    case "useRelay":
      return "word";
    case "say":
      return WORDS.includes(effect.message.kind) ? "word" : "bell";
    case "link":
      // The relay forgets what is committed.
      return effect.request.kind === "commit" ? "word" : "bell";
    case "exit":
      return "bell";
  }
}

/** What is said of the state of things, and what is confirmed. */
const WORDS: readonly string[] = ["acked", "joined", "state", "rekey", "sync", "synced"];

/** What this turn promised was not written: nobody hears that it was. */
function refuse({ tickets }: AgentPorts, turn: AgentTurn, reason: string): void {
  for (const effect of turn.effects) {
    if (effect.kind !== "answer" && effect.kind !== "answerTimeline") continue;
    tickets.answer(effect.ticket, { status: 503, body: { error: `Nothing can be stored: ${reason}` } });
  }
}

function carryOut(ports: AgentPorts, effect: AgentEffect): void {
  switch (effect.kind) {
    case "answer":
      return ports.tickets.answer(effect.ticket, effect.reply);
    case "answerTimeline":
      return ports.tickets.answer(effect.ticket, { status: 200, body: { ...effect.body, timeline: timelineOf(ports, effect) } });
    case "enrol":
      return ports.ring.addPeer(peerOf(effect.peer.ed, effect.peer.x));
    case "expel":
      ports.ring.expel(effect.peer);
      return ports.opener.forget(effect.peer);
    case "setGroup":
      for (const { kid, key } of effect.keys) ports.ring.setGroup(kid, key);
      return;
    case "befriend":
      return ports.ring.addAgent(effect.peer);
    case "adopt":
      return ports.opener.adopt(effect.peer, { epoch: effect.epoch, counter: effect.counter });
    case "say":
      return say(ports, effect);
    case "welcome": {
      // The newcomer believes the counters from this packet on.
      const { sealer } = ports;
      const body = { ...effect.body, epoch: String(sealer.epoch), counter: String(sealer.counter) };
      return say(ports, { kind: "say", message: { kind: "welcome", body }, to: { kind: "listener", peer: effect.peer, address: effect.address }, repeat: false, deflate: false });
    }
    case "link":
      void ports.link.ask(effect.request).then((answer) => ports.put({ kind: "linked", request: effect.request, answer }));
      return;
    case "useRelay":
      return ports.link.use(effect.relay);
    case "exit":
      return ports.exit(effect.code, effect.reason);
  }
}

/** What was remembered of it under other names stands in it as well. */
function timelineOf({ store }: AgentPorts, { occurrence, also = [] }: Extract<AgentEffect, { kind: "answerTimeline" }>): readonly Entry[] {
  const own = store.journal(occurrence);
  return also.length === 0 ? own : [...own, ...also.flatMap((id) => store.journal(id))].sort((a, b) => a.at - b.at);
}

function say({ sealer, lan, log }: AgentPorts, { message, to, repeat, deflate }: Extract<AgentEffect, { kind: "say" }>): void {
  const broadcast = to.kind === "everyone" || to.kind === "agents";
  const sealed = sealer.seal(message, keyFor(to, message.kind), { broadcast, repeat, deflate });
  if (!sealed.ok) log.write("error", "cannot seal", { type: message.kind, fault: sealed.fault.kind });
  else if (to.kind === "everyone") lan.broadcast(sealed.value);
  else if (to.kind === "agents") lan.broadcast(sealed.value, "agents");
  else lan.send(sealed.value, to.address);
}

/** Strangers must be able to read what is said to them, and everybody's beacon; all else is sealed. */
function keyFor(to: Audience, kind: string): SealTo {
  if (to.kind === "listener" || to.kind === "agent") return { kind: "pair", peer: to.peer };
  return to.kind !== "stranger" && kind !== "beacon" ? { kind: "group" } : { kind: "clear" };
}
