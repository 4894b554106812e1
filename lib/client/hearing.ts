/**
 * Which agents are heard, and which of them are believed: beacons, the HELLO that proves that we are here, the WELCOME
 * that proves that the agent speaks now. A listener that does not hear its agent is never green.
 */

import { backoff } from "../base/backoff.ts";
import { toBase64, utf8 } from "../base/bytes.ts";
import { hmacSha256 } from "../base/digest.ts";
import { earliest, earliestOf } from "../base/earliest.ts";
import type { Prng } from "../base/prng.ts";
import { type Ms, type Now, seconds, type WallMs } from "../base/units.ts";
import type { Address, Link } from "../port/lan.ts";
import { Greeting } from "../trust/greeting.ts";
import type { PeerId } from "../trust/keys.ts";
import { DEAF_MS, SEEK_PAD_BYTES } from "../wire/constants.ts";
import type { Body } from "../wire/message.ts";
import type { KnownAgent } from "./turn.ts";
import { isThere, linkTowards } from "./whereabouts.ts";

/**
 * `searching`: not heard since the start, and not yet for long. `heard`: beacons come and our HELLO is answered.
 * `unanswered`: beacons come, but no answer to us does. `unknown`: the agent says that it does not know us. `outdated`: one of us
 * is too old for the other. `deaf`: nothing comes, though the host is where the agent was heard.
 * `elsewhere`: nothing comes, and the host has left the cluster's LAN.
 */
export type Grade = "searching" | "heard" | "unanswered" | "unknown" | "outdated" | "deaf" | "elsewhere";

/** Between SEEKs while an agent is not heard. */
export const SEEK_AGAIN = { firstMs: seconds(1), mostMs: seconds(30) } as const;
/** A pause of the whole process that is longer: the host slept, and what was due meanwhile says nothing about the agent. */
export const SLEPT_MS: Ms = seconds(40);
/** After such a pause the agent has so long to be heard. */
export const AWAKE_GRACE_MS: Ms = seconds(10);
/** From the first beacon to the answer of our HELLO, a few tries included. */
const ANSWER_GRACE_MS: Ms = seconds(10);
/** After so many HELLOs in vain we ask by SEEK, which is answered also where nobody knows us. */
const SEEK_AFTER_TRIES = 3;
/** SEEKs whose answer is still believed. */
const SEEK_NONCES_MOST = 4;

/** Nothing is to be expected of it now. While it is still looked for after a start, it is not held for silent. */
export function isSilent(grade: Grade): boolean {
  return grade !== "heard" && grade !== "searching";
}

/** What was adopted of an agent's speech; stored. */
export type Place = { readonly epoch: bigint; readonly counter: bigint };

export type AgentView = {
  readonly agent: KnownAgent;
  readonly grade: Grade;
  readonly place: Place | undefined;
  /** The epoch was proven in this life of the process. */
  readonly believed: boolean;
  readonly beacon: Body<"beacon"> | undefined;
  /** On the wall clock; undefined where it was not heard since the start. */
  readonly heardAt: WallMs | undefined;
  /** Of that, what was said to everybody: unicasts alone would tell late of an alarm. */
  readonly broadcastAt: WallMs | undefined;
};

type Held = {
  agent: KnownAgent;
  grade: Grade;
  place: Place | undefined;
  believed: boolean;
  beacon: Body<"beacon"> | undefined;
  heardAt: WallMs | undefined;
  broadcastAt: WallMs | undefined;
  readonly greeting: Greeting;
  /** Before this moment silence is not held against it: we have only begun to listen. */
  graceUntil: Ms;
  /** The last beacon, proven to be of now or not. */
  beaconAt: Ms;
  /** The last packet that was proven to be of now. */
  provenAt: Ms;
  answeredAt: Ms;
  /** It has answered a SEEK of ours that it does not know us, and has not welcomed us since. */
  disowned: boolean;
  /** By its last beacon we may speak no version with it. */
  apart: boolean;
};

const NEVER: Ms = Number.NEGATIVE_INFINITY;

