/** What is outside: a mail server, WeCom and its robot, each in a mood; and the mailboxes and chats in which people find what came. */

import type { ChannelName } from "../../lib/alarm/policy.ts";
import type { Prng } from "../../lib/base/prng.ts";
import { hours, type Ms } from "../../lib/base/units.ts";
import type { Carrier, CarrierReply, CarrierRequest, HttpsRequest, SmtpRequest } from "../../lib/port/carrier.ts";
import type { Purpose } from "../../lib/relay/turn.ts";
import type { Agenda } from "./agenda.ts";
import type { Life } from "./host.ts";
import type { World } from "./world.ts";

/** A message that lies where a person can read it. */
export type Delivered = {
  readonly at: number;
  readonly channel: ChannelName;
  /** `escalation/channel/operator`, with `/notice` behind it where it tells how it ended. */
  readonly delivery: string;
  readonly escalation: string;
  readonly about: "alarm" | "notice";
  /** Whose address or name it bears. */
  readonly addressed: readonly string[];
  /** The provider said so to the relay; otherwise the answer was lost. */
  readonly answered: boolean;
};

/** Shares are of calls. */
export type Mood = {
  /** Nothing connects. */
  down: boolean;
  refuse: number;
  greylist: number;
  /** The answer is lost: before or after the message was taken. */
  loseAnswer: number;
  throttle: number;
  /** A token or password is not taken. */
  lockedOut: boolean;
  slowMs: Ms;
};

export const GOOD_MOOD: Mood = { down: false, refuse: 0, greylist: 0, loseAnswer: 0, throttle: 0, lockedOut: false, slowMs: 100 };

/** WeCom drops what comes again so soon with the same bytes (channels-and-standards §2.2). */
const DUPLICATE_MS: Ms = hours(4);

const NOT_CONNECTED: CarrierReply = { kind: "failed", stage: "connect", sent: false, code: undefined, reason: "ECONNREFUSED" };
const NO_ANSWER: CarrierReply = { kind: "failed", stage: "answer", sent: true, code: undefined, reason: "ECONNRESET" };

export class Outside {
  readonly #world: World;
  readonly #agenda: Agenda;
  readonly #dice: Prng;
  readonly moods: Record<ChannelName, Mood> = { mail: { ...GOOD_MOOD }, wecom: { ...GOOD_MOOD }, "wecom-robot": { ...GOOD_MOOD } };
  readonly #purposes = new WeakMap<CarrierRequest, Purpose>();
  readonly #recent = new Map<string, number>();
  #tokens = 0;
  taken = 0;

  constructor(world: World, dice: Prng) {
    this.#world = world;
    this.#agenda = world.agenda;
    this.#dice = dice;
  }

  heal(): void {
    for (const channel of Object.keys(this.moods) as ChannelName[]) this.moods[channel] = { ...GOOD_MOOD };
  }

  /** The relay is about to make this call. */
  expect(request: CarrierRequest, purpose: Purpose): void {
    this.#purposes.set(request, purpose);
  }

