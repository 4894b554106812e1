/** The way from the agent to its relay: the same calls, signatures and answers as over TLS, on a line that fails in every way a line can. */

import { utf8 } from "../../lib/base/bytes.ts";
import type { Prng } from "../../lib/base/prng.ts";
import type { Ms } from "../../lib/base/units.ts";
import { answerOf, callOf, counterIn } from "../../lib/port/link-call.ts";
import type { RelayRequest } from "../../lib/port/relay-door.ts";
import type { LinkAnswer, LinkRequest } from "../../lib/port/relay-link.ts";
import type { Reply } from "../../lib/port/tickets.ts";
import { signRequest } from "../../lib/wire/request-signature.ts";
import type { AgentHost } from "./agent-host.ts";
import type { Life } from "./host.ts";
import { cheaplySigned } from "./seal.ts";
import type { World } from "./world.ts";

/** As the adapter has them (lib/io/relay-link.ts). */
const ANSWER_MS: Ms = 10_000;
const POLL_ANSWER_MS: Ms = 40_000;

export type LineMood = {
  /** Nothing listens, or nothing gets through: known at once. */
  refused: boolean;
  /** Connections open and nothing comes back. */
  halfOpen: boolean;
  /** Share of requests that arrive and whose answer does not. */
  loseAnswer: number;
  slowMs: Ms;
};

export const GOOD_LINE: LineMood = { refused: false, halfOpen: false, loseAnswer: 0, slowMs: 2 };

type HttpAnswer = { readonly kind: "answer"; readonly reply: Reply } | { readonly kind: "silent"; readonly reason: string };

export class JumpHost {
  readonly #world: World;
  readonly #dice: Prng;
  mood: LineMood = { ...GOOD_LINE };

  constructor(world: World, dice: Prng) {
    this.#world = world;
    this.#dice = dice;
  }

  /** The link as one life of an agent has it. */
  port(agent: AgentHost, life: Life): { readonly ask: (request: LinkRequest) => Promise<LinkAnswer>; readonly use: () => void } {
    const { wall } = life.host.clock.now();
    let counter = BigInt(Math.max(0, wall)) << 16n;
    const ask = async (request: LinkRequest, again: boolean): Promise<LinkAnswer> => {
      counter += 1n;
      const answer = await this.#call({ agent, life }, request, counter);
      if (answer.kind === "silent") return answer;
      const ahead = answer.reply.status === 401 ? counterIn(answer.reply.body) : undefined;
      if (ahead === undefined || !again) return answerOf(request, answer.reply);
      if (ahead > counter) counter = ahead;
      return ask(request, false);
    };
    return {
      ask: (request) => {
        this.#world.watchers.tellOf(agent, "asked", request, agent);
        return ask(request, true);
      },
      use: () => {},
    };
  }

  #call({ agent, life }: { readonly agent: AgentHost; readonly life: Life }, request: LinkRequest, counter: bigint): Promise<HttpAnswer> {
    const { agenda } = this.#world;
    const withinMs = request.kind === "events" ? POLL_ANSWER_MS : ANSWER_MS;
    const sent = this.#requestOf({ agent, life }, request, counter);
    return new Promise((resolve) => {
      const end = life.guard.bind(life);
      const silent = (reason: string): (() => void) => end(() => resolve({ kind: "silent", reason }));
      const { refused, halfOpen, loseAnswer } = this.mood;
      if (refused) return agenda.after(this.#way(), silent("Nothing listens at 10.0.0.5:11117"));
      agenda.after(withinMs, silent(`No answer within ${withinMs / 1000} s`));
      if (halfOpen) return;
      agenda.after(this.#way(), () => {
        const lost = loseAnswer > 0 && this.#dice.fraction() < loseAnswer;
        const arrived = this.#world.relay.request(sent, (reply) => {
          if (!lost) agenda.after(this.#way(), end(() => resolve({ kind: "answer", reply })));
        });
        if (!arrived) agenda.after(this.#way(), silent("Nothing listens at 10.0.0.5:11117"));
      });
    });
  }

  #requestOf({ agent, life }: { readonly agent: AgentHost; readonly life: Life }, request: LinkRequest, counter: bigint): RelayRequest {
    const { route, method, path, id, body } = callOf(request);
    const parts = { method, path, body: body === undefined ? new Uint8Array() : utf8(JSON.stringify(body)) };
    const { identity } = agent.voice;
    const claim = { key: identity.id, time: Math.max(0, life.host.clock.now().wall), counter, idempotency: request.kind === "submit" ? request.escalation.id : `n${counter}` };
    const headers = this.#world.plan.realSeal ? signRequest(parts, claim, identity.signer) : cheaplySigned(parts, claim);
    const [, query] = path.split("?");
    return { route, id, query: query === undefined ? {} : Object.fromEntries(query.split("&").map((pair) => pair.split("="))), headers, parts };
  }

  #way(): Ms {
    return 1 + this.mood.slowMs * this.#dice.fraction();
  }
}

