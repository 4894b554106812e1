/**
 * What the jump host can do now: both legs as the system sees them, and how far each channel was tried.
 * A probe sends nothing to anybody; what only a real message proves is never claimed without one.
 */

import { CHANNELS, type ChannelName } from "../alarm/policy.ts";
import { Deadlines } from "../base/deadlines.ts";
import { earliest, earliestOf } from "../base/earliest.ts";
import type { Prng } from "../base/prng.ts";
import type { Ms, Now, WallMs } from "../base/units.ts";
import type { Channel, Reach } from "../channel/channel.ts";
import { type Outcome, reasonOf } from "../channel/outcome.ts";
import type { CarrierReply } from "../port/carrier.ts";
import type { Ability as AbilityBody, ChannelAbility, Leg } from "../wire/relay-api.ts";
import type { Draft } from "./draft.ts";
import { ABILITY_WAIT_MS, CONNECT_EVERY_MS, FRESH_MS, LEGS_EVERY_MS, LOGIN_EVERY_MS, LOGIN_MOST_MS, LOGIN_SPREAD } from "./limits.ts";
import type { Tokens } from "./tokens.ts";

/** What is known of one channel. `undefined`: not tried yet, or not provable on this channel. */
type Standing = {
  readonly channel: Channel;
  connected: boolean | undefined;
  loggedIn: boolean | undefined;
  /** Why the last real message failed for everybody; "" where it did not. */
  sendFault: string;
  reason: string;
  checkedAt: WallMs;
  checkedMono: Ms | undefined;
  lastSentAt: WallMs | undefined;
  /** Logins refused in a row. */
  refusals: number;
  probing: boolean;
};

type Waiter = { readonly ticket: number; readonly due: Ms };
type Work = { readonly kind: "connect" | "login"; readonly channel: ChannelName } | { readonly kind: "legs" };

export class Ability {
  readonly #draft: Draft;
  readonly #dice: Prng;
  readonly #tokens: Tokens;
  readonly #relay: { readonly name: string; readonly version: string };
  readonly #standings = new Map<ChannelName, Standing>();
  readonly #due = new Deadlines<string>();
  #legs: readonly Leg[] = [];
  #looking = false;
  #lookedMono: Ms | undefined;
  #waiters: Waiter[] = [];

