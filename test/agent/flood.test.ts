/** Ten thousand alarms at once, within the LAN's rate: who is told what in which order, and when again. */

import { expect, test } from "bun:test";
import { BURST_SECONDS, type Push, Pusher } from "../../lib/agent/push.ts";
import type { Batch } from "../../lib/agent/push-queue.ts";
import type { Alarm } from "../../lib/alarm/alarm.ts";
import { SEVERITIES, type Severity } from "../../lib/alarm/severity.ts";
import { Prng } from "../../lib/base/prng.ts";
import { type Ms, seconds } from "../../lib/base/units.ts";
import { anAlarm } from "../support/an-alarm.ts";

const RATE = 200;
const STORM = 10_000;
const LISTENER = "listener-1";

/** A pusher with one responsible listener, and what it has said so far. */
class Flood {
  readonly alarms = new Map<string, Alarm>();
  readonly said: { readonly at: Ms; readonly batch: Batch }[] = [];
  readonly pusher = new Pusher({
    dice: new Prng(5), rate: RATE, at: 0, view: { alarm: (id) => this.alarms.get(id), present: () => [LISTENER] },
  });
  #now: Ms = 0;

  raise(id: string, severity: Severity): void {
    const alarm = anAlarm({ id, severity });
    this.alarms.set(id, alarm);
    this.pusher.ring(alarm, { why: "new", reason: "" }, this.#now);
  }

  /** Lets time pass; `hears` is told of each batch as it leaves. */
  passes(ms: Ms, hears: (batch: Batch, at: Ms) => void = () => {}): void {
    const end = this.#now + ms;
    for (;;) {
      for (const batch of this.pusher.takeBatches(this.#now)) {
        this.said.push({ at: this.#now, batch });
        hears(batch, this.#now);
      }
      const next = this.pusher.next(this.#now);
      if (next === undefined || next > end) break;
      this.#now = Math.max(this.#now, next);
    }
    this.#now = end;
  }

  receipt(id: string): void {
    this.pusher.receipt(LISTENER, { id, ring: this.held(id).ring, level: "receipt" });
  }

  held(id: string): Push {
    const push = this.pusher.get(id);
    if (push === undefined) throw new Error(`nothing is said of ${id}`);
    return push;
  }

  /** When everybody was first told of each alarm. */
  firsts(): ReadonlyMap<string, Ms> {
    const firsts = new Map<string, Ms>();
    for (const { at, batch } of this.said) if (batch.audience === "everyone") for (const id of batch.ids) if (!firsts.has(id)) firsts.set(id, at);
    return firsts;
  }
}

/** Every tenth is critical, as in the bench. */
function aStorm(): Flood {
  const flood = new Flood();
  for (let nth = 0; nth < STORM; nth += 1) flood.raise(`a${nth}`, SEVERITIES[nth % 10 === 0 ? 0 : 1 + (nth % 4)] ?? "minor");
  return flood;
}

test("A12: ten thousand alarms are all said within fifteen seconds and within the rate, though no receipt comes", () => {
  const flood = aStorm();
  flood.passes(seconds(15));
  expect(flood.firsts().size).toBe(STORM);
  expect(Math.max(...flood.firsts().values())).toBeLessThan(seconds(15));
  expect(flood.said.length).toBeLessThanOrEqual(RATE * BURST_SECONDS + RATE * 15);
});

test("the n-th critical of a flood leaves within n/(5 × rate) seconds", () => {
  const flood = new Flood();
  for (let nth = 0; nth < STORM; nth += 1) flood.raise(`minor${nth}`, "minor");
  // The burst is spent before the first critical comes.
  flood.passes(100);
  for (let nth = 1; nth <= 1000; nth += 1) flood.raise(`critical${nth}`, "critical");
  flood.passes(seconds(2));
  const firsts = flood.firsts();
  for (let nth = 1; nth <= 1000; nth += 1) {
    expect(firsts.get(`critical${nth}`)).toBeLessThanOrEqual(100 + Math.ceil((nth / (5 * RATE)) * 1000) + 1000 / RATE);
  }
});

test("in a flood nothing but a critical alarm is repeated before everybody has been told everything once", () => {
  const flood = aStorm();
  flood.passes(seconds(15));
  const lastFirst = Math.max(...flood.firsts().values());
  const isCritical = (id: string): boolean => flood.alarms.get(id)?.life.severity === "critical";
  // Others may ride along where a datagram has room.
  const early = flood.said.filter(({ at, batch }) => at < lastFirst && batch.repeat && !batch.ids.some(isCritical));
  expect(early).toEqual([]);
});

test("a listener that gives its receipts as fast as it may is told hardly anything twice", () => {
  const flood = aStorm();
  const owed = new Set<string>();
  let told = 0;
  for (let step = 0; step < 300; step += 1) {
    flood.passes(100, ({ ids }) => {
      told += ids.length;
      for (const id of ids) owed.add(id);
    });
    const [critical, others] = [[...owed].filter((id) => flood.alarms.get(id)?.life.severity === "critical"), [...owed]];
    for (const id of [...critical, ...others].slice(0, 60)) {
      flood.receipt(id);
      owed.delete(id);
    }
  }
  // Each is broadcast once; the copies of critical and major alarms, which do not wait for a first repeat, come on top.
  expect(told).toBeLessThan(STORM * 1.6);
});

test("a repeat is due from when the first word has left, not from when it was queued", () => {
  const flood = new Flood();
  for (let nth = 0; nth < 6000; nth += 1) flood.raise(`major${nth}`, "major");
  flood.raise("last", "warning");
  flood.passes(seconds(30));
  const told = flood.said.filter(({ batch }) => batch.ids.includes("last"));
  expect(told.length).toBeGreaterThan(1);
  expect((told[1]?.at ?? 0) - (told[0]?.at ?? 0)).toBeGreaterThan(150);
});
