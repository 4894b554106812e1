import type { Invariant } from "../watch.ts";

export const NO_NONCE_TWICE: Invariant = {
  name: "nonces",
  sentence: "no counter is used twice with one key",
  watch: (_, broken) => {
    /** The highest counter of each sender's epoch: the traffic key is of sender and epoch, the nonce is the counter. */
    const highest = new Map<string, Map<bigint, bigint>>();
    return {
      said: ({ host, sender, epoch, counter }) => {
        const counters = highest.get(sender) ?? new Map<bigint, bigint>();
        highest.set(sender, counters);
        const before = counters.get(epoch);
        if (before !== undefined && counter <= before) broken(`${host.name} sealed with counter ${counter} of epoch ${epoch} after ${before}`);
        counters.set(epoch, counter);
      },
    };
  },
};
