/** Which call may be made now: a lane before each channel, and the token that the channel may need first. */

import type { ChannelName } from "../alarm/policy.ts";
import { earliestOf } from "../base/earliest.ts";
import type { Ms, Now } from "../base/units.ts";
import type { Channel } from "../channel/channel.ts";
import type { Outcome } from "../channel/outcome.ts";
import { Lane, type Place } from "./lane.ts";
import type { Tokens } from "./tokens.ts";

export type Departure =
  | { readonly kind: "go"; readonly id: string; readonly channel: Channel; readonly token: string }
  /** Without a token nothing of this channel can go. */
  | { readonly kind: "blocked"; readonly id: string; readonly outcome: Outcome };

type Gate = {
  readonly channel: Channel;
  readonly lane: Lane;
  /** A token is being fetched: its arrival, not time, opens the gate. */
  waits: boolean;
  /** Everything that stood here when no token could be had. */
  blocked: Departure[];
};

export class Departures {
  readonly #tokens: Tokens;
  readonly #gates = new Map<ChannelName, Gate>();
  /** The token that a call under way was made with. */
  readonly #tokenOf = new Map<string, string>();

  constructor({ channels, tokens }: { readonly channels: readonly Channel[]; readonly tokens: Tokens }) {
    this.#tokens = tokens;
    for (const channel of channels) this.#gates.set(channel.name, { channel, lane: new Lane(channel.pace), waits: false, blocked: [] });
  }

  /** @returns whether the channel is set up at all */
  queue(name: ChannelName, place: Place): boolean {
    const gate = this.#gates.get(name);
    gate?.lane.put(place);
    return gate !== undefined;
  }

  /** Neither waits nor is under way any more. */
  remove(name: ChannelName, id: string): void {
    this.#gates.get(name)?.lane.remove(id);
    this.#tokenOf.delete(id);
  }

  /** The provider did not take the token of this call. */
  expired(channel: Channel, id: string): void {
    const token = this.#tokenOf.get(id);
    if (token !== undefined) this.#tokens.expired(channel, token);
  }

  /** The next one; a call that goes counts as under way until it is removed. */
  take(now: Now): Departure | undefined {
    for (const gate of this.#gates.values()) {
      const departure = gate.blocked.shift() ?? this.#open(gate, now);
      if (departure !== undefined) return departure;
    }
    return undefined;
  }

  /** When the pace of a channel allows its next call. */
  next(now: Now): Ms | undefined {
    return earliestOf(this.#gates.values(), ({ lane, waits }) => (waits ? undefined : lane.next(now.mono)));
  }

  #open(gate: Gate, now: Now): Departure | undefined {
    const { channel, lane } = gate;
    gate.waits = false;
    if (!lane.hasReady) return undefined;
    const token = this.#tokens.take(channel, now);
    if (token.kind === "wait") {
      gate.waits = true;
      return undefined;
    }
    if (token.kind === "blocked") {
      const outcome = notBefore(token.outcome, token.until - now.mono);
      gate.blocked = lane.drain().map((id) => ({ kind: "blocked", id, outcome }));
      return gate.blocked.shift();
    }
    const id = lane.take(now.mono);
    if (id === undefined) return undefined;
    if (channel.tokens !== undefined) this.#tokenOf.set(id, token.token);
    return { kind: "go", id, channel, token: token.token };
  }
}

function notBefore(outcome: Outcome, ms: Ms): Outcome {
  return "afterMs" in outcome ? { ...outcome, afterMs: Math.max(outcome.afterMs, ms) } : outcome;
}