  constructor({ draft, dice, tokens, channels, relay }: {
    readonly draft: Draft; readonly dice: Prng; readonly tokens: Tokens; readonly channels: readonly Channel[];
    readonly relay: { readonly name: string; readonly version: string };
  }) {
    this.#draft = draft;
    this.#dice = dice;
    this.#tokens = tokens;
    this.#relay = relay;
    for (const channel of channels) {
      this.#standings.set(channel.name, {
        channel, connected: undefined, loggedIn: undefined, sendFault: "", reason: "Not checked yet", checkedAt: 0, checkedMono: undefined,
        lastSentAt: undefined, refusals: 0, probing: false,
      });
    }
  }

  /** Tries everything at once; from here on the schedule runs. */
  start(now: Now): void {
    this.#due.set(keyOf({ kind: "legs" }), now.mono);
    for (const channel of this.#standings.keys()) {
      this.#due.set(keyOf({ kind: "login", channel }), now.mono);
      this.#due.set(keyOf({ kind: "connect", channel }), now.mono + CONNECT_EVERY_MS);
    }
    this.advance(now);
  }

  /** Answers now, or when the probes that are under way have ended, at most after `ABILITY_WAIT_MS`. */
  ask(ticket: number, { fresh }: { readonly fresh: boolean }, now: Now): void {
    if (fresh) this.#refresh(now);
    this.#waiters.push({ ticket, due: fresh || !this.#complete ? now.mono + ABILITY_WAIT_MS : now.mono });
    this.flush(now);
  }

  probed({ channel: name, login }: { readonly channel: ChannelName; readonly login: boolean }, reply: CarrierReply, now: Now): void {
    const standing = this.#standings.get(name);
    if (standing === undefined) return;
    standing.probing = false;
    this.#judge(standing, standing.channel.judgeProbe(reply, login), { login, now });
  }

  /** A token was fetched, or was not: the login of channels that have one. */
  tokenFetched(name: ChannelName, outcome: Outcome | undefined, now: Now): void {
    const standing = this.#standings.get(name);
    if (standing === undefined) return;
    standing.probing = false;
    const reach: Reach = outcome === undefined
      ? { able: true, level: "authenticated", reason: "" }
      : { able: false, level: outcome.kind === "unreachable" ? "none" : "connected", reason: reasonOf(outcome) };
    this.#judge(standing, reach, { login: true, now });
  }

  /** A real message went, or did not: the best proof there is. */
  called(name: ChannelName, outcome: Outcome, now: Now): void {
    const standing = this.#standings.get(name);
    if (standing === undefined) return;
    switch (outcome.kind) {
      case "accepted":
        Object.assign(standing, { connected: true, sendFault: "", reason: "", lastSentAt: now.wall });
        break;
      case "unreachable":
        Object.assign(standing, { connected: false, reason: outcome.reason });
        break;
      case "config":
        Object.assign(standing, { sendFault: outcome.reason, reason: outcome.reason });
        break;
      case "refused":
      case "retry":
      case "unsure":
      case "expired":
      case "unfit":
        return;
    }
    this.#checked(standing, now);
  }

  looked(legs: readonly Leg[], now: Now): void {
    this.#legs = legs;
    this.#looking = false;
    this.#lookedMono = now.mono;
  }

  /** Starts the probes that are due. */
  advance(now: Now): void {
    for (let key = this.#due.takeDue(now.mono); key !== undefined; key = this.#due.takeDue(now.mono)) {
      const work = workOf(key);
      if (work.kind === "legs") this.#look(now);
      else this.#probe(work, now);
    }
  }

  /** Answers whoever waited and can be answered. */
  flush(now: Now): void {
    if (this.#waiters.length === 0) return;
    const busy = this.#busy;
    const ready = this.#waiters.filter(({ due }) => !busy || due <= now.mono);
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const { ticket } of ready) this.#draft.answer(ticket, { status: 200, body: this.view() });
  }

  next(): Ms | undefined {
    return earliest(this.#due.next(), earliestOf(this.#waiters, ({ due }) => due));
  }

  view(): AbilityBody {
    return {
      relay: this.#relay.name, version: this.#relay.version, legs: [...this.#legs],
      channels: CHANNELS.map((name) => {
        const standing = this.#standings.get(name);
        return standing === undefined ? notConfigured(name) : abilityOf(standing);
      }),
    };
  }

  get #busy(): boolean {
    return this.#looking || [...this.#standings.values()].some(({ probing }) => probing);
  }

  get #complete(): boolean {
    return this.#lookedMono !== undefined && [...this.#standings.values()].every(({ checkedMono }) => checkedMono !== undefined);
  }

  /** What is older than `FRESH_MS` is looked at again, a refused login only when its time has come. */
  #refresh(now: Now): void {
    if (this.#lookedMono === undefined || now.mono - this.#lookedMono >= FRESH_MS) this.#look(now);
    for (const [channel, standing] of this.#standings) {
      if (standing.checkedMono !== undefined && now.mono - standing.checkedMono < FRESH_MS) continue;
      this.#probe({ kind: standing.loggedIn === false ? "connect" : "login", channel }, now);
    }
  }

  #look(now: Now): void {
    this.#due.set(keyOf({ kind: "legs" }), now.mono + LEGS_EVERY_MS);
    if (this.#looking) return;
    this.#looking = true;
    this.#draft.add({ kind: "look" });
  }

  #probe(work: { readonly kind: "connect" | "login"; readonly channel: ChannelName }, now: Now): void {
    const standing = this.#standings.get(work.channel);
    if (standing === undefined) return;
    this.#schedule(standing, work.kind, now);
    if (standing.probing) return;
    const login = work.kind === "login";
    if (login && standing.channel.tokens !== undefined) {
      this.#probeToken(standing, now);
      return;
    }
    standing.probing = true;
    this.#draft.add({ kind: "carry", purpose: { kind: "probe", channel: work.channel, login }, request: standing.channel.probe(login) });
  }

  /** A token that still holds is proof enough; asking for another too often gets the address banned. */
  #probeToken(standing: Standing, now: Now): void {
    const token = this.#tokens.take(standing.channel, now);
    if (token.kind === "wait") standing.probing = true;
    else if (token.kind === "use") this.#probe({ kind: "connect", channel: standing.channel.name }, now);
    else this.#due.set(keyOf({ kind: "login", channel: standing.channel.name }), token.until);
  }

  #schedule({ channel: { name: channel }, refusals }: Standing, kind: "connect" | "login", now: Now): void {
    const everyMs = kind === "connect"
      ? CONNECT_EVERY_MS
      : Math.min(LOGIN_MOST_MS, LOGIN_EVERY_MS * 2 ** Math.min(refusals, 10));
    this.#due.set(keyOf({ kind, channel }), now.mono + (kind === "connect" ? everyMs : Math.round(this.#dice.around(everyMs, LOGIN_SPREAD))));
  }

  #judge(standing: Standing, reach: Reach, { login, now }: { readonly login: boolean; readonly now: Now }): void {
    standing.connected = reach.level !== "none";
    if (login && standing.connected) {
      const refused = !reach.able;
      standing.refusals = refused ? standing.refusals + 1 : 0;
      standing.loggedIn = refused ? false : reach.level === "authenticated" ? true : undefined;
      // What the login proves is whole again; what only a message proves stays broken until one has gone.
      if (reach.level === "authenticated" && reach.able) standing.sendFault = "";
      this.#schedule(standing, "login", now);
    }
    if (!login && !reach.able) standing.connected = false;
    if (!reach.able) standing.reason = reach.reason;
    else if (standing.loggedIn !== false) standing.reason = standing.sendFault;
    this.#checked(standing, now);
  }

  #checked(standing: Standing, now: Now): void {
    standing.checkedAt = now.wall;
    standing.checkedMono = now.mono;
  }
}

function abilityOf({ channel, connected, loggedIn, sendFault, reason, checkedAt, lastSentAt }: Standing): ChannelAbility {
  const able = connected === true && loggedIn !== false && sendFault === "";
  const proven = lastSentAt !== undefined ? "sent" : loggedIn === true ? "authenticated" : "connected";
  const level = connected !== true ? "none" : able ? proven : "connected";
  return {
    channel: channel.name, configured: true, able, level, reason: able ? "" : reason.slice(0, 300), checkedAt,
    ...(lastSentAt === undefined ? {} : { lastSentAt }),
  };
}

function notConfigured(channel: ChannelName): ChannelAbility {
  return { channel, configured: false, able: false, level: "none", reason: "Not set up in relay.yaml", checkedAt: 0 };
}

function keyOf(work: Work): string {
  return work.kind === "legs" ? "legs" : `${work.kind} ${work.channel}`;
}

function workOf(key: string): Work {
  const [kind = "", name] = key.split(" ");
  const channel = CHANNELS.find((one) => one === name);
  if (channel === undefined) return { kind: "legs" };
  return { kind: kind === "login" ? "login" : "connect", channel };
}