/** A HELLO that is to be said now; the machine fills in what the others know. */
export type Hello = { readonly agent: PeerId; readonly address: Address; readonly nonce: string; readonly challenge: string; readonly place: Place };

export class Ears {
  readonly #dice: Prng;
  readonly #nonceKey: Uint8Array;
  readonly #agents = new Map<PeerId, Held>();
  readonly #extra: Hello[] = [];
  #greetings = 0;
  #seekDue: Ms | undefined;
  #seeks = 0;
  #seekNonces: readonly string[] = [];
  #lastAt: Ms;
  #links: readonly Link[] | undefined;

  constructor({ agents, places, dice, nonceKey, at }: {
    readonly agents: readonly KnownAgent[]; readonly places: ReadonlyMap<PeerId, Place>;
    readonly dice: Prng; readonly nonceKey: Uint8Array; readonly at: Ms;
  }) {
    this.#dice = dice;
    this.#nonceKey = nonceKey;
    this.#lastAt = at;
    this.#seekDue = at;
    for (const agent of agents) this.#hold(agent, places.get(agent.id), at);
  }

  /** Another agent of the cluster: it is looked for at once, and given as long as after a start. */
  add(agent: KnownAgent, now: Ms): void {
    this.#hold(agent, undefined, now);
    this.#seeks = 0;
    this.#seekDue = now;
  }

  drop(id: PeerId): void {
    this.#agents.delete(id);
  }

  get(id: PeerId): AgentView | undefined {
    return this.#agents.get(id);
  }

