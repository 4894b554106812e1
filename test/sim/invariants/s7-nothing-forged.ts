import type { Station } from "../lan.ts";
import type { Invariant } from "../watch.ts";

export const NOTHING_FORGED: Invariant = {
  name: "S7",
  sentence: "a forged, replayed or foreign packet changes nothing",
  watch: (_, broken) => {
    const heard = new Map<Station, { life: number; readonly counters: Map<string, Set<bigint>> }>();
    return {
      letIn: (station, { origin }, { sender, epoch, counter, freshness, message }) => {
        if (origin === "forged" || origin === "cut") broken(`${station.host.name} let a ${origin} ${message.kind} in`);
        if (freshness !== "fresh") return;
        const { lives } = station.host;
        let held = heard.get(station);
        if (held === undefined || held.life !== lives) heard.set(station, (held = { life: lives, counters: new Map() }));
        const key = `${sender} ${epoch}`;
        let counters = held.counters.get(key);
        if (counters === undefined) held.counters.set(key, (counters = new Set()));
        if (counters.has(counter)) broken(`${station.host.name} let the ${message.kind} with counter ${counter} in twice (${origin})`);
        counters.add(counter);
      },
    };
  },
};
