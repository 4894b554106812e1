/** Somebody on the LAN without a key: records, repeats, changes and invents datagrams. Nothing that comes of it may change anything. */

import { seconds } from "../../lib/base/units.ts";
import { WINDOW_COUNTERS } from "../../lib/trust/window.ts";
import { HEADER_BYTES } from "../../lib/wire/constants.ts";
import { type Blow, often } from "./faults.ts";
import type { Wire } from "./lan.ts";

const WINDOW = Number(WINDOW_COUNTERS);

export function attack({ world, dice, strength }: Blow, name: "forgery" | "replay"): void {
  const { lan } = world;
  lan.recording = true;
  often(world, dice, seconds(40) / strength, () => {
    const station = lan.stations[dice.uint32() % lan.stations.length];
    if (station === undefined) return;
    // To an agent comes what a listener once said, and the other way round.
    const senders = lan.stations.filter(({ side }) => side !== station.side);
    const sender = senders[dice.uint32() % Math.max(1, senders.length)];
    const row = sender === undefined ? [] : lan.recorded(sender.host);
    const heard = row[row.length - 1 - pickAge(row.length)];
    if (heard === undefined) return;
    const wire = name === "replay" ? { ...heard, origin: "replayed" as const } : forge(heard);
    if (wire === undefined) return;
    world.strike(name);
    lan.inject(station, wire);
  });

  /** Ages around the edge of the window are the interesting ones. */
  function pickAge(length: number): number {
    const edge = WINDOW - 3 + (dice.uint32() % 6);
    const age = [0, 1, dice.uint32() % 50, dice.uint32() % Math.max(1, length), edge][dice.uint32() % 5] ?? 0;
    return Math.min(age, Math.max(0, length - 1));
  }

  function forge({ bytes, from }: Wire): Wire | undefined {
    const changed = new Uint8Array(bytes);
    switch (dice.uint32() % 4) {
      case 0: {
        const at = dice.uint32() % changed.length;
        changed[at] = (changed[at] ?? 0) ^ (1 << (dice.uint32() % 8));
        break;
      }
      case 1:
        // A later counter, so that the window lets it pass.
        new DataView(changed.buffer).setBigUint64(24, BigInt(dice.uint32()) + 1_000_000n);
        break;
      case 2:
        return { bytes: changed.subarray(0, HEADER_BYTES + (dice.uint32() % Math.max(1, changed.length - HEADER_BYTES))), from, origin: "forged" };
      default:
        for (let at = HEADER_BYTES; at < changed.length; at += 1) changed[at] = dice.uint32() & 0xff;
    }
    return { bytes: changed, from, origin: "forged" };
  }
}