  all(): readonly AgentView[] {
    return [...this.#agents.values()];
  }

  /** Every agent is heard and answers. */
  get green(): boolean {
    return this.#agents.size > 0 && [...this.#agents.values()].every(({ grade, believed }) => grade === "heard" && believed);
  }

  /**
   * Time has passed.
   *
   * @returns whether the host slept meanwhile: then nothing is held against the agent, and it is asked at once
   */
  wake(now: Ms): boolean {
    const slept = now - this.#lastAt > SLEPT_MS;
    this.#lastAt = now;
    if (!slept) return false;
    for (const held of this.#agents.values()) {
      held.graceUntil = Math.max(held.graceUntil, now + AWAKE_GRACE_MS);
      held.greeting.hasten(now);
    }
    this.#seeks = 0;
    this.#seekDue = now;
    return true;
  }

  /**
   * Where the host is now. One that comes back to the LAN gives its agents time to be heard, and asks them at once.
   *
   * @returns whether it was somewhere else before
   */
  links(links: readonly Link[], now: Ms): boolean {
    const moved = this.#links !== undefined;
    const back = [...this.#agents.values()].filter(({ grade, agent }) => grade === "elsewhere" && isThere(agent.heardOn, links));
    this.#links = links;
    for (const held of back) held.graceUntil = Math.max(held.graceUntil, now + AWAKE_GRACE_MS);
    if (back.length > 0) {
      this.#seeks = 0;
      this.#seekDue = now;
    }
    return moved;
  }

  /** Says HELLO as soon as it may, or SEEK to one that is not known well enough for a HELLO. */
  ask(id: PeerId, now: Ms): void {
    const held = this.#agents.get(id);
    if (held === undefined) return;
    if (held.greeting.challenge === "") this.#seekDue = now;
    else held.greeting.hasten(now);
  }

  /** A beacon of an agent that we know. `newer`, `older`: of an epoch that must be proven first. */
  beacon(
    id: PeerId,
    { body, from, freshness, apart }: { readonly body: Body<"beacon">; readonly from: Address; readonly freshness: "fresh" | "newer" | "older"; readonly apart: boolean },
    now: Now,
  ): void {
    const held = this.#agents.get(id);
    if (held === undefined) return;
    const address = { host: from.host, port: body.port };
    if (freshness === "older") return this.#challengeAside(held, address, body.challenge, now.mono);
    // One that was silent gets time to answer before it is called one that does not.
    // The long wait of the start is for the first beacon, not for answers.
    if (held.beaconAt === NEVER) held.graceUntil = now.mono + ANSWER_GRACE_MS;
    else if (now.mono >= held.beaconAt + DEAF_MS) held.graceUntil = Math.max(held.graceUntil, now.mono + ANSWER_GRACE_MS);
    held.beaconAt = now.mono;
    held.beacon = body;
    held.apart = apart;
    // A beacon that could be a recording moves nothing that works: who answers there will be believed.
    if (freshness === "fresh" || !held.believed || held.grade !== "heard") held.agent = sameAgent(held.agent, { ...held.agent, address }) ? held.agent : { ...held.agent, address };
    else if (address.host !== held.agent.address?.host || address.port !== held.agent.address.port) this.#challengeAside(held, address, body.challenge, now.mono);
    if (freshness === "fresh") this.#heard(held, now);
    held.greeting.hear(body.challenge, { waiting: !held.believed || freshness === "newer", now: now.mono });
  }

  /**
   * An agent says that it does not know us.
   *
   * @param nonce of the SEEK that it answers: one of our last proves that it says so now
   */
  disowned(id: PeerId, nonce: string, now: Now): void {
    const held = this.#agents.get(id);
    if (held === undefined || !this.#seekNonces.includes(nonce)) return;
    held.disowned = true;
    held.beaconAt = now.mono;
  }

  /** Its HELLO does not wait for its time. */
  hasten(id: PeerId, now: Ms): void {
    this.#agents.get(id)?.greeting.hasten(now);
  }

  /** Something fresh came from an agent: it is there. */
  heard(id: PeerId, { counter, broadcast }: { readonly counter: bigint; readonly broadcast: boolean }, now: Now): void {
    const held = this.#agents.get(id);
    if (held === undefined) return;
    if (broadcast) held.broadcastAt = now.wall;
    if (held.place !== undefined && counter > held.place.counter) held.place = { ...held.place, counter };
    this.#heard(held, now);
  }

  /**
   * An answer to one of our HELLOs; where it came from is where the agent is.
   *
   * @returns what to believe from now on; undefined where it answers nothing that we asked
   */
  welcome(id: PeerId, { nonce, place, agent }: { readonly nonce: string; readonly place: Place; readonly agent: Omit<KnownAgent, "heardOn"> & { readonly address: Address } }, now: Now): { readonly adopt: boolean } | undefined {
    const held = this.#agents.get(id);
    if (held === undefined || !held.greeting.answer(nonce, now.mono)) return undefined;
    const adopt = !held.believed || held.place?.epoch !== place.epoch;
    if (adopt) held.place = place;
    held.believed = true;
    held.disowned = false;
    held.answeredAt = now.mono;
    held.agent = sameAgent(held.agent, agent) ? held.agent : { ...agent, heardOn: held.agent.heardOn };
    this.#heard(held, now);
    return { adopt };
  }

  /** HELLOs that are to be said now. */
  takeGreetings(now: Ms): readonly Hello[] {
    const greetings = this.#extra.splice(0);
    for (const held of this.#agents.values()) {
      const { address } = held.agent;
      const { due, challenge } = held.greeting;
      if (due === undefined || due > now || address === undefined) continue;
      const hello = this.#hello(held, address, challenge);
      held.greeting.say(hello.nonce, now);
      greetings.push(hello);
      if (held.greeting.tries === SEEK_AFTER_TRIES) this.#seekDue ??= now;
    }
    return greetings;
  }

  /** Whether SEEK is to be said now, to everybody and to these. */
  takeSeek(now: Ms): readonly KnownAgent[] | undefined {
    if (this.#seekDue === undefined || this.#seekDue > now) return undefined;
    const missing = [...this.#agents.values()].filter(({ grade, greeting }) => grade !== "heard" || greeting.tries >= SEEK_AFTER_TRIES);
    if (missing.length === 0 && this.#seeks > 0) {
      this.#seekDue = undefined;
      return undefined;
    }
    this.#seekDue = now + backoff(this.#seeks, SEEK_AGAIN, this.#dice);
    this.#seeks += 1;
    return missing.map(({ agent }) => agent);
  }

  seek(): Pick<Body<"seek">, "nonce" | "pad"> {
    const nonce = this.#nonce();
    this.#seekNonces = [nonce, ...this.#seekNonces].slice(0, SEEK_NONCES_MOST);
    return { nonce, pad: ".".repeat(SEEK_PAD_BYTES) };
  }

  /** Agents whose grade has changed since the last call: by what came, or by what did not come. */
  takeRegraded(now: Ms): readonly AgentView[] {
    const regraded: Held[] = [];
    for (const held of this.#agents.values()) {
      const grade = gradeOf(held, this.#links, now);
      if (grade === held.grade) continue;
      held.grade = grade;
      regraded.push(held);
    }
    if (regraded.some(({ grade }) => grade !== "heard") && this.#seekDue === undefined) {
      this.#seeks = 0;
      this.#seekDue = now;
    }
    return regraded;
  }

  next(): Ms | undefined {
    const agents = earliestOf(this.#agents.values(), (held) => earliest(held.agent.address === undefined ? undefined : held.greeting.due, regradeDue(held, this.#lastAt)));
    return earliest(this.#seekDue, this.#extra.length > 0 ? this.#lastAt : undefined, agents);
  }

  #hold(agent: KnownAgent, place: Place | undefined, at: Ms): void {
    this.#agents.set(agent.id, {
      agent, grade: "searching", place, believed: false, beacon: undefined, heardAt: undefined, broadcastAt: undefined,
      greeting: new Greeting(this.#dice), graceUntil: at + DEAF_MS, beaconAt: NEVER, provenAt: NEVER, answeredAt: NEVER, disowned: false, apart: false,
    });
  }

  #heard(held: Held, now: Now): void {
    held.heardAt = now.wall;
    held.provenAt = now.mono;
    const { address, heardOn } = held.agent;
    const on = address === undefined || this.#links === undefined ? undefined : linkTowards(address.host, this.#links);
    // What is not known for the moment, while an interface comes up, is no news.
    if (on !== undefined && (on.name !== heardOn?.name || on.subnet !== heardOn.subnet)) held.agent = { ...held.agent, heardOn: on };
  }

  /**
   * Asks at a place, or in an epoch, that only an answer to a nonce of ours makes credible: an agent that lost clock and
   * state speaks in a lower epoch, one that moved and started again from elsewhere in a higher one.
   */
  #challengeAside(held: Held, address: Address, challenge: string, now: Ms): void {
    if (!held.greeting.mayAside(now)) return;
    const hello = this.#hello(held, address, challenge);
    held.greeting.sayAside(hello.nonce);
    this.#extra.push(hello);
  }

  #hello(held: Held, address: Address, challenge: string): Hello {
    return { agent: held.agent.id, address, nonce: this.#nonce(), challenge, place: held.place ?? { epoch: 0n, counter: 0n } };
  }

  /** Never the same twice: the key is new in each process. */
  #nonce(): string {
    this.#greetings += 1;
    return toBase64(hmacSha256(this.#nonceKey, utf8(String(this.#greetings))).subarray(0, 8));
  }
}

function sameAgent(a: KnownAgent, b: Omit<KnownAgent, "heardOn">): boolean {
  return a.name === b.name && a.voice === b.voice && a.serial === b.serial && a.address?.host === b.address?.host && a.address?.port === b.address?.port;
}

function gradeOf(held: Held, links: readonly Link[] | undefined, now: Ms): Grade {
  if (held.disowned && now < held.beaconAt + DEAF_MS) return "unknown";
  if (held.believed && now < Math.min(held.answeredAt, held.provenAt) + DEAF_MS) return "heard";
  if (now < held.graceUntil) return held.grade;
  if (now < held.beaconAt + DEAF_MS) return held.apart ? "outdated" : "unanswered";
  return isThere(held.agent.heardOn, links) ? "deaf" : "elsewhere";
}

/** When the grade may change though nothing comes. */
function regradeDue({ graceUntil, answeredAt, provenAt, beaconAt }: Held, now: Ms): Ms | undefined {
  return earliestOf([graceUntil, Math.min(answeredAt, provenAt) + DEAF_MS, beaconAt + DEAF_MS], (at) => (at > now ? at : undefined));
}
