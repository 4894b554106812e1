/** The relay's machine: takes every request and every outcome to the part that knows what it means. */

import type { z } from "zod";
import { unreachable } from "../base/assert.ts";
import { fromUtf8 } from "../base/bytes.ts";
import { earliest } from "../base/earliest.ts";
import { fit, misfitText, pathText } from "../base/misfit.ts";
import type { Prng } from "../base/prng.ts";
import { fail, type Result } from "../base/result.ts";
import type { BootId, Ms, Now } from "../base/units.ts";
import type { Channel } from "../channel/channel.ts";
import type { CarrierReply } from "../port/carrier.ts";
import type { Machine } from "../port/drive.ts";
import type { RelayQuestion, RelayRequest } from "../port/relay-door.ts";
import type { Reply } from "../port/tickets.ts";
import { Commit, Escalation, Heartbeat, JoinRequest, Notice, type Refusal } from "../wire/relay-api.ts";
import { verifyRequest } from "../wire/request-signature.ts";
import { Ability } from "./ability.ts";
import { Agents, type JoinFault } from "./agents.ts";
import { Draft } from "./draft.ts";
import { Ledger } from "./ledger.ts";
import { ESCALATIONS_OPEN_MOST, INVITE_MS_LEAST, INVITE_MS_MOST, INVITES_MOST, POLL_MS_MOST, STORE_FAILED_EXIT_MS } from "./limits.ts";
import { type Asker, Outbox, type SubmitFault } from "./outbox.ts";
import type { RelayRows } from "./restore.ts";
import { Tokens } from "./tokens.ts";
import type { Purpose, RelayArrival, RelaySettings, RelayTurn } from "./turn.ts";

/** EX_TEMPFAIL: the service manager starts us again, and we recover from what was stored. */
const EXIT_STORE_FAILED = 75;

export class RelayMachine implements Machine<RelayArrival, RelayTurn> {
  readonly #settings: RelaySettings;
  readonly #draft = new Draft();
  readonly #agents: Agents;
  readonly #ledger: Ledger;
  readonly #tokens: Tokens;
  readonly #ability: Ability;
  readonly #outbox: Outbox;
  #now: Now;
  /** Before the start nothing goes out: a command that only invites must not send what it finds waiting. */
  #started = false;
  #storeFailed: { readonly reason: string; readonly exitAt: Ms } | undefined;

