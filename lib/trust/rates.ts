/** Who may say how much before a signature is checked: members by what only they can have sent, strangers by host and in all. */

import { Bucket } from "../base/bucket.ts";
import type { Ms } from "../base/units.ts";
import type { PeerId } from "./keys.ts";

/** Packets a second, and at once. */
type Rate = { readonly perSecond: number; readonly burst: number };

/**
 * `stranger`: in clear, from one host. `strangers`: in clear, from all hosts together, so that spoofed addresses buy nothing.
 * `earlier`: of epochs that others have replaced, from all members together, because anybody may have recorded it.
 */
export const RATES: Readonly<Record<"listener" | "agent" | "stranger" | "strangers" | "earlier", Rate>> = {
  listener: { perSecond: 20, burst: 60 },
  agent: { perSecond: 400, burst: 1200 },
  stranger: { perSecond: 2, burst: 10 },
  strangers: { perSecond: 200, burst: 400 },
  earlier: { perSecond: 200, burst: 400 },
};

/** More than can be less than full at once: 400, and 200 more in each of the 5 s that a host's share takes to fill. */
const HOSTS_MOST = 2048;
/** Twelve for each of 1,300 members: one for what only it can have sent, and those that others can use as well. */
const SHARES_MOST = 16_384;

/** What is known of a sealed packet once its tag has been found right. */
export type Claim = {
  readonly sender: PeerId;
  readonly role: "listener" | "agent";
  /** Host of the source. */
  readonly from: string;
  readonly sealed: "pair" | "group";
  readonly freshness: "fresh" | "newer" | "older";
};

export class Rates {
  readonly #members = new Shares(SHARES_MOST);
  readonly #hosts = new Shares(HOSTS_MOST);
  readonly #strangers = new Bucket({ ...RATES.strangers, at: 0 });
  readonly #earlier = new Bucket({ ...RATES.earlier, at: 0 });
  /** Where each member was last heard beyond doubt. */
  readonly #homes = new Map<PeerId, string>();

  /** A packet of this member, of its present epoch, was genuine. */
  heard(member: PeerId, from: string): void {
    this.#homes.set(member, from);
  }

  /**
   * Whether a sealed packet may cost a signature check. What is fresh and sealed for the pair is the member's own doing, from
   * wherever it comes. All else may be another's: who has the group key can seal in anybody's name, who has a recording can
   * repeat what was never adopted. That has shares of its own, apart for the host where the member was last heard.
   */
  member({ sender, role, from, sealed, freshness }: Claim, now: Ms): boolean {
    if (sealed === "pair" && freshness === "fresh") return this.#members.allow(sender, RATES[role], now);
    const share = `${sender} ${sealed} ${freshness} ${this.#isHome(sender, from) ? "home" : "elsewhere"}`;
    if (freshness !== "older") return this.#members.allow(share, RATES[role], now);
    return hasOne(this.#earlier, now) && this.#members.allow(share, RATES[role], now) && this.#earlier.allow(now);
  }

  /** Whether a packet in clear may cost a body and a signature, whoever it says that it is of. */
  clear({ sender, from }: Pick<Claim, "sender" | "from">, now: Ms): boolean {
    if (this.#isHome(sender, from)) return this.#members.allow(`${sender} clear`, RATES.stranger, now);
    // Asked first, so that of a flood of addresses no more are kept than have had something.
    return hasOne(this.#strangers, now) && this.#hosts.allow(from, RATES.stranger, now) && this.#strangers.allow(now);
  }

  #isHome(member: PeerId, from: string): boolean {
    return this.#homes.get(member) === from;
  }
}

/** Buckets by name. Of too many the one used least lately goes: it has long been full again, so that no limit is forgotten. */
class Shares {
  readonly #most: number;
  /** In the order in which they were last used. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(most: number) {
    this.#most = most;
  }

  allow(name: string, rate: Rate, now: Ms): boolean {
    const bucket = this.#buckets.get(name) ?? new Bucket({ ...rate, at: now });
    if (!bucket.allow(now)) return false;
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > this.#most && oldest !== undefined) this.#buckets.delete(oldest);
    return true;
  }
}

function hasOne(bucket: Bucket, now: Ms): boolean {
  return bucket.readyAt(now) <= now;
}
