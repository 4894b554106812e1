import type { Invariant } from "../watch.ts";

export const NO_NONCE_TWICE: Invariant = {
  name: "nonces",
  sentence: "no counter is used twice with one key",
  watch: (_, broken) => {
    /** The highest counter of each sender's epoch: the traffic key is of sender and epoch, the nonce is the counter. */
    const highest = new Map<string, bigint>();
    return {
      said: ({ host, sender, epoch, counter }) => {
        const key = `${sender} ${epoch}`;
        const before = highest.get(key);
        if (before !== undefined && counter <= before) broken(`${host.name} sealed with counter ${counter} of epoch ${epoch} after ${before}`);
        highest.set(key, counter);
      },
    };
  },
};