  /** @param rows what `restoreRelay` read; @param now the moment of the start; @param verify whether a request's signature fits */
  constructor({ settings, boot, dice, rows, now, verify = verifyRequest }: {
    readonly settings: RelaySettings; readonly boot: BootId; readonly dice: Prng; readonly rows: RelayRows; readonly now: Now;
    readonly verify?: typeof verifyRequest;
  }) {
    const draft = this.#draft;
    const { channels, recipients: allow } = settings;
    this.#settings = settings;
    this.#now = now;
    this.#agents = new Agents(draft, boot, verify);
    this.#ledger = new Ledger(draft);
    this.#tokens = new Tokens(draft);
    this.#ability = new Ability({ draft, dice, tokens: this.#tokens, channels, relay: settings });
    this.#outbox = new Outbox({
      draft, boot, channels, allow, tokens: this.#tokens,
      listener: {
        told: (agents, event) => {
          for (const agent of agents) {
            const number = this.#agents.nextEvent(agent);
            if (number !== undefined) this.#ledger.tell(agent, { ...event, number });
          }
        },
        called: (channel, outcome, at) => this.#ability.called(channel, outcome, at),
      },
    });
    this.#agents.restore(rows.agents, rows.invites, now);
    this.#ledger.restore(rows.events);
    this.#outbox.restore(rows.escalations, rows.deliveries, now);
  }

  handle(arrival: RelayArrival, now: Now): void {
    this.#now = now;
    if (this.#storeFailed !== undefined) this.#afterStoreFailed(arrival, now);
    else this.#take(arrival, now);
  }

  takeTurn(): RelayTurn | undefined {
    return this.#draft.take();
  }

  nextWakeup(): Ms | undefined {
    if (this.#storeFailed !== undefined) return this.#storeFailed.exitAt;
    if (!this.#started) return undefined;
    return earliest(this.#agents.next(), this.#ledger.next(), this.#ability.next(), this.#outbox.next(this.#now));
  }

  #take(arrival: RelayArrival, now: Now): void {
    switch (arrival.kind) {
      case "started":
        this.#started = true;
        this.#agents.announce();
        this.#outbox.resume(now);
        this.#ability.start(now);
        this.#draft.log("started", { agents: this.#agents.size, open: this.#outbox.open });
        break;
      case "tick":
        break;
      case "requested":
        this.#request(arrival.request, arrival.ticket, now);
        break;
      case "asked":
        this.#question(arrival.question, arrival.ticket, now);
        break;
      case "carried":
        this.#carried(arrival.purpose, arrival.reply, now);
        break;
      case "looked":
        this.#ability.looked(arrival.legs, now);
        break;
      case "storeFailed":
        this.#storeFailed = { reason: arrival.reason, exitAt: now.mono + STORE_FAILED_EXIT_MS };
        this.#draft.log("store failed", { reason: arrival.reason });
        return;
      default:
        unreachable(arrival);
    }
    if (!this.#started) return;
    this.#agents.advance(now);
    this.#ability.advance(now);
    this.#outbox.advance(now);
    this.#ledger.flush(now);
    this.#ability.flush(now);
  }

  /** What cannot be made durable is not promised: no more than a reason is given, until the process ends. */
  #afterStoreFailed(arrival: RelayArrival, now: Now): void {
    const { reason, exitAt } = this.#storeFailed ?? { reason: "", exitAt: now.mono };
    if (arrival.kind === "requested" || arrival.kind === "asked") this.#draft.answer(arrival.ticket, cannotWrite(reason));
    if (now.mono >= exitAt) this.#draft.add({ kind: "exit", code: EXIT_STORE_FAILED, reason: `Cannot write to the store: ${reason}` });
  }

  #request(request: RelayRequest, ticket: number, now: Now): void {
    if (request.route === "join") {
      this.#draft.answer(ticket, this.#join(request.parts.body, now));
      return;
    }
    const believed = this.#agents.believe(request);
    if (!believed.ok) {
      const { reason, field, expected } = believed.fault;
      this.#draft.log("request refused", { route: request.route, reason });
      this.#draft.answer(ticket, refusal(401, { error: reason, field, expected }));
      return;
    }
    const { agent: { id: agent, cluster }, counter } = believed.value;
    if (request.route === "events") {
      this.#poll(agent, request.query, ticket, now);
      return;
    }
    if (request.route === "ability") {
      this.#ability.ask(ticket, { fresh: request.query["fresh"] === "1" }, now);
      return;
    }
    const reply = this.#change(request, { agent, cluster, counter }, now);
    if (reply.status < 300) this.#agents.noteCounter(agent);
    this.#draft.answer(ticket, reply);
  }

  /** Requests that change what is stored. */
  #change({ route, id, parts: { body } }: RelayRequest, asker: Asker, now: Now): Reply {
    switch (route) {
      case "submit": {
        const read = readBody(Escalation, body);
        if (!read.ok) return refusal(400, read.fault);
        if (read.value.id !== id) return refusal(400, { error: "The id differs from the path", field: "id", expected: id });
        const stored = this.#outbox.submit(read.value, asker, now);
        return stored.ok ? { status: 202, body: { ...stored.value, stored: true } } : submitRefusal(stored.fault);
      }
      case "withdraw": {
        const withdrawn = this.#outbox.withdraw(id, asker, now);
        return withdrawn.ok ? { status: 200, body: { id } } : submitRefusal(withdrawn.fault);
      }
      case "notice": {
        const read = readBody(Notice, body);
        if (!read.ok) return refusal(400, read.fault);
        const told = this.#outbox.notice(id, read.value, asker, now);
        return told.ok ? { status: 202, body: { id, told: told.value } } : submitRefusal(told.fault);
      }
      case "commit": {
        const read = readBody(Commit, body);
        if (!read.ok) return refusal(400, read.fault);
        this.#ledger.commit(asker.agent, read.value.upTo);
        return { status: 200, body: {} };
      }
      case "heartbeat": {
        const read = readBody(Heartbeat, body);
        if (!read.ok) return refusal(400, read.fault);
        this.#agents.heard(asker.agent, read.value, now);
        return { status: 200, body: {} };
      }
      case "join":
      case "ability":
      case "events":
        return refusal(404, { error: "No such route" });
      default:
        return unreachable(route);
    }
  }

  #join(body: Uint8Array, now: Now): Reply {
    const read = readBody(JoinRequest, body);
    if (!read.ok) return refusal(400, read.fault);
    const joined = this.#agents.join(read.value, now);
    if (!joined.ok) {
      this.#draft.log("join refused", { reason: joined.fault.kind });
      return joinRefusal(joined.fault);
    }
    const { id, cluster, agent } = joined.value;
    this.#draft.log("agent joined", { id, cluster, agent });
    return { status: 200, body: { relay: this.#settings.name, version: this.#settings.version } };
  }

  #poll(agent: string, query: RelayRequest["query"], ticket: number, now: Now): void {
    const after = numberOf(query["after"], { otherwise: 0, most: Number.MAX_SAFE_INTEGER });
    const waitS = numberOf(query["wait"], { otherwise: 0, most: POLL_MS_MOST / 1000 });
    if (after === undefined || waitS === undefined) {
      const field = after === undefined ? "after" : "wait";
      this.#draft.answer(ticket, refusal(400, { error: `"${field}" is "${query[field]}"`, field, expected: "a whole number from 0" }));
      return;
    }
    if (this.#agents.lift(agent, after)) {
      this.#ledger.renumber(agent, () => this.#agents.nextEvent(agent));
      this.#draft.log("events renumbered", { agent, after });
    }
    this.#ledger.poll(agent, { ticket, after, waitMs: waitS * 1000 }, now);
  }

  #question(question: RelayQuestion, ticket: number, now: Now): void {
    switch (question.kind) {
      case "invite": {
        if (question.expiresInMs < INVITE_MS_LEAST || question.expiresInMs > INVITE_MS_MOST) {
          const expected = `from ${INVITE_MS_LEAST} to ${INVITE_MS_MOST} ms`;
          this.#draft.answer(ticket, refusal(400, { error: `expiresInMs is ${question.expiresInMs}`, field: "expiresInMs", expected }));
          return;
        }
        const invited = this.#agents.invite(question, now);
        const most = `${INVITES_MOST} join strings are open; wait until one is used or expires`;
        this.#draft.answer(ticket, invited.ok ? { status: 200, body: { id: question.id } } : refusal(429, { error: most }));
        return;
      }
      case "ability":
        this.#ability.ask(ticket, question, now);
        return;
      default:
        unreachable(question);
    }
  }

  #carried(purpose: Purpose, reply: CarrierReply, now: Now): void {
    switch (purpose.kind) {
      case "delivery":
        this.#outbox.carried(purpose, reply, now);
        return;
      case "probe":
        this.#ability.probed(purpose, reply, now);
        return;
      case "token": {
        const channel = this.#channel(purpose.channel);
        if (channel === undefined) return;
        const fetched = this.#tokens.carried(channel, reply, now);
        this.#ability.tokenFetched(channel.name, fetched.ok ? undefined : fetched.fault, now);
        return;
      }
      default:
        unreachable(purpose);
    }
  }

  #channel(name: Channel["name"]): Channel | undefined {
    return this.#settings.channels.find((channel) => channel.name === name);
  }
}

