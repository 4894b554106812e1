/** What those who judge the world get to see, each at its moment. Every part of an invariant is optional: it looks where its sentence can break. */

import type { AgentTurn } from "../../lib/agent/turn.ts";
import type { ClientTurn } from "../../lib/client/turn.ts";
import type { LinkRequest } from "../../lib/port/relay-link.ts";
import type { Change } from "../../lib/port/store.ts";
import type { Showing } from "../../lib/port/desk.ts";
import type { RelayTurn } from "../../lib/relay/turn.ts";
import type { Opened } from "../../lib/trust/opener.ts";
import type { SealTo } from "../../lib/trust/sealer.ts";
import type { Message } from "../../lib/wire/message.ts";
import type { Delivered } from "./channels.ts";
import type { AgentHost } from "./agent-host.ts";
import type { Host } from "./host.ts";
import type { Station, Wire } from "./lan.ts";
import type { Posted } from "./sources.ts";
import type { World } from "./world.ts";

export type Said = {
  readonly host: Host; readonly sender: string; readonly message: Message; readonly to: SealTo;
  readonly epoch: bigint; readonly counter: bigint;
};

/** A person's act: this operator takes this alarm. */
export type Act = { readonly at: number; readonly operator: string; readonly occurrence: string; readonly listener: Host | undefined };

export type Watch = {
  /** The agent's machine has decided; nothing of it is written or said yet. */
  readonly decided?: (turn: AgentTurn) => void;
  /** A turn of the agent has become durable. */
  readonly durable?: (changes: readonly Change[]) => void;
  /** A host was given back an older state of its disk. */
  readonly restored?: (host: Host) => void;
  /** The agent's process begins a new life. */
  readonly agentStarts?: () => void;
  readonly listenerDecided?: (listener: Host, turn: ClientTurn) => void;
  readonly listenerDurable?: (listener: Host, changes: readonly Change[]) => void;
  readonly relayDecided?: (turn: RelayTurn) => void;
  readonly relayDies?: () => void;
  /** A datagram has been sealed, and leaves. */
  readonly said?: (said: Said) => void;
  /** A datagram was let in. */
  readonly letIn?: (station: Station, wire: Wire, opened: Opened) => void;
  /** The agent asks its relay. */
  readonly asked?: (request: LinkRequest, by: AgentHost) => void;
  /** A source has its answer. */
  readonly answered?: (posted: Posted) => void;
  readonly shown?: (listener: Host, showing: Showing) => void;
  /** A provider has taken a message for a person. */
  readonly delivered?: (delivered: Delivered) => void;
  /** The relay was told that a message may or may not have arrived. */
  readonly unsure?: (delivery: string) => void;
  readonly acted?: (act: Act) => void;
  /** Everything, every now and then. */
  readonly sweep?: () => void;
  /** Faults have ended and the time to settle is over; `part` says what is to hold by now. */
  readonly settled?: (part: "reached" | "taken" | "quiet") => void;
};

export type Invariant = {
  readonly name: string;
  /** What must hold, as design and notes say it. */
  readonly sentence: string;
  /** Judges one agent: each has such a watch of its own, whose world has that agent as its `agent`. */
  readonly each?: boolean;
  readonly watch: (world: World, broken: (detail: string) => void) => Watch;
};

type Hook = keyof Watch;

/** All who watch, called hook by hook. */
export class Watchers {
  readonly #hooks = new Map<Hook, { readonly look: (...given: never[]) => void; readonly of: AgentHost | undefined }[]>();
  /** How many judgements were made. */
  judged = 0;

  /** @param of the agent that is judged; undefined: all that happens */
  add(watch: Watch, of?: AgentHost): void {
    for (const [hook, look] of Object.entries(watch) as [Hook, (...given: never[]) => void][]) {
      const row = this.#hooks.get(hook);
      if (row === undefined) this.#hooks.set(hook, [{ look, of }]);
      else row.push({ look, of });
    }
  }

  tell<Name extends Hook>(hook: Name, ...given: Parameters<NonNullable<Watch[Name]>>): void {
    for (const { look } of this.#hooks.get(hook) ?? []) this.#judge(look, given);
  }

  /** What happens at one agent; those who judge the other do not see it. */
  tellOf<Name extends Hook>(agent: AgentHost, hook: Name, ...given: Parameters<NonNullable<Watch[Name]>>): void {
    for (const { look, of } of this.#hooks.get(hook) ?? []) if (of === undefined || of === agent) this.#judge(look, given);
  }

  #judge(look: (...given: never[]) => void, given: readonly unknown[]): void {
    this.judged += 1;
    (look as (...all: readonly unknown[]) => void)(...given);
  }
}
