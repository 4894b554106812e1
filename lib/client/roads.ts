/**
 * By which road a listener speaks with each agent. UDP is the road; where it stays silent, TCP is tried beside it, whichever
 * answers first is taken, and UDP again once it has answered for a while. Nothing pops twice: both roads carry the same datagrams.
 */

import { earliest, earliestOf } from "../base/earliest.ts";
import { type Ms, seconds } from "../base/units.ts";
import type { Address } from "../port/lan.ts";
import type { PeerId } from "../trust/keys.ts";

/** `both`: neither answers yet, so each question takes both. */
export type Road = "udp" | "both" | "tcp";

/** A question that is unanswered for so long is asked by TCP as well: four HELLOs, so that lost ones do not open it. */
export const TCP_AFTER_MS: Ms = seconds(10);
/** A connection on which questions are unanswered for so long is dead, though nobody has said so. */
export const DEAD_AFTER_MS: Ms = seconds(10);
/** On TCP, UDP is asked whether it comes through again. */
export const PROBE_EVERY_MS: Ms = seconds(10);
/** For so long it must have answered. */
export const UDP_STEADY_MS: Ms = seconds(30);

type Held = {
  road: Road;
  /** Since when a question by that road is unanswered. */
  udpAskedAt: Ms | undefined;
  tcpAskedAt: Ms | undefined;
  /** A connection may be there. */
  dialled: boolean;
  probeDue: Ms;
  /** Since when, and when last, UDP has answered our probes. */
  cameSince: Ms | undefined;
  cameAt: Ms;
};

/** What is to be done now, for each agent. */
export type Steps = {
  readonly hangUp: readonly PeerId[];
  /** Another road is to be tried: say HELLO, or SEEK, at once. */
  readonly ask: readonly PeerId[];
  /** Say SEEK by UDP, though TCP is in use. */
  readonly probe: readonly PeerId[];
};

export class Roads {
  readonly #tcp: boolean;
  readonly #held = new Map<PeerId, Held>();
  #hangUp = new Set<PeerId>();
  #ask = new Set<PeerId>();

  /** @param tcp whether that road may be taken */
  constructor({ tcp }: { readonly tcp: boolean }) {
    this.#tcp = tcp;
  }

  of(agent: PeerId): Road {
    return this.#held.get(agent)?.road ?? "udp";
  }

  /** Where a HELLO or SEEK to an agent goes. */
  forQuestions(agent: PeerId, address: Address): readonly Address[] {
    const road = this.of(agent);
    return [...(road === "tcp" ? [] : [address]), ...(road === "udp" ? [] : [byTcp(address)])];
  }

  /** Where everything else goes: by TCP only where that has answered. */
  towards(agent: PeerId, address: Address): Address {
    return this.of(agent) === "tcp" ? byTcp(address) : address;
  }

  /** A HELLO or SEEK has been said on the roads that are in use. */
  asked(agent: PeerId, now: Ms): void {
    if (!this.#tcp) return;
    const held = this.#held.get(agent) ?? { road: "udp", udpAskedAt: undefined, tcpAskedAt: undefined, dialled: false, probeDue: 0, cameSince: undefined, cameAt: 0 };
    this.#held.set(agent, held);
    if (held.road !== "tcp") held.udpAskedAt ??= now;
    if (held.road === "udp") return;
    held.tcpAskedAt ??= now;
    held.dialled = true;
  }

  /** A WELCOME has come. @returns whether the agent is from now on spoken with by another road */
  answered(agent: PeerId, from: Address, now: Ms): boolean {
    const held = this.#held.get(agent);
    if (held === undefined) return false;
    const before = held.road;
    if (from.road !== "tcp") {
      held.udpAskedAt = undefined;
      held.road = "udp";
      this.#leave(agent, held);
      return before !== "udp";
    }
    held.tcpAskedAt = undefined;
    if (before !== "both") return false;
    held.road = "tcp";
    held.udpAskedAt = undefined;
    held.cameSince = undefined;
    held.probeDue = now;
    return true;
  }

  /** The agent has left the cluster. */
  drop(agent: PeerId): void {
    this.#held.delete(agent);
    this.#hangUp.delete(agent);
    this.#ask.delete(agent);
  }

  /** Something of now has come from the agent by UDP, meant for us alone: what it says to everybody would not prove that it hears us. */
  came(agent: PeerId, now: Ms): void {
    const held = this.#held.get(agent);
    if (held?.road !== "tcp") return;
    if (held.cameSince === undefined || now - held.cameAt > 2.5 * PROBE_EVERY_MS) held.cameSince = now;
    held.cameAt = now;
  }

  /** A connection has ended, or could not be made. The next HELLO connects again, with the backoff that HELLO has. */
  broken(agent: PeerId): void {
    const held = this.#held.get(agent);
    if (held === undefined) return;
    held.dialled = false;
    held.tcpAskedAt = undefined;
    if (held.road === "tcp") this.#doubt(agent, held);
  }

  /** The host slept, or is somewhere else: no connection is believed, and each road gets its time anew. */
  moved(): void {
    for (const [agent, held] of this.#held) {
      held.udpAskedAt = undefined;
      this.#leave(agent, held);
      if (held.road === "tcp") this.#doubt(agent, held);
    }
  }

  takeSteps(now: Ms): Steps {
    const probe: PeerId[] = [];
    for (const [agent, held] of this.#held) {
      if (held.road === "udp" && held.udpAskedAt !== undefined && now >= held.udpAskedAt + TCP_AFTER_MS) this.#doubt(agent, held);
      if (held.tcpAskedAt !== undefined && now >= held.tcpAskedAt + DEAD_AFTER_MS) {
        this.#leave(agent, held);
        if (held.road === "tcp") this.#doubt(agent, held);
      }
      if (held.road !== "tcp") continue;
      if (held.cameSince !== undefined && held.cameAt >= held.cameSince + UDP_STEADY_MS) {
        // The connection stays until UDP has answered a HELLO as well.
        held.road = "udp";
        this.#ask.add(agent);
      } else if (now >= held.probeDue) {
        held.probeDue = now + PROBE_EVERY_MS;
        probe.push(agent);
      }
    }
    const steps = { hangUp: [...this.#hangUp], ask: [...this.#ask], probe };
    this.#hangUp = new Set();
    this.#ask = new Set();
    return steps;
  }

  next(): Ms | undefined {
    return earliestOf(this.#held.values(), ({ road, udpAskedAt, tcpAskedAt, probeDue }) => earliest(
      road === "udp" && udpAskedAt !== undefined ? udpAskedAt + TCP_AFTER_MS : undefined,
      tcpAskedAt === undefined ? undefined : tcpAskedAt + DEAD_AFTER_MS, road === "tcp" ? probeDue : undefined,
    ));
  }

  #doubt(agent: PeerId, held: Held): void {
    held.road = "both";
    this.#ask.add(agent);
  }

  #leave(agent: PeerId, held: Held): void {
    held.tcpAskedAt = undefined;
    if (!held.dialled) return;
    held.dialled = false;
    this.#hangUp.add(agent);
  }
}

function byTcp({ host, port }: Address): Address {
  return { host, port, road: "tcp" };
}
