import type { Station } from "../lan.ts";
import type { Invariant } from "../watch.ts";

export const NOTHING_FORGED: Invariant = {
  name: "S7",
  sentence: "a forged, replayed or foreign packet changes nothing",
  watch: (_, broken) => {
    const heard = new Map<Station, { life: number; readonly counters: Map<string, Map<bigint, Set<bigint>>> }>();
    return {
      letIn: (station, { origin }, { sender, epoch, counter, freshness, message }) => {
        if (origin === "forged" || origin === "cut") broken(`${station.host.name} let a ${origin} ${message.kind} in`);
        if (freshness !== "fresh") return;
        const { lives } = station.host;
        let held = heard.get(station);
        if (held === undefined || held.life !== lives) heard.set(station, (held = { life: lives, counters: new Map() }));
        const epochs = held.counters.get(sender) ?? new Map<bigint, Set<bigint>>();
        held.counters.set(sender, epochs);
        let counters = epochs.get(epoch);
        if (counters === undefined) epochs.set(epoch, (counters = new Set()));
        if (counters.has(counter)) broken(`${station.host.name} let the ${message.kind} with counter ${counter} in twice (${origin})`);
        counters.add(counter);
      },
    };
  },
};
