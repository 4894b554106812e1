/** Two agents of one cluster on a wire of their own: real machines and packets, and a cable that can be cut. */

import type { Ms } from "../../lib/base/units.ts";
import type { Address } from "../../lib/port/lan.ts";
import { BesiegedAgent, type Said } from "./a-besieged-agent.ts";

/** How finely time passes. */
const STEP_MS = 50;

type Node = { readonly agent: BesiegedAgent; at: Address };

export class TwoAgents {
  readonly a: Node = { agent: new BesiegedAgent({ number: 1 }), at: { host: "10.0.0.1", port: 11_115 } };
  readonly b: Node = { agent: new BesiegedAgent({ number: 2 }), at: { host: "10.0.0.2", port: 11_115 } };
  /** Datagrams between the two are lost while set. */
  cut = { toA: false, toB: false };
  /** What one said to the other, and to everybody, in order. */
  readonly said: (Said & { readonly by: "a" | "b" })[] = [];

  /** Each learns of the other as by `pair`; b knows where a is. */
  pair(): void {
    this.a.agent.ask({ kind: "paired", voice: this.b.agent.voiceCertificate });
    this.b.agent.ask({ kind: "paired", voice: this.a.agent.voiceCertificate });
  }

  /** Paired, and each hears the other. */
  static paired(): TwoAgents {
    const pair = new TwoAgents();
    pair.pair();
    pair.passes(25_000);
    return pair;
  }

  set apart(apart: boolean) {
    this.cut = { toA: apart, toB: apart };
  }

  passes(ms: Ms): void {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.#carry("a", this.a.agent.passes(Math.min(left, STEP_MS)));
      this.#carry("b", this.b.agent.passes(Math.min(left, STEP_MS)));
    }
  }

  /** The agents that `one` counts as present. */
  present(one: Node): readonly string[] {
    return this.peers(one).filter(({ present }) => present).map(({ name }) => name);
  }

  peers({ agent }: Node): readonly { readonly name: string; readonly present: boolean; readonly address: string | undefined }[] {
    return (agent.ask({ kind: "peers" }) as { readonly peers: readonly { name: string; present: boolean; address: string | undefined }[] }).peers;
  }

  #carry(by: "a" | "b", said: readonly Said[]): void {
    for (const one of said) {
      this.said.push({ ...one, by });
      const [from, to, lost] = by === "a" ? [this.a, this.b, this.cut.toB] : [this.b, this.a, this.cut.toA];
      const reaches = one.to === "agents" || (one.to !== "everyone" && one.to.host === to.at.host && one.to.port === to.at.port);
      if (reaches && !lost) this.#carry(by === "a" ? "b" : "a", to.agent.hears(one.datagram, from.at));
    }
  }
}