  /** The carrier as one life of the relay has it. */
  port(life: Life): Carrier {
    return {
      send: (request) => new Promise((resolve) => {
        if (life.over) return;
        const channel = channelOf(request);
        const mood = this.moods[channel];
        this.#agenda.after(20 + mood.slowMs * this.#dice.fraction(), () => {
          // The provider acts whether or not the relay still lives to hear of it.
          const reply = this.#answer(request, channel, mood);
          life.guard(() => resolve(reply))();
        });
      }),
    };
  }

  #answer(request: CarrierRequest, channel: ChannelName, mood: Mood): CarrierReply {
    if (mood.down) return NOT_CONNECTED;
    switch (request.kind) {
      case "smtp-probe":
        return mood.lockedOut ? { kind: "failed", stage: "login", sent: false, code: 535, reason: "EAUTH: 535 authentication failed" } : { kind: "smtp", code: 250, response: "250 OK" };
      case "smtp":
        return this.#mail(request, mood);
      case "https":
        return this.#wecom(request, channel, mood);
    }
  }

  #mail(request: SmtpRequest, mood: Mood): CarrierReply {
    if (mood.lockedOut) return { kind: "failed", stage: "login", sent: false, code: 535, reason: "EAUTH: 535 authentication failed" };
    if (this.#happens(mood.throttle)) return { kind: "smtp", code: 550, response: "550 Connection frequency limited", command: "mail" };
    if (this.#happens(mood.greylist)) return { kind: "smtp", code: 451, response: "451 4.7.1 Greylisted, try again", command: "rcpt" };
    if (this.#happens(mood.refuse)) return { kind: "smtp", code: 550, response: "550 5.1.1 User unknown", command: "rcpt" };
    const to = request.to.split("@")[0] ?? "";
    return this.#take(request, "mail", [to], mood, { kind: "smtp", code: 250, response: "250 2.0.0 queued" });
  }

  #wecom(request: HttpsRequest, channel: ChannelName, mood: Mood): CarrierReply {
    if (request.url.includes("/cgi-bin/gettoken")) {
      this.#tokens += 1;
      return mood.lockedOut ? https({ errcode: 40001, errmsg: "invalid credential" }) : https({ errcode: 0, errmsg: "ok", access_token: `t${this.#tokens}`, expires_in: 7200 });
    }
    if (request.method === "GET") return { kind: "https", status: 404, headers: {}, body: "" };
    if (mood.lockedOut) return channel === "wecom" ? https({ errcode: 40014, errmsg: "invalid access_token" }) : https({ errcode: 93000, errmsg: "invalid webhook url" });
    if (this.#happens(mood.throttle)) return https({ errcode: 45009, errmsg: "api freq out of limit" });
    if (this.#happens(mood.greylist)) return { kind: "https", status: 502, headers: {}, body: "<html>bad gateway</html>" };
    if (channel === "wecom" && this.#happens(mood.refuse)) return https({ errcode: 60111, errmsg: "userid not found" });
    return this.#take(request, channel, addressedBy(request, channel), mood, https({ errcode: 0, errmsg: "ok", msgid: `m${this.taken}` }));
  }

  #take(request: CarrierRequest, channel: ChannelName, addressed: readonly string[], mood: Mood, accepted: CarrierReply): CarrierReply {
    const purpose = this.#purposes.get(request);
    const delivery = purpose?.kind === "delivery" ? purpose.id : "";
    const lost = this.#happens(mood.loseAnswer);
    if (lost) {
      this.#world.watchers.tell("unsure", delivery);
      if (this.#happens(0.5)) return NO_ANSWER;
    }
    if (channel === "wecom" && "body" in request && this.#isRepeat(request.body)) return lost ? NO_ANSWER : accepted;
    this.taken += 1;
    const about = delivery.endsWith("/notice") ? "notice" : "alarm";
    const message: Delivered = {
      at: this.#agenda.now, channel, delivery, escalation: delivery.split("/")[0] ?? "", about, addressed, answered: !lost,
    };
    this.#world.transcript.line(() => `${this.#world.moment()} outside: ${channel} takes ${delivery} for ${addressed.join(", ")}${lost ? ", and the answer is lost" : ""}`);
    this.#world.watchers.tell("delivered", message);
    this.#world.people.find(message);
    return lost ? NO_ANSWER : accepted;
  }

  /** @returns whether WeCom drops it as the same message again */
  #isRepeat(body: string): boolean {
    const key = String(Bun.hash.wyhash(body));
    const before = this.#recent.get(key);
    this.#recent.set(key, this.#agenda.now);
    return before !== undefined && this.#agenda.now - before < DUPLICATE_MS;
  }

  #happens(share: number): boolean {
    return share > 0 && this.#dice.fraction() < share;
  }
}

function channelOf(request: CarrierRequest): ChannelName {
  if (request.kind !== "https") return "mail";
  return request.url.includes("/webhook/") || request.url.endsWith("/robot") ? "wecom-robot" : "wecom";
}

/** Whom the bytes themselves name. */
function addressedBy({ body }: HttpsRequest, channel: ChannelName): readonly string[] {
  const message = JSON.parse(body) as { readonly touser?: string; readonly text?: { readonly content: string } };
  if (channel === "wecom") return (message.touser ?? "").split("|");
  const names = /→ (.*)/.exec(message.text?.content ?? "")?.[1] ?? "";
  return names.split(", ");
}

function https(body: object): CarrierReply {
  return { kind: "https", status: 200, headers: {}, body: JSON.stringify(body) };
}
