/** What every way out has in common: it composes a request, judges the reply, and says how to try it without sending. */

import type { ChannelName } from "../alarm/policy.ts";
import type { Result } from "../base/result.ts";
import type { Ms } from "../base/units.ts";
import type { CarrierReply, CarrierRequest, HttpsRequest } from "../port/carrier.ts";
import type { Escalation, Notice, Recipient } from "../wire/relay-api.ts";
import type { Outcome } from "./outcome.ts";

/** One call of one channel. The same dispatch gives the same bytes, so that a repeat can be told from a new message. */
export type Dispatch = {
  readonly escalation: Escalation;
  /** The alarm itself, or the notice that it is taken or cleared. */
  readonly about: { readonly kind: "alarm" } | Notice;
  /** Exactly one, except for a channel whose audience is a group: then all who are told through it. */
  readonly recipients: readonly [Recipient, ...Recipient[]];
  /** The shortest form, after the full one was `unfit`. */
  readonly plain: boolean;
  /** The token was fetched anew for this very dispatch, after `expired`. */
  readonly renewed: boolean;
  /** An earlier attempt was `unsure`: a channel without a duplicate check marks the text as sent again. */
  readonly resent: boolean;
};

/** How far a probe came: fields of `ChannelAbility`. */
export type Reach = {
  readonly able: boolean;
  readonly level: "none" | "connected" | "authenticated";
  readonly reason: string;
};

/** What a token request brought. `lastsMs` counts from the answer. */
export type Token = { readonly token: string; readonly lastsMs: Ms };

/** Channels whose requests carry a token that is fetched first. */
export type TokenSource = {
  compose(): HttpsRequest;
  judge(reply: CarrierReply): Result<Token, Outcome>;
};

export type Channel = {
  readonly name: ChannelName;
  /** `person`: one request for each recipient. `group`: one request names all recipients, and its outcome is everybody's. */
  readonly audience: "person" | "group";
  /** A bucket for the whole channel or for each person (by operator): what the provider takes without dropping or blocking. */
  readonly pace: { readonly of: "channel" | "person"; readonly perSecond: number; readonly burst: number };
  /** Undefined where no token is needed; `compose` then ignores its second argument. */
  readonly tokens: TokenSource | undefined;
  /** Whether this channel has an address for this person; without one no delivery is opened. */
  reaches(recipient: Recipient): boolean;
  /** Fault: `refused`, where the recipient's address is missing or not one address. */
  compose(dispatch: Dispatch, token: string): Result<CarrierRequest, Outcome>;
  /** Total. Never `expired` for a renewed dispatch, never `unfit` for a plain one. */
  judge(reply: CarrierReply, dispatch: Dispatch): Outcome;
  /** A request that sends nothing to anybody. `login`: prove the credentials too, where the channel can. */
  probe(login: boolean): CarrierRequest;
  judgeProbe(reply: CarrierReply, login: boolean): Reach;
};