/** The first thing wrong names its field. */
function readBody<Value>(schema: z.ZodType<Value>, body: Uint8Array): Result<Value, Refusal> {
  const text = fromUtf8(body);
  if (text === undefined) return fail({ error: "The body is not valid UTF-8", expected: "JSON in UTF-8" });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail({ error: "The body is not JSON", expected: "a JSON object" });
  }
  const read = fit(schema, value);
  if (read.ok) return read;
  const [first] = read.fault;
  if (first === undefined) return fail({ error: "The body is not as expected" });
  return fail({ error: misfitText(first).slice(0, 300), field: pathText(first.path).slice(0, 128), expected: first.expected.slice(0, 300) });
}

function refusal(status: number, body: Refusal): Reply {
  return { status, body: { ...body, error: body.error.slice(0, 300) } };
}

function cannotWrite(reason: string): Reply {
  return refusal(503, { error: `The relay cannot write to its disk: ${reason}` });
}

function submitRefusal(fault: SubmitFault): Reply {
  switch (fault.kind) {
    case "differs":
      return refusal(422, { error: "This id was used for another escalation", field: "id", expected: "the same body under the same id" });
    case "tooMany":
      return refusal(429, { error: `The relay holds ${ESCALATIONS_OPEN_MOST} open escalations and takes no more` });
    default:
      return unreachable(fault);
  }
}

function joinRefusal(fault: JoinFault): Reply {
  switch (fault.kind) {
    case "uninvited":
      return refusal(401, { error: "This join string was used before or has expired", field: "mac", expected: 'a new one from "gapbell-relay invite"' });
    case "tooMany":
      return refusal(429, { error: "The relay has as many agents as it takes" });
    case "malformed":
      return refusal(400, { error: `Field "${fault.field}" is not as expected`, field: fault.field, expected: fault.expected });
    default:
      return unreachable(fault);
  }
}

/** @returns undefined where the text is no whole number; a larger one than `most` is `most` */
function numberOf(text: string | undefined, { otherwise, most }: { readonly otherwise: number; readonly most: number }): number | undefined {
  if (text === undefined) return otherwise;
  return /^\d{1,16}$/.test(text) ? Math.min(most, Number(text)) : undefined;
}
